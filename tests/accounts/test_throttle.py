"""Throttling: counted before it is checked, by account and by where it comes from."""

import bcrypt
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cwtui.accounts import sign_in, throttle
from cwtui.accounts.audit import EventType, Outcome
from cwtui.accounts.errors import (
    CannotCheck,
    InvalidInput,
    SignInFailed,
    Throttled,
)
from cwtui.accounts.model import Attempts, SignInRecord
from tests.accounts.world import HERE, NOW, World

LIMIT = throttle.Limit(tries=5, ban=300.0)
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


def test_the_fifth_wrong_try_starts_the_wait() -> None:
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


def test_only_the_first_try_of_a_wait_is_news_and_the_others_change_nothing() -> None:
    """Who tries on and on fills neither the audit log nor the disk."""
    full = {"here": Attempts(5, NOW, NOW + 300)}
    first = throttle.count_try(full, "here", LIMIT, NOW + 1, "code")
    second = throttle.count_try(first.attempts, "here", LIMIT, NOW + 2, "code")
    assert (first.is_news, second.is_news) == (True, False)
    assert second.attempts == first.attempts
    after = throttle.count_try(second.attempts, "here", LIMIT, NOW + 300, "code")
    assert after.throttled is None
    assert not after.attempts["here"].told


def test_a_clock_that_was_set_back_makes_no_wait_longer() -> None:
    full = {"here": Attempts(5, NOW, NOW + 300)}
    first = throttle.count_try(full, "here", LIMIT, NOW - 86400, "code")
    assert first.throttled is not None
    assert first.throttled.until == NOW - 86400 + 300
    later = throttle.count_try(first.attempts, "here", LIMIT, NOW - 86400 + 300, "code")
    assert later.throttled is None


