"""Programs of the host: where they are found, and their limits."""

import os
import select
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

from cwtui.doctor import programs
from cwtui.doctor.programs import Answer, CannotRun
from tests.doctor.hosts import PASSWD, machine


def test_a_program_is_bounded_in_time_and_size() -> None:
    assert programs.run("sh", ["-c", "echo $HOME-$LC_ALL; exit 3"]) == Answer(3, "-C\n", "")
    with pytest.raises(CannotRun, match="took longer than"):
        programs.run("sleep", ["60"], 0.1)
    with pytest.raises(CannotRun, match="printed more than"):
        programs.run("head", ["-c", "3000000", "/dev/zero"])
    with pytest.raises(CannotRun, match="not installed"):
        programs.run("no-such-program")


def test_processes_that_a_program_started_end_with_it(tmp_path: Path) -> None:
    started = tmp_path / "started"
    # The shell prints too much only once the other program runs.
    script = f"sleep 61 & echo $! > {started}; exec head -c 3000000 /dev/zero"
    with pytest.raises(CannotRun, match="printed more than"):
        programs.run("sh", ["-c", script])
    with suppress(ProcessLookupError), process_of(int(started.read_text())) as process:
        poll = select.poll()
        poll.register(process, select.POLLIN)
        assert poll.poll(10_000)


@contextmanager
def process_of(pid: int) -> Iterator[int]:
    process = os.pidfd_open(pid)
    try:
        yield process
    finally:
        os.close(process)


def test_a_program_that_hung_is_not_run_again(tmp_path: Path) -> None:
    asked: list[str] = []

    def hangs(_: object) -> Answer:
        asked.append("once")
        raise CannotRun("it hung")

    host = machine(tmp_path, programs={"sshd": hangs})
    for _ in range(3):
        with pytest.raises(CannotRun):
            host.ask("sshd", "-T")
    assert asked == ["once"]


def test_programs_are_found_in_fixed_folders_only() -> None:
    assert programs.path_of("getent").is_absolute()
    assert PASSWD.startswith(programs.run("getent", ["passwd", "root"]).out[:7])
