"""Throttled sign-ins: counted before the check, per account and per source."""

import bcrypt
import pytest

from cwtui.accounts import self_service, sign_in, sign_in_progress, throttle
from cwtui.accounts.audit.events import EventType, Outcome
from cwtui.accounts.errors import CannotCheck, InvalidInput, SignInFailed, Throttled
from cwtui.accounts.sign_in_states import CodeNeeded, SignedIn
from tests.accounts.attempts import ELSEWHERE, ban, wrong
from tests.accounts.world import HERE, NOW, World

DAY = 86400.0


def test_five_wrong_passwords_start_a_wait_that_counts_down(world: World) -> None:
    world.add()
    sentences = [str(wrong(world)) for _ in range(5)]
    assert sentences == [
        "Username or password is wrong.",
        "Username or password is wrong.",
        "Username or password is wrong. 2 attempts left.",
        "Username or password is wrong. 1 attempt left.",
        "Username or password is wrong. No attempts left for now.",
    ]
    world.clock.forward(60)
    throttled = wrong(world)
    assert isinstance(throttled, Throttled)
    assert throttled.until is not None
    assert throttled.until - world.clock() == 240
    with pytest.raises(Throttled):
        world.begin()
    world.clock.forward(240)
    assert isinstance(world.begin(), SignedIn)


def test_a_right_password_clears_the_count(world: World) -> None:
    world.add()
    for _ in range(3):
        for _ in range(4):
            wrong(world)
        assert isinstance(world.begin(), SignedIn)
    assert world.records.get("alice").password_attempts == {}


def test_the_right_password_is_accepted_at_the_last_attempt(world: World) -> None:
    world.add()
    for _ in range(4):
        wrong(world)
    assert isinstance(world.begin(), SignedIn)


