"""`cwtui store`: output, questions and exit status."""

import tarfile
from pathlib import Path
from typing import Any

import pytest

from cwtui.cli import store
from cwtui.store.building import FilesTarget
from tests.cli.commands import Host
from tests.store.table_files import journal_of


@pytest.fixture
def file(host: Host) -> Path:
    """A backup with only the admin, made before jane was added."""
    path = host.folder / "x.tar"
    made = host.run("store", "backup", str(path))
    assert made.status == 0, made.err
    assert host.run("user", "add", "jane").status == 0
    return path


def users(host: Host) -> list[str]:
    return [user["username"] for user in host.run("user", "list", "--json").json]


# check


def test_a_healthy_store_is_reported_as_such(host: Host) -> None:
    result = host.run("store", "check")
    assert (result.status, result.out) == (0, "")
    assert result.err == "Checked 1 account and 0 records: nothing is damaged.\n"


def test_findings_are_printed_to_standard_error(host: Host) -> None:
    host.accounts.chmod(0o644)
    (host.store / ".accounts.json.new").touch(mode=0o600)
    result = host.run("store", "check")
    assert (result.status, result.out) == (1, "")
    warning, exposed, summary = result.err.splitlines()
    assert "was left behind by a killed process" in warning
    assert exposed.endswith(f"run: chmod 600 {host.accounts}")
    assert summary == "Checked 0 accounts and 0 records: 1 problem found."


def test_a_warning_alone_exits_with_status_0(host: Host) -> None:
    (host.store / ".accounts.json.new").touch(mode=0o600)
    result = host.run("store", "check")
    assert result.status == 0
    assert result.err.count("\n") == 2


def test_findings_are_printed_as_json(host: Host) -> None:
    assert host.run("store", "check", "--json").json == []
    host.accounts.chmod(0o644)
    [finding] = host.run("store", "check", "--json").json
    assert set(finding) == {"severity", "where", "sentence"}
    assert (finding["severity"], finding["where"]) == ("damage", str(host.accounts))


def test_an_unreadable_store_exits_with_status_3(host: Host) -> None:
    content = host.accounts.read_bytes()
    host.accounts.write_bytes(content.replace(b'"schema":10', b'"schema":109'))
    assert host.run("store", "check").status == 3


def test_without_a_store_nothing_is_created(new_host: Host) -> None:
    for command in (("check",), ("backup", str(new_host.folder / "x.tar"))):
        result = new_host.run("store", *command)
        assert (result.status, result.out) == (3, "")
        assert "There is no store in" in result.err
    assert set(new_host.files()) == {"config.toml"}


@pytest.mark.parametrize("terminal", [True, False])
def test_long_work_shows_progress_only_on_a_terminal(
    host: Host, monkeypatch: pytest.MonkeyPatch, terminal: bool
) -> None:
    monkeypatch.setattr(store, "_LONG", 1)
    result = host.run("store", "check", terminal=terminal)
    assert ("Checking" in result.err) == terminal
    assert result.out == ""


# backup


def test_backup_says_that_the_keyring_is_not_included(host: Host) -> None:
    result = host.run("store", "backup", str(host.folder / "x.tar"))
    assert (result.status, result.out) == (0, "")
    first, second = result.err.splitlines()
    assert first.startswith("Backed up 4 files, ")
    assert "The backup does not contain the keyring" in second
    assert str(host.keyring) in second
    with tarfile.open(host.folder / "x.tar") as tar:
        names = ["accounts.json", journal_of(host.accounts).name, "audit.head", "audit.jsonl"]
        assert tar.getnames() == ["manifest.json", *names]


def test_a_backup_can_be_piped(host: Host) -> None:
    path = host.folder / "piped.tar"
    with path.open("wb") as out:
        result = host.process("store", "backup", "-", stdout=out.fileno())
    assert result.status == 0
    assert "The backup does not contain the keyring" in result.err
    assert host.run("store", "restore", str(path), "--yes").status == 0


def test_a_backup_is_not_written_to_a_terminal(host: Host) -> None:
    result = host.run("store", "backup", "-", terminal=True)
    assert (result.status, result.out) == (2, "")
    assert host.audit[-1]["event"] != "store.backup"


@pytest.mark.parametrize("name", ["x.tar", "none/x.tar", "x" * 300])
def test_a_backup_file_that_cannot_be_written_is_reported(
    host: Host, file: Path, name: str
) -> None:
    before = file.read_bytes()
    result = host.run("store", "backup", str(host.folder / name))
    assert (result.status, result.out) == (5 if name == "x.tar" else 3, "")
    assert result.err.count("\n") == 1
    assert file.read_bytes() == before


# restore


def test_restore_says_what_it_will_do_and_asks(host: Host, file: Path) -> None:
    result = host.run("store", "restore", str(file), stdin=b"y\n", terminal=True)
    assert result.status == 0
    text = " ".join(result.err.split())
    assert "It contains 1 account." in text
    assert "There are 2 accounts now. Will be removed: jane." in text
    assert f"Restore it to {host.store}? [y/N]" in text
    assert "Restored 1 account. All sessions have ended." in text
    assert "The old store is kept in" in text
    assert users(host) == ["admin"]


