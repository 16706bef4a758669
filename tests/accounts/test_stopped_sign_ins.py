"""Sign-ins with the right password that stop after it: recorded, and shown at the next sign-in."""

from collections.abc import Callable

import pytest
from msgspec.structs import replace

from cwtui.accounts import (
    administration,
    failed_sign_in_words,
    recovery,
    self_service,
    sign_in,
    sign_in_enrolment,
    sign_in_new_password,
)
from cwtui.accounts.audit.events import EventType, Outcome
from cwtui.accounts.errors import CannotCheck, SignInEnded
from cwtui.accounts.model import (
    Ending,
)
from cwtui.accounts.secret import Secret
from cwtui.accounts.session import Session
from cwtui.accounts.sign_in_states import (
    BackupCodesShown,
    BackupCodesUnacknowledged,
    EnrolmentNeeded,
    NewPasswordNeeded,
    SignedIn,
    State,
)
from tests.accounts.attempts import ELSEWHERE, knew
from tests.accounts.world import HERE, OPERATOR, PASSWORD, Device, World

NEW = Secret("Another.9-Havel")


def at_new_password(world: World) -> State:
    world.add(must_change_password=True)
    return world.begin(source=ELSEWHERE)


def at_enrolment(world: World) -> State:
    world.add(mfa_required=True)
    return world.begin(source=ELSEWHERE)


def at_enrolment_after_a_new_password(world: World) -> State:
    world.add(must_change_password=True, mfa_required=True)
    state = world.begin(source=ELSEWHERE)
    assert isinstance(state, NewPasswordNeeded)
    return sign_in_new_password.choose(world.ports, state, NEW, NEW)


def at_first_backup_codes(world: World) -> State:
    state = at_enrolment(world)
    assert isinstance(state, EnrolmentNeeded)
    code = Device(state.enrolment.totp_secret, ()).code(world.clock())
    return sign_in_enrolment.register_device(world.ports, state, code)


def with_code(world: World, device: Device) -> State:
    state = world.asked_for_code(source=ELSEWHERE)
    return sign_in.with_one_time_code(world.ports, state, device.code(world.clock()))


def at_new_password_after_a_code(world: World) -> State:
    world.add(must_change_password=True)
    return with_code(world, world.equip())


def at_unsaved_backup_codes(world: World) -> State:
    world.add()
    return with_code(world, world.equip(acknowledged=False))


def at_new_backup_codes(world: World) -> State:
    state = at_unsaved_backup_codes(world)
    assert isinstance(state, BackupCodesUnacknowledged)
    return sign_in_enrolment.make_new_backup_codes(world.ports, state)


def at_new_password_after_a_backup_code(world: World) -> State:
    world.add(must_change_password=True)
    device = world.equip()
    state = world.asked_for_code(source=ELSEWHERE)
    return sign_in.with_backup_code(world.ports, state, device.codes[0].reveal())


STOPS: dict[str, tuple[Callable[[World], State], Ending, list[tuple[EventType, str]]]] = {
    "new password": (
        at_new_password,
        Ending.NEW_PASSWORD,
        [(EventType.SIGN_IN_PASSWORD, "new password needed")],
    ),
    "enrolment": (
        at_enrolment,
        Ending.ENROLMENT,
        [(EventType.SIGN_IN_PASSWORD, "enrolment needed")],
    ),
    "enrolment after a new password": (
        at_enrolment_after_a_new_password,
        Ending.ENROLMENT,
        [(EventType.SIGN_IN_PASSWORD, "new password needed"), (EventType.PASSWORD_CHANGE, "")],
    ),
    "first backup codes": (
        at_first_backup_codes,
        Ending.BACKUP_CODES,
        [(EventType.SIGN_IN_PASSWORD, "enrolment needed"), (EventType.MFA_ENABLE, "")],
    ),
    "new password after a code": (
        at_new_password_after_a_code,
        Ending.NEW_PASSWORD_AFTER_CODE,
        [
            (EventType.SIGN_IN_PASSWORD, "code needed"),
            (EventType.SIGN_IN_CODE, "new password needed, device=Phone"),
        ],
    ),
    "new password after a backup code": (
        at_new_password_after_a_backup_code,
        Ending.NEW_PASSWORD_AFTER_CODE,
        [(EventType.SIGN_IN_PASSWORD, "code needed"), (EventType.SIGN_IN_BACKUP_CODE, "9 left")],
    ),
    "unsaved backup codes": (
        at_unsaved_backup_codes,
        Ending.BACKUP_CODES,
        [
            (EventType.SIGN_IN_PASSWORD, "code needed"),
            (EventType.SIGN_IN_CODE, "backup codes to be saved, device=Phone"),
        ],
    ),
    "new backup codes": (
        at_new_backup_codes,
        Ending.BACKUP_CODES,
        [
            (EventType.SIGN_IN_PASSWORD, "code needed"),
            (EventType.SIGN_IN_CODE, "backup codes to be saved, device=Phone"),
            (EventType.BACKUP_CODES_REGENERATE, ""),
        ],
    ),
}


