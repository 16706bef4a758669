"""What the service answers to each request."""

import os
import pwd
import re
import subprocess
from dataclasses import replace

import msgspec
import pytest

from cwtui.accounts.audit.events import EventType
from cwtui.accounts.errors import CannotCheck
from cwtui.accounts.model import Account
from cwtui.config import ServiceConfig
from cwtui.dialogue.conversation import Gone
from cwtui.host.processes import login_session
from cwtui.service.doors import Doors
from cwtui.service.figures import Figures
from cwtui.service.packets import Phase, Request, Verdict
from cwtui.service.peers import Peer
from tests.accounts.memory import MemoryAccounts
from tests.accounts.world import NOW, PASSWORD, Clock, Device, World
from tests.dialogue.scripted import Scripted

ROOT = Peer(os.getpid(), 0)
STRANGER = Peer(os.getpid(), os.geteuid() + 4711)
DESK = {"tty": "/dev/pts/1", "ruser": "alice"}
AWAY = {"rhost": "203.0.113.7"}


@pytest.fixture(autouse=True)
def known_session(monkeypatch: pytest.MonkeyPatch) -> None:
    """The tests may run in a container, where the leader of their session cannot be seen."""
    monkeypatch.setattr("cwtui.host.processes.login_session", lambda pid: f"{pid}@1")


@pytest.fixture
def doors(world: World) -> Doors:
    config = ServiceConfig(fresh_minutes={"sudo": 5, "sshd": 5})
    return Doors(world.ports, config, Figures(NOW), elapsed=world.clock)


def ask(doors: Doors, phase: Phase, *answers: str, **fields: str) -> tuple[Verdict, Scripted]:
    person = Scripted([*answers])
    return doors.answer(Request(phase, {"user": "alice", **fields}), ROOT, person), person


def auth(
    doors: Doors, *answers: str, service: str = "sudo", mode: str = "code", **fields: str
) -> tuple[Verdict, Scripted]:
    return ask(doors, Phase.AUTH, *answers, service=service, mode=mode, **(fields or DESK))


def equipped(world: World) -> Device:
    world.add()
    return world.equip()


def test_a_code_opens_and_is_not_asked_for_again_at_the_same_place(
    world: World, doors: Doors
) -> None:
    device = equipped(world)
    code = device.code(world.clock())
    assert auth(doors, code)[0] is Verdict.ACCEPTED
    assert auth(doors)[0] is Verdict.ACCEPTED
    # From elsewhere, and at a door without the setting, it is.
    with pytest.raises(Gone):
        auth(doors, tty="/dev/pts/2", ruser="alice")
    with pytest.raises(Gone):
        auth(doors, service="su")
    world.clock.forward(300)
    with pytest.raises(Gone):
        auth(doors)


def test_over_the_network_a_recent_code_does_not_replace_the_password(
    world: World, doors: Doors
) -> None:
    device = equipped(world)
    verdict, _ = auth(
        doors, PASSWORD, device.code(world.clock()), service="sshd", mode="full", **AWAY
    )
    assert verdict is Verdict.ACCEPTED
    with pytest.raises(Gone):
        auth(doors, service="sshd", mode="full", **AWAY)
    # The host has checked a key: then it is enough.
    assert auth(doors, service="sshd", mode="code", **AWAY)[0] is Verdict.ACCEPTED


def test_a_code_after_a_key_needs_a_key(world: World, doors: Doors) -> None:
    """Without AuthenticationMethods in sshd_config, the code would be the only factor."""
    device = equipped(world)
    code = device.code(world.clock())
    for method in ("", "password", "keyboard-interactive", "publickeys"):
        verdict, person = auth(doors, code, service="sshd", mode="key", method=method, **AWAY)
        assert verdict is Verdict.UNUSABLE
        assert "no SSH key was checked" in person.last[1]
    verdict, _ = auth(doors, code, service="sshd", mode="key", method="publickey", **AWAY)
    assert verdict is Verdict.ACCEPTED


