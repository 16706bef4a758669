"""`cwtui user export`: files that can be imported, and secrets only for those who may have them."""

import base64
import json
import stat
import subprocess
import sys
from pathlib import Path

import pytest
from msgspec import structs

from cwtui.accounts.credentials import passwords
from cwtui.accounts.secret import Secret
from tests.cli.accounts import enrol, put
from tests.cli.commands import PASSWORD, Host, Result
from tests.programs import require

PASSPHRASE = b"correct horse battery staple"
ZOE = base64.b64decode(
    b"YWdlLWVuY3J5cHRpb24ub3JnL3YxCi0+IHNjcnlwdCBrdzFsdURHbENqUkhxaTh4SVJ2Qm13IDEKeVNV"
    b"ZnRBZExMTjBTc1NQa09hQ2tUbTFvQ0ZjM2M4dHZhY2U4UXp6Q2RxRQotLS0gVWtlQmQrcTRIREF6L1Ji"
    b"QndZeDdCdFl1WFc1bmRIa1lzb2kyb0RaRERTYwoJuGVkWmq+953iYHmCwqgdUALW70xSED7Fek9p9ANz"
    b"X60eht1jxG2cfeNrrT3gb/K5lcdo"
)
"""A user, encrypted to PASSPHRASE with 2 rounds of scrypt: ours take a second for each try."""


@pytest.fixture
def people(host: Host) -> Host:
    ports = host.ports()
    # Of the cost that commands use here, as higher ones are not taken over.
    hashed = passwords.hash_password(Secret(PASSWORD), ports.keyring, ports.bcrypt_cost)
    put(host, "ann", display_name="Ann Reed", password=hashed)
    put(host, "bob", roles=("connectware-admin",), password=hashed)
    enrol(host, "ann")
    return host


def exported(host: Host, file: Path, *args: str, stdin: bytes = b"") -> Result:
    return host.run("user", "export", str(file), *args, stdin=stdin)


def test_both_formats_have_the_names_of_an_import(people: Host, tmp_path: Path) -> None:
    file = tmp_path / "people.jsonl"
    done = exported(people, file, "--json")
    assert done.json == {
        "changed": True,
        "file": str(file),
        "accounts": 3,
        "with_secrets": False,
        "custom_roles": [],
    }
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert json.loads(file.read_text().splitlines()[1]) == {
        "username": "ann",
        "display_name": "Ann Reed",
        "origin": "local",
        "roles": ["minimum-access"],
        "mfa_required_of_account": False,
        "enabled": True,
        "disabled_reason": "",
        "expires": "never",
    }
    csv = people.run("user", "export", "-", "--format", "csv", "--filter", "bob")
    assert csv.out == (
        "username,display_name,origin,roles,mfa_required_of_account,enabled,disabled_reason,expires\n"
        "bob,,local,connectware-admin,no,yes,,never\n"
    )
    assert csv.err == "Exported 1 account.\n"
    assert all(event["event"] != "user.export" for event in people.audit)


@pytest.mark.parametrize(
    "args",
    [
        ("-", "--json"),
        ("-", "--recipient", "age1x"),
        ("-", "--passphrase-stdin"),
        ("-", "--with-secrets", "--recipient", "age1x"),
        ("-", "--with-secrets", "--recipient", "nosuch"),
        ("-", "--with-secrets", "--passphrase-stdin", "--format", "csv"),
        ("-", "--with-secrets", "--passphrase-stdin", "--recipient", "age1x"),
    ],
)
def test_wrong_recipients_and_contradicting_options_are_wrong_usage(
    people: Host, args: tuple[str, ...]
) -> None:
    before = people.files()
    done = people.run("user", "export", *args, stdin=PASSPHRASE)
    assert (done.status, done.out) == (2, "")
    assert people.files() == before


def test_names_that_spreadsheets_run_are_kept_and_pointed_out(people: Host) -> None:
    command = ("user", "export", "-", "--format", "csv")
    assert "formulas" not in people.run(*command).err
    put(people, "ann", display_name='=HYPERLINK("x")')
    done = people.run(*command)
    assert 'ann,"=HYPERLINK(""x"")",local' in done.out
    assert "Some cells begin with =, +, - or @." in done.err
    assert "formulas" not in people.run("user", "export", "-").err


def test_custom_roles_that_the_other_host_needs_are_named(people: Host) -> None:
    assert people.run("role", "add", "help-desk", "--permission", "reset-mfa").status == 0
    command = ("user", "export", "-", "--filter")
    assert "create these roles" not in people.run(*command, "bob").err
    put(people, "ann", roles=("help-desk", "minimum-access"))
    said = people.run(*command, "ann").err
    assert "create these roles there first: help-desk. See: cwtui role add --help" in said


