"""Files in the age format: what is refused before the library sees it."""

import base64
from pathlib import Path

import pyrage
import pytest

from cwtui.accounts.errors import Refused
from cwtui.accounts.secret import Secret
from cwtui.host import age

MARK = b"age-encryption.org/v1\n"
END = b"--- " + b"A" * 43 + b"\n" + b"x" * 40


def armored(content: bytes) -> bytes:
    encoded = base64.encodebytes(content).decode().replace("\n", "")
    lines = [encoded[at : at + 64] for at in range(0, len(encoded), 64)]
    whole = ["-----BEGIN AGE ENCRYPTED FILE-----", *lines, "-----END AGE ENCRYPTED FILE-----", ""]
    return "\n".join(whole).encode()


def test_a_file_is_decrypted_as_binary_and_in_armor(tmp_path: Path) -> None:
    keys = [pyrage.x25519.Identity.generate() for _ in range(age.RECIPIENTS_MOST)]
    content = b"hello" * 20_000
    encrypted = age.encrypted(content, [str(key.to_public()) for key in keys])
    identity = tmp_path / "identity"
    identity.write_text(str(keys[-1]))
    assert age.decrypted(encrypted, identity) == content
    assert age.decrypted(armored(encrypted), identity) == content


@pytest.mark.parametrize(
    "header",
    [
        MARK + b"-> X25519 AAAA\nAAAA\n" * 2_000,
        MARK + b"-> X\n\n" * 100 + END,
        MARK + b"-> X A\n" + (b"A" * 64 + b"\n") * 500 + END,
        MARK + b"-> " + b"A " * 10_000 + END,
        MARK,
        b"",
    ],
    ids=lambda header: str(len(header)),
)
def test_a_header_that_would_take_hours_is_refused_at_once(header: bytes, tmp_path: Path) -> None:
    identity = tmp_path / "identity"
    identity.write_text(str(pyrage.x25519.Identity.generate()))
    for content in (header, armored(header)):
        with pytest.raises(Refused, match="its header has more"):
            age.decrypted(content, identity)
        with pytest.raises(Refused, match="its header has more"):
            age.decrypted_with(content, Secret("a passphrase"))
