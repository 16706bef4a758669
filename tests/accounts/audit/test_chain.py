"""Verifying the audit chain: removed and changed events are found, without false alarms."""

from collections.abc import Iterator, Sequence

import pytest

from cwtui.accounts.audit import chain as audit_chain
from cwtui.accounts.audit.chain import NOTHING, Ends, Link, Verdict, verify
from cwtui.accounts.audit.events import Event, EventType, Outcome
from cwtui.accounts.audit.lines import Line, Position, encode
from tests.accounts.memory import MemoryAudit

NO_NUMBER = (
    b'{"at":"2027-01-15T08:00:00.125+00:00","event":"sign_in.complete","actor":"ada",'
    b'"subject":"ada","source":"10.0.0.1","outcome":"success","reason":"%d"}'
)
TORN = b'{"n":4,"prev'


def event(number: int = 0) -> Event:
    return Event(
        at=1_800_000_000.0 + number,
        event=EventType.SIGN_IN,
        actor="ada",
        subject=str(number),
        source="10.0.0.1",
        outcome=Outcome.SUCCESS,
    )


def log_of(events: int, contents: Sequence[bytes] = ()) -> MemoryAudit:
    log = MemoryAudit()
    log.contents.extend(contents)
    for number in range(events):
        log.append(event(number))
    return log


def verdict(log: MemoryAudit, noted: Link | None = None) -> Verdict:
    return verify(log.lines(Position()), log.kept, noted)


def last(log: MemoryAudit) -> Link:
    assert log.kept is not None
    return log.kept.last


# Intact


def test_an_empty_log_verifies() -> None:
    assert verdict(MemoryAudit()) == Verdict()


def test_an_untouched_log_verifies() -> None:
    log = log_of(5)
    assert verdict(log) == Verdict(first=1, last=last(log))
    assert str(last(log)) == f"5:{audit_chain.link_of(log.contents[-1], 5).hash}"


@pytest.mark.parametrize("torn", [[TORN], [TORN, b"\0" * 40], [b"", TORN, b""]])
@pytest.mark.parametrize("before", [0, 3])
def test_lines_cut_short_by_a_power_failure_are_noted_and_chained(
    torn: list[bytes], before: int
) -> None:
    log = log_of(before)
    log.contents += torn
    log.append(event())
    found = verdict(log)
    assert found.findings == []
    assert found.notes == [
        f"Line {before + number + 1} of audit.jsonl is not a complete event."
        for number in range(len(torn))
    ]
    assert (found.first, found.last) == (1, last(log))
    for number in range(before, before + len(torn)):
        whole = log.contents[number]
        log.contents[number] = whole + b"x"
        assert verdict(log).findings, number
        log.contents[number] = whole


def test_an_outdated_head_file_is_not_a_finding() -> None:
    """As after a power failure, or a kill between writing the line and audit.head."""
    log = log_of(3)
    before = log.kept
    log.append(event())
    after, log.kept = log.kept, before
    assert verdict(log).findings == []
    log.append(event())
    assert after is not None
    assert last(log).n == 5
    assert verdict(log).findings == []


@pytest.mark.parametrize("first", [2, 4])
@pytest.mark.parametrize("torn", [[], [TORN]])
def test_rotated_out_events_are_not_reported_missing(first: int, torn: list[bytes]) -> None:
    """Even when the file begins with a line that was cut short."""
    log = log_of(6)
    before = log.contents[first - 2]
    log.contents[: first - 1] = torn
    log.kept = Ends(Link(first, audit_chain.link_of(before, first - 1).hash), last(log))
    found = verdict(log)
    assert (found.first, found.last, found.findings) == (first, last(log), [])
    assert len(found.notes) == len(torn)


def test_lines_left_by_a_killed_rotation_are_accepted() -> None:
    log = log_of(6)
    third = log.contents[2]
    log.kept = Ends(Link(4, audit_chain.link_of(third, 3).hash), last(log))
    assert verdict(log) == Verdict(first=1, last=last(log))


# Tampered with


def test_removed_lines_are_reported() -> None:
    log = log_of(9)
    del log.contents[3:5]
    assert verdict(log).findings == [
        "Events 4 to 5 are missing before line 4 of audit.jsonl.",
    ]


def test_a_removed_beginning_is_reported() -> None:
    log = log_of(9)
    del log.contents[:2]
    assert verdict(log).findings == ["Events 1 to 2 are missing at the beginning."]


@pytest.mark.parametrize(("removed", "named"), [(1, "Event 9 is"), (3, "Events 7 to 9 are")])
def test_removed_last_lines_are_reported(removed: int, named: str) -> None:
    log = log_of(9)
    del log.contents[-removed:]
    assert verdict(log).findings == [f"{named} missing at the end."]


def test_an_emptied_log_is_reported() -> None:
    log = log_of(9)
    log.contents.clear()
    assert verdict(log).findings == ["Events 1 to 9 are missing at the end."]


def test_removed_lines_stay_reported_after_new_events() -> None:
    """Otherwise one more event would hide it."""
    log = log_of(9)
    del log.contents[-2:]
    log.append(event())
    assert last(log).n == 10
    assert verdict(log).findings == ["Events 8 to 9 are missing before line 8 of audit.jsonl."]


