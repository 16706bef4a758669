"""The list of events of the audit log."""

from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Final

from rich.cells import cell_len

from cwtui.accounts.audit.events import Outcome
from cwtui.accounts.audit.lines import Position, Record
from cwtui.accounts.audit.reading import Entry
from cwtui.accounts.text import visible
from cwtui.accounts.times import in_zone, offset, place
from cwtui.accounts.wording import who
from cwtui.language import _
from cwtui.ui.context import context_of
from cwtui.ui.widgets.columns import Column, Short
from cwtui.ui.widgets.virtual_table import VirtualTable

_MARKS: Final = {Outcome.SUCCESS.value: "●", Outcome.FAILURE.value: "✗"}
_RECENT: Final = timedelta(days=300)
"""For events of this age, month and day say which year it was."""
_LONGEST: Final = 30
"""Cells for longer events and names would leave nothing for other columns, so these only grow to
their length if there is room.
"""


def marked(outcome: str) -> str:
    """Return the outcome with a mark before it. An outcome of a newer version gets a plain mark."""
    return f"{_mark(outcome)} {visible(outcome)}"


def _mark(outcome: str) -> str:
    return _MARKS.get(outcome, "○")


def _of(cell: Callable[[Record], str]) -> Callable[[Entry], str]:
    """Return how a cell is made of an entry that has a valid event."""
    return lambda entry: cell(entry.record) if entry.record is not None else ""


def _longest(rows: Iterable[Entry]) -> tuple[int, int]:
    """Return how many cells the longest event and the longest person need."""
    records = [row.record for row in rows if row.record is not None]
    events = (cell_len(visible(record.event)) for record in records)
    people = (cell_len(who(record, "→")) for record in records)
    return max([cell_len(_("Event")), *events]), max([cell_len(_("Who")), *people])


class EventTable(VirtualTable[Entry]):
    """A row for each event, newest first, and one for each line that is not a valid event."""

    def __init__(self, rows: Sequence[Entry], nothing: str = "") -> None:
        super().__init__(rows, nothing)
        self._event, self._who = _longest(rows)

    def columns(self) -> tuple[Column[Entry], ...]:
        zone = context_of(self).zone
        name = _("Time ({zone})", zone=place(zone))
        # Event and person are shown whole, so these columns are as wide as the rows need.
        return (
            Column(
                name,
                19 if zone is UTC else 26,
                _of(self._time),
                short=Short(11, _of(self._short_time), name if zone is UTC else place(zone)),
            ),
            Column(
                _("Outcome"),
                9,
                _of(lambda event: marked(event.outcome)),
                short=Short(1, _of(lambda event: _mark(event.outcome)), title=""),
            ),
            Column(
                _("Event"),
                min(self._event, _LONGEST),
                _of(lambda event: visible(event.event)),
                most=self._event,
            ),
            Column(
                _("Who"),
                min(self._who, _LONGEST),
                _of(lambda event: who(event, "→")),
                most=self._who,
            ),
            Column(
                _("Source"),
                15,
                _of(lambda event: visible(event.source)),
                least=12,
                most=39,
                optional=True,
            ),
            Column(
                _("Details"),
                24,
                _of(lambda event: visible(event.reason)),
                least=10,
                most=200,
                optional=True,
            ),
        )

    def sentence(self, row: Entry) -> str | None:
        return f"✗ {row.damage}" if row.record is None else None

    def show_rows(self, rows: Sequence[Entry], cursor: int = 0) -> None:
        self._event, self._who = _longest(rows)
        super().show_rows(rows, cursor)

    def renew_rows(self, rows: Sequence[Entry]) -> None:
        self._event, self._who = _longest(rows)
        super().renew_rows(rows)

    def name_of(self, row: Entry) -> Position:
        return row.line.position

    def add_rows(self, rows: Sequence[Entry]) -> None:
        event, person = _longest(rows)
        self._event, self._who = max(event, self._event), max(person, self._who)
        super().add_rows(rows)

    def _time(self, event: Record) -> str:
        zone = context_of(self).zone
        there = in_zone(event.at, zone)
        # When summer time ends, an hour repeats, and only the offset tells which is which.
        with_offset = "" if zone is UTC else f" {offset(there)}"
        return f"{there:%Y-%m-%d %H:%M:%S}{with_offset}"

    def _short_time(self, event: Record) -> str:
        context = context_of(self)
        now, there = datetime.fromtimestamp(context.clock(), UTC), in_zone(event.at, context.zone)
        return f"{there:%m-%d %H:%M}" if now - event.at < _RECENT else f"{there:%Y-%m-%d}"
