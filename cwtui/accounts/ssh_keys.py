"""Public SSH keys of accounts: what is accepted, and how keys are shown and printed.

A key is one line of an authorized_keys file without options: type, key in base64, comment. What is
accepted is what OpenSSH accepts today, without DSA (removed from OpenSSH 10) and without
certificates, which say themselves who may sign in. RSA keys need 3072 bits: at that length they are
as strong as the other types (128 bits: NIST SP 800-57 part 1 revision 5, table 2), and it is the
default length of ssh-keygen.
"""

import re
from base64 import b64decode, b64encode
from binascii import Error as NotBase64
from collections.abc import Callable, Iterable
from hashlib import sha256
from typing import Final, NamedTuple

from msgspec import Struct

from cwtui.accounts import names, still_there, text
from cwtui.accounts.errors import InvalidInput, Refused, Taken
from cwtui.accounts.model import MOST_SSH_KEY_BYTES, MOST_SSH_KEYS, SSH_KEY_TYPES, Account, SshKey
from cwtui.accounts.ports import AccountsChange, AccountStore, Directory, Ports

FIELD: Final = "ssh_key"
NAME_FIELD: Final = "ssh_key_name"
LEAST_RSA_BITS: Final = 3072
MOST_RSA_BITS: Final = 16384
"""OpenSSH accepts no longer ones."""
LINE_LENGTH: Final = 8192
"""The most characters of a line: twice as many as the longest key needs."""
_FINGERPRINT: Final = "SHA256:"
"""How a fingerprint begins."""
GONE: Final = "This SSH key was removed in the meantime."
_FIRST_NAME: Final = "key"
_RSA: Final = "ssh-rsa"
_SECURITY_KEY: Final = "sk-"
PRIVATE: Final = (
    "This is a private key, which nobody else may see. If it was sent or shown to anyone, it is "
    "compromised now: make a new one. Enter the public key: the line in the file that ends in .pub"
)
_PRIVATE_MARKS: Final = ("PRIVATE KEY", "PuTTY-User-Key-File", "b3BlbnNzaC1rZXktdjE")
"""How files with private keys begin: PEM and OpenSSH's, PuTTY's, and OpenSSH's second line."""
_OTHER_FORMATS: Final = ("---- BEGIN", "-----BEGIN")
_TOO_LONG: Final = "This is too long. Enter one public key: the line in a file that ends in .pub"
_MAKE_ONE: Final = "Make a key with: ssh-keygen -t ed25519"


class PublicKey(NamedTuple):
    """A line that was accepted."""

    key: bytes
    comment: str


def parse(line: str) -> PublicKey:
    """Return the key that this line has. Raises InvalidInput."""
    _refuse_other_files(line)
    if len(line) > LINE_LENGTH:
        raise _wrong(_TOO_LONG)
    words = line.split(maxsplit=2)
    if not words:
        raise _wrong("Enter a public key: the line in a file that ends in .pub")
    if len(line.strip().splitlines()) > 1:
        raise _wrong("Enter one key only, on one line.")
    _check_type(line, words[0])
    if len(words) == 1:
        raise _wrong(f"The key itself is missing after {words[0]}. Copy the whole line.")
    key = _decoded(words[1])
    _check_key(words[0], key)
    return PublicKey(key, words[2].strip() if len(words) > 2 else "")  # noqa: PLR2004  the third


def has_comment(line: str) -> bool:
    """Whether the line looks like a key with a comment after it."""
    words = line.split(maxsplit=2)
    return len(words) > 2 and words[0] in SSH_KEY_TYPES  # noqa: PLR2004  the third


def is_private(text: str) -> bool:
    """Whether the text is from a file with a private key."""
    return any(mark in text for mark in _PRIVATE_MARKS)


def _refuse_other_files(line: str) -> None:
    if is_private(line):
        raise _wrong(PRIVATE)
    if any(mark in line for mark in _OTHER_FORMATS):
        raise _wrong(
            "This file has another format. Enter the line that this prints: ssh-keygen -i -f FILE"
        )


def _check_type(line: str, first: str) -> None:
    if first in SSH_KEY_TYPES:
        return
    if first == "ssh-dss":
        raise _wrong(f"DSA keys are not safe any more. {_MAKE_ONE}")
    if "-cert-v" in first:
        raise _wrong("Certificates are not accepted. Enter the public key itself.")
    if any(word in SSH_KEY_TYPES for word in line.split()):
        raise _wrong(
            "Options before the key are not accepted. Remove what is before the key's type, such "
            "as ssh-ed25519."
        )
    raise _wrong(f"The line does not begin with a type of key that is accepted. {_MAKE_ONE}")


