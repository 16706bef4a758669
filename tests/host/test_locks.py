"""Locks on files: waiting, time limits, turns, and processes that end."""

import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from cwtui.accounts.errors import CannotCheck, StoreMissing
from cwtui.host import locks
from cwtui.host.files import write_atomically
from cwtui.host.locks import exclusive, in_turn, undisturbed


@pytest.fixture
def file(tmp_path: Path) -> Path:
    made = tmp_path / "accounts.json"
    write_atomically(made, b"old")
    return made


def test_waiting_too_long_for_a_lock_is_explained(
    file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(locks, "LOCK_SECONDS", 0.1)
    with exclusive(file):
        refused: list[CannotCheck] = []

        def wait() -> None:
            try:
                hold(file)
            except CannotCheck as error:
                refused.append(error)

        waiting = threading.Thread(target=wait)
        waiting.start()
        waiting.join(10)
    lock = file.with_name(f".{file.name}.lock")
    assert [str(error) for error in refused] == [
        f"Another cwtui process has held {lock} for 0.1 seconds. Try again."
    ]
    hold(file)


def hold(path: Path) -> None:
    with exclusive(path):
        pass


def test_a_lock_that_cannot_be_created_is_explained(file: Path) -> None:
    with pytest.raises(CannotCheck, match=f"Cannot write {file}/.below.lock: "):
        hold(file / "below")


def test_in_a_missing_folder_there_is_no_lock(tmp_path: Path) -> None:
    with pytest.raises(StoreMissing), exclusive(tmp_path / "gone" / "file"):
        pass


def test_no_lock_file_is_made_where_there_is_no_store(file: Path) -> None:
    def refuse() -> None:
        raise StoreMissing

    with pytest.raises(StoreMissing), exclusive(file, refuse):
        pass
    assert not locks.lock_of(file).exists()
    with exclusive(file):
        pass
    with exclusive(file, refuse):  # it exists by now, and the caller looks again
        pass


def test_a_lock_ends_with_its_process(file: Path) -> None:
    """DESIGN 4.7: pam_oath's stale lock file blocks logins."""
    program = (
        "import sys, pathlib, time; from cwtui.host.locks import *\n"
        "with exclusive(pathlib.Path(sys.argv[1])):\n"
        "    print('held', flush=True); time.sleep(60)\n"
    )
    with subprocess.Popen(
        [sys.executable, "-c", program, str(file)], stdout=subprocess.PIPE, text=True
    ) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == "held\n"
        holder.kill()
    began = time.monotonic()
    hold(file)
    assert time.monotonic() - began < 5


def test_an_exception_releases_the_lock(file: Path) -> None:
    with pytest.raises(KeyError), exclusive(file):
        raise KeyError
    hold(file)


@pytest.mark.parametrize("seconds", [0.06, 0.15])
def test_taking_a_lock_repeatedly_lets_others_have_a_turn(file: Path, seconds: float) -> None:
    """Key rotation does this batch by batch, and synchronisation in shorter ones."""
    rounds, served = 0, threading.Event()
    held = threading.Event()

    def hold_again_and_again() -> None:
        nonlocal rounds
        while rounds < 30 and not served.is_set():
            with exclusive(file):
                held.set()
                time.sleep(seconds)
            rounds += 1

    holder = threading.Thread(target=hold_again_and_again)
    holder.start()
    held.wait()
    with exclusive(file):
        waited_for = rounds
        served.set()
    holder.join()
    assert waited_for < 10


def test_a_waiting_process_gets_the_lock_at_once(file: Path) -> None:
    """Without looking again and again, which would delay it by up to one interval."""
    given, got = [0.0], [0.0]
    waits = threading.Event()

    def wait() -> None:
        waits.set()
        with exclusive(file):
            got[0] = time.monotonic()

    waiting = threading.Thread(target=wait)
    with exclusive(file):
        waiting.start()
        waits.wait()
        time.sleep(0.2)
        given[0] = time.monotonic()
    waiting.join(10)
    assert got[0] - given[0] < 1


def test_a_lock_that_came_too_late_is_given_back(
    file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The thread that still waits for it must not keep it."""
    monkeypatch.setattr(locks, "LOCK_SECONDS", 0.1)
    with exclusive(file):
        for take in (exclusive, undisturbed):
            with pytest.raises(CannotCheck, match="has held"), take(file):
                pass
    for thread in threading.enumerate():
        if thread.name == "lock":
            thread.join(10)
    monkeypatch.setattr(locks, "LOCK_SECONDS", 5)
    hold(file)


def test_a_process_that_keeps_its_lock_does_not_use_up_threads_and_files(
    file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It may have been stopped, for hours."""
    monkeypatch.setattr(locks, "LOCK_SECONDS", 0.01)
    before = len(list(Path("/proc/self/fd").iterdir()))
    with exclusive(file):
        for _ in range(30):
            with pytest.raises(CannotCheck, match="has held"):
                hold(file)
        waiting = [thread for thread in threading.enumerate() if thread.name == "lock"]
        assert len(waiting) == 16
        assert len(list(Path("/proc/self/fd").iterdir())) <= before + 20
    for thread in waiting:
        thread.join(10)
    monkeypatch.setattr(locks, "LOCK_SECONDS", 5)
    hold(file)


def test_a_lock_among_threads_has_a_time_limit(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(locks, "LOCK_SECONDS", 0.1)
    threads = threading.Lock()
    with threads, pytest.raises(CannotCheck, match="has held"), in_turn(threads, file):
        pass
    with in_turn(threads, file):
        assert threads.locked()


def test_a_process_that_can_have_no_more_threads_waits_too(
    file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(_: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    with exclusive(file), monkeypatch.context() as patch:
        patch.setattr(locks, "LOCK_SECONDS", 0.1)
        patch.setattr(threading.Thread, "start", refuse)
        with pytest.raises(CannotCheck, match="has held"):
            hold(file)
    hold(file)
