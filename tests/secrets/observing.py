"""Records every secret that this process creates, and every error message."""

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any
from unittest.mock import patch

from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from cwtui.accounts.credentials import backup_codes, passwords, totp
from cwtui.accounts.errors import AccountsError
from cwtui.accounts.secret import Secret

Note = Callable[[str | bytes, str], None]
"""Takes a value and its description."""

_MADE = {20: "TOTP secret, as bytes", 32: "key of the keyring"}
"""What random bytes of that length are for; nonces and salts are not secrets."""


@contextmanager
def observed(note: Note, say: Callable[[str], None]) -> Iterator[None]:
    """Note each secret, and the message of each of our errors."""
    random = os.urandom
    digest = passwords.pepper_digest
    typed_code, typed_backup_code = totp.typed_code, backup_codes.typed_code

    def wrap(self: Secret, text: str) -> None:
        note(text, "secret")
        object.__setattr__(self, "_text", text)

    def urandom(count: int) -> bytes:
        made = random(count)
        if count in _MADE:
            note(made, _MADE[count])
        return made

    def pepper_digest(pepper: bytes, secret: Secret) -> bytes:
        made = digest(pepper, secret)
        note(pepper, "pepper")
        note(made, "what bcrypt hashes")
        return made

    def aesgcm(key: bytes) -> Any:
        note(key, "encryption key")
        return AESGCM(key)

    def code(text: str, field: str = "code", *, has_backup_codes: bool = True) -> str:
        note(text, "typed code")
        made = typed_code(text, field, has_backup_codes=has_backup_codes)
        note(made, "one-time code")
        return made

    def backup_code(text: str, field: str = "backup_code") -> Secret:
        note(text, "typed backup code")
        return typed_backup_code(text, field)

    def raised(kind: type[AccountsError], *arguments: Any, **named: Any) -> AccountsError:
        say(f"{kind.__name__} {arguments!r} {named!r}")
        return Exception.__new__(kind, *arguments)

    with (
        patch.object(Secret, "__init__", wrap),
        patch.object(os, "urandom", urandom),
        patch.object(passwords, "pepper_digest", pepper_digest),
        patch("cwtui.keyring.sealing.AESGCM", aesgcm),
        patch.object(totp, "typed_code", code),
        patch.object(backup_codes, "typed_code", backup_code),
        patch.object(AccountsError, "__new__", raised),
    ):
        yield
