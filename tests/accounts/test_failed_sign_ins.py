"""What the owner is told at the next sign-in: failed ones, how many, when, and from where."""

from collections.abc import Callable

import pytest

from cwtui.accounts import sign_in
from cwtui.accounts.audit.events import EventType, Outcome
from cwtui.accounts.errors import SignInEnded, SignInFailed
from cwtui.accounts.model import Ending, FailedSignIns, KnewPassword
from cwtui.accounts.secret import Secret
from tests.accounts.test_throttle import ELSEWHERE, wrong
from tests.accounts.world import HERE, PASSWORD, Device, World


def test_the_owner_is_told_of_failed_sign_ins(world: World) -> None:
    """How many, when, and from where: at the next sign-in that succeeds, once."""
    world.add()
    device = world.equip()
    first = world.session(device=device)
    world.clock.forward(3600)
    wrong(world, source=ELSEWHERE)
    wrong_at = world.clock()
    world.clock.forward(60)
    state = world.asked_for_code(source=ELSEWHERE)
    with pytest.raises(SignInFailed):
        sign_in.with_one_time_code(world.ports, state, device.wrong_code(world.clock()))
    failed_at = world.clock()
    world.clock.forward(60)
    end = sign_in.with_one_time_code(
        world.ports, world.asked_for_code(), device.code(world.clock())
    )
    assert isinstance(end, sign_in.SignedIn)
    assert end.before.failed == FailedSignIns(
        2, wrong_at, ELSEWHERE, KnewPassword(failed_at, ELSEWHERE, Ending.WRONG_CODE)
    )
    assert (end.before.last_sign_in, end.before.last_source) == (first.started_at, HERE)
    assert world.records.get("alice").failed is None


def test_a_right_password_that_goes_no_further_is_seen(world: World) -> None:
    """Whoever stops at the code, or meets a disabled account, knows the password."""
    world.add()
    world.equip()
    world.asked_for_code(source=ELSEWHERE)
    event = world.events[-1]
    assert (event.event, event.outcome) == (EventType.SIGN_IN_PASSWORD, Outcome.SUCCESS)
    assert (event.actor, event.subject, event.source) == ("alice", "alice", ELSEWHERE)
    world.put(world.account().changed(enabled=False))
    with pytest.raises(SignInEnded):
        world.begin(source=ELSEWHERE)
    assert world.events[-1].outcome is Outcome.FAILURE
    assert world.events[-1].reason.startswith("correct, refused: Your account is disabled")
    assert world.records.get("alice").failed == knew(Ending.REFUSED, world.clock(), count=2)


def test_tries_that_were_not_checked_are_not_told_but_that_there_were_some(world: World) -> None:
    world.add()
    for _ in range(9):
        wrong(world, source=ELSEWHERE)
    failed = world.records.get("alice").failed
    assert failed is not None
    assert failed.count == 6


# Who had the right password, and stopped at the code


def knew(ending: Ending, at: float, source: str = ELSEWHERE, count: int = 1) -> FailedSignIns:
    return FailedSignIns(count, knew_password=KnewPassword(at, source, ending))


def stop(world: World, source: str = ELSEWHERE) -> FailedSignIns:
    """The right password from there, and then nothing: what the owner is to be told of it."""
    world.clock.forward(60)
    world.asked_for_code(source=source)
    return knew(Ending.STOPPED, world.clock(), source)


def notice(world: World, device: Device, source: str = HERE) -> FailedSignIns | None:
    """What the owner is told, who signs in with a new code."""
    world.clock.forward(60)
    state = world.asked_for_code(source=source)
    end = sign_in.with_one_time_code(world.ports, state, device.code(world.clock()))
    assert isinstance(end, sign_in.SignedIn)
    assert world.records.get("alice").failed is None
    return end.before.failed


@pytest.fixture
def device(world: World) -> Device:
    world.add()
    return world.equip()


def test_a_sign_in_that_goes_through_is_nothing_to_be_told_of(world: World, device: Device) -> None:
    assert notice(world, device) is None
    assert notice(world, device) is None


def test_the_owner_is_told_of_one_who_stopped_at_the_code(world: World, device: Device) -> None:
    stopped = stop(world)
    assert notice(world, device) == stopped
    assert notice(world, device) is None


@pytest.mark.parametrize("source", [HERE, ELSEWHERE])
def test_wrong_passwords_after_it_do_not_hide_it(world: World, device: Device, source: str) -> None:
    stopped = stop(world, source)
    world.clock.forward(60)
    wrong(world, source=ELSEWHERE)
    at = world.clock()
    assert notice(world, device) == FailedSignIns(2, at, ELSEWHERE, stopped.knew_password)


def test_a_later_one_of_the_kind_is_told_of_instead(world: World, device: Device) -> None:
    stop(world)
    latest = stop(world, "203.0.113.9")
    assert notice(world, device) == FailedSignIns(2, knew_password=latest.knew_password)


