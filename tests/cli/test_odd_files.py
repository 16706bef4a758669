"""Files that are pipes, devices or too large give one sentence and status 3 at once."""

import os
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from cwtui.accounts.audit.events import Event, EventType, Outcome
from cwtui.accounts.audit.lines import START
from cwtui.accounts.directory_port import DirectoryMisconfigured
from cwtui.accounts.errors import CannotCheck
from cwtui.config import loading
from cwtui.directory.transport import _context
from cwtui.host.secret_file import SecretFile
from cwtui.host.trust import why_place_untrusted
from cwtui.store.audit.log import FileAuditLog
from cwtui.store.records import TinyRecordStore
from tests.cli.commands import Host, run
from tests.host.test_untrusted_files import ODD, fifo

PIPE = "it is a pipe, not a regular file"
COMMANDS = [
    ["user", "list"],
    ["user", "set", "admin", "--display-name", "Ada"],
    ["store", "check"],
    ["store", "backup", "FOLDER/backup.tar"],
]


def replaced(path: Path) -> None:
    """Put a pipe in place of the file."""
    path.unlink(missing_ok=True)
    fifo(path)


@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
@pytest.mark.parametrize("file", ["accounts.json", "audit.jsonl", "audit.head"])
def test_a_pipe_in_place_of_a_store_file_is_reported(
    host: Host, file: str, command: list[str]
) -> None:
    replaced(host.store / file)
    result = host.run(*(part.replace("FOLDER", str(host.folder)) for part in command))
    if command == ["user", "list"] and file != "accounts.json":
        assert result.status == 0
    else:
        assert result.status == 3
        verb = "write" if command[1] == "set" and file == "audit.jsonl" else "read"
        sentence = f"Cannot {verb} {host.store / file}: {PIPE}. Find out who put it there"
        assert sentence in result.err


@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
def test_a_pipe_in_place_of_the_keyring_is_reported(host: Host, command: list[str]) -> None:
    replaced(host.keyring)
    result = host.run(*(part.replace("FOLDER", str(host.folder)) for part in command))
    assert result.status == 3
    assert f"Cannot read {host.keyring}: {PIPE}." in result.err


@pytest.mark.parametrize("lock", [".accounts.json.lock", ".audit.jsonl.lock"])
@pytest.mark.parametrize("command", COMMANDS[1:], ids=" ".join)
def test_a_pipe_in_place_of_a_lock_is_reported(host: Host, lock: str, command: list[str]) -> None:
    replaced(host.store / lock)
    result = host.run(*(part.replace("FOLDER", str(host.folder)) for part in command))
    assert result.status == 3
    assert f"{host.store / lock}: {PIPE}." in result.err


def test_a_pipe_in_place_of_the_reserve_is_reported(host: Host) -> None:
    replaced(host.store / ".reserve")
    assert host.run(*COMMANDS[1]).status == 0
    result = host.run("store", "check")
    assert result.status == 3
    assert PIPE in result.err
    assert "No disk space is reserved" not in result.err


@pytest.mark.parametrize("what", ODD)
def test_an_odd_record_file_is_reported(host: Host, what: str) -> None:
    records = TinyRecordStore(host.store / "sign-in")
    ODD[what](records.path(7))
    with pytest.raises(CannotCheck, match=f"it is {what}, not a regular file"):
        records.all(7)
    result = host.run("store", "check")
    assert result.status == 3
    assert "07.json" in result.err


@pytest.mark.parametrize("name", ["audit-000001.jsonl", "audit.jsonl", "audit.head"])
def test_an_audit_log_with_a_pipe_accepts_no_event(tmp_path: Path, name: str) -> None:
    fifo(tmp_path / name)
    log = FileAuditLog(tmp_path / "audit.jsonl")
    event = Event(
        at=time.time(),
        event=EventType.SIGN_IN,
        actor="ada",
        subject="ada",
        source="here",
        outcome=Outcome.SUCCESS,
        reason="",
    )
    with pytest.raises(CannotCheck, match=PIPE):
        log.append(event)


def test_pipes_that_appear_later_are_reported(host: Host) -> None:
    ports = host.ports()
    replaced(host.store / "audit.jsonl")
    with pytest.raises(CannotCheck, match=PIPE):
        list(ports.audit.lines(START))
    replaced(host.keyring)
    with pytest.raises(CannotCheck, match=PIPE):
        ports.keyring.seal(b"secret", b"for")
    replaced(host.accounts)
    with pytest.raises(CannotCheck, match=PIPE):
        ports.accounts.get("admin")


# Files named by the operator


@pytest.mark.parametrize("device", ["/dev/zero", "/dev/full", "/dev/urandom", "/dev/tty"])
def test_a_device_is_refused_as_configuration(device: str) -> None:
    result = run("--config", device, "user", "list")
    assert (result.status, result.out) == (3, "")
    assert result.err == f"Cannot read {device}: it is a device, not a regular file.\n"


