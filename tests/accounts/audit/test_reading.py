"""Reading the audit log: filters, permissions, and how much is read."""

import time
from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cwtui.accounts import roles
from cwtui.accounts.audit import reading as audit_reading
from cwtui.accounts.audit.chain import Ends, Link
from cwtui.accounts.audit.events import Event, EventType, Outcome
from cwtui.accounts.audit.lines import START, Line, Position, Record, decode
from cwtui.accounts.audit.reading import (
    Entry,
    Filter,
    filtered,
    moment,
    newest,
    oldest_first,
    typed,
)
from cwtui.accounts.errors import InvalidInput, NotPermitted, SessionEnded
from tests.accounts.world import HERE, NOW, OPERATOR, World, outcome

AT = datetime.fromtimestamp(NOW, UTC)


def record(**fields: object) -> Record:
    plain: dict[str, object] = {
        "n": 7,
        "previous": "0f" * 32,
        "at": AT,
        "event": "sign_in.password",
        "actor": "alice",
        "subject": "alice",
        "source": "10.0.0.1",
        "outcome": "failure",
        "reason": "wrong",
    }
    return msgspec.convert(plain | fields, Record)


def write(world: World, *subjects: str, event: EventType = EventType.SIGN_IN) -> None:
    for subject in subjects:
        world.audit.append(
            Event(
                at=world.clock(),
                event=event,
                actor=subject,
                subject=subject,
                source=HERE,
                outcome=Outcome.SUCCESS,
            )
        )


# Filters

ACCEPTED: list[tuple[Filter, bool]] = [
    (Filter(), True),
    (Filter(user="alice"), True),
    (Filter(user="alic"), False),
    (Filter(event="sign_in"), True),
    (Filter(event="sign_in.password"), True),
    (Filter(event="sign"), False),
    (Filter(event="sign_in.pass"), False),
    (Filter(event="password"), False),
    (Filter(outcome="failure"), True),
    (Filter(outcome="success"), False),
    (Filter(since=AT), True),
    (Filter(since=AT + timedelta(seconds=1)), False),
    (Filter(words=("alice", "wrong", "10.0.", "failure", "sign_in", "2027-01-15", "08:00")), True),
    (Filter(words=("alice", "bob")), False),
    (Filter(words=("9",)), False),
    (Filter(words=("-01-",)), False),  # times match only words that begin with a digit
    (Filter(user="alice", outcome="success"), False),
]


@pytest.mark.parametrize(("wanted", "accepted"), ACCEPTED)
def test_a_filter_accepts_only_what_matches_every_field(wanted: Filter, accepted: bool) -> None:
    assert wanted.accepts(record()) is accepted


def test_the_user_filter_matches_actor_or_subject_in_any_case() -> None:
    assert Filter(user="bob").accepts(record(subject="bob"))
    assert Filter(user="operator:root").accepts(record(actor="operator:Root"))
    assert filtered(user=" Bob ", now=NOW) == Filter(user="bob")
    assert not Filter(user="bob").accepts(record(source="bob", reason="bob"))


def test_words_match_in_any_case_and_unicode_form() -> None:
    wanted = typed("ÅNGSTRÖM", NOW)
    assert wanted.accepts(record(reason="display_name=Alice Ångström"))


def test_damaged_lines_appear_only_without_a_filter() -> None:
    assert Filter().accepts(None)
    assert not Filter(user="alice").accepts(None)
    assert not typed("not", NOW).accepts(None)


def test_known_events_and_areas_are_accepted() -> None:
    for event in ("sign_in", "sign_in.complete", "SETTINGS", *EventType):
        assert filtered(event=event, now=NOW).event == event.lower()


@pytest.mark.parametrize(
    ("given_", "field", "part"),
    [
        ({"event": "sign"}, "event", "sign_in.complete, "),
        ({"event": "\x1b[31m"}, "event", "<U+001B>"),
        ({"event": "x" * 1000}, "event", f"no event named '{'x' * 64}'. Choose"),
        ({"outcome": "maybe"}, "outcome", "success, failure"),
        (
            {"since": "y" * 65},
            "since",
            f"'{'y' * 64}' is not a time. Enter an age such as 30m, 2h or 7d, ",
        ),
        (
            {"since": "yesterday"},
            "since",
            "or a UTC time such as 2026-11-24 or 2026-11-24T08:00.",
        ),
    ],
)
def test_an_invalid_filter_value_is_explained(
    given_: dict[str, str], field: str, part: str
) -> None:
    refused = outcome(lambda: filtered(**given_, now=NOW))
    assert isinstance(refused, InvalidInput)
    assert refused.field == field
    assert part in str(refused)