def test_wrong_codes_belong_to_the_sign_in_that_they_are_for(world: World, device: Device) -> None:
    world.clock.forward(60)
    state = world.asked_for_code(source=ELSEWHERE)
    for _ in range(3):
        world.clock.forward(1)
        with pytest.raises(SignInFailed):
            sign_in.with_one_time_code(world.ports, state, device.wrong_code(world.clock()))
    at = world.clock()
    assert notice(world, device) == knew(Ending.WRONG_CODE, at)


def test_a_wrong_code_before_the_right_one_does_not_frighten_its_owner(
    world: World, device: Device
) -> None:
    wrong(world, source=ELSEWHERE)
    at = world.clock()
    world.clock.forward(60)
    state = world.asked_for_code()
    with pytest.raises(SignInFailed):
        sign_in.with_one_time_code(world.ports, state, device.wrong_code(world.clock()))
    end = sign_in.with_one_time_code(world.ports, state, device.code(world.clock()))
    assert isinstance(end, sign_in.SignedIn)
    assert end.before.failed == FailedSignIns(1, at, ELSEWHERE)


def test_by_a_backup_code_it_goes_through_as_well(world: World, device: Device) -> None:
    stopped = stop(world)
    state = world.asked_for_code()
    end = sign_in.with_backup_code(world.ports, state, device.codes[0].reveal())
    assert isinstance(end, sign_in.SignedIn)
    assert end.before.failed == stopped


def test_who_stops_while_the_owner_looks_for_the_code_is_told_of(
    world: World, device: Device
) -> None:
    state = world.asked_for_code()
    stopped = stop(world)
    end = sign_in.with_one_time_code(world.ports, state, device.code(world.clock()))
    assert isinstance(end, sign_in.SignedIn)
    assert end.before.failed == stopped


def test_a_wrong_password_while_the_owner_looks_for_the_code_is_counted(
    world: World, device: Device
) -> None:
    state = world.asked_for_code()
    at = world.clock()
    wrong(world, source=ELSEWHERE)
    end = sign_in.with_one_time_code(world.ports, state, device.code(world.clock()))
    assert isinstance(end, sign_in.SignedIn)
    assert end.before.failed == FailedSignIns(1, at, ELSEWHERE)


def test_another_one_that_a_wrong_code_has_hidden_is_not_told_as_the_owners(
    world: World, device: Device
) -> None:
    state = world.asked_for_code()
    stop(world)
    with pytest.raises(SignInFailed):
        sign_in.with_one_time_code(world.ports, state, device.wrong_code(world.clock()))
    end = sign_in.with_one_time_code(world.ports, state, device.code(world.clock()))
    assert isinstance(end, sign_in.SignedIn)
    assert end.before.failed == FailedSignIns(1)


def test_of_two_sign_ins_at_once_each_is_told_of_the_other_or_of_nothing(
    world: World, device: Device
) -> None:
    first, second = world.asked_for_code(), world.asked_for_code()
    after = sign_in.with_one_time_code(world.ports, second, device.code(world.clock()))
    assert isinstance(after, sign_in.SignedIn)
    assert after.before.failed == knew(Ending.STOPPED, world.clock(), HERE)
    wrong(world, source=ELSEWHERE)
    world.clock.forward(30)
    end = sign_in.with_one_time_code(world.ports, first, device.code(world.clock()))
    assert isinstance(end, sign_in.SignedIn)
    assert end.before.failed == FailedSignIns(1, world.clock() - 30, ELSEWHERE)


def test_a_device_registered_in_the_sign_in_takes_nothing_from_what_is_told(world: World) -> None:
    """The sign-in itself is no failed one, once it is through."""
    world.add(mfa_required=True)
    for _ in range(2):
        wrong(world, source=ELSEWHERE)
    state = world.begin()
    assert isinstance(state, sign_in.EnrolmentNeeded)
    code = Device(state.enrolment.totp_secret, ()).code(world.clock())
    shown = sign_in.register_device(world.ports, state, code)
    end = sign_in.acknowledge_backup_codes(world.ports, shown)
    assert isinstance(end, sign_in.SignedIn)
    assert end.before.failed == FailedSignIns(2, world.clock(), ELSEWHERE)


# Wherever a sign-in with the right password stops


NEW = Secret("Another.9-Havel")


def at_new_password(world: World) -> sign_in.State:
    world.add(must_change_password=True)
    return world.begin(source=ELSEWHERE)


def at_enrolment(world: World) -> sign_in.State:
    world.add(mfa_required=True)
    return world.begin(source=ELSEWHERE)


def at_enrolment_after_a_new_password(world: World) -> sign_in.State:
    world.add(must_change_password=True, mfa_required=True)
    state = world.begin(source=ELSEWHERE)
    assert isinstance(state, sign_in.NewPasswordNeeded)
    return sign_in.with_new_password(world.ports, state, NEW, NEW)


def at_first_backup_codes(world: World) -> sign_in.State:
    state = at_enrolment(world)
    assert isinstance(state, sign_in.EnrolmentNeeded)
    code = Device(state.enrolment.totp_secret, ()).code(world.clock())
    return sign_in.register_device(world.ports, state, code)


