"""Which public SSH keys are accepted, and what is said of them."""

import subprocess
from base64 import b64decode, b64encode
from pathlib import Path

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cwtui.accounts import names, public_keys, ssh_keys
from cwtui.accounts.errors import InvalidInput
from cwtui.accounts.model import SSH_KEY_TYPES, SshKey
from cwtui.accounts.public_keys import PublicKey
from tests.accounts import ssh_lines
from tests.accounts.ssh_lines import ACCEPTED, DSA, ED25519, FINGERPRINTS, RSA_2048, RSA_3072
from tests.programs import require


def kept(line: str, name: str = "laptop", id_: str = "0a1b2c3d") -> SshKey:
    return SshKey(id_, name, public_keys.parse(line).key, 5.0)


def string(content: bytes) -> bytes:
    return len(content).to_bytes(4, "big") + content


def of_parts(type_: str, *parts: bytes) -> str:
    return f"{type_} {b64encode(b''.join(map(string, (type_.encode(), *parts)))).decode()}"


def parts_of(line: str) -> list[bytes]:
    return public_keys.parts_of(b64decode(line.split()[1]))[1:]


@pytest.mark.parametrize("type_", SSH_KEY_TYPES)
def test_a_key_is_read_and_printed_as_it_was(type_: str) -> None:
    line = ACCEPTED[type_]
    read = public_keys.parse(f"  {line}\terin@work  shop \n")
    assert read == PublicKey(b64decode(line.split()[1]), "erin@work  shop")
    key = kept(line)
    assert ssh_keys.authorized(key) == f"{line} laptop"
    state = ssh_keys.state(key)
    assert state.fingerprint == FINGERPRINTS[type_]
    assert (state.type, state.is_security_key) == (type_, type_.startswith("sk-"))
    assert state.bits == (3072 if type_ == "ssh-rsa" else None)


def test_ssh_keygen_prints_the_same_fingerprints(tmp_path: Path) -> None:
    file = tmp_path / "keys"
    file.write_text("".join(f"{ssh_keys.authorized(kept(line))}\n" for line in ACCEPTED.values()))
    command = [require("ssh-keygen"), "-l", "-f", str(file)]
    printed = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    found = [line.split()[1] for line in printed.splitlines()]
    assert found == [ssh_keys.fingerprint(kept(line).key) for line in ACCEPTED.values()]


PRIVATE = "-----BEGIN OPENSSH PRIVATE KEY-----"
REFUSED = {
    "": "Enter a public key",
    " \t ": "Enter a public key",
    PRIVATE: "it is compromised now",
    f"{PRIVATE}\nb3BlbnNzaC1rZXktdjEAAAAABG5vbmUAAAAE": "it is compromised now",
    "b3BlbnNzaC1rZXktdjEAAAAABG5vbmUAAAAEbm9uZQAAAAAAAAABAAAAMwAAAAtzc2gtZW": "This is a private",
    "PuTTY-User-Key-File-3: ssh-ed25519": "This is a private key",
    "---- BEGIN SSH2 PUBLIC KEY ----": "ssh-keygen -i",
    "-----BEGIN PUBLIC KEY-----": "ssh-keygen -i",
    DSA: "DSA keys are not safe",
    RSA_2048: "needs 3072 to 16384 bits, and this one has 2048",
    f"ssh-ed25519-cert-v01@openssh.com {ED25519.split()[1]}": "Certificates are not accepted",
    f"no-pty {ED25519}": "Options before the key",
    f'command="ssh-ed25519 x",no-pty {ED25519}': "Options before the key",
    ED25519.split()[1]: "does not begin with a type",
    f"ssh-ed25518 {ED25519.split()[1]}": "does not begin with a type",
    ED25519.upper(): "does not begin with a type",
    "ssh-ed25519": "The key itself is missing",
    "ssh-ed25519 laptop": "not complete",
    f"{ED25519}=": "not complete",
    f"{ssh_lines.ECDSA_521[:-3]}h==": "not complete",
    f"ssh-rsa {ED25519.split()[1]}": "not of the type ssh-rsa",
    f"ssh-ed25519 {RSA_3072.split()[1]}": "not of the type ssh-ed25519",
    f"{ED25519}\n{RSA_3072}": "one key only",
    f"{ED25519} {'x' * 9000}": "too long",
    of_parts("ssh-ed25519", bytes(31)): "not complete",
    of_parts("ssh-ed25519", bytes(32), b""): "not complete",
    of_parts("ssh-rsa", b"\x01\x00\x01", b"\1" + bytes(3000)): "and this one has 24001",
    of_parts("ssh-rsa", b"\x01\x00\x01", b"\0" + parts_of(RSA_3072)[1]): "not complete",
    of_parts("ssh-rsa", b"\0\x01\x00\x01", parts_of(RSA_3072)[1]): "not complete",
    of_parts("ssh-rsa", parts_of(RSA_3072)[1], b"\1" + bytes(2047)): "too long",
    of_parts("sk-ssh-ed25519@openssh.com", bytes(32), b"ssh:" + b"x" * 2200): "too long",
    of_parts("ssh-rsa", b"\x02", parts_of(RSA_3072)[1]): "not complete",
    of_parts("ecdsa-sha2-nistp256", b"nistp384", parts_of(ssh_lines.ECDSA_384)[1]): "not complete",
    of_parts("ecdsa-sha2-nistp256", b"nistp256", b"\4" + bytes(64)): "not complete",
    of_parts(
        "ecdsa-sha2-nistp256", b"nistp256", b"\2" + parts_of(ssh_lines.ECDSA_256)[1][1:33]
    ): "not complete",
    of_parts("sk-ssh-ed25519@openssh.com", bytes(32), b"http:"): "not complete",
}


