"""Encryption in the age format (age-encryption.org/v1), which the programs age and rage read.

Files are encrypted to public keys, or with a passphrase.
"""

import binascii
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

from cwtui.accounts.errors import CannotCheck, InvalidInput, Refused
from cwtui.accounts.secret import Secret
from cwtui.host.age_format import ARMOR
from cwtui.host.untrusted_files import read_regular
from cwtui.language import _

try:
    import pyrage
except ImportError:
    raise CannotCheck(
        _("Encryption needs the library pyrage: install cwtui[age], or pyrage beside cwtui.")
    ) from None

_IDENTITY_MOST: Final = 1 << 16
"""Bytes of a file with identities; an SSH key of 16384 bits has a fifth of it."""
_SSH: Final = b"-----BEGIN"
_PRIVATE: Final = ("AGE-SECRET-KEY", "AGE-PLUGIN", _SSH.decode())
RECIPIENTS_MOST: Final = 20
"""Each of them is named in the audit log."""

_HEADER_MOST: Final = 1 << 14
"""Bytes of a header: pyrage's time grows with their square. 20 RSA keys of 4096 bits fit."""
_STANZAS_MOST: Final = 50
"""One is for one recipient, and other programs may add some that say nothing."""


def check_recipients(recipients: Sequence[str]) -> None:
    """Raise InvalidInput unless these are public keys of age or SSH, and not too many."""
    if len(recipients) > RECIPIENTS_MOST:
        raise InvalidInput(
            "recipient", _("There can be at most {most} recipients.", most=RECIPIENTS_MOST)
        )
    for one in recipients:
        _recipient(one)


def encrypted(content: bytes, recipients: Sequence[str]) -> bytes:
    """Encrypt to public keys, each of which opens it. Raises InvalidInput."""
    return bytes(pyrage.encrypt(content, [_recipient(one) for one in recipients]))


def encrypted_with(content: bytes, passphrase: Secret) -> bytes:
    """Encrypt with a passphrase. Takes a second, and so does every guess."""
    return bytes(pyrage.passphrase.encrypt(content, passphrase.reveal()))


def decrypted(content: bytes, identity: Path) -> bytes:
    """Decrypt with the private keys in this file. Raises Refused, and OSError."""
    _check_header(content)
    try:
        return bytes(pyrage.decrypt(content, _identities(identity)))
    except (pyrage.DecryptError, pyrage.IdentityError):
        raise Refused(
            _("The file cannot be decrypted with {identity}, or it is damaged.", identity=identity)
        ) from None


def decrypted_with(content: bytes, passphrase: Secret) -> bytes:
    """Decrypt with a passphrase. Raises Refused, also if it would take far too long."""
    _check_header(content)
    try:
        return bytes(pyrage.passphrase.decrypt(content, passphrase.reveal()))
    except pyrage.DecryptError:
        raise Refused(_("The passphrase is wrong, or the file is damaged.")) from None


def _check_header(content: bytes) -> None:
    """Raise Refused unless a header of a usual length is there, as binary or in ASCII armor."""
    start = content[: 2 * _HEADER_MOST]
    if start.startswith(ARMOR):
        encoded = b"".join(start.splitlines()[1:]).partition(b"-")[0]
        try:
            start = binascii.a2b_base64(encoded[: len(encoded) // 4 * 4], strict_mode=True)
        except binascii.Error:
            start = b""
    header, end, _body = start[:_HEADER_MOST].partition(b"\n---")
    if not end or header.count(b"\n->") > _STANZAS_MOST:
        raise Refused(
            _("The file is damaged, or its header has more than {most} bytes.", most=_HEADER_MOST)
        )


def _recipient(typed: str) -> Any:
    kind = pyrage.ssh if typed.startswith("ssh-") else pyrage.x25519
    try:
        return kind.Recipient.from_str(typed)
    except pyrage.RecipientError:
        # Not quoted, as it may be a secret.
        sentence = (
            _(
                "This is a private key, not a public key. Give one that begins with age1, "
                "ssh-ed25519 or ssh-rsa."
            )
            if _is_private(typed)
            else _(
                "The recipient is not a public key. Give one that begins with age1, ssh-ed25519 or "
                "ssh-rsa."
            )
        )
        raise InvalidInput("recipient", sentence) from None


def _is_private(typed: str) -> bool:
    return typed.strip().upper().startswith(_PRIVATE)


def _identities(file: Path) -> list[Any]:
    content = read_regular(file, _IDENTITY_MOST)
    if content.startswith(_SSH):
        return [pyrage.ssh.Identity.from_buffer(content)]
    lines = [line.strip() for line in content.decode("utf-8", "replace").splitlines()]
    keys = [line for line in lines if line and not line.startswith("#")]
    return [pyrage.x25519.Identity.from_str(key) for key in keys]