def test_given_values_end_up_in_the_filter() -> None:
    assert filtered(now=NOW) == Filter()
    assert filtered("Bob", " SIGN_IN ", " Failure ", "2h", now=NOW) == Filter(
        user="bob", event="sign_in", outcome="failure", since=AT - timedelta(hours=2)
    )


def test_times_are_typed_and_found_in_the_persons_zone() -> None:
    berlin = ZoneInfo("Europe/Berlin")
    for text in ("since:2027-01-15T09:00", "since:2027-01-15T08:00Z", "09:00", "2027-01-15"):
        assert typed(text, NOW, berlin).accepts(record()), text
    for text in ("since:2027-01-15T09:01", "08:00"):
        assert not typed(text, NOW, berlin).accepts(record()), text
    assert moment("2027-07-15T09:00", NOW, berlin).isoformat() == "2027-07-15T07:00:00+00:00"
    assert typed("", NOW, berlin).accepts(None), "Damaged lines appear without a filter."
    refused = outcome(lambda: typed("since:soon", NOW, berlin))
    assert "or a Berlin time such as 2026-11-24" in str(refused)


@pytest.mark.parametrize("zone", ["Asia/Kathmandu", "America/St_Johns", "UTC"])
def test_times_are_utc_whatever_the_hosts_time_zone(
    monkeypatch: pytest.MonkeyPatch, zone: str
) -> None:
    with monkeypatch.context() as patched:
        patched.setenv("TZ", zone)
        time.tzset()
        at = [moment(text, NOW) for text in ("2027-01-15T08:00", "2027-01-15T10:00+02:00", "0s")]
    time.tzset()
    assert [one.isoformat() for one in at] == ["2027-01-15T08:00:00+00:00"] * 3


@pytest.mark.parametrize(
    ("text", "at"),
    [
        ("0s", AT),
        ("30m", AT - timedelta(minutes=30)),
        ("2H", AT - timedelta(hours=2)),
        (" 7d ", AT - timedelta(days=7)),
        ("4w", AT - timedelta(weeks=4)),
        ("2027-01-15", datetime(2027, 1, 15, tzinfo=UTC)),
        ("2027-01-15 08:00", AT),
        ("2027-01-15t08:00z", AT),
        ("2027-01-15T10:00+02:00", AT),
        ("2027-01-15T08:00:00.125+00:00", AT + timedelta(seconds=0.125)),
    ],
)
def test_times_and_ages_are_understood(text: str, at: datetime) -> None:
    assert moment(text, NOW) == at


@pytest.mark.parametrize(
    "text",
    [
        *("", "2", "h", "2y", "-2h", "2 h", "1.5h", "٣h", "999999w", f"{'9' * 5000}h"),
        *("2027-13-01", "2027-02-30", "24:00", "yesterday", "\x00", "\udcff"),
        *("0001-01-01T00:00+14:00", "9999-12-31T23:59-14:00"),
    ],
)
def test_an_invalid_time_is_explained(text: str) -> None:
    refused = outcome(lambda: moment(text, NOW))
    assert isinstance(refused, InvalidInput)
    assert "\x00" not in str(refused)


@given(st.text(max_size=30))
def test_no_text_crashes_the_filter(text: str) -> None:
    assert isinstance(outcome(lambda: moment(text, NOW)), datetime | InvalidInput)
    found = outcome(lambda: typed(text, NOW))
    assert isinstance(found, Filter | InvalidInput)


