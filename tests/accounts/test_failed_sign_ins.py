"""The next sign-in shows failed sign-ins since the last one: how many, when and from where."""

from collections.abc import Callable

import pytest
from msgspec.structs import replace

from cwtui.accounts import administration, failed_sign_ins, recovery, self_service, sign_in
from cwtui.accounts.audit.events import EventType, Outcome
from cwtui.accounts.errors import CannotCheck, SignInEnded, SignInFailed
from cwtui.accounts.model import (
    Ending,
    FailedSignIns,
    KnewPassword,
    SignInRecord,
    WrongCodes,
)
from cwtui.accounts.secret import Secret
from cwtui.accounts.session import Session
from tests.accounts.test_throttle import ELSEWHERE, wrong
from tests.accounts.world import HERE, NOW, OPERATOR, PASSWORD, Device, World


def test_the_next_sign_in_reports_failed_sign_ins(world: World) -> None:
    """How many, when and from where; reported once."""
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
        2,
        wrong_at,
        ELSEWHERE,
        KnewPassword(failed_at, ELSEWHERE, Ending.WRONG_CODE),
        1,
        {ELSEWHERE: WrongCodes(1, failed_at)},
    )
    assert (end.before.last_sign_in, end.before.last_source) == (first.started_at, HERE)
    assert world.records.get("alice").failed is None


def test_a_right_password_that_stops_there_is_recorded(world: World) -> None:
    """Whoever stops at the code or at a disabled account knows the password."""
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


def test_throttled_attempts_count_once_in_the_report(world: World) -> None:
    world.add()
    for _ in range(9):
        wrong(world, source=ELSEWHERE)
    failed = world.records.get("alice").failed
    assert failed is not None
    assert failed.count == 6


# Sign-ins with the right password that stopped at the code


def knew(ending: Ending, at: float, source: str = ELSEWHERE, count: int = 1) -> FailedSignIns:
    return FailedSignIns(
        count, knew_password=KnewPassword(at, source, ending), right_passwords=count
    )


def stop(world: World, source: str = ELSEWHERE) -> FailedSignIns:
    """Enter the right password from `source` and stop; return what to report of it."""
    world.clock.forward(60)
    world.asked_for_code(source=source)
    return knew(Ending.STOPPED, world.clock(), source)


def notice(world: World, device: Device, source: str = HERE) -> FailedSignIns | None:
    """Sign in with a new code and return what is reported."""
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


def test_a_complete_sign_in_is_not_reported(world: World, device: Device) -> None:
    assert notice(world, device) is None
    assert notice(world, device) is None


def test_a_sign_in_that_stopped_at_the_code_is_reported(world: World, device: Device) -> None:
    stopped = stop(world)
    assert notice(world, device) == stopped
    assert notice(world, device) is None


@pytest.mark.parametrize("source", [HERE, ELSEWHERE])
def test_later_wrong_passwords_do_not_hide_it(world: World, device: Device, source: str) -> None:
    stopped = stop(world, source)
    world.clock.forward(60)
    wrong(world, source=ELSEWHERE)
    at = world.clock()
    assert notice(world, device) == FailedSignIns(2, at, ELSEWHERE, stopped.knew_password, 1)


def test_the_latest_of_its_kind_is_reported(world: World, device: Device) -> None:
    stop(world)
    latest = stop(world, "203.0.113.9")
    assert notice(world, device) == replace(latest, count=2, right_passwords=2)


def test_wrong_codes_count_as_part_of_their_sign_in(world: World, device: Device) -> None:
    world.clock.forward(60)
    state = world.asked_for_code(source=ELSEWHERE)
    for _ in range(3):
        world.clock.forward(1)
        with pytest.raises(SignInFailed):
            sign_in.with_one_time_code(world.ports, state, device.wrong_code(world.clock()))
    at = world.clock()
    told = replace(knew(Ending.WRONG_CODE, at), wrong_codes={ELSEWHERE: WrongCodes(3, at)})
    assert notice(world, device) == told


def test_a_later_stop_does_not_hide_wrong_codes_and_a_lock(world: World, device: Device) -> None:
    """Five wrong codes lead to a lock; the next sign-in stops, and the one after it succeeds."""
    world.clock.forward(60)
    state = world.asked_for_code(source=ELSEWHERE)
    for _ in range(7):
        with pytest.raises(SignInFailed):
            sign_in.with_code(world.ports, state, device.wrong_code(world.clock()), "code")
    at = world.clock()
    stopped = stop(world, "203.0.113.9")
    world.clock.forward(600)
    failed = notice(world, device)
    assert failed == FailedSignIns(
        2,
        knew_password=stopped.knew_password,
        right_passwords=2,
        wrong_codes={ELSEWHERE: WrongCodes(5, at)},
    )
    assert failed_sign_ins.sentence(failed) == (
        "2 failed attempts since then. Both used your password. The last of them entered no code "
        "(2027-01-15 08:02 UTC, 203.0.113.9). 5 wrong codes in all, the last on 2027-01-15 08:01 "
        "UTC from 198.51.100.7. If that was not you, change your password now."
    )


def test_only_ones_own_wrong_codes_are_left_out(world: World, device: Device) -> None:
    world.clock.forward(60)
    mine, other = world.asked_for_code(), world.asked_for_code(source=ELSEWHERE)
    for state in (other, mine):
        with pytest.raises(SignInFailed):
            sign_in.with_code(world.ports, state, device.wrong_code(world.clock()), "code")
    end = sign_in.with_one_time_code(world.ports, mine, device.code(world.clock()))
    assert isinstance(end, sign_in.SignedIn)
    assert end.before.failed is not None
    assert end.before.failed.wrong_codes == {ELSEWHERE: WrongCodes(1, world.clock())}


