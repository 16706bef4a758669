"""Audit Log: who did what, when, from where."""

import asyncio
from collections.abc import Iterable, Sequence
from datetime import UTC, tzinfo
from functools import partial
from typing import ClassVar, Final

from textual import work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, VerticalScroll
from textual.widget import Widget
from textual.widgets import Static
from textual.worker import Worker

from cwtui.accounts.audit import reading as audit_reading
from cwtui.accounts.audit.event_words import EVERYTHING, EventQuery, event_words
from cwtui.accounts.audit.lines import Position, Record
from cwtui.accounts.audit.reading import Entry, Window
from cwtui.accounts.errors import AccountsError
from cwtui.accounts.filter_language import Vocabulary, parse
from cwtui.accounts.search import Search
from cwtui.accounts.text import visible
from cwtui.accounts.times import in_zone, offset
from cwtui.language import N_, _, grouped, ngettext
from cwtui.ui.context import Context
from cwtui.ui.screens.dialogs.dialog import Dialog
from cwtui.ui.screens.pages.list_page import ListPage
from cwtui.ui.screens.pages.page import row, value
from cwtui.ui.widgets.buttons import Button
from cwtui.ui.widgets.event_table import EventTable, marked
from cwtui.ui.widgets.fields import TextInput

_NO_MATCH: Final = N_("No event matches this filter. Press Esc to clear it.")
_EMPTY_LOG: Final = N_("Nothing has been recorded yet. Press R to load new events.")
_SOON: Final = 0.1
"""Seconds. If events are read within this time, nothing says that they are loaded."""
_MOST_ADDED: Final = 5000
"""How many events come in before the list begins anew with the newest, as it may stay open forever.
"""
_SHOWN_OF_DAMAGE = 400
"""How many characters of a damaged line are shown."""


def query(filter_text: str, context: Context) -> EventQuery:
    """Return the query for a filter as typed. Raises FilterError."""
    return parse(filter_text, event_words(context.zone), context.clock(), context.zone)