def test_a_filter_line_is_split_into_words_and_keys() -> None:
    assert typed("", NOW) == typed("  ", NOW) == Filter()
    assert typed("Alice  WRONG", NOW) == Filter(words=("alice", "wrong"))
    assert typed("user:Alice event:sign_in outcome:failure since:2h x", NOW) == Filter(
        "alice", "sign_in", "failure", AT - timedelta(hours=2), ("x",)
    )
    assert typed("since:2027-01-15T08:00", NOW) == Filter(since=AT)
    assert typed('user:"John Doe" x', NOW) == Filter("john doe", words=("x",))
    assert typed('x user:"john do', NOW) == Filter("john do", words=("x",))
    assert typed("user:o'hara r&d", NOW) == Filter("o'hara", words=("r&d",))
    assert typed('say:"a b"', NOW).words == ('say:"a', 'b"')
    assert typed("fe80::1 10.0.0.1:22", NOW).words == ("fe80::1", "10.0.0.1:22")


@pytest.mark.parametrize(
    ("wrong", "sentence"),
    [
        ("event:foo", r"There is no event named 'foo'\. Areas are: sign_in, "),
        ("outcome:failed", r"The outcome must be one of: success, failure\."),
        ("since:zzz", "'zzz' is not a time"),
    ],
)
def test_an_unknown_value_in_a_filter_line_is_refused(wrong: str, sentence: str) -> None:
    """An empty result would read as if it had not happened."""
    with pytest.raises(InvalidInput, match=sentence):
        typed(wrong, NOW)


@pytest.mark.parametrize("half", ["user:", "event:", "outcome:", "since:", "event:si", "outcome:f"])
def test_a_half_typed_filter_is_not_an_error(half: str) -> None:
    assert isinstance(typed(half, NOW), Filter)


# Permission to read


def readings(world: World) -> list[Callable[[], object]]:
    session = world.session("alice")
    return [
        lambda: list(oldest_first(world.ports, session)),
        lambda: newest(world.ports, session, Filter()),
        lambda: audit_reading.verify(world.ports, session),
    ]


def test_reading_needs_the_permission(world: World) -> None:
    world.add("alice")
    for read in readings(world):
        with pytest.raises(NotPermitted, match="read-audit-log"):
            read()
    world.put(world.account("alice").changed(roles=(roles.ADMIN,)))
    for read in readings(world):
        assert read()


def test_a_missing_log_is_reported_when_there_are_accounts(world: World) -> None:
    assert audit_reading.verify(world.ports, OPERATOR).findings == []
    world.add("alice")
    assert audit_reading.verify(world.ports, OPERATOR).findings == [
        "The log is empty, but there are accounts."
    ]


def test_an_ended_session_cannot_read(world: World) -> None:
    world.add("alice", roles=(roles.ADMIN,))
    reads = readings(world)
    world.put(world.account("alice").changed_ending_sessions(roles=(roles.MINIMUM,)))
    for read in reads:
        with pytest.raises(SessionEnded):
            read()


# What is read


def subjects(entries: Iterable[Entry]) -> list[str]:
    return [entry.record.subject if entry.record is not None else "(none)" for entry in entries]


def test_reading_oldest_first_continues_from_a_place(world: World) -> None:
    write(world, "a", "b", "c")
    entries = list(oldest_first(world.ports, OPERATOR))
    assert subjects(entries) == ["a", "b", "c"]
    write(world, "d")
    assert subjects(oldest_first(world.ports, OPERATOR, entries[-1].line.after)) == ["d"]
    assert subjects(oldest_first(world.ports, OPERATOR, START)) == ["a", "b", "c", "d"]


def test_the_newest_events_are_read_in_windows(world: World) -> None:
    write(world, *"abcde")
    one = newest(world.ports, OPERATOR, Filter(), count=2)
    two = newest(world.ports, OPERATOR, Filter(), one.before, count=2)
    three = newest(world.ports, OPERATOR, Filter(), two.before, count=2)
    assert [subjects(window.entries) for window in (one, two, three)] == [
        ["e", "d"],
        ["c", "b"],
        ["a"],
    ]
    assert three.before is None
    assert subjects(newest(world.ports, OPERATOR, Filter(user="b")).entries) == ["b"]


def test_a_full_last_window_is_followed_by_an_empty_one(world: World) -> None:
    write(world, "a", "b")
    window = newest(world.ports, OPERATOR, Filter(), count=2)
    assert newest(world.ports, OPERATOR, Filter(), window.before, count=2) == ((), None)


