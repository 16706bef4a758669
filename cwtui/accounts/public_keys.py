"""Which public SSH keys are accepted.

A key is one line of an authorized_keys file without options: type, key in base64, comment. What is
accepted is what OpenSSH accepts today, without DSA (removed from OpenSSH 10) and without
certificates, which say themselves who may sign in. RSA keys need 3072 bits: at that length they are
as strong as the other types (128 bits: NIST SP 800-57 part 1 revision 5, table 2), and it is the
default length of ssh-keygen.
"""

from base64 import b64decode, b64encode
from binascii import Error as NotBase64
from typing import Final, NamedTuple

from cwtui.accounts.errors import InvalidInput
from cwtui.accounts.model import MOST_SSH_KEY_BYTES, SSH_KEY_TYPES
from cwtui.language import N_, _

FIELD: Final = "ssh_key"
LEAST_RSA_BITS: Final = 3072
MOST_RSA_BITS: Final = 16384
"""OpenSSH refuses longer ones."""
LINE_LENGTH: Final = 8192
"""The most characters of a line: twice as many as the longest key needs."""
RSA: Final = "ssh-rsa"
SECURITY_KEY: Final = "sk-"
"""How the types of keys begin that are in a device (FIDO)."""
PRIVATE: Final = N_(
    "This is a private key, which nobody else may see. If it was sent or shown to anyone, it is "
    "compromised now: make a new one. Enter the public key: the line in the file that ends in .pub."
)
_PRIVATE_MARKS: Final = ("PRIVATE KEY", "PuTTY-User-Key-File", "b3BlbnNzaC1rZXktdjE")
"""How files with private keys begin: PEM and OpenSSH's, PuTTY's, and OpenSSH's second line."""
_OTHER_FORMATS: Final = ("---- BEGIN", "-----BEGIN")
_TOO_LONG: Final = N_(
    "This is too long. Enter one public key: the line in a file that ends in .pub."
)
_MAKE_ONE: Final = N_("Make a key with: ssh-keygen -t ed25519")


class PublicKey(NamedTuple):
    """A line that was accepted."""

    key: bytes
    comment: str


def parse(line: str) -> PublicKey:
    """Return the key that this line has. Raises InvalidInput."""
    _refuse_other_files(line)
    if len(line) > LINE_LENGTH:
        raise _wrong(_(_TOO_LONG))
    words = line.split(maxsplit=2)
    if not words:
        raise _wrong(_("Enter a public key: the line in a file that ends in .pub."))
    if len(line.strip().splitlines()) > 1:
        raise _wrong(_("Enter one key only, on one line."))
    _check_type(line, words[0])
    if len(words) == 1:
        raise _wrong(
            _("The key itself is missing after {type}. Copy the whole line.", type=words[0])
        )
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
        raise _wrong(_(PRIVATE))
    if any(mark in line for mark in _OTHER_FORMATS):
        raise _wrong(
            _(
                "This file has another format. Enter the line that this prints: ssh-keygen -i -f "
                "FILE"
            )
        )


def _check_type(line: str, first: str) -> None:
    if first in SSH_KEY_TYPES:
        return
    if first == "ssh-dss":
        raise _wrong(_("DSA keys are not safe any more. {hint}", hint=_(_MAKE_ONE)))
    if "-cert-v" in first:
        raise _wrong(_("Certificates are not accepted. Enter the public key itself."))
    if any(word in SSH_KEY_TYPES for word in line.split()):
        raise _wrong(
            _(
                "Options before the key are not accepted. Remove what is before the key's type, "
                "such as ssh-ed25519."
            )
        )
    raise _wrong(
        _(
            "The line does not begin with a type of key that is accepted. {hint}",
            hint=_(_MAKE_ONE),
        )
    )


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

    parts = parts_of(key)
    if not parts or parts[0] != type_.encode():
        raise _wrong(
            _(
                "The key is not of the type {type}, as the line says. Copy the whole line.",
                type=type_,
            )
        )
    if type_ == RSA:
        _check_length(parts)
    if len(key) > MOST_SSH_KEY_BYTES:
        raise _wrong(_(_TOO_LONG))
    try:
        loaded = load_ssh_public_key(type_.encode() + b" " + b64encode(key))
        bare = loaded.public_bytes(Encoding.OpenSSH, PublicFormat.OpenSSH)
    except (ValueError, UnsupportedAlgorithm, NotImplementedError):
        # The last one is for a compressed point of a curve.
        raise _not_complete() from None
    if isinstance(loaded, RSAPublicKey) and not LEAST_RSA_BITS <= loaded.key_size <= MOST_RSA_BITS:
        raise _wrong_length(loaded.key_size)
    # A number with needless zeros in front would be the same key once more.
    if not type_.startswith(SECURITY_KEY) and b64decode(bare.split()[1]) != key:
        raise _not_complete()


def _check_length(parts: list[bytes]) -> None:
    # Before it is loaded, as the library refuses short ones without saying why.
    bits = bits_of(parts)
    if not LEAST_RSA_BITS <= bits <= MOST_RSA_BITS:
        raise _wrong_length(bits)


def _wrong_length(bits: int) -> InvalidInput:
    return _wrong(
        _(
            "An RSA key needs {least} to {most} bits, and this one has {bits}. {hint}",
            least=LEAST_RSA_BITS,
            most=MOST_RSA_BITS,
            bits=bits,
            hint=_(_MAKE_ONE),
        )
    )


def parts_of(key: bytes) -> list[bytes]:
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


def bits_of(parts: list[bytes]) -> int:
    return int.from_bytes(parts[-1], "big").bit_length()


def _wrong(sentence: str) -> InvalidInput:
    return InvalidInput(FIELD, sentence)


def _not_complete() -> InvalidInput:
    return _wrong(_("The key is not complete, or was changed. Copy the whole line again."))