@pytest.mark.parametrize(
    ("source", "place"),
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
def test_a_network_of_ipv6_is_one_place(source: str, place: str) -> None:
    assert throttle.place(source) == place


@given(
    st.integers(1, 10),
    st.lists(st.tuples(st.sampled_from(["", "a", "b"]), st.floats(0, 400)), max_size=200),
)
def test_no_budget_ever_allows_more_than_its_most(
    tries: int, arrivals: list[tuple[str, float]]
) -> None:
    now, attempts, limit = NOW, dict[str, Attempts](), throttle.Limit(tries, 300.0)
    allowed = {"": 0, "a": 0, "b": 0}
    for whose, pause in arrivals:
        now += pause
        counted = throttle.count_try(attempts, whose, limit, now, "code")
        attempts = counted.attempts
        if counted.throttled is None:
            allowed[whose] += 1
            assert 0 <= counted.left < tries
    assert allowed[""] <= throttle.STRANGERS_MOST
    assert allowed["a"] <= throttle.KNOWN_MOST
    assert allowed["b"] <= throttle.KNOWN_MOST


def test_at_most_a_hundred_in_all() -> None:
    """NIST SP 800-63B-4 section 3.2.2."""
    in_all = throttle.STRANGERS_MOST + throttle.KNOWN_MOST * throttle.KNOWN_SOURCES
    assert in_all <= 100


def test_the_source_longest_unseen_is_forgotten_with_its_tries() -> None:
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


def test_five_wrong_passwords_then_a_wait_that_counts_down(world: World) -> None:
    world.add()
    sentences = [str(wrong(world)) for _ in range(5)]
    assert sentences == [
        "Username or password is wrong.",
        "Username or password is wrong.",
        "Username or password is wrong. 2 tries left.",
        "Username or password is wrong. 1 try left.",
        "Username or password is wrong. That was the last try for now.",
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


def test_the_right_password_at_the_last_try_is_taken(world: World) -> None:
    world.add()
    for _ in range(4):
        wrong(world)
    assert isinstance(world.begin(), sign_in.SignedIn)


def test_an_attempt_is_counted_before_it_is_checked(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """DESIGN section 3: whoever breaks off the check has used up a try."""
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


def test_what_cannot_be_counted_is_not_checked(world: World) -> None:
    """DESIGN 4.10: without a place to count, even the right password is refused."""
    world.add()
    world.records.fails = True
    with pytest.raises(CannotCheck):
        world.begin()


def test_codes_and_passwords_are_counted_apart(world: World) -> None:
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


def test_a_right_password_does_not_clear_wrong_codes(world: World) -> None:
    world.add()
    device = world.equip()
    for _ in range(5):
        state = world.asked_for_code()
        with pytest.raises(SignInFailed):
            sign_in.with_one_time_code(world.ports, state, device.wrong_code(world.clock()))
    with pytest.raises(Throttled):
        sign_in.with_one_time_code(world.ports, world.asked_for_code(), device.code(world.clock()))


def test_a_code_that_is_no_code_is_no_try(world: World) -> None:
    world.add()
    world.equip()
    state = world.asked_for_code()
    for typed in ["", "12345", "abcdef"] * 5:
        with pytest.raises(InvalidInput):
            sign_in.with_one_time_code(world.ports, state, typed)
    assert world.records.get("alice").code_attempts == {}


def test_a_stranger_cannot_lock_the_owner_out(world: World) -> None:
    world.add()
    world.session()  # HERE is known from now on
    for _ in range(10):
        ban(world, source=ELSEWHERE)
        world.clock.forward(300)
    locked = wrong(world, source=ELSEWHERE)
    assert isinstance(locked, Throttled)
    assert (locked.field, locked.left, locked.until) == ("password", 0, None)
    assert str(locked) == "Too many wrong tries. Ask an admin to unlock your account."
    assert isinstance(world.begin(source=HERE), sign_in.SignedIn)
    # And the owner's success does not give the stranger new tries.
    assert isinstance(wrong(world, source=ELSEWHERE), Throttled)


def test_a_known_source_has_ten_tries_of_its_own_and_then_those_of_strangers(world: World) -> None:
    world.add()
    world.session()
    for _ in range(2):
        ban(world)
        assert set(world.records.get("alice").password_attempts) == {HERE}
        world.clock.forward(300)
    ban(world)
    attempts = world.records.get("alice").password_attempts
    assert {whose: kept.failures for whose, kept in attempts.items()} == {HERE: 10, "": 5}
    world.clock.forward(300)
    assert isinstance(world.begin(), sign_in.SignedIn)
    assert world.records.get("alice").password_attempts == {}


def test_a_stranger_who_used_up_the_common_tries_leaves_the_owner_ten(world: World) -> None:
    world.add()
    world.session()
    for _ in range(10):
        ban(world, source=ELSEWHERE)
        world.clock.forward(300)
    for _ in range(2):
        ban(world)
        world.clock.forward(300)
    throttled = wrong(world)
    assert isinstance(throttled, Throttled)
    assert throttled.until is None


def test_the_owner_of_another_address_in_a_known_network_is_known(world: World) -> None:
    world.add()
    world.session(source="2001:db8::1")
    ban(world, source=ELSEWHERE)
    assert isinstance(world.begin(source="2001:db8::2"), sign_in.SignedIn)


@pytest.mark.parametrize("what", ["password", "code"])
def test_never_more_than_a_hundred_consecutive_failures(world: World, what: str) -> None:
    """NIST SP 800-63B-4 section 3.2.2: from everywhere, for weeks."""
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

    checked = 0
    for _ in range(12):
        for source in (*sources, ELSEWHERE):
            state = world.asked_for_code(source=source) if what == "code" else None
            failures = [fails(source, state) for _ in range(10)]
            checked += sum(not isinstance(failure, Throttled) for failure in failures)
        world.clock.forward(60)
    assert checked == 100


def test_failures_and_throttled_tries_are_in_the_audit_log(world: World) -> None:
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
