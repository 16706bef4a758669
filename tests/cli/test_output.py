"""Standard output and standard error that are closed, broken or full."""

import os
import re
import subprocess
import sys
from types import SimpleNamespace

import pytest

from cwtui import language
from cwtui.cli import output
from cwtui.cli.output import SENTENCE_LENGTH
from cwtui.cli.progress import progress
from cwtui.cli.tables import moment, table
from cwtui.language import Language
from tests.cli.commands import PYTHON, ROOT, Console, Host
from tests.language import Marked, german

FULL = "/dev/full"


def test_a_closed_pipe_causes_no_error_message(host: Host) -> None:
    read, write = os.pipe()
    os.close(read)
    try:
        for command in (("user", "list"), ("settings", "show", "--json"), ("--help",)):
            result = host.process(*command, stdout=write)
            assert (result.status, result.err) == (1, "")
    finally:
        os.close(write)


@pytest.mark.parametrize("command", [("user", "list"), ("user", "list", "--json"), ("--paths",)])
def test_a_full_disk_is_reported(host: Host, command: tuple[str, ...]) -> None:
    with open(FULL, "wb") as full:  # noqa: PTH123  a device
        result = host.process(*command, stdout=full.fileno())
    assert result.status == 1
    assert result.err == "Cannot write to standard output: no space left on device.\n"


def test_what_cannot_be_reported_was_done_all_the_same(host: Host) -> None:
    with open(FULL, "wb") as full:  # noqa: PTH123  a device
        command = ("role", "add", "desk", "--permission", "read-users", "--json")
        result = host.process(*command, stdout=full.fileno())
    assert result.status == 1
    assert result.err.endswith("space left on device. The change was made all the same.\n")


def test_a_backup_to_a_closed_standard_output_is_refused(
    host: Host, monkeypatch: pytest.MonkeyPatch
) -> None:
    closed = SimpleNamespace(stdout=None, stderr=None)
    monkeypatch.setattr(output, "sys", closed)
    assert host.run("store", "backup", "-").status == 1
    assert [one["event"] for one in host.audit][-1] != "store.backup"


@pytest.mark.parametrize("option", ["--help", "--version"])
def test_help_and_version_report_a_full_disk(option: str) -> None:
    with open(FULL, "wb") as full:  # noqa: PTH123  a device
        done = subprocess.run(
            [PYTHON, "-m", "cwtui", option],
            stdout=full,
            stderr=subprocess.PIPE,
            check=False,
            cwd=ROOT,
        )
    assert done.returncode == 3
    assert done.stderr == b"Cannot continue: no space left on device.\n"


@pytest.mark.parametrize("command", [("add", "jane"), ("reset-password", "admin", "--json")])
def test_a_lost_initial_password_is_reported(host: Host, command: tuple[str, ...]) -> None:
    read, write = os.pipe()
    os.close(read)
    result = host.process("user", *command, stdout=write)
    os.close(write)
    assert result.status == 1
    again = f"cwtui --config {host.config} user reset-password {command[1]}"
    assert result.err.endswith(f"Create another one: {again}\n")


def test_the_exit_status_is_right_if_errors_cannot_be_printed(host: Host) -> None:
    with open(FULL, "wb") as full:  # noqa: PTH123  a device
        assert host.process("user", "show", "nobody", stderr=full.fileno()).status == 4
        assert host.process("user", "list", "--mfa", "x", stderr=full.fileno()).status == 2
        assert (
            host.process("settings", "set", "mfa", "off", "--yes", stderr=full.fileno()).status == 0
        )


def test_a_closed_standard_output_is_reported(host: Host) -> None:
    result = host.process("user", "list", preexec_fn=lambda: os.close(1))
    assert result.status == 1
    assert result.err == "Cannot write to standard output: it is closed.\n"


def test_closed_standard_input_and_error_are_handled(host: Host) -> None:
    command = ("user", "add", "jane", "--password-stdin")
    result = host.process(*command, preexec_fn=lambda: os.close(0))
    assert result.status == 1
    assert result.err.startswith("Standard input is closed")
    assert host.process("user", "show", "nobody", preexec_fn=lambda: os.close(2)).status == 4
    assert host.process(preexec_fn=lambda: os.close(2)).status == 2


def test_a_long_message_keeps_its_beginning_and_end(host: Host) -> None:
    result = host.run("settings", "set", "x" * 100_000, "1")
    assert result.err.startswith("There is no setting named 'xxx")
    assert result.err.rstrip().endswith("invitation_days.")
    assert len(result.err) < SENTENCE_LENGTH + 10


def test_columns_are_as_wide_as_their_longest_cell() -> None:
    assert table([("a", "bb", "c"), ("aaa", "b", "")]) == "a    bb  c\naaa  b"


def test_labels_stay_aligned_before_a_long_value() -> None:
    assert table([("Username", "x" * 100), ("Origin", "local")]) == (
        f"Username  {'x' * 100}\nOrigin    local"
    )


def test_times_are_shown_in_utc() -> None:
    assert moment(0) == "1970-01-01T00:00:00+00:00"


def test_scripts_read_english_whatever_the_operator_speaks(
    host: Host, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("LANGUAGE", raising=False)
    monkeypatch.setenv("LC_ALL", "de_DE.UTF-8")
    with german(Marked()):
        assert not host.run("doctor", "sessions").out.isascii()
        assert all(
            one["sentence"].isascii() for one in host.run("doctor", "--json", "sessions").json
        )
        assert host.run("user", "list", "--format", "json").status == 0
        assert language.spoken() is Language.ENGLISH


def test_without_a_terminal_long_work_says_how_far_it_is_every_ten_seconds(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    times = iter([0.0, 9.0, 10.0, 11.0, 20.0])
    monkeypatch.setattr("cwtui.cli.progress.time", SimpleNamespace(monotonic=lambda: next(times)))
    with progress("Importing") as tell:
        for done in (1, 2, 3, 4):
            tell(done, 4)
    assert capsys.readouterr().err == (
        "Importing: 50 %, 0:10 elapsed, about 0:10 left\nImporting: 100 %, 0:20 elapsed\n"
    )


def test_a_terminal_sees_how_long_it_takes(monkeypatch: pytest.MonkeyPatch) -> None:
    times = iter([0.0, 1.0, 40.0, 4000.0])
    monkeypatch.setattr("cwtui.cli.progress.time", SimpleNamespace(monotonic=lambda: next(times)))
    shown = Console(terminal=True)
    monkeypatch.setattr(sys, "stderr", shown)
    with progress("Importing") as tell:
        for done in (1, 20, 50):
            tell(done, 100)
    drawn = [line.split("%")[-1].strip() for line in re.split("[\r\n]", shown.text) if "%" in line]
    assert [line.removesuffix("\x1b[?25h") for line in drawn[-3:]] == [
        "0:01 elapsed",
        "0:40 elapsed, about 2:40 left",
        "1:06:40 elapsed, about 1:06:40 left",
    ]