def _decoded(word: str) -> bytes:
    try:
        key = b64decode(word, validate=True)
    except (NotBase64, ValueError):
        key = b""
    # Only one text for each key, so that the same key is always found again.
    if not key or b64encode(key).decode() != word:
        raise _not_complete()
    return key


def _check_key(type_: str, key: bytes) -> None:
    # Imported here, because few sessions and commands need it, and it takes a while to load.
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
    from cryptography.hazmat.primitives.serialization import (
        Encoding,
        PublicFormat,
        load_ssh_public_key,
    )

    parts = _parts(key)
    if not parts or parts[0] != type_.encode():
        raise _wrong(f"The key is not of the type {type_}, as the line says. Copy the whole line.")
    if type_ == _RSA:
        _check_length(parts)
    if len(key) > MOST_SSH_KEY_BYTES:
        raise _wrong(_TOO_LONG)
    try:
        loaded = load_ssh_public_key(type_.encode() + b" " + b64encode(key))
        bare = loaded.public_bytes(Encoding.OpenSSH, PublicFormat.OpenSSH)
    except (ValueError, UnsupportedAlgorithm, NotImplementedError):
        # The last one is for a compressed point of a curve.
        raise _not_complete() from None
    if isinstance(loaded, RSAPublicKey) and not LEAST_RSA_BITS <= loaded.key_size <= MOST_RSA_BITS:
        raise _wrong_length(loaded.key_size)
    # A number with needless zeros in front would be the same key once more.
    if not type_.startswith(_SECURITY_KEY) and b64decode(bare.split()[1]) != key:
        raise _not_complete()


def _check_length(parts: list[bytes]) -> None:
    # Before it is loaded, as the library refuses short ones without saying why.
    bits = _bits(parts)
    if not LEAST_RSA_BITS <= bits <= MOST_RSA_BITS:
        raise _wrong_length(bits)


def _wrong_length(bits: int) -> InvalidInput:
    return _wrong(
        f"An RSA key needs {LEAST_RSA_BITS} to {MOST_RSA_BITS} bits, and this one has {bits}. "
        f"{_MAKE_ONE}"
    )


def _parts(key: bytes) -> list[bytes]:
    """Return the strings that a key consists of (RFC 4253 section 6.6); none if it is broken."""
    parts, at = [], 0
    while at < len(key):
        start = at + 4
        end = start + int.from_bytes(key[at:start], "big")
        if start > len(key) or end > len(key):
            return []
        parts.append(key[start:end])
        at = end
    return parts


def _bits(parts: list[bytes]) -> int:
    return int.from_bytes(parts[-1], "big").bit_length()


def _wrong(sentence: str) -> InvalidInput:
    return InvalidInput(FIELD, sentence)


def _not_complete() -> InvalidInput:
    return _wrong("The key is not complete, or was changed. Copy the whole line again.")


# Names


def checked_name(typed: str, others: Iterable[SshKey]) -> str:
    """Return the name for a key beside these others. Raises InvalidInput."""
    examples = ("laptop", "workshop PC")
    return names.checked(typed, others, NAME_FIELD, "key", examples, "There is already a key")


def name_of(comment: str, others: Iterable[SshKey]) -> str:
    """Return a name that follows from the key's comment and that none of these others has."""
    taken = list(others)
    first = text.visible_line(comment)[: names.LENGTH].strip() or _FIRST_NAME
    name, number = first, 1
    while not _is_free(name, taken):
        number += 1
        ending = f" {number}"
        name = f"{first[: names.LENGTH - len(ending)].strip()}{ending}"
    return name


def _is_free(name: str, others: Iterable[SshKey]) -> bool:
    try:
        return checked_name(name, others) == name
    except InvalidInput:
        return False


# The keys of an account


def with_id(account: Account, id_: str) -> SshKey:
    """Return the account's key with this id. Raises Refused if it was removed."""
    for key in account.ssh_keys:
        if key.id == id_:
            return key
    raise Refused(GONE)


def fingerprint(key: bytes) -> str:
    """Return the fingerprint as OpenSSH prints it."""
    return f"{_FINGERPRINT}{b64encode(sha256(key).digest()).decode().rstrip('=')}"