@pytest.mark.parametrize("where", STOPS)
def test_stopping_at_any_step_is_recorded_and_reported(world: World, where: str) -> None:
    reach, ending, events = STOPS[where]
    state = reach(world)
    assert not isinstance(state, SignedIn)
    assert world.records.get("alice").failed == knew(ending, world.clock())
    assert [(event.event, event.reason) for event in world.events] == events
    assert {(event.outcome, event.actor, event.source) for event in world.events} == {
        (Outcome.SUCCESS, "alice", ELSEWHERE)
    }


def finished(world: World, state: State) -> SignedIn:
    """The sign-in, completed."""
    match state:
        case NewPasswordNeeded():
            state = sign_in_new_password.choose(world.ports, state, NEW, NEW)
        case EnrolmentNeeded():
            code = Device(state.enrolment.totp_secret, ()).code(world.clock())
            state = sign_in_enrolment.register_device(world.ports, state, code)
        case BackupCodesUnacknowledged():
            state = sign_in_enrolment.make_new_backup_codes(world.ports, state)
        case BackupCodesShown():
            state = sign_in_enrolment.acknowledge_backup_codes(world.ports, state)
    return state if isinstance(state, SignedIn) else finished(world, state)


@pytest.mark.parametrize("where", STOPS)
def test_completing_any_step_leaves_nothing_to_report(world: World, where: str) -> None:
    end = finished(world, STOPS[where][0](world))
    assert end.password_changed is ("new password" in where)
    assert end.before.failed is None
    assert world.records.get("alice").failed is None


@pytest.mark.parametrize("where", STOPS)
def test_two_people_with_the_password_see_each_other(world: World, where: str) -> None:
    """Each is shown the other's sign-in that stopped at this step."""
    reach = STOPS[where][0]
    first = reach(world)
    world.clock.forward(60)
    second = world.begin(password=PASSWORD if "after a new" not in where else NEW.reveal())
    assert not isinstance(second, SignedIn)
    failed = world.records.get("alice").failed
    assert failed is not None
    assert failed.count == 2
    end = finished(world, first)
    assert end.before.failed is not None
    assert end.before.failed.count == 1


@pytest.mark.parametrize("where", ["first backup codes", "unsaved backup codes"])
def test_a_line_lost_at_the_backup_codes_is_no_failed_attempt(world: World, where: str) -> None:
    """Password and code were right: the next sign-in must not say that the code was missing."""
    STOPS[where][0](world)
    failed = world.records.get("alice").failed
    assert failed is not None
    told = failed_sign_in_words.sentence(failed)
    assert told.startswith("1 unfinished sign-in since then. It used your password and a code")


def changed_in_a_session(world: World, session: Session) -> None:
    self_service.change_password(world.ports, session, Secret(PASSWORD), NEW, NEW)


def reset_by_an_admin(world: World, _: Session) -> None:
    administration.reset_password(world.ports, OPERATOR, "alice")


def recovered(world: World, _: Session) -> None:
    world.put(world.account().changed(enabled=False))
    recovery.recover_admin(world.ports, OPERATOR, "alice")


CHANGES = [changed_in_a_session, reset_by_an_admin, recovered]


@pytest.mark.parametrize("change", CHANGES)
def test_a_changed_password_ends_the_advice_to_change_it(
    world: World, change: Callable[[World, Session], None]
) -> None:
    world.add()
    session = world.session()
    world.equip()
    world.asked_for_code(source=ELSEWHERE)
    session = session.renewed(world.account())
    world.clock.forward(60)
    before = world.records.get("alice").failed
    world.audit.fails = True
    with pytest.raises(CannotCheck):
        change(world, session)
    assert world.records.get("alice").failed == before
    world.audit.fails = False
    change(world, session)
    failed = world.records.get("alice").failed
    assert failed == knew(Ending.OLD_PASSWORD, world.clock() - 60)
    told = failed_sign_in_words.sentence(failed)
    assert "It used your old password (2027-01-15 08:00 UTC, 198.51.100.7)" in told
    assert told.endswith("Your password was changed since.")


def test_only_the_last_step_after_ones_own_new_password_counts(world: World) -> None:
    """Somebody used the initial password; the user replaced it, and stopped at the enrolment."""
    world.add(must_change_password=True, mfa_required=True)
    world.begin(source="203.0.113.7")
    state = world.begin()
    assert isinstance(state, NewPasswordNeeded)
    sign_in_new_password.choose(world.ports, state, NEW, NEW)
    failed = world.records.get("alice").failed
    assert failed == replace(knew(Ending.ENROLMENT, world.clock(), HERE), count=2)
    end = finished(world, world.begin(password=NEW.reveal()))
    assert end.before.failed == failed


def test_a_right_but_expired_initial_password_is_reported(world: World) -> None:
    world.add(must_change_password=True, initial_password_expires_at=world.clock() - 1)
    with pytest.raises(SignInEnded, match="has expired"):
        world.begin(source=ELSEWHERE)
    assert world.events[-1].reason == "correct, refused: initial password expired"
    assert world.records.get("alice").failed == knew(Ending.REFUSED, world.clock())
    assert world.records.get("alice").password_attempts == {}