def with_code(world: World, device: Device) -> sign_in.State:
    state = world.asked_for_code(source=ELSEWHERE)
    return sign_in.with_one_time_code(world.ports, state, device.code(world.clock()))


def at_new_password_after_a_code(world: World) -> sign_in.State:
    world.add(must_change_password=True)
    return with_code(world, world.equip())


def at_unsaved_backup_codes(world: World) -> sign_in.State:
    world.add()
    return with_code(world, world.equip(acknowledged=False))


def at_new_backup_codes(world: World) -> sign_in.State:
    state = at_unsaved_backup_codes(world)
    assert isinstance(state, sign_in.BackupCodesUnacknowledged)
    return sign_in.make_new_backup_codes(world.ports, state)


def at_new_password_after_a_backup_code(world: World) -> sign_in.State:
    world.add(must_change_password=True)
    device = world.equip()
    state = world.asked_for_code(source=ELSEWHERE)
    return sign_in.with_backup_code(world.ports, state, device.codes[0].reveal())


STOPS: dict[str, tuple[Callable[[World], sign_in.State], Ending, list[tuple[EventType, str]]]] = {
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
        Ending.NEW_PASSWORD,
        [
            (EventType.SIGN_IN_PASSWORD, "code needed"),
            (EventType.SIGN_IN_CODE, "new password needed"),
        ],
    ),
    "new password after a backup code": (
        at_new_password_after_a_backup_code,
        Ending.NEW_PASSWORD,
        [(EventType.SIGN_IN_PASSWORD, "code needed"), (EventType.SIGN_IN_BACKUP_CODE, "9 left")],
    ),
    "unsaved backup codes": (
        at_unsaved_backup_codes,
        Ending.BACKUP_CODES,
        [
            (EventType.SIGN_IN_PASSWORD, "code needed"),
            (EventType.SIGN_IN_CODE, "backup codes to be saved"),
        ],
    ),
    "new backup codes": (
        at_new_backup_codes,
        Ending.BACKUP_CODES,
        [
            (EventType.SIGN_IN_PASSWORD, "code needed"),
            (EventType.SIGN_IN_CODE, "backup codes to be saved"),
            (EventType.BACKUP_CODES_REGENERATE, ""),
        ],
    ),
}


@pytest.mark.parametrize("where", STOPS)
def test_wherever_it_stops_it_is_recorded_and_told(world: World, where: str) -> None:
    reach, ending, events = STOPS[where]
    state = reach(world)
    assert not isinstance(state, sign_in.SignedIn)
    assert world.records.get("alice").failed == knew(ending, world.clock())
    assert [(event.event, event.reason) for event in world.events] == events
    assert {(event.outcome, event.actor, event.source) for event in world.events} == {
        (Outcome.SUCCESS, "alice", ELSEWHERE)
    }


def finished(world: World, state: sign_in.State) -> sign_in.SignedIn:
    """The sign-in, gone through to its end."""
    match state:
        case sign_in.NewPasswordNeeded():
            state = sign_in.with_new_password(world.ports, state, NEW, NEW)
        case sign_in.EnrolmentNeeded():
            code = Device(state.enrolment.totp_secret, ()).code(world.clock())
            state = sign_in.register_device(world.ports, state, code)
        case sign_in.BackupCodesUnacknowledged():
            state = sign_in.make_new_backup_codes(world.ports, state)
        case sign_in.BackupCodesShown():
            state = sign_in.acknowledge_backup_codes(world.ports, state)
    return state if isinstance(state, sign_in.SignedIn) else finished(world, state)


@pytest.mark.parametrize("where", STOPS)
def test_one_that_goes_through_is_not_told(world: World, where: str) -> None:
    end = finished(world, STOPS[where][0](world))
    assert end.before.failed is None
    assert world.records.get("alice").failed is None


@pytest.mark.parametrize("where", STOPS)
def test_who_stops_there_is_told_to_the_owner_who_goes_on(world: World, where: str) -> None:
    """Of two who have the password, each is told of the other."""
    reach = STOPS[where][0]
    first = reach(world)
    world.clock.forward(60)
    second = world.begin(password=PASSWORD if "after a new" not in where else NEW.reveal())
    assert not isinstance(second, sign_in.SignedIn)
    failed = world.records.get("alice").failed
    assert failed is not None
    assert failed.count == 2
    end = finished(world, first)
    assert end.before.failed is not None
    assert end.before.failed.count == 1


def test_an_expired_initial_password_that_is_right_is_told(world: World) -> None:
    world.add(must_change_password=True, initial_password_expires_at=world.clock() - 1)
    with pytest.raises(SignInEnded, match="has expired"):
        world.begin(source=ELSEWHERE)
    assert world.events[-1].reason.startswith("correct, refused: Your initial password has expired")
    assert world.records.get("alice").failed == knew(Ending.REFUSED, world.clock())
    assert world.records.get("alice").password_attempts == {}