@pytest.mark.parametrize("answer", [b"n\n", b"\n", b""])
def test_no_answer_means_no(host: Host, file: Path, answer: bytes) -> None:
    before = host.files()
    result = host.run("store", "restore", str(file), stdin=answer, terminal=True)
    assert result.status == 1
    assert "Nothing was restored." in result.err
    assert host.files() == before
    assert users(host) == ["admin", "jane"]


def test_without_a_terminal_restore_needs_yes(host: Host, file: Path) -> None:
    before = host.files()
    result = host.run("store", "restore", str(file))
    assert result.status == 1
    assert "--yes" in result.err
    assert host.files() == before
    assert host.run("store", "restore", str(file), "--yes").status == 0
    assert users(host) == ["admin"]


def test_a_long_list_of_accounts_is_shortened(host: Host, file: Path) -> None:
    for name in ("a", "b", "c", "d", "e", "f"):
        host.run("user", "add", f"user-{name}")
    result = host.run("store", "restore", str(file), "--yes")
    assert "Will be removed: jane, user-a, user-b, user-c, user-d and 2 more." in result.err


def test_restore_names_accounts_that_regain_rights(host: Host) -> None:
    for name in ("mary", "paul", "zoe"):
        host.run("user", "add", name, "--role", "connectware-admin", "--yes")
    file = str(host.folder / "x.tar")
    host.run("store", "backup", file)
    host.run("user", "set", "mary", "--disabled")
    host.run("user", "set", "paul", "--role", "minimum-access")
    host.run("user", "set", "zoe", "--mfa-required")
    result = host.run("store", "restore", file, "--yes")
    assert "Will change back: mary, paul, zoe." in result.err
    assert "Disabled now, will be enabled: mary." in result.err
    assert "Not admins now, will be admins: paul." in result.err
    assert "Will lose their MFA device or the MFA requirement: zoe." in result.err


@pytest.mark.parametrize("content", [b"", b"no tar at all" * 100, bytes(4096)])
def test_a_file_that_is_not_a_backup_is_refused(host: Host, content: bytes) -> None:
    path = host.folder / "x.tar"
    path.write_bytes(content)
    before = host.files()
    result = host.run("store", "restore", str(path), "--yes")
    assert (result.status, result.out) == (3, "")
    assert f"{path} is not a usable backup" in result.err
    assert host.files() == before


def test_a_missing_backup_file_is_reported(host: Host) -> None:
    result = host.run("store", "restore", str(host.folder / "none.tar"), "--yes")
    assert result.status == 3
    assert "none.tar: no such file or directory. Nothing was changed." in result.err


def test_restoring_to_a_new_host_needs_only_the_keyring(
    host: Host, file: Path, tmp_path: Path
) -> None:
    other = tmp_path / "other"
    other.mkdir()
    new = Host(other)
    assert new.run("store", "restore", str(file), "--yes").status == 3
    new.keyring.parent.mkdir(mode=0o700)
    new.keyring.write_bytes(host.keyring.read_bytes())
    new.keyring.chmod(0o600)
    result = new.run("store", "restore", str(file), "--yes")
    assert result.status == 0, result.err
    assert users(new) == ["admin"]


# copy


def test_a_copy_says_what_it_has_and_what_it_needs(host: Host) -> None:
    copy = host.folder / "copy"
    made = host.run("store", "copy", str(host.store), str(copy))
    assert (made.status, made.out) == (0, "")
    copied, keyring, then = made.err.splitlines()
    assert copied == (
        f"Copied 1 account, 0 sign-in records and 2 events of the audit log to {copy}. They were "
        "read back and are the same."
    )
    assert f"Each host that uses the copy needs {host.keyring} with its key" in keyring
    assert then == f"What changes in {host.store} from now on is not in the copy."
    assert host.run("--store", str(copy), "store", "check").status == 0

    refused = host.run("store", "copy", str(host.store), str(copy))
    assert refused.status == 1
    replaced = host.run("store", "copy", str(host.store), str(copy), "--replace")
    assert replaced.status == 0
    assert "The store that was there is kept in" in replaced.err


@pytest.mark.parametrize(
    ("args", "status"),
    [
        (("store", "copy", "x"), 2),
        (("store", "copy", "", "x"), 2),
        (("store", "copy", "postgresql://a:secret@/b", "x"), 2),
        (("--store", "x", "store", "copy", "a", "b"), 2),
    ],
)
def test_stores_that_cannot_be_meant_are_refused(
    host: Host, args: tuple[str, ...], status: int
) -> None:
    result = host.run(*args)
    assert (result.status, "secret" in result.err) == (status, False)
    assert result.err.count("\n") == 1


def test_a_copy_of_a_store_that_changed_meanwhile_has_status_1(
    host: Host, monkeypatch: pytest.MonkeyPatch
) -> None:
    append = FilesTarget.append

    def append_late(*args: Any) -> None:
        assert host.run("user", "add", "jane").status == 0
        append(*args)

    monkeypatch.setattr(FilesTarget, "append", append_late)
    result = host.run("store", "copy", str(host.store), str(host.folder / "copy"))
    assert result.status == 1
    assert f"{host.store} was changed meanwhile: the accounts and the audit log." in result.err
