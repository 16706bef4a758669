"""`cwtui ssh-keys` for sshd, and `cwtui user ssh-key` for the operator."""

from base64 import b64decode

import pytest

from cwtui.accounts.model import Origin, SshKey
from tests.accounts.ssh_lines import DSA, ED25519, FINGERPRINTS, RSA_3072, SK_ED25519
from tests.cli.accounts import is_utc, put
from tests.cli.commands import Host, Result
from tests.cli.test_startup import modules_after


def stored(line: str, name: str, number: int = 1) -> SshKey:
    return SshKey(f"{number:08x}", name, b64decode(line.split()[1]), 1_800_000_000.0)


KEYS = (stored(ED25519, "laptop", 1), stored(SK_ED25519, "token", 2))
PRINTED = f"{ED25519} laptop\n{SK_ED25519} token\n"
PRINT = FINGERPRINTS["sk-ssh-ed25519@openssh.com"]


def test_the_keys_of_exactly_this_account_are_printed(host: Host) -> None:
    """Another spelling of the name can be another Unix user."""
    put(host, "alice", ssh_keys=KEYS)
    put(host, "straße")
    assert host.process("ssh-keys", "alice") == Result(0, PRINTED, "")
    for other in ("Alice", "ALICE", "alice ", " alice", "\uff41lice", "bob", "", "a\\b", "x" * 300):
        assert host.run("ssh-keys", other) == Result(0, "", "")
    one = host.run("ssh-keys", "alice", "--fingerprint", PRINT)
    assert one == Result(0, f"{SK_ED25519} token\n", "")
    other = FINGERPRINTS["ssh-rsa"]
    assert host.run("ssh-keys", "alice", "--fingerprint", other) == Result(0, "", "")
    assert host.run("ssh-keys", "alice", "--fingerprint", PRINT[:-1]).status == 2


def test_root_has_no_key(host: Host) -> None:
    """Admins of accounts need not be admins of the host."""
    put(host, "root", ssh_keys=KEYS)
    assert host.run("ssh-keys", "root") == Result(0, "", "")


@pytest.mark.parametrize(
    "fields", [{"enabled": False}, {"origin": Origin.LDAP, "gone_since": 5.0}], ids=str
)
def test_a_disabled_or_gone_account_has_no_key(host: Host, fields: dict[str, object]) -> None:
    put(host, "alice", ssh_keys=KEYS, **fields)
    assert host.run("ssh-keys", "alice") == Result(0, "", "")


def no_store(host: Host) -> None:
    host.store.rename(host.folder / "elsewhere")


def no_keyring(host: Host) -> None:
    host.keyring.unlink()


def damaged(host: Host) -> None:
    host.ports().accounts.get("alice")
    for file in host.store.glob("accounts*"):
        file.write_bytes(file.read_bytes().replace(b'"name":"laptop"', b'"nome":"laptop"'))


def exposed(host: Host) -> None:
    host.accounts.chmod(0o666)


@pytest.mark.parametrize("act", [no_store, no_keyring, damaged, exposed])
def test_no_key_is_printed_if_the_account_cannot_be_checked(host: Host, act: object) -> None:
    put(host, "alice", ssh_keys=KEYS)
    assert callable(act)
    act(host)
    result = host.run("ssh-keys", "alice")
    assert (result.status, result.out) == (3, "")
    assert len(result.err.splitlines()) == 1


def test_the_command_is_quick(host: Host) -> None:
    """sshd runs it for each key that a client offers, so it loads only what it needs."""
    put(host, "alice", ssh_keys=KEYS)
    arguments = ["--config", str(host.config), "ssh-keys", "alice"]
    loaded = modules_after(f"from cwtui.cli.edge import run\nassert run({arguments!r}) == 0")
    assert "msgspec" in loaded
    assert loaded.isdisjoint({"textual", "ldap3", "cryptography", "bcrypt", "qrcode", "tinydb"})