def test_the_empty_file_of_a_killed_export_does_not_block_the_repeat(
    people: Host, tmp_path: Path
) -> None:
    file = tmp_path / "people.jsonl"
    file.touch(0o600)
    assert exported(people, file).status == 0
    assert len(file.read_text().splitlines()) == 3
    assert exported(people, file).status == 5


class TestWithSecrets:
    def test_a_passphrase_brings_people_to_another_host(self, people: Host, tmp_path: Path) -> None:
        file = tmp_path / "people.age"
        done = exported(people, file, "--with-secrets", "--passphrase-stdin", stdin=PASSPHRASE)
        assert (done.status, done.err) == (0, "Exported 3 accounts with secrets.\n")
        assert stat.S_IMODE(file.stat().st_mode) == 0o600
        assert b"ann" not in file.read_bytes()
        assert people.audit[-1]["reason"] == "accounts=3 encrypted_to=passphrase"
        ports = people.ports()
        factor = ports.accounts.get("ann")
        for name in ("ann", "bob"):
            people.run("user", "remove", name, "--yes")
        assert people.run("user", "import", str(file)).status == 2
        command = ("user", "import", str(file), "--passphrase-stdin", "--yes", "--json")
        again = people.run(*command, stdin=PASSPHRASE)
        assert (again.status, again.json["new"]) == (0, ["ann", "bob"])
        assert again.json["notes"] == []
        after = people.ports().accounts.get("ann")
        assert factor is not None
        assert after is not None
        assert after.password == factor.password
        assert factor.second_factor is not None
        assert after.second_factor is not None
        assert after.second_factor.backup_codes == factor.second_factor.backup_codes

    def test_a_host_with_a_keyring_of_its_own_checks_their_passwords(
        self, people: Host, tmp_path: Path
    ) -> None:
        file, folder = tmp_path / "people.age", tmp_path / "other"
        exported(people, file, "--with-secrets", "--passphrase-stdin", stdin=PASSPHRASE)
        folder.mkdir()
        other = Host(folder)
        done = other.run("init", "--admin", "admin", "--password-stdin", stdin=PASSWORD.encode())
        assert done.status == 0, done.err
        command = ("user", "import", str(file), "--passphrase-stdin", "--yes")
        done = other.run(*command, stdin=PASSPHRASE)
        assert done.status == 0, done.err
        assert "Added 1 key to the keyring" in done.err
        ports = other.ports()
        before, after = people.ports().accounts.get("ann"), ports.accounts.get("ann")
        assert before is not None
        assert after is not None
        assert after.second_factor is not None
        assert before.second_factor is not None
        codes = before.second_factor.backup_codes
        assert after.second_factor.backup_codes == structs.replace(codes, key=f"p{codes.key}")
        assert passwords.is_password(Secret(PASSWORD), after.password, ports.keyring, 10)
        states = {key["state"] for key in other.run("key", "status", "--json").json["keys"]}
        assert states == {"active", "imported"}
        assert other.run("store", "check").status == 0

    def test_a_wrong_passphrase_is_refused(self, people: Host, tmp_path: Path) -> None:
        file = tmp_path / "zoe.age"
        file.write_bytes(ZOE)
        command = ("user", "import", str(file), "--passphrase-stdin", "--dry-run")
        wrong = people.run(*command, stdin=b"wrong" * 3)
        assert (wrong.status, wrong.out) == (1, "")
        assert "The passphrase is wrong" in wrong.err
        assert people.run(*command, stdin=PASSPHRASE).status == 0

    @pytest.mark.parametrize("is_armored", [False, True])
    def test_an_encrypted_file_is_known_without_an_option(
        self, people: Host, tmp_path: Path, *, is_armored: bool
    ) -> None:
        file, label = tmp_path / "zoe.age", b"AGE ENCRYPTED FILE-----"
        armored = b"-----BEGIN %b\n%b-----END %b\n" % (label, base64.encodebytes(ZOE), label)
        file.write_bytes(armored if is_armored else ZOE)
        done = people.run("user", "import", str(file), "--dry-run")
        assert done.status == 2
        assert "The file is encrypted. Use --identity FILE or --passphrase-stdin." in done.err

    def test_age_reads_what_is_encrypted_to_a_key(self, people: Host, tmp_path: Path) -> None:
        identity, file = tmp_path / "identity", tmp_path / "people.age"
        subprocess.run(
            [require("age-keygen"), "-o", str(identity)], check=True, capture_output=True
        )
        public = subprocess.run(
            [require("age-keygen"), "-y", str(identity)], check=True, capture_output=True, text=True
        ).stdout.strip()
        assert exported(people, file, "--with-secrets", "--recipient", public).status == 0
        assert people.audit[-1]["reason"] == f"accounts=3 encrypted_to={public}"
        read = subprocess.run(
            [require("age"), "-d", "-i", str(identity), str(file)],
            check=True,
            capture_output=True,
            text=True,
        ).stdout
        [ann] = [one for one in map(json.loads, read.splitlines()) if one.get("username") == "ann"]
        assert ann["device_names"] == ["Phone"]
        assert ann["otpauth_uris"][0].startswith("otpauth://totp/")
        again = people.run("user", "import", str(file), "--identity", str(identity), "--dry-run")
        assert again.status == 0, again.err
        other = tmp_path / "other"
        subprocess.run([require("age-keygen"), "-o", str(other)], check=True, capture_output=True)
        refused = people.run("user", "import", str(file), "--identity", str(other))
        assert (refused.status, "cannot be decrypted" in refused.err) == (1, True)

    def test_an_existing_file_stays_and_nothing_is_logged(
        self, people: Host, tmp_path: Path
    ) -> None:
        file = tmp_path / "people.age"
        file.write_text("precious")
        before = people.files()
        done = exported(people, file, "--with-secrets", "--passphrase-stdin", stdin=PASSPHRASE)
        assert (done.status, file.read_text()) == (5, "precious")
        assert people.files() == before

    def test_no_file_is_left_after_a_fault(
        self, people: Host, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def full(*_: object) -> None:
            raise OSError(28, "No space left on device")

        monkeypatch.setattr("cwtui.host.age.encrypted_with", full)
        file = tmp_path / "people.age"
        done = exported(people, file, "--with-secrets", "--passphrase-stdin", stdin=PASSPHRASE)
        assert done.status == 3
        assert not file.exists()

    def test_a_full_disk_is_said_with_the_file(
        self, people: Host, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def full(*_: object) -> None:
            raise OSError(28, "No space left on device")

        monkeypatch.setattr("cwtui.cli.export_users.write_all", full)
        file = tmp_path / "people.jsonl"
        done = exported(people, file)
        assert done.status == 3
        assert f"Cannot write {file}: no space left on device." in done.err
        assert not file.exists()

    def test_secrets_are_not_shown_on_a_terminal(self, people: Host) -> None:
        command = ("user", "export", "-", "--with-secrets", "--recipient", KEY)
        done = people.run(*command, terminal=True)
        assert (done.status, done.out) == (2, "")
        assert people.audit[-1]["event"] != "user.export"

    @pytest.mark.parametrize(
        ("key", "said"),
        [
            ("AGE-SECRET-KEY-1HUNTER2HUNTER2", "This is a private key"),
            (" age-secret-key-1hunter2hunter2", "This is a private key"),
            ("-----BEGIN OPENSSH PRIVATE KEY-----\nhunter2", "This is a private key"),
            ("hunter2", "The recipient is not a public key"),
        ],
    )
    def test_an_invalid_recipient_is_not_repeated(
        self, people: Host, tmp_path: Path, key: str, said: str
    ) -> None:
        done = exported(people, tmp_path / "x", "--with-secrets", "--recipient", key)
        assert (done.status, done.out) == (2, "")
        assert said in done.err
        assert "hunter2" not in done.err.lower()

    def test_there_are_at_most_twenty_recipients(self, people: Host, tmp_path: Path) -> None:
        file = tmp_path / "people.age"
        done = exported(people, file, "--with-secrets", *["--recipient", KEY] * 21)
        assert (done.status, "at most 20 recipients" in done.err) == (2, True)
        assert exported(people, file, "--with-secrets", *["--recipient", KEY] * 20).status == 0

    def test_a_short_passphrase_is_refused(self, people: Host, tmp_path: Path) -> None:
        file = tmp_path / "people.age"
        done = exported(people, file, "--with-secrets", "--passphrase-stdin", stdin=b"short")
        assert (done.status, file.exists()) == (1, False)
        assert "at least 15 characters" in done.err


KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIDur7WtOwnnj9Lcso+QxWDedkGsZzcUuGzQ47L5hQC/E"


def test_without_the_library_it_says_what_to_install(
    people: Host, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "pyrage", None)
    monkeypatch.delitem(sys.modules, "cwtui.host.age", raising=False)
    monkeypatch.delattr("cwtui.host.age", raising=False)
    done = exported(people, tmp_path / "x", "--with-secrets", "--recipient", KEY)
    assert (done.status, done.out) == (3, "")
    assert "install cwtui[age]" in done.err
