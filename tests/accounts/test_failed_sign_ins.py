"""The next sign-in shows failed sign-ins since the last one: how many, when and from where."""

import pytest
from msgspec.structs import replace

from cwtui.accounts import (
    failed_sign_in_words,
    failed_sign_ins,
    sign_in,
    sign_in_enrolment,
)
from cwtui.accounts.audit.events import EventType, Outcome
from cwtui.accounts.errors import SignInEnded, SignInFailed
from cwtui.accounts.model import (
    Ending,
    FailedSignIns,
    KnewPassword,
    SignInRecord,
    WrongCodes,
)
from cwtui.accounts.sign_in_states import EnrolmentNeeded, SignedIn
from cwtui.accounts.sources import UNKNOWN_ADDRESS
from cwtui.language import Language, speaking
from tests.accounts.attempts import ELSEWHERE, knew, wrong
from tests.accounts.world import HERE, NOW, Device, World
from tests.language import Marked, german


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
    assert isinstance(end, SignedIn)
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
    with german(Marked()), speaking(Language.GERMAN), pytest.raises(SignInEnded, match="Ý"):
        world.begin(source=ELSEWHERE)
    assert world.events[-1].outcome is Outcome.FAILURE
    assert world.events[-1].reason == "correct, refused: disabled"  # in any language
    assert world.records.get("alice").failed == knew(Ending.REFUSED, world.clock(), count=2)


def test_throttled_attempts_count_once_in_the_report(world: World) -> None:
    world.add()
    for _ in range(9):
        wrong(world, source=ELSEWHERE)
    failed = world.records.get("alice").failed
    assert failed is not None
    assert failed.count == 6


# Sign-ins with the right password that stopped at the code


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
    assert isinstance(end, SignedIn)
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
    assert failed_sign_in_words.sentence(failed) == (
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
    assert isinstance(end, SignedIn)
    assert end.before.failed is not None
    assert end.before.failed.wrong_codes == {ELSEWHERE: WrongCodes(1, world.clock())}


@pytest.mark.parametrize("nowhere", ["", UNKNOWN_ADDRESS])
def test_nobody_knows_whether_a_sign_in_from_nowhere_is_ones_own(nowhere: str) -> None:
    failed = FailedSignIns(1, knew_password=KnewPassword(NOW, nowhere, Ending.ENROLMENT))
    assert failed_sign_ins.is_alarming(failed, nowhere)
    assert "where you are now" not in failed_sign_in_words.sentence(failed, here=nowhere)
    here = FailedSignIns(1, knew_password=KnewPassword(NOW, HERE, Ending.ENROLMENT))
    assert not failed_sign_ins.is_alarming(here, HERE)


def test_wrong_codes_from_many_sources_are_all_counted() -> None:
    record = SignInRecord()
    for number in range(30):
        record = failed_sign_ins.with_wrong_code(record, f"10.0.0.{number}", NOW + number)
    assert record.failed is not None
    assert len(record.failed.wrong_codes) == failed_sign_ins.SOURCES
    assert failed_sign_ins.wrong_codes(record.failed) == (30, NOW + 29, "10.0.0.29")


def test_ones_own_wrong_codes_before_the_right_one_are_not_reported(
    world: World, device: Device
) -> None:
    """As the manual says in `account`: they are no failed attempt."""
    wrong(world, source=ELSEWHERE)
    at = world.clock()
    world.clock.forward(60)
    state = world.asked_for_code()
    for _ in range(3):
        with pytest.raises(SignInFailed):
            sign_in.with_one_time_code(world.ports, state, device.wrong_code(world.clock()))
    end = sign_in.with_one_time_code(world.ports, state, device.code(world.clock()))
    assert isinstance(end, SignedIn)
    assert end.before.failed == FailedSignIns(1, at, ELSEWHERE)


def test_signing_in_by_backup_code_reports_it_too(world: World, device: Device) -> None:
    stopped = stop(world)
    state = world.asked_for_code()
    end = sign_in.with_backup_code(world.ports, state, device.codes[0].reveal())
    assert isinstance(end, SignedIn)
    assert end.before.failed == stopped


def test_another_stopped_sign_in_during_ones_own_is_reported(world: World, device: Device) -> None:
    state = world.asked_for_code()
    stopped = stop(world)
    end = sign_in.with_one_time_code(world.ports, state, device.code(world.clock()))
    assert isinstance(end, SignedIn)
    assert end.before.failed == stopped


def test_a_wrong_password_during_ones_own_sign_in_is_counted(world: World, device: Device) -> None:
    state = world.asked_for_code()
    at = world.clock()
    wrong(world, source=ELSEWHERE)
    end = sign_in.with_one_time_code(world.ports, state, device.code(world.clock()))
    assert isinstance(end, SignedIn)
    assert end.before.failed == FailedSignIns(1, at, ELSEWHERE)


def test_a_stopped_sign_in_is_counted_despite_a_wrong_code(world: World, device: Device) -> None:
    state = world.asked_for_code()
    stop(world)
    with pytest.raises(SignInFailed):
        sign_in.with_one_time_code(world.ports, state, device.wrong_code(world.clock()))
    end = sign_in.with_one_time_code(world.ports, state, device.code(world.clock()))
    assert isinstance(end, SignedIn)
    assert end.before.failed == FailedSignIns(1, right_passwords=1)


def test_concurrent_sign_ins_report_each_other_or_nothing(world: World, device: Device) -> None:
    first, second = world.asked_for_code(), world.asked_for_code()
    after = sign_in.with_one_time_code(world.ports, second, device.code(world.clock()))
    assert isinstance(after, SignedIn)
    assert after.before.failed == knew(Ending.STOPPED, world.clock(), HERE)
    wrong(world, source=ELSEWHERE)
    world.clock.forward(30)
    end = sign_in.with_one_time_code(world.ports, first, device.code(world.clock()))
    assert isinstance(end, SignedIn)
    assert end.before.failed == FailedSignIns(1, world.clock() - 30, ELSEWHERE)


def test_enrolment_during_sign_in_keeps_the_report(world: World) -> None:
    """The sign-in itself does not count as failed once it is complete."""
    world.add(mfa_required=True)
    for _ in range(2):
        wrong(world, source=ELSEWHERE)
    state = world.begin()
    assert isinstance(state, EnrolmentNeeded)
    code = Device(state.enrolment.totp_secret, ()).code(world.clock())
    shown = sign_in_enrolment.register_device(world.ports, state, code)
    end = sign_in_enrolment.acknowledge_backup_codes(world.ports, shown)
    assert isinstance(end, SignedIn)
    assert end.before.failed == FailedSignIns(2, world.clock(), ELSEWHERE)
