"""Each call of a session reads the account again."""

from collections.abc import Callable

import pytest

from cwtui.accounts import (
    administration,
    open_sessions,
    own_devices,
    roles,
    self_service,
    session,
    sign_in,
    sign_in_new_password,
)
from cwtui.accounts.audit.events import EventType
from cwtui.accounts.errors import TO_EVERYTHING, CannotCheck, SessionEnded
from cwtui.accounts.new_account import NewAccount
from cwtui.accounts.open_sessions import Process
from cwtui.accounts.secret import Secret
from cwtui.accounts.session import Session
from cwtui.accounts.sign_in_states import NewPasswordNeeded, SignedIn
from cwtui.accounts.updates import Update
from tests.accounts.world import HERE, OPERATOR, PASSWORD, Device, World

NEW = Secret("Another.9-Havel")
CHANGED = (
    "Your password, roles, status, MFA or SSH keys were changed elsewhere, or you were signed out "
    "everywhere. Sign in again."
)

ENDINGS: dict[str, tuple[Callable[[World], object], str, str]] = {
    "removed": (
        lambda w: administration.remove_user(w.ports, OPERATOR, "alice"),
        "Your account was removed or renamed. Sign in again, or ask an admin.",
        "removed",
    ),
    "disabled": (
        lambda w: administration.update_user(w.ports, OPERATOR, "alice", Update(enabled=False)),
        "Your account was disabled. Ask an admin to enable it.",
        "disabled",
    ),
    "promoted": (
        lambda w: administration.update_user(
            w.ports, OPERATOR, "alice", Update(roles=(roles.ADMIN,)), agreed=TO_EVERYTHING
        ),
        "Your roles were changed. Sign in again to use your new roles.",
        "roles changed",
    ),
    "password reset": (
        lambda w: administration.reset_password(w.ports, OPERATOR, "alice"),
        CHANGED,
        "changed elsewhere",
    ),
    "password changed elsewhere": (
        lambda w: self_service.change_password(
            w.ports, w.session(source="10.0.0.2"), Secret(PASSWORD), NEW, NEW
        ),
        CHANGED,
        "changed elsewhere",
    ),
    "MFA enabled elsewhere": (
        lambda w: w.equip(),
        CHANGED,
        "changed elsewhere",
    ),
}

CALLS: dict[str, Callable[[World, Session], object]] = {
    "overview": lambda w, s: self_service.overview(w.ports, s),
    "change_password": lambda w, s: self_service.change_password(
        w.ports, s, Secret(PASSWORD), NEW, NEW
    ),
    "begin_enrolment": lambda w, s: self_service.begin_enrolment(w.ports, s),
    "acknowledge": lambda w, s: self_service.acknowledge_backup_codes(w.ports, s),
    "disable_mfa": lambda w, s: self_service.disable_mfa(w.ports, s, "123456"),
    "regenerate": lambda w, s: self_service.regenerate_backup_codes(w.ports, s, "123456"),
}


@pytest.mark.parametrize("ending", ENDINGS)
@pytest.mark.parametrize("call", CALLS)
def test_an_ended_session_is_refused_with_the_reason(world: World, ending: str, call: str) -> None:
    world.add_admin("ada")
    world.add()
    ended = world.session()
    end, sentence, reason = ENDINGS[ending]
    end(world)
    before = world.accounts.get("alice")
    with pytest.raises(SessionEnded) as over:
        CALLS[call](world, ended)
    assert (str(over.value), over.value.reason) == (sentence, reason)
    assert world.accounts.get("alice") == before


def test_a_session_does_not_survive_recreating_the_account(world: World) -> None:
    world.add_admin("ada")
    made = administration.create_user(world.ports, OPERATOR, NewAccount("alice"))
    state = world.begin("alice", made.password.reveal())
    assert isinstance(state, NewPasswordNeeded)
    signed_in = sign_in_new_password.choose(world.ports, state, NEW, NEW)
    assert isinstance(signed_in, SignedIn)
    administration.remove_user(world.ports, OPERATOR, "alice")
    again = administration.create_user(world.ports, OPERATOR, NewAccount("alice"))
    state = world.begin("alice", again.password.reveal())
    assert isinstance(state, NewPasswordNeeded)
    sign_in_new_password.choose(world.ports, state, NEW, NEW)
    with pytest.raises(SessionEnded):
        self_service.overview(world.ports, signed_in.session)


def test_a_new_display_name_or_flag_ends_no_session(world: World) -> None:
    world.add()
    going_on = world.session()
    administration.update_user(
        world.ports, OPERATOR, "alice", Update(display_name="Alice", mfa_required=True)
    )
    assert self_service.overview(world.ports, going_on).account.display_name == "Alice"


def test_using_a_backup_code_ends_no_session(world: World) -> None:
    world.add()
    device: Device = world.equip()
    going_on = world.session(device=device)
    sign_in.with_backup_code(world.ports, world.asked_for_code(), device.codes[0].reveal())
    self_service.overview(world.ports, going_on)


def test_a_session_continues_after_its_own_change(world: World) -> None:
    world.add()
    first = world.session()
    second = self_service.change_password(world.ports, first, Secret(PASSWORD), NEW, NEW)
    third = self_service.change_password(
        world.ports, second, NEW, Secret(PASSWORD + "!"), Secret(PASSWORD + "!")
    )
    assert first.epoch < second.epoch < third.epoch
    assert (third.started_at, third.source) == (first.started_at, HERE)


@pytest.mark.parametrize(
    ("reason", "event"),
    [("", EventType.SIGN_OUT), ("idle", EventType.SESSION_END)],
)
def test_sign_out_and_idle_timeout_are_recorded(
    world: World, reason: str, event: EventType
) -> None:
    world.add()
    leaving = world.session()
    session.sign_out(world.ports, leaving, reason)
    assert world.events[-1].event is event
    assert world.events[-1].reason == reason
    assert (world.events[-1].actor, world.events[-1].source) == ("alice", HERE)


def test_a_session_that_signed_out_is_not_listed_even_if_that_cannot_be_recorded(
    world: World,
) -> None:
    world.add()
    leaving = world.session()
    open_sessions.begin(world.ports, leaving, Process("cwtui", "host", 1))
    world.audit.fails = True
    with pytest.raises(CannotCheck):
        session.sign_out(world.ports, leaving)
    assert world.sessions.all() == []


def test_the_operator_is_recorded_with_the_command_line(world: World) -> None:
    world.add("bob")
    administration.update_user(world.ports, OPERATOR, "bob", Update(enabled=False))
    assert world.events[-1].actor == "operator:root"
    assert world.events[-1].source == "command line"


def test_no_proof_stays_no_proof_on_a_clock_that_begins_in_1970(world: World) -> None:
    """A host without a clock of its own has such a time until it asks another one."""
    world.clock.at = 300.0
    world.add()
    alice = world.session(device=world.equip())
    assert own_devices.needs_code(alice, world.clock(), "0a0b0c0d")
    assert session.is_fresh(alice.code_at, world.clock())
    assert not session.is_fresh(0.0, world.clock())
