"""Throttling: attempts are counted before the check, per account and per source."""

from itertools import pairwise

import bcrypt
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cwtui.accounts import self_service, sign_in, sign_in_progress, throttle, tries
from cwtui.accounts.audit.events import EventType, Outcome
from cwtui.accounts.errors import CannotCheck, InvalidInput, SignInFailed, Throttled
from cwtui.accounts.model import Attempts, SignInRecord
from tests.accounts.world import HERE, NOW, World

LIMIT = throttle.Limit(tries=5, ban=300.0)
DAY = 86400.0
ELSEWHERE = "198.51.100.7"


def wrong(
    world: World, username: str = "alice", source: str = HERE, password: str = "wrong"
) -> SignInFailed:
    """A wrong password from there."""
    with pytest.raises(SignInFailed) as failed:
        world.begin(username, password, source)
    return failed.value


def ban(world: World, username: str = "alice", source: str = HERE) -> None:
    for _ in range(5):
        assert not isinstance(wrong(world, username, source), Throttled)
    assert isinstance(wrong(world, username, source), Throttled)


# The rule by itself


def test_the_fifth_failed_attempt_starts_the_wait() -> None:
    attempts: dict[str, Attempts] = {}
    lefts = []
    for _ in range(5):
        counted = throttle.count_try(attempts, "here", LIMIT, NOW, "code")
        attempts = counted.attempts
        lefts.append(counted.left)
    assert lefts == [4, 3, 2, 1, 0]
    refused = throttle.count_try(attempts, "here", LIMIT, NOW + 299.9, "code")
    assert refused.throttled is not None
    assert (refused.throttled.field, refused.throttled.until) == ("code", NOW + 300)
    assert throttle.count_try(refused.attempts, "here", LIMIT, NOW + 300, "code").left == 4


def test_only_the_first_attempt_in_a_wait_is_recorded() -> None:
    """Endless attempts fill neither the audit log nor the disk."""
    full = {"here": Attempts(5, NOW, NOW + 300)}
    first = throttle.count_try(full, "here", LIMIT, NOW + 1, "code")
    second = throttle.count_try(first.attempts, "here", LIMIT, NOW + 2, "code")
    assert (first.is_first_refusal, second.is_first_refusal) == (True, False)
    assert second.attempts == first.attempts
    after = throttle.count_try(second.attempts, "here", LIMIT, NOW + 300, "code")
    assert after.throttled is None
    assert not after.attempts["here"].refusal_recorded


def test_a_clock_set_back_makes_no_wait_longer() -> None:
    full = {"here": Attempts(5, NOW, NOW + 300)}
    first = throttle.count_try(full, "here", LIMIT, NOW - 86400, "code")
    assert first.throttled is not None
    assert first.throttled.until == NOW - 86400 + 300
    later = throttle.count_try(first.attempts, "here", LIMIT, NOW - 86400 + 300, "code")
    assert later.throttled is None


@pytest.mark.parametrize(
    ("source", "network"),
    [
        ("local console", "local console"),
        ("198.51.100.7", "198.51.100.7"),
        ("2001:db8::1", "2001:db8::/64"),
        ("2001:db8::ffff:1", "2001:db8::/64"),
        ("2001:db8:0:1::1", "2001:db8:0:1::/64"),
        ("", ""),
        ("300.1.1.1", "300.1.1.1"),
    ],
)
def test_an_ipv6_network_counts_as_one_place(source: str, network: str) -> None:
    assert throttle.network_of(source) == network


def tried_on_and_on(limit: throttle.Limit, until: float) -> list[float]:
    """The times at which attempts were checked for someone who retries as soon as possible."""
    now, attempts, checked = NOW, dict[str, Attempts](), list[float]()
    while now < until:
        counted = throttle.count_try(attempts, "here", limit, now, "code")
        attempts = counted.attempts
        if counted.throttled is None:
            checked.append(now)
        elif counted.throttled.until is not None:
            now = counted.throttled.until
    return checked