def test_a_pipe_is_refused_as_configuration(host: Host, monkeypatch: pytest.MonkeyPatch) -> None:
    replaced(host.config)
    sentence = f"Cannot read {host.config}: {PIPE}.\n"
    assert host.run("user", "list").err == sentence
    monkeypatch.setenv("CWTUI_CONFIG", str(host.config))
    assert run("user", "list").err == sentence
    monkeypatch.delenv("CWTUI_CONFIG")
    usual = loading.config_file()
    usual.parent.mkdir(parents=True)
    fifo(usual)
    assert run("user", "list").err == f"Cannot read {usual}: {PIPE}.\n"


def test_a_pipe_from_the_shell_is_refused_as_configuration() -> None:
    reading, writing = os.pipe()
    result = run("--config", f"/dev/fd/{reading}", "user", "list")
    os.close(reading)
    os.close(writing)
    assert result.err == f"Cannot read /dev/fd/{reading}: {PIPE}.\n"


def test_a_configuration_over_a_megabyte_is_refused(host: Host) -> None:
    os.truncate(host.config, 1 << 40)
    result = host.run("user", "list")
    assert result.status == 3
    assert result.err == f"Cannot read {host.config}: it is larger than 1,000,000 bytes.\n"


def test_a_keyring_over_a_megabyte_is_refused(host: Host) -> None:
    os.truncate(host.keyring, 1 << 40)
    result = host.run("user", "list")
    assert result.status == 3
    assert f"{host.keyring} is damaged: it is larger than 1,000,000 bytes." in result.err


def test_an_accounts_file_of_a_terabyte_is_refused_unread(host: Host) -> None:
    os.truncate(host.accounts, 1 << 40)
    result = host.run("user", "list")
    assert result.status == 3
    assert "it is larger than 8,589,934,592 bytes" in result.err


@pytest.mark.parametrize("what", ODD)
def test_an_odd_backup_file_is_not_restored(host: Host, what: str) -> None:
    odd = host.folder / "odd"
    ODD[what](odd)
    result = host.run("store", "restore", str(odd), "--yes")
    assert result.status == 3
    assert result.err.startswith(f"Cannot restore {odd}: it is {what}, not a regular file. Use")


def test_a_backup_that_would_fill_the_disk_is_refused(host: Host) -> None:
    backup = host.folder / "backup.tar"
    assert host.run("store", "backup", str(backup)).status == 0
    os.truncate(backup, 1 << 43)
    result = host.run("store", "restore", str(backup), "--yes")
    assert result.status == 3
    assert "do not fit on the disk" in result.err
    assert host.run("user", "list").status == 0


@pytest.mark.parametrize("what", ODD)
def test_secret_and_certificate_files_must_be_regular(tmp_path: Path, what: str) -> None:
    odd = tmp_path / "odd"
    ODD[what](odd)
    secret = SecretFile(
        "the bind password", "bind_password_file", str(odd), "", DirectoryMisconfigured
    )
    reads: list[Callable[[], object]] = [lambda: secret.read(100), lambda: _context(str(odd))]
    for read in reads:
        with pytest.raises(DirectoryMisconfigured, match=f"it is {what}, not a regular file"):
            read()


def test_a_symlink_loop_is_reported(tmp_path: Path) -> None:
    ODD["a symbolic link"](tmp_path / "loop")
    assert "too many levels of symbolic links" in str(why_place_untrusted(tmp_path / "loop"))


# Paths that are too long


@pytest.mark.parametrize(
    "path",
    ["a" * 8000, "/a" * 4000, "/" + "a" * 230, "ü" * 150, "~" + "x" * 8000, "x" * 8000 + ":"],
)
def test_a_too_long_store_path_is_refused(path: str) -> None:
    result = run("--store", path, "user", "list")
    assert (result.status, result.out) == (3, "")
    assert "restoring" not in result.err
    assert path[:100] in result.err
    assert len(result.err) < 700


def test_a_store_at_the_longest_path_is_simply_missing(tmp_path: Path) -> None:
    here = str(tmp_path / ("a" * 200))
    result = run("--store", here, "user", "list")
    assert result.err.startswith(f"There is no store in {here}") or "no store" in result.err


@pytest.mark.parametrize("option", ["--config", "--store"])
def test_a_long_path_is_shortened_in_the_error(option: str) -> None:
    result = run(option, "/a" * 4000, "user", "list")
    assert result.status == 3
    assert len(result.err) < 700


def test_a_pipe_that_is_named_as_a_file_leads_to_standard_input(host: Host, tmp_path: Path) -> None:
    fifo(tmp_path / "pipe")
    for command in (("user", "import"), ("user", "unlock", "--from"), ("user", "apply")):
        result = host.run(*command, str(tmp_path / "pipe"))
        assert result.status == 3
        assert f"{PIPE}. To read from a pipe, use - for standard input." in result.err