def test_the_operator_adds_lists_and_removes_keys(host: Host) -> None:
    put(host, "alice")
    assert host.run("user", "ssh-key", "list", "alice").err == "alice has no SSH key.\n"
    first = host.run("user", "ssh-key", "add", "alice", stdin=f"{ED25519} alice@laptop\n".encode())
    said = f"The SSH key alice@laptop was added. {FINGERPRINTS['ssh-ed25519']}\n"
    assert first == Result(0, "", said)
    named = ("user", "ssh-key", "add", "alice", "--key-name", "workshop PC")
    assert host.run(*named, stdin=RSA_3072.encode()).status == 0
    listed = host.run("user", "ssh-key", "list", "alice")
    assert listed.out.splitlines()[1].split() == [FINGERPRINTS["ssh-ed25519"]]
    assert listed.out.splitlines()[2].startswith("workshop PC   RSA 3072, added 20")
    fields = host.run("user", "ssh-key", "list", "alice", "--json").json
    assert host.run("user", "show", "alice", "--json").json["ssh_keys"] == fields
    assert is_utc(fields[1].pop("added_at"))
    assert fields[1] == {
        "name": "workshop PC",
        "type": "ssh-rsa",
        "bits": 3072,
        "security_key": False,
        "fingerprint": FINGERPRINTS["ssh-rsa"],
    }
    shown = host.run("user", "show", "alice").out
    assert "SSH keys         alice@laptop: Ed25519, added 20" in shown
    assert max(map(len, shown.splitlines())) <= 80
    assert host.run("ssh-keys", "alice").out == f"{ED25519} alice@laptop\n{RSA_3072} workshop PC\n"

    removed = host.run("user", "ssh-key", "remove", "alice", "WORKSHOP pc")
    assert removed == Result(0, "", "The SSH key workshop PC was removed.\n")
    assert host.run("user", "ssh-key", "remove", "alice", FINGERPRINTS["ssh-ed25519"]).status == 0
    assert host.run("user", "ssh-key", "list", "alice", "--json").json == []
    events = [line["event"] for line in host.audit if line["event"].startswith("ssh_key.")]
    assert events == ["ssh_key.add", "ssh_key.add", "ssh_key.remove", "ssh_key.remove"]


@pytest.mark.parametrize(
    ("stdin", "options", "status", "said"),
    [
        (DSA, (), 1, "DSA keys are not safe"),
        ("", (), 1, "Enter a public key"),
        ("-----BEGIN OPENSSH PRIVATE KEY-----\nb3BlbnNz", (), 1, "has more than one line"),
        ("-----BEGIN OPENSSH PRIVATE KEY-----", (), 1, "it is compromised now"),
        (ED25519, (), 5, "already has this key"),
        (RSA_3072, ("--key-name", "LAPTOP"), 5, "already a key named LAPTOP"),
        (RSA_3072, ("--key-name", "123456"), 2, "looks like a code"),
        ("\0", (), 1, "contains NUL"),
    ],
)
def test_unsuitable_keys_are_refused(
    host: Host, stdin: str, options: tuple[str, ...], status: int, said: str
) -> None:
    put(host, "alice", ssh_keys=KEYS[:1])
    result = host.run("user", "ssh-key", "add", "alice", *options, stdin=stdin.encode())
    assert (result.status, result.out) == (status, "")
    assert said in result.err
    assert host.run("ssh-keys", "alice").out == f"{ED25519} laptop\n"


def test_a_key_can_be_pasted_into_a_terminal(host: Host) -> None:
    pasted = f"{ED25519} laptop\n".encode()
    result = host.run("user", "ssh-key", "add", "admin", stdin=pasted, terminal=True)
    assert result.status == 0
    assert result.err.startswith("Paste the public key, and press Enter:\nThe SSH key laptop")


def test_unknown_keys_and_accounts_are_refused(host: Host) -> None:
    put(host, "alice", ssh_keys=KEYS)
    for key, status in (("tablet", 4), ("SHA256:nosuch", 4), ("123456", 2), ("", 2)):
        assert host.run("user", "ssh-key", "remove", "alice", key).status == status
    assert "laptop, token" in host.run("user", "ssh-key", "remove", "alice", "tablet").err
    assert host.run("user", "ssh-key", "list", "bob").status == 4
