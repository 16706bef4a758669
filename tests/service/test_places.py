"""Where somebody is, as the service sees it: two people are never taken for one."""

import os
import pwd
from contextlib import ExitStack

import pytest

from cwtui.config import ServiceConfig
from cwtui.dialogue.conversation import Gone
from cwtui.service import peers
from cwtui.service.doors import Doors
from cwtui.service.figures import Figures
from cwtui.service.packets import Phase, Request, Verdict
from cwtui.service.peers import Peer
from cwtui.service.room import MOST_OF_ONE, Full, Room
from cwtui.service.server import Server
from tests.accounts.world import NOW, PASSWORD, World
from tests.dialogue.scripted import Scripted

ROOT = Peer(os.getpid(), 0)


@pytest.fixture(autouse=True)
def known_session(monkeypatch: pytest.MonkeyPatch) -> None:
    """The tests may run in a container, where the leader of their session cannot be seen."""
    monkeypatch.setattr("cwtui.host.processes.login_session", lambda pid: f"{pid}@1")


@pytest.fixture
def doors(world: World) -> Doors:
    config = ServiceConfig(fresh_minutes={"door": 5})
    return Doors(world.ports, config, Figures(NOW), elapsed=world.clock)


def auth(doors: Doors, *answers: str, **fields: str) -> Verdict:
    given = {"user": "alice", "service": "door", "mode": "code", **fields}
    return doors.answer(Request(Phase.AUTH, given), ROOT, Scripted([*answers]))


@pytest.mark.parametrize(
    "place",
    [
        {"rhost": "UNKNOWN"},  # what sshd writes if the client is no address
        {"rhost": "a" * 300},
        {"tty": "tty1", "uid": "0"},  # a program that runs for whoever comes next
        {"tty": ":0"},
    ],
)
def test_a_place_that_others_share_is_asked_each_time(
    world: World, doors: Doors, place: dict[str, str]
) -> None:
    world.add()
    device = world.equip()
    assert auth(doors, device.code(world.clock()), **place) is Verdict.ACCEPTED
    with pytest.raises(Gone):
        auth(doors, **place)
    if place == {"rhost": "UNKNOWN"}:
        assert world.events[-1].source == "unknown address"
        assert world.records.get("alice").known_sources == ()


def test_the_invoker_is_known_even_if_the_program_does_not_say(world: World, doors: Doors) -> None:
    name = pwd.getpwuid(os.getuid()).pw_name
    world.add()
    device = world.equip()
    code = device.code(world.clock())
    for uid, expected in ((str(os.getuid()), name), ("3999999999", "uid 3999999999")):
        assert peers.invoker(Request(Phase.AUTH, {"uid": uid})) == ("" if uid == "0" else expected)
    assert peers.invoker(Request(Phase.AUTH, {"uid": "3999999999", "ruser": "eve"})) == "eve"
    for odd in ("", "-1", "0", "9" * 99, "\u0663", "1e3"):
        assert peers.invoker(Request(Phase.AUTH, {"uid": odd})) == ""
    there = {"tty": "/dev/pts/1", "uid": "3999999999"}
    assert auth(doors, code, **there) is Verdict.ACCEPTED
    assert auth(doors, **there) is Verdict.ACCEPTED
    assert world.events[-1].source == "this host uid 3999999999"
    with pytest.raises(Gone):
        auth(doors, **{**there, "uid": "3999999998"})


def test_a_script_names_an_address_as_other_doors_do(world: World, doors: Doors) -> None:
    world.add()
    device = world.equip()
    fields = {"user": "alice", "factor": "both", "source": "::FFFF:203.0.113.7"}
    person = Scripted([PASSWORD, device.code(world.clock())])
    assert doors.answer(Request(Phase.VERIFY, fields), ROOT, person) is Verdict.ACCEPTED
    assert world.records.get("alice").known_sources == ("203.0.113.7",)


def test_people_who_share_a_unix_user_are_counted_by_where_they_come_from(doors: Doors) -> None:
    peer = Peer(os.getpid(), os.geteuid() + 4711)
    server = Server(doors, [], Room(40, frozenset({peer.uid})), doors.figures)

    def at_gate(remote: str) -> Request:
        return Request(Phase.GATE, {"rhost": remote})

    with ExitStack() as held:
        for remote in ("203.0.113.7", ""):
            for _ in range(MOST_OF_ONE):
                held.enter_context(server.counted(at_gate(remote), peer))
            with pytest.raises(Full):
                held.enter_context(server.counted(at_gate(remote), peer))
        held.enter_context(server.counted(at_gate("203.0.113.8"), peer))