def test_the_waits_grow_up_to_a_day() -> None:
    """The figures for the default settings are those in the module's docstring."""
    checked = tried_on_and_on(LIMIT, NOW + 365 * DAY)
    first, last = checked[: throttle.MOST], checked[-1]
    assert first == [NOW + 300 * (number // 5) for number in range(15)]
    waits = [later - earlier for earlier, later in pairwise(checked[14:])]
    assert waits == [min(300 * 2**number, DAY) for number in range(len(waits))]
    assert sum(at < NOW + 2 * DAY for at in checked) == 24
    assert checked[99] - NOW < 78 * DAY < checked[100] - NOW
    assert 380 < len(checked) < 390
    assert last > NOW + 364 * DAY


@given(st.integers(1, 10), st.integers(1, 1440), st.integers(0, 400))
def test_waits_never_shrink_and_never_exceed_a_day(tries: int, minutes: int, failures: int) -> None:
    limit = throttle.Limit(tries, minutes * 60.0)
    wait = throttle.wait_after(failures, limit)
    assert limit.ban <= wait <= DAY
    assert throttle.wait_after(failures + 1, limit) >= wait


@given(
    st.integers(1, 10),
    st.integers(1, 1440),
    st.lists(st.floats(0, 40 * DAY) | st.floats(0, 3600) | st.just(0.0), max_size=300),
)
def test_however_spread_attempts_are_limited_to_one_a_day(
    tries: int, minutes: int, pauses: list[float]
) -> None:
    """Waiting until they are forgotten does not help; at most about twenty come on top."""
    now, attempts, limit = NOW, dict[str, Attempts](), throttle.Limit(tries, minutes * 60.0)
    checked = 0
    for pause in pauses:
        now += pause
        counted = throttle.count_try(attempts, "here", limit, now, "code")
        attempts = counted.attempts
        if counted.throttled is None:
            checked += 1
            assert 0 <= counted.left < tries
    assert checked <= throttle.MOST + 11 + (now - NOW) / DAY


@given(st.integers(1, 500), st.floats(0, DAY))
def test_a_count_is_forgotten_after_a_day_per_attempt(failures: int, wait: float) -> None:
    kept = Attempts(failures, NOW, NOW + wait)
    assert not throttle.is_forgotten(kept, NOW + wait + failures * DAY)
    assert throttle.is_forgotten(kept, NOW + wait + failures * DAY + 1)


def test_a_forgotten_count_starts_again() -> None:
    attempts = {"here": Attempts(40, NOW - 41 * DAY), "": Attempts(3, NOW)}
    counted = throttle.count_try(attempts, "here", LIMIT, NOW, "code")
    assert counted.attempts == {"here": Attempts(1, NOW), "": Attempts(3, NOW)}
    assert counted.left == 4
    shown = throttle.current(SignInRecord(code_attempts=attempts, password_attempts=attempts), NOW)
    assert shown.code_attempts == shown.password_attempts == {"": Attempts(3, NOW)}


def test_at_most_a_hundred_attempts_are_checked_quickly() -> None:
    """NIST SP 800-63B-4 section 3.2.2."""
    assert throttle.MOST * (1 + throttle.KNOWN_SOURCES) <= 100


def test_a_permanent_stop_of_an_older_version_ends() -> None:
    """It stopped for good after 50 attempts."""
    stopped = {"": Attempts(50, NOW - 3600, NOW - 3300, refusal_recorded=True)}
    counted = throttle.count_try(stopped, "", LIMIT, NOW, "code")
    assert counted.throttled is None
    assert counted.attempts == {"": Attempts(51, NOW, NOW + DAY)}


def test_the_oldest_known_source_is_forgotten() -> None:
    tries = {"s1": Attempts(1), "": Attempts(2)}
    record = SignInRecord(code_attempts=tries, password_attempts=tries)
    for number in (1, 2, 3, 4, 5, 1, 6):
        record = throttle.with_known_source(record, f"s{number}")
    assert record.known_sources == ("s3", "s4", "s5", "s1", "s6")
    assert record.code_attempts == record.password_attempts == tries
    record = throttle.with_known_source(throttle.with_known_source(record, "s7"), "s8")
    for number in (9, 10):
        record = throttle.with_known_source(record, f"s{number}")
    assert record.code_attempts == record.password_attempts == {"": Attempts(2)}


# At the sign-in


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
    assert isinstance(world.begin(), sign_in.SignedIn)


def test_a_right_password_clears_the_count(world: World) -> None:
    world.add()
    for _ in range(3):
        for _ in range(4):
            wrong(world)
        assert isinstance(world.begin(), sign_in.SignedIn)
    assert world.records.get("alice").password_attempts == {}


def test_the_right_password_is_accepted_at_the_last_attempt(world: World) -> None:
    world.add()
    for _ in range(4):
        wrong(world)
    assert isinstance(world.begin(), sign_in.SignedIn)


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
    assert isinstance(world.begin(), sign_in.CodeNeeded)  # the password is as it was
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
    code: dict[tries.Tries, str] = {"code_attempts": "code"}
    both: dict[tries.Tries, str] = {"password_attempts": "password", **code}
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
    assert isinstance(world.begin(source=HERE), sign_in.SignedIn)
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
    assert isinstance(world.begin(source=source), sign_in.SignedIn)
    assert world.records.get("alice").password_attempts == {}


def test_attempts_from_one_place_do_not_block_other_places(world: World) -> None:
    world.add()
    world.session()
    tries_for_days(world, HERE, 3)
    assert set(world.records.get("alice").password_attempts) == {HERE}
    assert isinstance(world.begin(source=ELSEWHERE), sign_in.SignedIn)


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
    assert isinstance(signed_in, sign_in.SignedIn)


def test_another_address_in_a_known_network_is_known(world: World) -> None:
    world.add()
    world.session(source="2001:db8::1")
    ban(world, source=ELSEWHERE)
    assert isinstance(world.begin(source="2001:db8::2"), sign_in.SignedIn)


@pytest.mark.parametrize("what", ["password", "code"])
def test_at_most_ninety_attempts_from_anywhere_are_quick(world: World, what: str) -> None:
    """NIST SP 800-63B-4 section 3.2.2; after that, waits are an hour or more."""
    world.settings(password_limit=10, code_limit=10, password_ban_minutes=1, code_ban_minutes=1)
    world.add()
    sources = [f"10.0.0.{number}" for number in range(5)]
    for source in sources:
        world.session(source=source)
    device = world.equip()

    def fails(source: str, state: sign_in.CodeNeeded | None) -> SignInFailed:
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