class AuditLogPage(ListPage):
    """Lists the newest events, and loads older ones when the last of them is almost in view."""

    SECTION = "audit_log"
    MANUAL = "admin"
    TITLE_TEXT = N_("Audit Log")
    HELP = N_("""\
Each line is an event, newest first: the time, whether it succeeded (●) or failed (✗), what was \
done, and by whom. If it concerned another account, its name follows after an arrow. A wider \
window shows more.

Up and Down move, and Enter shows the whole event. New events appear within seconds. R and Up at \
the top load them at once. Scroll down to load older ones.

{filter}

Text may be anywhere in the event, as in alice failure or 2026-11-24. Times and dates are in your \
time zone.""")

    BINDINGS: ClassVar[list[BindingType]] = [Binding("r", "read_new", N_("Load new"))]

    def __init__(self, window: Window, filter_text: str, asked: EventQuery) -> None:
        super().__init__(filter_text)
        self._window = window
        self._query = asked
        self._end = window.end
        """Where new events will be."""
        self._added = 0
        """How many came in since the list was read."""
        self._reading: Worker[None] | None = None
        self._before = window.before
        """Where older events are. None while events are loaded, and if there are no older ones."""
        self._at_most = audit_reading.AT_MOST
        """How many bytes to search at once: more after each time that found nothing."""

    def head(self) -> Iterable[Widget]:
        return [Static(self._counted(len(self._window.entries)), id="count", markup=False)]

    def content(self) -> ComposeResult:
        with Horizontal(id="tools"):
            yield TextInput(
                self._filter_text, placeholder=_("/ filter, such as alice failure since:2h")
            )
        yield EventTable(self._window.entries, self._nothing)

    @property
    def _nothing(self) -> str:
        return _(_EMPTY_LOG if self._query == EVERYTHING else _NO_MATCH)

    def vocabulary(self) -> Vocabulary[Record]:
        return event_words(self.context.zone)

    def _counted(self, shown: int) -> str:
        if self._before is not None:
            return _("newest {number}", number=grouped(shown))
        return ngettext("{number} event", "{number} events", shown)

    def filter(self, filter_text: str) -> None:
        self.context.events_filter = filter_text
        self._query = query(filter_text, self.context)
        self._read()

    def action_read_new(self) -> None:
        self.say_about_filter()
        table = self.query_one(EventTable)
        self._read(stay_at=table.rows[table.cursor].line.position if table.rows else None)

    def on_virtual_table_top_reached(self, message: EventTable.TopReached) -> None:
        message.stop()
        self.action_read_new()

    def on_virtual_table_window_moved(self, message: EventTable.WindowMoved) -> None:
        screenful = message.end - message.first
        if message.end + screenful >= len(self.query_one(EventTable).rows):
            # First draw what was found, because the thread that reads would slow it down.
            self.call_after_refresh(self._read_older)

    def _read_older(self) -> None:
        if self._before is not None:
            self._read(self._before)

    def on_virtual_table_opened(self, message: EventTable.Opened[Entry]) -> None:
        if self.may_act:
            self.app.push_screen(EventScreen(message.row, self.context.zone))

    # What is new

    @property
    def may_show_news(self) -> bool:
        is_reading = self._reading is not None and not self._reading.is_finished
        return super().may_show_news and not is_reading

    async def show_news(self) -> None:
        session, asked, end = self.session, self._query, self._end
        ports = await self.context.connected()
        news = await asyncio.to_thread(audit_reading.newer, ports, session, asked, end)
        if (self._query, self._end) == (asked, end) and self.may_show_news:
            self._end = news.end
            if news.entries:
                self._add(news.entries)

    def _add(self, entries: Sequence[Entry]) -> None:
        """Show these events above the others."""
        table = self.query_one(EventTable)
        self._added += len(entries)
        if self._added > _MOST_ADDED:
            self._read()
        else:
            table.renew_rows([*entries, *table.rows])
            self._count()

    # Reading

    def _read(self, before: Position | None = None, stay_at: Position | None = None) -> None:
        """Load events older than `before`; without it, replace the list with the newest events."""
        self._reading = self._load(before, stay_at)

    @work(exclusive=True, group="events")
    async def _load(self, before: Position | None, stay_at: Position | None) -> None:
        session = self.context.session
        if session is None:
            return
        self._before = None
        if before is None:
            self._at_most = audit_reading.AT_MOST
        waiting, search = self.set_timer(_SOON, self._say_loading), Search[Record]()
        newest = partial(audit_reading.newest, at_most=self._at_most, search=search)
        try:
            ports = await self.context.connected()
            window = await asyncio.to_thread(newest, ports, session, self._query, before)
        except AccountsError as error:
            if self.is_up:
                self._before = before
                self._count()
                self.refuse(error)
            return
        finally:
            waiting.stop()
            search.end()
        more = 1 if window.entries else 2
        self._at_most = min(more * self._at_most, audit_reading.MOST_AT_ONCE)
        # The page may be gone by now.
        for table in self.query(EventTable):
            self._list(table, window, older=before is not None, stay_at=stay_at)

    def _say_loading(self) -> None:
        self.show_count(_("loading …"))

    def _list(
        self, table: EventTable, window: Window, *, older: bool, stay_at: Position | None
    ) -> None:
        self._before = window.before
        table.nothing = self._nothing
        if older:
            table.add_rows(window.entries)
        else:
            self._end, self._added = window.end, 0
            positions = [entry.line.position for entry in window.entries]
            table.show_rows(window.entries, positions.index(stay_at) if stay_at in positions else 0)
        self._count()

    def _count(self) -> None:
        shown = len(self.query_one(EventTable).rows)
        self.show_count(self._counted(shown))


class EventScreen(Dialog[None]):
    """Everything that was recorded about an event."""

    HELP = N_("""\
Details say why something failed, or what was changed. Actor is who did it, and Subject is the \
account it was done to. Source is where the actor was: an \
address, the local console or the command line.

Number counts the events of this log, so a missing number means a missing event. Stored in shows \
the line and the file.""")
    MANUAL = "files-and-backup"
    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape", "dismiss", N_("Close"))]

    def __init__(self, entry: Entry, zone: tzinfo) -> None:
        super().__init__()
        self._entry = entry
        self._zone = zone

    def compose(self) -> ComposeResult:
        with VerticalScroll(id="dialog", can_focus=False):
            for label, text in _fields(self._entry, self._zone):
                yield row(label, value(text))
            with Horizontal(classes="buttons"):
                yield Button(_("Close"), variant="primary", compact=True)

    def pressed(self, button: str) -> None:
        del button  # there is one
        self.dismiss()


def _fields(entry: Entry, zone: tzinfo) -> list[tuple[str, str]]:
    record = entry.record
    if record is None:
        content = visible(entry.line.content.decode("utf-8", "replace"))
        return [(_("Damaged"), entry.damage), (_("Content"), content[:_SHOWN_OF_DAMAGE])]
    there = in_zone(record.at, zone)
    own_time = [(_("Time"), f"{there:%Y-%m-%d %H:%M:%S} {offset(there)}")]
    return [
        (_("Event"), record.event),
        (_("Outcome"), marked(record.outcome)),
        (_("Details"), record.reason or "-"),
        *(own_time if zone is not UTC else ()),
        (_("Time (UTC)"), f"{record.at:%Y-%m-%d %H:%M:%S}"),
        (_("Actor"), record.actor),
        (_("Subject"), record.subject or "-"),
        (_("Source"), record.source),
        (_("Number"), str(record.n)),
        (_("Stored in"), str(entry.line)),
    ]
