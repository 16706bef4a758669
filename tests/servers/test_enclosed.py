"""Servers in their own network namespace answer and leave nothing behind."""

import os
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.servers import ds389, enclosed, samba
from tests.servers.enclosed import Enclosed


def test_samba_answers_a_search(active_directory: Enclosed) -> None:
    with samba.administrator(active_directory) as admin:
        assert admin.search(samba.BASE, "(sAMAccountName=Administrator)")


def test_389_answers_a_search(dirsrv: Enclosed) -> None:
    with ds389.administrator(dirsrv) as admin:
        assert admin.search("cn=config", "(objectClass=*)", "BASE")


@pytest.mark.usefixtures("dirsrv")  # or the reason why there is none
@pytest.mark.parametrize("killed", ["tests", "keeper"])
def test_a_server_ends_with_its_keeper_or_its_tests(tmp_path: Path, killed: str) -> None:
    folder = tmp_path / "server"
    with subprocess.Popen(["sleep", "600"]) as tests:
        enclosed.begin("ds389", folder, tests.pid)
        enclosed.wait("ds389", folder)
        running = _processes_of(folder)
        # The keeper, unshare, and the server.
        assert len(running) == 3
        (keeper,) = (pid for pid in running if enclosed.__name__.encode() in _arguments(pid))
        os.kill({"tests": tests.pid, "keeper": keeper}[killed], 9)
        _wait_until(lambda: not _processes_of(folder))
        tests.kill()
    if killed == "tests":
        _wait_until(lambda: not folder.exists())


def _processes_of(folder: Path) -> list[int]:
    numbers = [int(path.name) for path in Path("/proc").iterdir() if path.name.isdigit()]
    return [pid for pid in numbers if str(folder).encode() in _arguments(pid)]


def _arguments(pid: int) -> bytes:
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes()
    except OSError:
        return b""


def _wait_until(is_true: Callable[[], bool]) -> None:
    until = time.monotonic() + 30
    while not is_true():
        assert time.monotonic() < until
        time.sleep(0.02)
