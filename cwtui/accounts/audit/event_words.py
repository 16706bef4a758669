"""The words that filter the audit log, and what they ask of an event."""

import re
from collections.abc import Callable
from datetime import UTC, tzinfo
from math import inf
from typing import Final, TypeAlias

from cwtui.accounts.audit.events import EventType, Outcome
from cwtui.accounts.audit.lines import Record
from cwtui.accounts.filter_language import Query, Vocabulary, choice, free
from cwtui.accounts.filter_times import Span, bound
from cwtui.accounts.text import normal
from cwtui.accounts.times import in_zone
from cwtui.language import N_

_BATCH: Final = re.compile(r"(?:^| )batch=([0-9a-f]+)$")
EventQuery: TypeAlias = Query[Record]
EVERYTHING: Final[EventQuery] = Query()


def known_events() -> tuple[str, ...]:
    """Return all areas and names of events."""
    names = [event.value for event in EventType]
    areas = dict.fromkeys(name.partition(".")[0] for name in names)
    return (*areas, *names)


def event_words(zone: tzinfo = UTC) -> Vocabulary[Record]:
    """Return the vocabulary of the audit log. Text is also found in times as shown in `zone`."""
    return Vocabulary(
        (
            free("user", "alice", N_("events by or about this user"), _of_user),
            free("operator", "root", N_("commands run by this Unix user"), _of_operator),
            choice("event", N_("an event, or an area of events"), known_events(), _of_area),
            choice("outcome", N_("how it ended"), tuple(Outcome), _with_outcome),
            free("batch", "5063d3fd", N_("all that one act on many accounts did"), _of_batch),
            bound("since", N_("events since this age, time or date"), _at, is_end=False),
            bound("before", N_("events before it"), _at, is_end=True),
        ),
        lambda text: lambda record: _shows(record, text, zone),
    )


def accepts(query: EventQuery, record: Record | None) -> bool:
    """Whether the event matches. Invalid lines (None) match only the empty filter."""
    return query.matches(record) if record is not None else not query.terms


def earliest(query: EventQuery) -> float:
    """Return the time before which no event can match, in seconds since the epoch."""
    spans = (
        term.value.start
        for term in query.terms
        if isinstance(term.value, Span) and not term.negated
    )
    return max(spans, default=-inf)


def _at(record: Record) -> float:
    return record.at.timestamp()


def _of_user(name: str) -> Callable[[Record], bool]:
    return lambda record: name in {record.actor.casefold(), record.subject.casefold()}


def _of_operator(name: str) -> Callable[[Record], bool]:
    return _of_user(f"operator:{name}")


def batch_of(record: Record) -> str:
    """Return the id of the batch that the event belongs to; empty if it is alone."""
    found = _BATCH.search(record.reason)
    return found[1] if found is not None else ""


def _of_batch(id_: str) -> Callable[[Record], bool]:
    return lambda record: batch_of(record) == id_


def _of_area(name: str) -> Callable[[Record], bool]:
    return lambda record: f"{record.event}.".startswith(f"{name}.")


def _with_outcome(outcome: str) -> Callable[[Record], bool]:
    return lambda record: record.outcome == outcome


def _shows(record: Record, text: str, zone: tzinfo) -> bool:
    shown = (
        f"{record.event} {record.outcome} {record.actor} {record.subject} {record.source} "
        f"{record.reason}"
    )
    # Formatting the time takes as long as everything else, so do it only if needed.
    return text in normal(shown).casefold() or (
        text[:1].isdigit() and text in str(in_zone(record.at, zone))
    )
