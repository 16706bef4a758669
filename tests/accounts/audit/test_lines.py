"""Reading one line of the audit log: no content, however damaged, stops the reader."""

import json
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import structs

from cwtui.accounts.audit.events import Event, EventType, Outcome
from cwtui.accounts.audit.lines import LONGEST, Line, Position, decode, encode, is_cut_short

EVENT = Event(
    at=1_800_000_000.125,
    event=EventType.SIGN_IN_PASSWORD,
    actor="ada",
    subject="bob",
    source="10.0.0.1",
    outcome=Outcome.FAILURE,
    reason="wrong",
)
LINE = encode(EVENT, 7, "0f" * 32)
FIELDS = json.loads(LINE)


def changed(**fields: object) -> bytes:
    kept = {name: value for name, value in (FIELDS | fields).items() if value != "(left out)"}
    return json.dumps(kept).encode()


def test_an_event_is_read_back_as_written() -> None:
    record = decode(LINE)
    assert record is not None
    assert (record.n, record.previous) == (7, "0f" * 32)
    assert record.at == datetime(2027, 1, 15, 8, 0, 0, 125_000, UTC)
    assert (record.event, record.outcome) == ("sign_in.password", "failure")
    assert (record.actor, record.subject, record.source) == ("ada", "bob", "10.0.0.1")
    assert record.reason == "wrong"


@pytest.mark.parametrize("letter", ["x", "\x1b", "\U0001f511", '"'])
@pytest.mark.parametrize("fields", [("reason",), ("actor", "subject", "source", "reason")])
def test_an_event_that_is_too_long_is_shortened(letter: str, fields: tuple[str, ...]) -> None:
    event = structs.replace(EVENT, **dict.fromkeys(fields, f"begin{letter * 70000}end"))
    line = encode(event, 1 << 53, "0f" * 32)
    assert len(line) < LONGEST
    record = decode(line)
    assert record is not None
    for name in fields:
        text = getattr(record, name)
        assert text.startswith(f"begin{letter}")
        assert "…" in text
        assert text.endswith(f"{letter}end")


@pytest.mark.parametrize("length", range(LONGEST - 500, LONGEST, 50))
def test_a_link_that_is_added_later_fits(length: int) -> None:
    event = structs.replace(EVENT, reason="x" * length)
    added = len(encode(EVENT, 1 << 53, "0f" * 32)) - len(encode(EVENT, 0, ""))
    assert len(encode(event, 0, "")) + added < LONGEST


def test_a_long_event_that_can_be_read_back_is_complete() -> None:
    reason = "x" * (LONGEST - 500)
    record = decode(encode(structs.replace(EVENT, reason=reason), 7, "0f" * 32))
    assert record is not None
    assert record.reason == reason


def test_a_line_of_a_later_version_is_read_as_an_event() -> None:
    record = decode(changed(event="plant.explode", outcome="pending", shift={"of": [1]}))
    assert record is not None
    assert (record.event, record.outcome) == ("plant.explode", "pending")


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"{}",
        b"[]",
        b"null",
        LINE[:-1],
        LINE + LINE,
        b"\0" * 300,
        b"\xff" + LINE,
        LINE.replace(b"ada", b"\xff\xfe"),
        LINE.replace(b"ada", b"\\ud800"),
        changed(at="yesterday"),
        changed(at="2027-01-15T08:00:00"),
        changed(at="2027-01-15T08:00:00+02:00"),
        changed(at="0001-01-01T00:00:00+14:00"),
        changed(at=1_800_000_000),
        changed(n=0),
        changed(n=10**30),
        changed(n=True),
        changed(n="(left out)"),
        changed(previous="(left out)"),
        changed(n="(left out)", previous="(left out)"),
        changed(previous=""),
        changed(previous=7),
        changed(actor=None),
        changed(source="(left out)"),
        b'{"shift":' + b"[" * 100_000,
        LINE[:-1] + b',"shift":' + b"[" * 100_000 + b"]" * 100_000 + b"}",
    ],
)
def test_a_line_that_is_not_an_event_reads_as_none(content: bytes) -> None:
    assert decode(content) is None


def test_the_beginning_of_a_line_was_cut_short() -> None:
    for length in range(len(LINE)):
        assert is_cut_short(LINE[:length]), length
        assert is_cut_short(LINE[:length] + b"\0" * (len(LINE) - length)), length


@pytest.mark.parametrize("content", [b"{}", LINE, changed(n="(left out)"), changed(actor=None)])
def test_a_whole_object_was_not_cut_short(content: bytes) -> None:
    assert not is_cut_short(content)


@given(st.binary(max_size=400))
def test_arbitrary_bytes_do_not_stop_the_reader(content: bytes) -> None:
    assert decode(content) is None


@given(st.integers(0, len(LINE) - 1), st.binary(max_size=3))
def test_a_changed_line_does_not_stop_the_reader(at: int, put: bytes) -> None:
    record = decode(LINE[:at] + put + LINE[at + 1 :])
    assert record is None or record.at.tzinfo is UTC


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=10),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner),
    max_leaves=6,
)


@given(st.dictionaries(st.sampled_from(sorted(FIELDS)), json_values, min_size=1, max_size=2))
def test_no_field_value_stops_the_reader(fields: dict[str, object]) -> None:
    record = decode(json.dumps(FIELDS | fields).encode())
    assert record is None or record.at.tzinfo is UTC


def test_a_line_knows_its_place_and_the_next_one() -> None:
    line = Line(Position(3, 100, 16), "audit.jsonl", b"x" * 9, 10)
    assert str(line) == "line 17 of audit.jsonl"
    assert line.after == Position(3, 110, 17)