def test_a_clock_that_is_set_back_does_not_extend_a_proof(world: World) -> None:
    device = equipped(world)
    elapsed = Clock()
    config = ServiceConfig(fresh_minutes={"sudo": 5})
    doors = Doors(world.ports, config, Figures(NOW), elapsed=elapsed)
    assert auth(doors, device.code(world.clock()))[0] is Verdict.ACCEPTED
    elapsed.forward(300)
    with pytest.raises(Gone):
        auth(doors)


def test_a_place_whose_session_is_hidden_is_asked_each_time(
    world: World, doors: Doors, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever uses the terminal next would pass for the one before."""
    monkeypatch.setattr("cwtui.host.processes.login_session", lambda _: "")
    device = equipped(world)
    assert auth(doors, device.code(world.clock()))[0] is Verdict.ACCEPTED
    with pytest.raises(Gone):
        auth(doors)
    world.add("nobody")
    device = world.equip("nobody")
    assert gate(doors, PASSWORD, device.code(world.clock()))[0] is Verdict.ACCEPTED
    with pytest.raises(Gone):
        gate(doors, fresh="5")


@pytest.mark.parametrize("is_session_known", [True, False])
def test_a_code_for_sudo_opens_no_gate(
    world: World, doors: Doors, monkeypatch: pytest.MonkeyPatch, *, is_session_known: bool
) -> None:
    if not is_session_known:
        monkeypatch.setattr("cwtui.host.processes.login_session", lambda _: "")
    world.add("nobody")
    device, desk = world.equip("nobody"), {"tty": "pts/1", "ruser": "nobody"}
    assert auth(doors, device.code(world.clock()), user="nobody", **desk)[0] is Verdict.ACCEPTED
    with pytest.raises(Gone):
        gate(doors, fresh="5", tty="pts/1")
    # The client of a gate says itself where it comes from.
    with pytest.raises(Gone):
        gate(doors, fresh="5", rhost="this host")


@pytest.mark.parametrize("mode", ["full", "code"])
def test_nobody_becomes_root_by_an_account_of_that_name(
    world: World, doors: Doors, mode: str
) -> None:
    """Admins of accounts, or of the directory, need not be admins of the host."""
    world.add("root")
    device = world.equip("root")
    code = device.code(world.clock())
    verdict, person = auth(doors, PASSWORD, code, mode=mode, user="root", **DESK)
    assert verdict is Verdict.UNUSABLE
    assert person.heard == [("warn", "Nobody becomes root with a Connectware account.")]


def test_pseudo_terminals_do_not_crowd_out_where_people_come_from(
    world: World, doors: Doors
) -> None:
    """Only known sources keep their own attempts while a stranger tries passwords."""
    device = equipped(world)
    auth(doors, PASSWORD, device.code(world.clock()), service="sshd", mode="full", **AWAY)
    for number in range(6):
        world.clock.forward(60)
        tty = f"/dev/pts/{number}"
        verdict, _ = auth(doors, device.code(world.clock()), tty=tty, ruser="alice")
        assert verdict is Verdict.ACCEPTED
    assert world.records.get("alice").known_sources == ("203.0.113.7", "this host alice")


@pytest.mark.parametrize("mode", ["", "strict", "FULL", "code "])
def test_a_mode_that_is_not_known_is_refused(world: World, doors: Doors, mode: str) -> None:
    """It may be one of a newer module, which wants more."""
    world.add()
    verdict, person = auth(doors, PASSWORD, mode=mode)
    assert verdict is Verdict.UNUSABLE
    assert "knows no mode" in person.last[1]


def test_a_recent_proof_is_logged(world: World, doors: Doors) -> None:
    device = equipped(world)
    auth(doors, device.code(world.clock()))
    auth(doors)
    event = world.events[-1]
    assert (event.event, event.actor) == (EventType.HOST_RECENT_PROOF, "alice")
    assert event.reason == "door=sudo"


def test_a_password_alone_is_never_remembered(world: World, doors: Doors) -> None:
    world.add()
    verdict, person = auth(doors, PASSWORD, mode="full")
    assert verdict is Verdict.REFUSED
    assert "needs multi-factor authentication" in person.last[1]
    assert world.records.get("alice").last_sign_in is None
    assert auth(doors, PASSWORD, mode="full", nullok="1", **DESK)[0] is Verdict.ACCEPTED
    with pytest.raises(Gone):
        auth(doors, mode="full", nullok="1", **DESK)


def test_a_disabled_account_ends_what_is_remembered(world: World, doors: Doors) -> None:
    device = equipped(world)
    auth(doors, device.code(world.clock()))
    world.put(world.account().changed(enabled=False))
    verdict, person = auth(doors)
    assert verdict is Verdict.UNUSABLE
    assert person.last == ("warn", "Your account is disabled. Ask an admin to enable it.")


@pytest.mark.parametrize("name", ["Alice", "ALICE", "", "a" * 100, "al\x1bice"])
def test_only_the_exact_name_of_an_account_is_known(world: World, doors: Doors, name: str) -> None:
    world.add()
    for phase in (Phase.AUTH, Phase.ACCOUNT, Phase.OPEN):
        verdict, person = ask(doors, phase, PASSWORD, mode="full", user=name)
        assert verdict is Verdict.UNKNOWN
        assert person.all("secret") == []


def test_a_name_without_an_account_is_like_a_wrong_password(world: World, doors: Doors) -> None:
    world.add()
    heard = []
    for name in ("alice", "bob"):
        verdict, person = ask(doors, Phase.AUTH, "x", "x", "x", mode="full", user=name, **DESK)
        assert verdict is Verdict.TOO_MANY
        heard.append(person.heard)
    assert heard[0] == heard[1]
    # Only what the host has checked itself says more.
    assert ask(doors, Phase.AUTH, mode="code", user="bob")[0] is Verdict.UNKNOWN
    assert ask(doors, Phase.ACCOUNT, user="bob")[0] is Verdict.UNKNOWN


def test_attempts_that_must_wait_end_the_conversation(world: World, doors: Doors) -> None:
    world.settings(password_limit=1)
    world.add()
    verdict, person = auth(doors, "wrong", mode="full")
    assert verdict is Verdict.TOO_MANY
    assert person.all("warn") == [
        "Username or password is wrong. No attempts left for now. Try again after 08:05 UTC."
    ]


def test_local_users_are_throttled_apart(world: World, doors: Doors) -> None:
    """One local user at a wrong password does not lock out another's known place."""
    world.settings(password_limit=1)
    world.add()
    assert auth(doors, PASSWORD, mode="full", nullok="1", **DESK)[0] is Verdict.ACCEPTED
    verdict, _ = auth(doors, "wrong", mode="full", tty="/dev/pts/2", ruser="mallory")
    assert verdict is Verdict.TOO_MANY
    assert auth(doors, PASSWORD, mode="full", nullok="1", **DESK)[0] is Verdict.ACCEPTED


def test_an_unreadable_store_names_no_files(world: World) -> None:
    class Broken(MemoryAccounts):
        def get(self, username: str) -> Account | None:
            raise CannotCheck(f"/var/lib/secret/{username} is broken")

    ports = replace(world.ports, accounts=Broken())
    doors = Doors(ports, ServiceConfig(), Figures(NOW))
    verdict, person = ask(doors, Phase.ACCOUNT)
    assert verdict is Verdict.CANNOT_CHECK
    assert person.last == ("warn", "Cannot check this now. Tell the operator of this host.")


@pytest.mark.parametrize("phase", [phase for phase in Phase if phase is not Phase.GATE])
def test_only_root_and_the_owner_may_ask(world: World, doors: Doors, phase: Phase) -> None:
    equipped(world)
    person = Scripted(["123456"])
    request = Request(phase, {"user": "alice", "mode": "code"})
    verdict = doors.answer(request, STRANGER, person)
    assert verdict is Verdict.UNUSABLE
    assert person.heard == [("warn", "Only root may ask this.")]


def test_sessions_of_the_host_are_recorded(world: World, doors: Doors) -> None:
    equipped(world)
    assert ask(doors, Phase.OPEN, service="sshd", **AWAY)[0] is Verdict.ACCEPTED
    assert ask(doors, Phase.CLOSE, service="sshd", **AWAY)[0] is Verdict.ACCEPTED
    opened, closed = world.events
    assert (opened.event, closed.event) == (EventType.HOST_OPEN, EventType.HOST_CLOSE)
    assert (opened.actor, opened.source, opened.reason) == ("alice", "203.0.113.7", "sshd")


def test_the_status_is_json(world: World, doors: Doors) -> None:
    world.settings(password_limit=1)
    world.add()
    auth(doors, "wrong", mode="full")
    doors.figures.count("auth", "accepted", 0.25)
    verdict, person = ask(doors, Phase.STATUS)
    assert verdict is Verdict.ACCEPTED
    fields = msgspec.json.decode(person.last[1])
    assert fields["since"] == NOW
    assert fields["conversations"] == {"auth accepted": 1}
    assert fields["median_busy_seconds"] == 0.25
    assert [waiting["username"] for waiting in fields["throttled"]] == ["alice"]


NOBODY = Peer(os.getpid(), pwd.getpwnam("nobody").pw_uid)


def gate(doors: Doors, *answers: str, **fields: str) -> tuple[Verdict, Scripted]:
    person = Scripted([*answers])
    return doors.answer(Request(Phase.GATE, fields), NOBODY, person), person


def test_unix_users_pass_a_gate_only_as_themselves(world: World, doors: Doors) -> None:
    world.add()
    world.add("nobody")
    verdict, _ = gate(doors, PASSWORD, user="alice", **AWAY)
    assert verdict is Verdict.ACCEPTED
    assert world.events[-1].actor == "nobody"
    assert world.events[-1].event is EventType.HOST_OPEN
    # Where they come from is what they say, so it is no place that others have.
    assert world.events[-1].source == "203.0.113.7 nobody"


def test_shared_unix_users_say_who_they_are(world: World) -> None:
    device = equipped(world)
    doors = Doors(world.ports, ServiceConfig(gate_users=["nobody"]), Figures(NOW))
    verdict, person = gate(doors, "alice", PASSWORD, device.code(world.clock()), **AWAY)
    assert verdict is Verdict.ACCEPTED
    assert person.all("ask")[0] == "Username: "
    # An address does not say which of them comes again.
    with pytest.raises(Gone):
        gate(doors, "alice", fresh="5", **AWAY)


def test_a_name_at_a_gate_that_cannot_be_one_is_asked_for_again(world: World) -> None:
    world.add()
    doors = Doors(world.ports, ServiceConfig(gate_users=["nobody"]), Figures(NOW))
    verdict, person = gate(doors, "", "al\udcffice", "Alice", PASSWORD, **AWAY)
    assert verdict is Verdict.ACCEPTED
    assert person.all("warn") == ["Enter a username.", "Control characters are not allowed."]
    assert gate(doors, "\udcff", "\udcff", "\udcff")[0] is Verdict.TOO_MANY


@pytest.mark.parametrize(
    ("fresh", "is_asked"), [("5", False), ("0", True), ("", True), ("x", True)]
)
def test_a_gate_asks_again_unless_the_proof_is_fresh(
    world: World, doors: Doors, fresh: str, *, is_asked: bool
) -> None:
    world.add("nobody")
    device = world.equip("nobody")
    gate(doors, PASSWORD, device.code(world.clock()), **AWAY)
    try:
        verdict, _ = gate(doors, fresh=fresh, **AWAY)
    except Gone:
        verdict = None
    assert (verdict is None) is is_asked
    with pytest.raises(Gone):
        gate(doors, fresh="5", rhost="203.0.113.8")


def test_a_login_session_is_its_leader_and_when_that_began() -> None:
    with subprocess.Popen(["sleep", "60"], start_new_session=True) as child:
        try:
            known = login_session(child.pid)
        finally:
            child.kill()
    assert re.fullmatch(rf"{child.pid}@[0-9]+", known)
    assert login_session(child.pid) == ""
