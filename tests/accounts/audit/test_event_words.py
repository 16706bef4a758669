"""The words that filter the audit log."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import msgspec
import pytest

from cwtui.accounts.audit.event_words import accepts, earliest, event_words
from cwtui.accounts.audit.events import EventType
from cwtui.accounts.audit.lines import Record
from cwtui.accounts.filter_language import FilterError, parse
from tests.accounts.world import NOW

BERLIN = ZoneInfo("Europe/Berlin")


def record(**fields: object) -> Record:
    plain: dict[str, object] = {
        "n": 7,
        "previous": "0f" * 32,
        "at": datetime.fromtimestamp(NOW, UTC),
        "event": "sign_in.password",
        "actor": "alice",
        "subject": "alice",
        "source": "10.0.0.1",
        "outcome": "failure",
        "reason": "wrong",
    }
    return msgspec.convert(plain | fields, Record)


def is_accepted(line: str, record: Record | None) -> bool:
    return accepts(parse(line, event_words(), NOW), record)


@pytest.mark.parametrize(
    "line",
    [
        "",
        "user:alice",
        "USER:Alice",
        "event:sign_in",
        "event:sign_in.password",
        "event:sign_in.pass",
        "event:si",
        "outcome:failure",
        "outcome:fail",
        "since:0s",
        "since:2027-01-15T08:00",
        "!before:0s",
        "before:2027-01-15T08:01",
        "alice wrong 10.0. FAILURE sign_in 2027-01-15 08:00",
        "!bob !event:user !outcome:success",
    ],
)
def test_an_event_that_matches_every_term_is_accepted(line: str) -> None:
    assert is_accepted(line, record())


@pytest.mark.parametrize(
    "line",
    [
        "user:alic",
        "!user:alice",
        "event:session",
        "!event:sign_in",
        "event:sign_in.complete",
        "outcome:success",
        "since:2027-01-15T08:01",
        "before:0s",
        "alice bob",
        "9",
        "-01-",  # times match only words that begin with a digit
        "user:alice outcome:success",
    ],
)
def test_an_event_that_does_not_match_a_term_is_not_accepted(line: str) -> None:
    assert not is_accepted(line, record())


def test_a_user_is_actor_or_subject_in_any_case() -> None:
    assert is_accepted("user:bob", record(subject="bob"))
    assert is_accepted("user:operator:root", record(actor="operator:Root"))
    assert is_accepted("operator:root", record(actor="operator:Root"))
    assert not is_accepted("user:bob", record(source="bob", reason="bob"))


def test_words_match_in_any_case_and_unicode_form() -> None:
    assert is_accepted("ÅNGSTRÖM", record(reason="display_name=Alice Ångström"))


def test_damaged_lines_appear_only_without_a_filter() -> None:
    assert is_accepted("  ", None)
    assert not is_accepted("user:alice", None)
    assert not is_accepted("!user:alice", None)
    assert not is_accepted("not", None)


def test_every_event_and_area_can_be_asked_for() -> None:
    for event in EventType:
        area = event.partition(".")[0]
        for line in (f"event:{event}", f"event:{area}", f"EVENT:{event.upper()}"):
            assert is_accepted(line, record(event=event.value))
    assert is_accepted("event:session", record(event="session.of_a_newer_version"))


def test_times_are_typed_and_found_in_the_persons_zone() -> None:
    words = event_words(BERLIN)
    for line in ("since:2027-01-15T09:00", "since:2027-01-15T08:00Z", "09:00", "2027-01-15"):
        assert parse(line, words, NOW, BERLIN).matches(record()), line
    for line in ("since:2027-01-15T09:01", "08:00"):
        assert not parse(line, words, NOW, BERLIN).matches(record()), line
    with pytest.raises(FilterError, match="or a Berlin time such as 2026-11-24"):
        parse("since:soon", words, NOW, BERLIN)


def test_reading_can_stop_before_the_latest_moment_asked_for() -> None:
    for line, at in (
        ("since:2h alice since:1h", NOW - 3600),
        ("before:1h", float("-inf")),
        ("!since:1h", float("-inf")),
        ("", float("-inf")),
    ):
        assert earliest(parse(line, event_words(), NOW)) == at