def test_an_attempt_is_counted_before_it_is_checked(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """DESIGN section 3: interrupting the check uses up an attempt."""
    world.add()

    def dies(*_: object) -> bool:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(bcrypt, "checkpw", dies)
        for _ in range(5):
            with pytest.raises(KeyboardInterrupt):
                world.begin()
    with pytest.raises(Throttled):
        world.begin()


def test_an_attempt_that_cannot_be_counted_is_not_checked(world: World) -> None:
    """DESIGN 4.10: even the right password is refused if attempts cannot be counted."""
    world.add()
    world.records.fails = True
    with pytest.raises(CannotCheck):
        world.begin()


def test_codes_and_passwords_are_counted_separately(world: World) -> None:
    world.add()
    device = world.equip()
    state = world.asked_for_code()
    for _ in range(5):
        with pytest.raises(SignInFailed):
            sign_in.with_one_time_code(world.ports, state, device.wrong_code(world.clock()))
    with pytest.raises(Throttled) as throttled:
        sign_in.with_one_time_code(world.ports, state, device.code(world.clock()))
    assert throttled.value.field == "code"
    assert isinstance(world.begin(), CodeNeeded)  # the password is as it was
    with pytest.raises(Throttled) as throttled:  # backup codes count as codes
        sign_in.with_backup_code(world.ports, state, device.codes[0].reveal())
    assert throttled.value.field == "backup_code"
    ban(world)
    assert set(world.records.get("alice").code_attempts) == {""}


def test_a_wait_is_known_before_anything_is_typed(world: World) -> None:
    """To show it on arrival. Asking counts nothing, and a wait that is over is none."""
    world.add()
    device = world.equip()
    session = world.session(device=device)
    state = world.asked_for_code()
    code: dict[throttle.Tries, str] = {"code_attempts": "code"}
    both: dict[throttle.Tries, str] = {"password_attempts": "password", **code}
    for _ in range(5):
        assert sign_in_progress.code_wait(world.ports, state.progress, "code") is None
        with pytest.raises(SignInFailed):
            sign_in.with_one_time_code(world.ports, state, device.wrong_code(world.clock()))
    before = world.records.get("alice")
    for fields in (code, both):
        wait = self_service.wait(world.ports, session, fields)
        assert wait is not None
        assert (wait.field, wait.until) == ("code", world.clock() + 300)
    wait = sign_in_progress.code_wait(world.ports, state.progress, "backup_code")
    assert wait is not None
    assert (str(wait), wait.field) == ("Too many failed attempts.", "backup_code")
    assert world.records.get("alice") == before
    elsewhere = world.asked_for_code(source=ELSEWHERE)
    assert sign_in_progress.code_wait(world.ports, elsewhere.progress, "code") is None
    world.clock.forward(300)
    assert self_service.wait(world.ports, session, both) is None


def test_a_right_password_does_not_clear_wrong_codes(world: World) -> None:
    world.add()
    device = world.equip()
    for _ in range(5):
        state = world.asked_for_code()
        with pytest.raises(SignInFailed):
            sign_in.with_one_time_code(world.ports, state, device.wrong_code(world.clock()))
    with pytest.raises(Throttled):
        sign_in.with_one_time_code(world.ports, world.asked_for_code(), device.code(world.clock()))


def test_a_malformed_code_is_not_counted(world: World) -> None:
    world.add()
    world.equip()
    state = world.asked_for_code()
    for typed in ["", "12345", "abcdef"] * 5:
        with pytest.raises(InvalidInput):
            sign_in.with_one_time_code(world.ports, state, typed)
    assert world.records.get("alice").code_attempts == {}


def tries_for_days(world: World, source: str, days: float) -> int:
    """How many wrong passwords from `source` are checked, each tried as soon as possible."""
    end, checked = world.clock() + days * DAY, 0
    while world.clock() < end:
        failed = wrong(world, source=source)
        if isinstance(failed, Throttled):
            assert failed.until is not None
            world.clock.at = failed.until
        else:
            checked += 1
    return checked


def test_a_stranger_cannot_lock_the_owner_out(world: World) -> None:
    world.add()
    world.session()  # HERE is known from now on
    assert tries_for_days(world, ELSEWHERE, 10) > 30
    assert not isinstance(wrong(world, source=ELSEWHERE), Throttled)
    locked = wrong(world, source=ELSEWHERE)
    assert isinstance(locked, Throttled)
    assert (locked.field, locked.left, locked.until) == ("password", 0, world.clock() + DAY)
    assert str(locked) == "Too many failed attempts. An admin can unlock your account."
    assert isinstance(world.begin(source=HERE), SignedIn)
    # And the owner's success does not give the stranger new tries.
    assert isinstance(wrong(world, source=ELSEWHERE), Throttled)


@pytest.mark.parametrize("source", [HERE, "local console", "2001:db8::1"])
@pytest.mark.parametrize("days", [0.25, 3, 60])
def test_the_owner_gets_in_despite_attempts_from_the_same_place(
    world: World, source: str, days: float
) -> None:
    """The owner waits at most a day, and no longer than the other person has tried."""
    world.add()
    world.session(source=source)
    tries_for_days(world, source, days)
    wrong(world, source=source)
    waits = wrong(world, source=source)
    assert isinstance(waits, Throttled)
    assert waits.until is not None
    assert waits.until - world.clock() <= min(DAY, world.clock() - NOW)
    world.clock.at = waits.until
    assert isinstance(world.begin(source=source), SignedIn)
    assert world.records.get("alice").password_attempts == {}


def test_attempts_from_one_place_do_not_block_other_places(world: World) -> None:
    world.add()
    world.session()
    tries_for_days(world, HERE, 3)
    assert set(world.records.get("alice").password_attempts) == {HERE}
    assert isinstance(world.begin(source=ELSEWHERE), SignedIn)


def test_wrong_codes_block_nobody_for_good(world: World) -> None:
    world.add()
    device = world.equip()
    checked = 0
    while world.clock() < NOW + 10 * DAY:
        state = world.asked_for_code(source=ELSEWHERE)
        with pytest.raises(SignInFailed) as failed:
            sign_in.with_one_time_code(world.ports, state, device.wrong_code(world.clock()))
        if failed.value.until is not None:
            world.clock.at = failed.value.until
        checked += not isinstance(failed.value, Throttled)
    assert checked < 35
    state = world.asked_for_code(source=ELSEWHERE)
    signed_in = sign_in.with_one_time_code(world.ports, state, device.code(world.clock()))
    assert isinstance(signed_in, SignedIn)


def test_another_address_in_a_known_network_is_known(world: World) -> None:
    world.add()
    world.session(source="2001:db8::1")
    ban(world, source=ELSEWHERE)
    assert isinstance(world.begin(source="2001:db8::2"), SignedIn)


@pytest.mark.parametrize("what", ["password", "code"])
def test_at_most_ninety_attempts_from_anywhere_are_quick(world: World, what: str) -> None:
    """NIST SP 800-63B-4 section 3.2.2; after that, waits are an hour or more."""
    world.settings(password_limit=10, code_limit=10, password_ban_minutes=1, code_ban_minutes=1)
    world.add()
    sources = [f"10.0.0.{number}" for number in range(5)]
    for source in sources:
        world.session(source=source)
    device = world.equip()

    def fails(source: str, state: CodeNeeded | None) -> SignInFailed:
        if state is None:
            return wrong(world, source=source)
        wrong_code = device.wrong_code(world.clock())
        with pytest.raises(SignInFailed) as failed:
            sign_in.with_one_time_code(world.ports, state, wrong_code)
        return failed.value

    checked = [0]
    for _ in range(36):
        counted = 0
        for source in (*sources, ELSEWHERE):
            state = world.asked_for_code(source=source) if what == "code" else None
            while not isinstance(fails(source, state), Throttled):
                counted += 1
        checked.append(checked[-1] + counted)
        world.clock.forward(60)
    assert checked[2] == 6 * throttle.MOST == 90
    assert checked[-1] == 90 + 6 * 5  # after 1, 2, 4, 8 and 16 minutes more


def test_failed_and_throttled_attempts_are_recorded(world: World) -> None:
    world.add()
    ban(world, source=ELSEWHERE)
    for _ in range(3):
        wrong(world, source=ELSEWHERE)
    assert [event.reason for event in world.events] == ["wrong"] * 5 + ["throttled"]
    assert {event.event for event in world.events} == {EventType.SIGN_IN_PASSWORD}
    assert {event.outcome for event in world.events} == {Outcome.FAILURE}
    assert {(event.actor, event.subject, event.source) for event in world.events} == {
        ("alice", "alice", ELSEWHERE)
    }
