"""Whether a process still runs."""

import os
import subprocess
import sys

import pytest

from cwtui.host import processes


def test_a_process_with_the_id_of_an_old_one_is_another() -> None:
    here = os.getpid()
    assert processes.is_alive(here, processes.began(here))
    assert not processes.is_alive(here, "1")
    assert processes.is_alive(here, "")
    assert processes.is_alive(1, "")


def test_a_killed_process_has_ended_before_its_parent_notices() -> None:
    with subprocess.Popen(["cat"], stdin=subprocess.PIPE) as other:
        since = processes.began(other.pid)
        assert processes.is_alive(other.pid, since)
        other.kill()
        os.waitid(os.P_PID, other.pid, os.WEXITED | os.WNOWAIT)
        assert not processes.is_alive(other.pid, since)
    assert not processes.is_alive(other.pid, since)


def test_a_process_that_proc_hides_is_alive(monkeypatch: pytest.MonkeyPatch) -> None:
    def hidden(_: int) -> list[str]:
        raise FileNotFoundError

    monkeypatch.setattr(processes, "_stat", hidden)
    assert processes.is_alive(os.getpid(), "1")


def test_other_pid_namespaces_count_their_processes_apart() -> None:
    asked = (sys.executable, "-c", "from cwtui.host.processes import kernel; print(kernel())")
    there = subprocess.run(asked, capture_output=True, text=True, check=True).stdout.strip()
    assert there == processes.kernel() != ""