def test_wrong_codes_from_many_sources_are_all_counted() -> None:
    record = SignInRecord()
    for number in range(30):
        record = failed_sign_ins.with_wrong_code(record, f"10.0.0.{number}", NOW + number)
    assert record.failed is not None
    assert len(record.failed.wrong_codes) == failed_sign_ins.SOURCES
    assert failed_sign_ins.wrong_codes(record.failed) == (30, NOW + 29, "10.0.0.29")


def test_ones_own_wrong_code_before_the_right_one_is_not_reported(
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


def test_signing_in_by_backup_code_reports_it_too(world: World, device: Device) -> None:
    stopped = stop(world)
    state = world.asked_for_code()
    end = sign_in.with_backup_code(world.ports, state, device.codes[0].reveal())
    assert isinstance(end, sign_in.SignedIn)
    assert end.before.failed == stopped


def test_another_stopped_sign_in_during_ones_own_is_reported(world: World, device: Device) -> None:
    state = world.asked_for_code()
    stopped = stop(world)
    end = sign_in.with_one_time_code(world.ports, state, device.code(world.clock()))
    assert isinstance(end, sign_in.SignedIn)
    assert end.before.failed == stopped


def test_a_wrong_password_during_ones_own_sign_in_is_counted(world: World, device: Device) -> None:
    state = world.asked_for_code()
    at = world.clock()
    wrong(world, source=ELSEWHERE)
    end = sign_in.with_one_time_code(world.ports, state, device.code(world.clock()))
    assert isinstance(end, sign_in.SignedIn)
    assert end.before.failed == FailedSignIns(1, at, ELSEWHERE)


def test_a_stopped_sign_in_is_counted_despite_a_wrong_code(world: World, device: Device) -> None:
    state = world.asked_for_code()
    stop(world)
    with pytest.raises(SignInFailed):
        sign_in.with_one_time_code(world.ports, state, device.wrong_code(world.clock()))
    end = sign_in.with_one_time_code(world.ports, state, device.code(world.clock()))
    assert isinstance(end, sign_in.SignedIn)
    assert end.before.failed == FailedSignIns(1, right_passwords=1)


def test_concurrent_sign_ins_report_each_other_or_nothing(world: World, device: Device) -> None:
    first, second = world.asked_for_code(), world.asked_for_code()
    after = sign_in.with_one_time_code(world.ports, second, device.code(world.clock()))
    assert isinstance(after, sign_in.SignedIn)
    assert after.before.failed == knew(Ending.STOPPED, world.clock(), HERE)
    wrong(world, source=ELSEWHERE)
    world.clock.forward(30)
    end = sign_in.with_one_time_code(world.ports, first, device.code(world.clock()))
    assert isinstance(end, sign_in.SignedIn)
    assert end.before.failed == FailedSignIns(1, world.clock() - 30, ELSEWHERE)


def test_enrolment_during_sign_in_keeps_the_report(world: World) -> None:
    """The sign-in itself does not count as failed once it is complete."""
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


# Sign-ins with the right password that stop at a later step


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
        Ending.NEW_PASSWORD_AFTER_CODE,
        [
            (EventType.SIGN_IN_PASSWORD, "code needed"),
            (EventType.SIGN_IN_CODE, "new password needed"),
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
def test_stopping_at_any_step_is_recorded_and_reported(world: World, where: str) -> None:
    reach, ending, events = STOPS[where]
    state = reach(world)
    assert not isinstance(state, sign_in.SignedIn)
    assert world.records.get("alice").failed == knew(ending, world.clock())
    assert [(event.event, event.reason) for event in world.events] == events
    assert {(event.outcome, event.actor, event.source) for event in world.events} == {
        (Outcome.SUCCESS, "alice", ELSEWHERE)
    }


def finished(world: World, state: sign_in.State) -> sign_in.SignedIn:
    """The sign-in, completed."""
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
    assert not isinstance(second, sign_in.SignedIn)
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
    told = failed_sign_ins.sentence(failed)
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
    told = failed_sign_ins.sentence(failed)
    assert "It used your old password (2027-01-15 08:00 UTC, 198.51.100.7)" in told
    assert told.endswith("Your password was changed since.")


def test_only_the_last_step_after_ones_own_new_password_counts(world: World) -> None:
    """Somebody used the initial password; the user replaced it, and stopped at the enrolment."""
    world.add(must_change_password=True, mfa_required=True)
    world.begin(source="203.0.113.7")
    state = world.begin()
    assert isinstance(state, sign_in.NewPasswordNeeded)
    sign_in.with_new_password(world.ports, state, NEW, NEW)
    failed = world.records.get("alice").failed
    assert failed == replace(knew(Ending.ENROLMENT, world.clock(), HERE), count=2)
    end = finished(world, world.begin(password=NEW.reveal()))
    assert end.before.failed == failed


def test_a_right_but_expired_initial_password_is_reported(world: World) -> None:
    world.add(must_change_password=True, initial_password_expires_at=world.clock() - 1)
    with pytest.raises(SignInEnded, match="has expired"):
        world.begin(source=ELSEWHERE)
    assert world.events[-1].reason.startswith("correct, refused: Your initial password has expired")
    assert world.records.get("alice").failed == knew(Ending.REFUSED, world.clock())
    assert world.records.get("alice").password_attempts == {}
