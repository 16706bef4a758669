"""Open sessions in files: what killed processes leave, and what others did to the files."""

import errno
import fcntl
import os
import signal
import subprocess
import sys
from pathlib import Path
from unittest.mock import Mock

import pytest

from cwtui.accounts.errors import CannotCheck, StoreExposed, StoreMissing
from cwtui.accounts.model import EndAsked
from cwtui.store.open_sessions import FileOpenSessions
from tests.accounts.world import NOW
from tests.store.test_open_sessions_contract import ASKED, opened

OTHER = """
import sys
from pathlib import Path
from cwtui.store.open_sessions import FileOpenSessions
from tests.store.test_open_sessions_contract import opened

sessions = FileOpenSessions(Path(sys.argv[1]))
for number in range(int(sys.argv[2])):
    sessions.begin(opened(number))
print("ready", flush=True)
sys.stdin.read()
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "sessions"


def open_files() -> int:
    return sum(1 for _ in Path("/proc/self/fd").iterdir())


def test_sessions_of_a_killed_process_are_gone_at_the_next_look(folder: Path) -> None:
    sessions = FileOpenSessions(folder)
    with subprocess.Popen(
        [sys.executable, "-c", OTHER, str(folder), "50"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        cwd=Path.cwd(),
    ) as other:
        assert other.stdout is not None
        other.stdout.readline()
        sessions.begin(opened(99))
        assert len(sessions.all()) == 51
        os.kill(other.pid, signal.SIGKILL)
    assert sessions.all() == [opened(99)]
    assert [path.name for path in folder.iterdir()] == [opened(99).id]


def test_a_file_that_others_lock_again_and_again_is_no_session(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fcntl, "flock", Mock(side_effect=BlockingIOError))
    with pytest.raises(CannotCheck, match=r"again and again\. Sign in again\."):
        FileOpenSessions(folder).begin(opened(0))


def test_a_session_that_a_full_disk_kept_from_the_list_is_listed_once_there_is_room(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    sessions, before = FileOpenSessions(folder), open_files()
    with monkeypatch.context() as full_disk:
        no_space = OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        full_disk.setattr(os, "write", Mock(side_effect=no_space))
        with pytest.raises(CannotCheck, match="no space left"):
            sessions.begin(opened(0))
    assert open_files() == before
    sessions.begin(opened(0))
    assert sessions.all() == [opened(0)]
    (folder / opened(0).id).unlink()
    with monkeypatch.context() as full_disk:
        full_disk.setattr(os, "write", Mock(side_effect=no_space))
        with pytest.raises(CannotCheck, match="no space left"):
            sessions.look(opened(0).id, NOW)
    sessions.look(opened(0).id, NOW)
    assert sessions.all() == [opened(0)]


def test_the_time_of_last_activity_is_kept_to_the_minute(folder: Path) -> None:
    here, elsewhere = FileOpenSessions(folder), FileOpenSessions(folder)
    here.begin(opened(0))
    here.look(opened(0).id, NOW + 59)
    assert elsewhere.all()[0].active_at == NOW
    here.look(opened(0).id, NOW + 61)
    assert elsewhere.all()[0].active_at == NOW + 61


@pytest.mark.parametrize("is_kept", [False, True], ids=["removed", "renamed"])
def test_a_session_whose_file_is_gone_is_listed_again(folder: Path, *, is_kept: bool) -> None:
    here, elsewhere = FileOpenSessions(folder), FileOpenSessions(folder)
    here.begin(opened(0))
    path = folder / opened(0).id
    if is_kept:
        path.rename(folder / "away")
    else:
        path.unlink()
    assert elsewhere.all() == []
    assert here.look(opened(0).id, NOW) is None
    assert elsewhere.all() == [opened(0)]
    elsewhere.ask_to_end([opened(0).id], ASKED)
    assert here.look(opened(0).id, NOW) == ASKED


def test_a_request_that_a_full_disk_cut_ends_the_session_all_the_same(folder: Path) -> None:
    here = FileOpenSessions(folder)
    here.begin(opened(0))
    with (folder / opened(0).id).open("ab") as file:
        file.write(b'{"actor":"a')
    assert here.look(opened(0).id, NOW) == EndAsked("", "")


def test_files_of_other_kinds_and_contents_are_left_out(folder: Path) -> None:
    here = FileOpenSessions(folder)
    here.begin(opened(0))
    (folder / "notes.txt").write_text("no session")
    (folder / ("a" * 12)).touch(0o600)
    assert here.all() == [opened(0)]
    assert (folder / "notes.txt").exists()


def test_a_folder_that_others_can_read_and_a_link_are_refused(folder: Path) -> None:
    here = FileOpenSessions(folder)
    here.begin(opened(0))
    (folder / ("b" * 12)).symlink_to(folder / opened(0).id)
    with pytest.raises(CannotCheck):
        here.all()
    (folder / ("b" * 12)).unlink()
    folder.chmod(0o755)
    with pytest.raises(StoreExposed):
        here.all()


def test_without_a_store_there_is_no_list(tmp_path: Path) -> None:
    sessions = FileOpenSessions(tmp_path / "store" / "sessions")
    with pytest.raises(StoreMissing):
        sessions.all()
    with pytest.raises(StoreMissing):
        sessions.begin(opened(0))