def test_a_changed_last_line_stays_reported_after_new_events() -> None:
    log = log_of(3)
    log.contents[-1] = encode(event(77), 3, audit_chain.link_of(log.contents[1], 2).hash)
    changed = ["Event 3, line 3 of audit.jsonl, was changed after it was written."]
    assert verdict(log).findings == changed
    log.append(event())
    assert verdict(log).findings == [
        "Event 3, or something between it and line 4 of audit.jsonl, was changed."
    ]


def test_an_acknowledged_event_cut_short_later_is_reported() -> None:
    log = log_of(3)
    log.contents[-1] = log.contents[-1][:-5]
    log.append(event())
    assert last(log).n == 4
    assert verdict(log).findings == ["Event 3 is missing before line 4 of audit.jsonl."]


def test_a_changed_line_is_reported() -> None:
    log = log_of(5)
    log.contents[2] = log.contents[2].replace(b"ada", b"bob")
    assert verdict(log).findings == [
        "Event 3, or something between it and line 4 of audit.jsonl, was changed."
    ]


def test_swapped_lines_are_reported() -> None:
    log = log_of(5)
    log.contents[1], log.contents[2] = log.contents[2], log.contents[1]
    assert verdict(log).findings[:2] == [
        "Event 2 is missing before line 2 of audit.jsonl.",
        "Line 3 of audit.jsonl is event 2, out of order after event 3.",
    ]


def test_a_duplicate_line_is_reported() -> None:
    log = log_of(3)
    log.contents.append(log.contents[-1])
    assert verdict(log).findings == [
        "Line 4 of audit.jsonl is event 3, out of order after event 3."
    ]


@pytest.mark.parametrize("at", [0, 1, 3, 5])
def test_a_line_without_a_number_inside_the_chain_is_reported(at: int) -> None:
    log = log_of(5)
    log.contents.insert(at, NO_NUMBER % 1)
    named = f"Line {at + 1} of audit.jsonl is not an event, so cwtui did not write it."
    assert verdict(log).findings[0] == named
    log.append(event())
    assert named in verdict(log).findings


def test_a_log_of_lines_without_numbers_is_not_whole() -> None:
    log = log_of(0, [NO_NUMBER % 1])
    assert len(verdict(log).findings) == 1
    log.append(event())
    assert len(verdict(log).findings) == 1


@pytest.mark.parametrize("first", [1, 4])
def test_lines_inserted_before_the_chain_are_reported(first: int) -> None:
    log = log_of(6)
    kept = Link(first, NOTHING)
    if first > 1:
        kept = Link(first, audit_chain.link_of(log.contents[first - 2], first - 1).hash)
    del log.contents[: first - 1]
    log.kept = Ends(kept, last(log))
    log.contents.insert(0, NO_NUMBER % 1)
    assert verdict(log).findings[0] == (
        "Line 1 of audit.jsonl is not an event, so cwtui did not write it."
    )


def test_a_line_cut_short_before_the_first_event_is_reported() -> None:
    log = log_of(2)
    log.contents.insert(0, TORN)
    assert verdict(log).findings == [
        "The lines before event 1, line 2 of audit.jsonl, were changed or inserted."
    ]


def test_a_wrong_start_of_the_chain_is_reported() -> None:
    log = log_of(2)
    log.kept = Ends(Link(1, "1" * 64), last(log))
    assert verdict(log).findings == [
        "Line 1 of audit.jsonl does not continue the chain from before event 1."
    ]


def test_a_missing_head_file_is_reported() -> None:
    log = log_of(2)
    log.kept = None
    [finding] = verdict(log).findings
    assert finding == (
        "The file audit.head is missing or damaged, so missing events at the end cannot be "
        "detected."
    )


# Noted links


def test_a_noted_link_is_compared_with_the_log() -> None:
    log = log_of(3)
    noted = last(log)
    log.append(event())
    assert verdict(log, noted).findings == []
    assert verdict(log, last(log)).findings == []
    assert verdict(log, Link(3, "1" * 64)).findings == [
        "Event 3, line 3 of audit.jsonl, was changed after its hash was noted."
    ]
    assert verdict(log, Link(6, "1" * 64)).findings == ["Events 5 to 6 are missing at the end."]


def test_a_forged_log_is_found_by_a_noted_link() -> None:
    """Whoever can write the files can forge them all, but not a link noted elsewhere."""
    noted = last(log_of(3))
    forged = MemoryAudit()
    for number in (0, 7, 2, 3):
        forged.append(event(number))
    assert verdict(forged).findings == []
    assert len(verdict(forged, noted).findings) == 1


def test_the_search_for_the_last_event_is_bounded() -> None:
    read = 0

    def junk() -> Iterator[bytes]:
        nonlocal read
        while True:
            read += 1
            yield b"x" * 10_000

    assert audit_chain.tail(junk()).n is None
    assert read < 200


def test_an_old_line_in_a_later_file_is_reported() -> None:
    lines = [Line(Position(2, 0, 0), "audit-000002.jsonl", NO_NUMBER % 1, 0)]
    assert verify(lines, Ends(Link(1, NOTHING), Link(1, NOTHING))).findings