@pytest.mark.parametrize("line", REFUSED)
def test_other_lines_are_refused_with_a_reason(line: str) -> None:
    with pytest.raises(InvalidInput, match=REFUSED[line]) as refused:
        public_keys.parse(line)
    assert refused.value.field == "ssh_key"
    secret = line.rsplit(maxsplit=1)[-1] if len(line) > 40 else "no word"
    assert secret not in str(refused.value)


@pytest.mark.parametrize("type_", SSH_KEY_TYPES)
def test_a_cut_line_is_refused(type_: str) -> None:
    line = ACCEPTED[type_]
    for length in range(len(line)):
        with pytest.raises(InvalidInput):
            public_keys.parse(line[:length])


@pytest.mark.parametrize("type_", SSH_KEY_TYPES)
def test_a_changed_bit_is_refused_or_gives_another_key(type_: str) -> None:
    """Nobody has the private key of another key."""
    key = b64decode(ACCEPTED[type_].split()[1])
    for bit in range(0, len(key) * 8, 1 if len(key) < 200 else 7):
        changed = bytearray(key)
        changed[bit // 8] ^= 1 << bit % 8
        line = f"{type_} {b64encode(changed).decode()}"
        try:
            read = public_keys.parse(line)
        except InvalidInput:
            continue
        assert read.key == bytes(changed)
        assert ssh_keys.authorized(kept(line)).split()[:2] == line.split()
        assert ssh_keys.fingerprint(read.key) != FINGERPRINTS[type_]


AROUND = st.text('a \t\n\r\0\x1b"=\u2028\u202e\U000e0001é#-', max_size=9)


@given(AROUND, st.sampled_from(["", *ACCEPTED.values()]), AROUND)
@settings(max_examples=60, deadline=None)
def test_any_text_is_a_key_or_refused(before: str, line: str, after: str) -> None:
    """What is printed for sshd is one line in any case, with a key that was accepted."""
    try:
        read = public_keys.parse(f"{before}{line}{after}")
    except InvalidInput:
        return
    name = ssh_keys.name_of(read.comment, [])
    printed = ssh_keys.authorized(SshKey("0a1b2c3d", name, read.key, 0.0))
    assert len(printed.splitlines()) == 1
    assert printed.split()[0] in SSH_KEY_TYPES
    assert public_keys.parse(printed).key == read.key


@given(AROUND, st.lists(st.sampled_from(["key", "key 2", "KEY 3", "a" * 32, "\u202ex"])))
@settings(max_examples=60, deadline=None)
def test_a_name_follows_from_any_comment(comment: str, taken: list[str]) -> None:
    others = [kept(ED25519, name) for name in taken]
    name = ssh_keys.name_of(comment, others)
    assert ssh_keys.checked_name(name, others) == name


def test_names_are_checked_as_those_of_devices() -> None:
    others = [kept(ED25519, "Laptop")]
    assert ssh_keys.checked_name(" workshop   PC ", others) == "workshop PC"
    for typed in ("", "LAPTOP", "123456", "x" * (names.LENGTH + 1), "a\x1bb", "a\u202eb"):
        with pytest.raises(InvalidInput) as refused:
            ssh_keys.checked_name(typed, others)
        assert refused.value.field == "ssh_key_name"
    assert ssh_keys.name_of("laptop", others) == "laptop 2"
    assert ssh_keys.name_of("", others) == "key"
    assert ssh_keys.name_of("erin@" + "host" * 20, []) == f"erin@{'host' * 20}"[:32]


def test_a_name_from_a_damaged_store_is_printed_on_one_line() -> None:
    key = kept(ED25519, f"x\n{RSA_3072}\r\0")
    assert ssh_keys.authorized(key) == f"{ED25519} x<U+000A>{RSA_3072}<U+000D><U+0000>"


@pytest.mark.parametrize(
    "key", [b"x" * 40, string(b"ssh-dss") + bytes(40), bytes(40), b"\xff" * 40]
)
def test_a_stored_key_of_an_unknown_type_is_damage(key: bytes) -> None:
    stored = msgspec.json.encode(kept(ED25519)).replace(
        msgspec.json.encode(b64decode(ED25519.split()[1])), msgspec.json.encode(key)
    )
    with pytest.raises(msgspec.ValidationError, match="unknown type"):
        msgspec.json.decode(stored, type=SshKey)
