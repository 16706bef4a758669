"""Reading the audit log: permissions, and how much is read."""

from collections.abc import Callable, Iterable, Iterator

import msgspec
import pytest

from cwtui.accounts import roles
from cwtui.accounts.audit import late
from cwtui.accounts.audit import reading as audit_reading
from cwtui.accounts.audit.chain import Ends, Link
from cwtui.accounts.audit.event_words import EVERYTHING, EventQuery, event_words
from cwtui.accounts.audit.events import Event, EventType, Outcome
from cwtui.accounts.audit.lines import START, Line, Position, Record, decode
from cwtui.accounts.audit.reading import Entry, Window, newer, newest, oldest_first
from cwtui.accounts.errors import NotPermitted, SessionEnded
from cwtui.accounts.filter_language import parse
from cwtui.accounts.search import Search, SearchEnded
from tests.accounts.world import HERE, NOW, OPERATOR, World


def query(line: str, now: float = NOW) -> EventQuery:
    return parse(line, event_words(), now)


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


# Permission to read


def readings(world: World) -> list[Callable[[], object]]:
    session = world.session("alice")
    return [
        lambda: list(oldest_first(world.ports, session)),
        lambda: newest(world.ports, session, EVERYTHING),
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
    one = newest(world.ports, OPERATOR, EVERYTHING, count=2)
    two = newest(world.ports, OPERATOR, EVERYTHING, one.before, count=2)
    three = newest(world.ports, OPERATOR, EVERYTHING, two.before, count=2)
    assert [subjects(window.entries) for window in (one, two, three)] == [
        ["e", "d"],
        ["c", "b"],
        ["a"],
    ]
    assert three.before is None
    assert subjects(newest(world.ports, OPERATOR, query("user:b")).entries) == ["b"]


def test_a_full_last_window_is_followed_by_an_empty_one(world: World) -> None:
    write(world, "a", "b")
    window = newest(world.ports, OPERATOR, EVERYTHING, count=2)
    last = newest(world.ports, OPERATOR, EVERYTHING, window.before, count=2)
    assert (last.entries, last.before) == ((), None)


def test_only_events_newer_than_those_read_are_returned(world: World) -> None:
    nothing = newest(world.ports, OPERATOR, EVERYTHING)
    write(world, "a", "b")
    first = newer(world.ports, OPERATOR, EVERYTHING, nothing.end)
    assert subjects(first.entries) == ["b", "a"]
    window = newest(world.ports, OPERATOR, query("user:a"))
    assert window.end == first.end
    write(world, "c", "a", "d")
    world.audit.read = 0
    more = newer(world.ports, OPERATOR, query("user:a"), window.end)
    assert (subjects(more.entries), world.audit.read) == (["a"], 3)
    assert newer(world.ports, OPERATOR, EVERYTHING, more.end) == Window((), None, more.end)


def test_only_as_many_lines_as_needed_are_read(world: World) -> None:
    write(world, *map(str, range(1000)))
    world.audit.read = 0
    newest(world.ports, OPERATOR, EVERYTHING, count=10)
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
        window = newest(world.ports, OPERATOR, query("user:rare"), before)
        assert world.audit.read <= 22
        found += window.entries
        before = window.before
        calls += 1
    assert subjects(found) == ["rare"]
    assert calls >= 5
    search, most, world.audit.read = Search[Record](), 2 * audit_reading.AT_MOST, 0
    newest(world.ports, OPERATOR, query("user:rare"), at_most=most, search=search)
    assert 40 <= world.audit.read <= 42
    search.end()
    with pytest.raises(SearchEnded):
        newest(world.ports, OPERATOR, EVERYTHING, search=search)


def test_reading_stops_at_events_older_than_asked_for(world: World) -> None:
    write(world, *["old"] * 50)
    world.clock.forward(3 * 86400)
    write(world, "new")
    world.audit.read = 0
    window = newest(world.ports, OPERATOR, query("since:1h", world.clock()))
    assert (subjects(window.entries), window.before) == (["new"], None)
    assert world.audit.read == 2


def test_a_clock_set_back_hides_no_events(world: World) -> None:
    world.clock.forward(3600)
    write(world, "before")
    world.clock.forward(-3 * 3600)
    write(world, "after")
    world.clock.forward(2 * 3600)
    found = newest(world.ports, OPERATOR, query("since:1h", world.clock()))
    assert subjects(found.entries) == ["before"]


def test_an_event_that_was_written_late_hides_none_before_it(world: World) -> None:
    """Of a host that was cut off for days."""
    write(world, "before")
    mark = f"{late.mark('plant7', '0a0a0a0a')}3"
    for days, reason in ((5, mark), (0, "")):
        world.audit.append(
            Event(
                at=world.clock() - days * 24 * 3600,
                event=EventType.SIGN_IN,
                actor="alice",
                subject="alice",
                source=HERE,
                outcome=Outcome.SUCCESS,
                reason=reason,
            )
        )
    found = newest(world.ports, OPERATOR, query("since:1h", world.clock()))
    assert subjects(found.entries) == ["alice", "before"]


def test_a_damaged_line_does_not_stop_reading(world: World) -> None:
    write(world, "a")
    world.audit.contents.append(b'{"half')
    write(world, "b")
    entries = newest(world.ports, OPERATOR, EVERYTHING).entries
    assert subjects(entries) == ["b", "(none)", "a"]
    assert entries[1].damage == "Line 2 of audit.jsonl is not a valid event."
    assert subjects(oldest_first(world.ports, OPERATOR)) == ["a", "(none)", "b"]


def test_an_empty_line_at_the_end_is_not_read_again(world: World) -> None:
    write(world, "a")
    world.audit.contents.append(b"")
    window = newest(world.ports, OPERATOR, EVERYTHING)
    assert subjects(window.entries) == ["(none)", "a"]
    assert newer(world.ports, OPERATOR, EVERYTHING, window.end).entries == ()


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
        found = newest(world.ports, OPERATOR, query(f"since:{since}"))
        assert all(entry.record is not None for entry in found.entries)
