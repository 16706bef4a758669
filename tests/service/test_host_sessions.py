"""Sessions of the host's doors are listed for as long as their processes live."""

import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Final
from unittest.mock import Mock

import pytest

from cwtui.accounts import open_sessions
from cwtui.accounts.errors import Refused
from cwtui.config import ServiceConfig
from cwtui.service.doors import Doors
from cwtui.service.figures import Figures
from cwtui.service.host_sessions import HostSessions
from cwtui.service.packets import Phase, Request, Verdict
from cwtui.service.peers import Peer
from tests.accounts.memory import MemoryOpenSessions
from tests.accounts.world import NOW, OPERATOR, World
from tests.dialogue.scripted import Scripted

ROOT = Peer(os.getpid(), 0)
DESCRIPTORS: Final = Path("/proc/self/fd")


@pytest.fixture
def sessions() -> HostSessions:
    return HostSessions("jump-1")


def shown(world: World) -> list[tuple[str, str, str]]:
    return [(one.username, one.door, one.source) for one in world.sessions.all()]


def test_a_session_is_listed_from_its_begin_to_its_end(
    world: World, sessions: HostSessions
) -> None:
    world.add()
    doors = Doors(world.ports, ServiceConfig(), Figures(NOW), sessions=sessions)

    def ask(phase: Phase) -> Verdict:
        request = Request(phase, {"user": "alice", "service": "sshd", "rhost": "203.0.113.7"})
        return doors.answer(request, ROOT, Scripted())

    assert ask(Phase.OPEN) is Verdict.ACCEPTED
    sessions.tend(world.ports)
    assert shown(world) == [("alice", "sshd", "203.0.113.7")]
    assert world.sessions.all()[0].host == "jump-1"
    sessions.tend(world.ports)
    assert len(shown(world)) == 1
    assert ask(Phase.CLOSE) is Verdict.ACCEPTED
    sessions.tend(world.ports)
    assert shown(world) == []


@pytest.mark.parametrize("has_descriptors", [True, False])
def test_a_session_whose_process_was_killed_leaves_the_list(
    world: World,
    sessions: HostSessions,
    monkeypatch: pytest.MonkeyPatch,
    *,
    has_descriptors: bool,
) -> None:
    """Where the kernel gives no descriptors of processes, they are looked for."""
    if not has_descriptors:
        monkeypatch.setattr(os, "pidfd_open", Mock(side_effect=OSError))
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as process:
        sessions.begun(world.ports, "alice", "console", "login", process.pid)
        sessions.tend(world.ports)
        assert len(shown(world)) == 1
        process.kill()
    sessions.tend(world.ports)
    assert shown(world) == []


def test_the_list_changes_as_soon_as_somebody_comes_or_goes(
    world: World, sessions: HostSessions
) -> None:
    def waited() -> None:
        began = time.monotonic()
        sessions.wait(60)
        assert time.monotonic() - began < 30
        sessions.tend(world.ports, look=False)

    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as process:
        sessions.begun(world.ports, "alice", "console", "login", process.pid)
        waited()
        assert len(shown(world)) == 1
        sessions.begun(world.ports, "bob", "console", "login", os.getpid())
        waited()
        assert len(shown(world)) == 2
        sessions.ended("bob", "login", os.getpid())
        waited()
        assert len(shown(world)) == 1
        process.kill()
        waited()
        assert shown(world) == []
    sessions.wait(0)
    before = {*DESCRIPTORS.iterdir()}
    sessions.begun(world.ports, "alice", "console", "login", os.getpid())
    sessions.end_all(world.ports)
    assert {*DESCRIPTORS.iterdir()} == before


def test_a_process_that_cannot_be_seen_is_not_listed_for_ever(
    world: World, sessions: HostSessions
) -> None:
    sessions.begun(world.ports, "alice", "203.0.113.7", "sshd", 0)
    sessions.tend(world.ports)
    assert shown(world) == []


def test_a_session_that_could_not_be_listed_is_tried_again_also_in_another_store(
    world: World, sessions: HostSessions
) -> None:
    sessions.begun(world.ports, "alice", "console", "login", os.getpid())
    world.sessions.fails = True
    sessions.tend(world.ports)
    world.sessions.fails = False
    sessions.tend(world.ports)
    assert len(shown(world)) == 1
    world.sessions = MemoryOpenSessions()
    sessions.tend(world.ports)
    assert len(shown(world)) == 1
    sessions.ended("alice", "login", os.getpid())
    world.sessions.fails = True
    sessions.tend(world.ports)
    world.sessions.fails = False
    assert len(shown(world)) == 1
    sessions.tend(world.ports)
    assert shown(world) == []


def test_at_the_end_of_the_service_no_session_is_listed(
    world: World, sessions: HostSessions
) -> None:
    sessions.begun(world.ports, "alice", "console", "login", os.getpid())
    sessions.tend(world.ports)
    sessions.end_all(world.ports)
    assert shown(world) == []


def test_cwtui_says_that_it_cannot_end_a_session_of_the_host(
    world: World, sessions: HostSessions
) -> None:
    world.add()
    sessions.begun(world.ports, "alice", "203.0.113.7", "sshd", os.getpid())
    sessions.tend(world.ports)
    (one,) = world.sessions.all()
    with pytest.raises(Refused, match=f"As root on jump-1, end its process: kill {os.getpid()}"):
        open_sessions.end(world.ports, OPERATOR, [one.id])
    open_sessions.sign_out_user(world.ports, OPERATOR, "alice")
    assert not world.sessions.all()[0].is_ending