def is_fingerprint(text: str) -> bool:
    """Whether a key can have this fingerprint."""
    return re.fullmatch(rf"{_FINGERPRINT}[A-Za-z0-9+/]{{43}}", text) is not None


def authorized(key: SshKey) -> str:
    """Return the key as a line of authorized_keys, with its name as the comment."""
    return f"{key.type} {b64encode(key.key).decode()} {text.visible(key.name)}".rstrip()


def added(
    ports: Ports, change: AccountsChange, before: Account, key: PublicKey, name: str, *, own: bool
) -> tuple[Account, SshKey]:
    """Return the account with this key, which ends its sessions, and the key. `own`: who reads it.

    A new way in ends sessions as a new device does (OWASP ASVS 5.0, 7.4.3): somebody may have added
    it from a session that is not theirs. An empty name follows from the key's comment. Raises
    InvalidInput and Refused.
    """
    kept = before.ssh_keys
    check_another(before, own=own)
    whose = "You have" if own else f"{before.username} has"
    for same in kept:
        if same.key == key.key:
            raise Taken(FIELD, f"{whose} this key already. Its name is {same.name}.")
    others = change.with_ssh_key(key.key)
    if others:
        where = "Another account" if own else f"The account {others[0]}"
        then = "Make a new key for this one, or ask an admin." if own else "Remove it there first."
        raise Taken(FIELD, f"{where} has this key. A key can be on one account only. {then}")
    chosen = checked_name(name, kept) if name.strip() else name_of(key.comment, kept)
    id_ = names.new_id(ports.random, (one.id for one in kept))
    new = SshKey(id_, chosen, key.key, ports.now())
    return before.changed_ending_sessions(ssh_keys=(*kept, new)), new


def check_another(account: Account, *, own: bool) -> None:
    """Raise Refused if the account cannot have a further key."""
    if len(account.ssh_keys) >= MOST_SSH_KEYS:
        whose = "You have" if own else f"{account.username} has"
        raise Refused(f"{whose} {MOST_SSH_KEYS} SSH keys, which is the limit. Remove one first.")


def removed(before: Account, key: SshKey) -> Account:
    """Return the account without this key, which ends its sessions (see `added`)."""
    kept = tuple(other for other in before.ssh_keys if other.id != key.id)
    return before.changed_ending_sessions(ssh_keys=kept)


def as_fields(key: SshKey) -> dict[str, str]:
    """Return what the audit log says of a key."""
    return {"key": key.name, "fingerprint": fingerprint(key.key)}


def authorized_lines(
    accounts: AccountStore,
    username: str,
    only: str | None = None,
    directory: Callable[[], Directory] | None = None,
) -> list[str]:
    """Return the keys that let somebody in as this Unix user, as lines of authorized_keys.

    `only` is a fingerprint. Case matters in the name: another spelling of it is another Unix user.
    None for an account that is disabled or gone from the directory. Without a `directory` that can
    be asked, this is what the last synchronisation found. Raises CannotCheck.
    """
    account = accounts.get(username) if text.is_username(username) else None
    if account is None or not account.enabled or account.gone_since is not None:
        return []
    found = [key for key in account.ssh_keys if only is None or fingerprint(key.key) == only]
    if found and directory is not None:
        try:
            still_there.check(account, directory)
        except Refused:
            return []
    return list(map(authorized, found))


class SshKeyState(Struct, frozen=True):
    """What people are told of a key. `added_at` is in seconds since the epoch."""

    id: str
    name: str
    type: str
    bits: int | None
    """The length of an RSA key; the other types have only one."""
    is_security_key: bool
    """Whether the private key is in a device that must be touched (FIDO)."""
    fingerprint: str
    added_at: float


def state(key: SshKey) -> SshKeyState:
    """Return what people are told of this key."""
    parts = _parts(key.key) if key.type == _RSA else []
    return SshKeyState(
        id=key.id,
        name=key.name,
        type=key.type,
        bits=_bits(parts) if parts else None,
        is_security_key=key.type.startswith(_SECURITY_KEY),
        fingerprint=fingerprint(key.key),
        added_at=key.added_at,
    )


def states(account: Account) -> tuple[SshKeyState, ...]:
    """Return the state of each of the account's keys, oldest first."""
    return tuple(map(state, account.ssh_keys))