def test_only_as_many_lines_as_needed_are_read(world: World) -> None:
    write(world, *map(str, range(1000)))
    world.audit.read = 0
    newest(world.ports, OPERATOR, Filter(), count=10)
    assert world.audit.read == 10


def test_a_rare_match_is_searched_in_bounded_steps(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(world, "rare", *["common"] * 100)
    monkeypatch.setattr(audit_reading, "AT_MOST", 20 * len(world.audit.contents[-1]))
    found: list[audit_reading.Entry] = []
    before, calls = None, 0
    while calls == 0 or before is not None:
        world.audit.read = 0
        entries, before = newest(world.ports, OPERATOR, Filter(user="rare"), before)
        assert world.audit.read <= 22
        found += entries
        calls += 1
    assert subjects(found) == ["rare"]
    assert calls >= 5


def test_reading_stops_at_events_older_than_asked_for(world: World) -> None:
    write(world, *["old"] * 50)
    world.clock.forward(3 * 86400)
    write(world, "new")
    world.audit.read = 0
    window = newest(world.ports, OPERATOR, typed("since:1h", world.clock()))
    assert (subjects(window.entries), window.before) == (["new"], None)
    assert world.audit.read == 2


def test_a_clock_set_back_hides_no_events(world: World) -> None:
    world.clock.forward(3600)
    write(world, "before")
    world.clock.forward(-3 * 3600)
    write(world, "after")
    world.clock.forward(2 * 3600)
    found = newest(world.ports, OPERATOR, typed("since:1h", world.clock()))
    assert subjects(found.entries) == ["before"]


def test_a_damaged_line_does_not_stop_reading(world: World) -> None:
    write(world, "a")
    world.audit.contents.append(b'{"half')
    write(world, "b")
    entries = newest(world.ports, OPERATOR, Filter()).entries
    assert subjects(entries) == ["b", "(none)", "a"]
    assert entries[1].damage == "Line 2 of audit.jsonl is not a valid event."
    assert subjects(oldest_first(world.ports, OPERATOR)) == ["a", "(none)", "b"]


# Verifying


def test_verify_reports_what_the_chain_finds(world: World) -> None:
    write(world, "a", "b", event=EventType.USER_CREATE)
    verdict = audit_reading.verify(world.ports, OPERATOR)
    assert (verdict.first, verdict.findings) == (1, [])
    assert verdict.last is not None
    assert audit_reading.verify(world.ports, OPERATOR, Link(2, "1" * 64)).findings
    del world.audit.contents[1]
    assert audit_reading.verify(world.ports, OPERATOR).findings


def test_events_rotated_out_during_verify_are_not_missing(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(world, *"abcdef")
    audit = world.audit
    whole = audit.ends()
    assert whole is not None
    third = audit_reading.verify(world.ports, OPERATOR, Link(3, "1" * 64)).findings
    assert third
    record_4 = decode(audit.contents[3])
    assert record_4 is not None
    lines = audit.lines

    def rotating(start: Position) -> Iterator[Line]:
        monkeypatch.setattr(audit, "lines", lines)
        audit.kept = Ends(Link(4, record_4.previous), whole.last)
        del audit.contents[:3]
        return lines(start)

    monkeypatch.setattr(audit, "lines", rotating)
    verdict = audit_reading.verify(world.ports, OPERATOR)
    assert (verdict.first, verdict.findings) == (4, [])


@pytest.mark.parametrize("year", ["9999-12-31T23:59:59Z", "0001-01-01T00:00:00Z"])
def test_extreme_years_do_not_stop_the_reader(world: World, year: str) -> None:
    """Whoever can write the file must not be able to crash the page that shows it."""
    write(world, "alice")
    last = msgspec.json.decode(world.audit.contents[-1])
    forged = last | {"at": year, "subject": "mallory"}
    world.audit.contents.append(msgspec.json.encode(forged))
    for since in ("9999-12-31", "0001-01-01", "2h"):
        found = newest(world.ports, OPERATOR, filtered(since=since, now=NOW))
        assert all(entry.record is not None for entry in found.entries)
