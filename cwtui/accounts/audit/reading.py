"""Read, filter and verify the audit log."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Final, NamedTuple

from cwtui.accounts.audit import chain as audit_chain
from cwtui.accounts.audit.chain import Link, Verdict
from cwtui.accounts.audit.event_words import EventQuery, accepts, earliest
from cwtui.accounts.audit.events import EventType
from cwtui.accounts.audit.late import is_late
from cwtui.accounts.audit.lines import START, Line, Position, Record, decode
from cwtui.accounts.ports import AuditLog, Ports
from cwtui.accounts.roles import Permission
from cwtui.accounts.search import Search
from cwtui.accounts.session import Actor, authorise
from cwtui.accounts.text import visible
from cwtui.language import _

WINDOW: Final = 200
"""Entries read at once: more than a screen shows."""
AT_MOST: Final = 500_000
"""Bytes searched at once: about 2,000 events, which takes less than a frame."""
MOST_AT_ONCE: Final = 16 * AT_MOST
"""Bytes searched at once if nothing was found before, as each time costs a little."""
SET_BACK: Final = timedelta(days=1).total_seconds()
"""How far the clock may have been set back: lines are in the order in which they were written."""


class Entry(NamedTuple):
    """A line, and the event on it; None if it is not a valid event."""

    line: Line
    record: Record | None

    @property
    def damage(self) -> str:
        """The sentence to show instead of an event."""
        place = str(self.line)
        return _("{line} is not a valid event.", line=place[:1].upper() + place[1:])


class Window(NamedTuple):
    """Entries, newest first. Older ones are before `before`, which is None if there are none.

    If these are the newest, `end` is where the next ones will be.
    """

    entries: tuple[Entry, ...]
    before: Position | None
    end: Position = START


def oldest_first(ports: Ports, actor: Actor, start: Position = START) -> Iterator[Entry]:
    """Return all entries from `start` to the end, oldest first.

    Raises NotPermitted, SessionEnded and CannotCheck.
    """
    authorise(ports, actor, Permission.READ_AUDIT_LOG)
    return (Entry(line, decode(line.content)) for line in ports.audit.lines(start))


def newest(
    ports: Ports,
    actor: Actor,
    query: EventQuery,
    before: Position | None = None,
    count: int = WINDOW,
    at_most: int | None = None,
    search: Search[Record] | None = None,
) -> Window:
    """Return the newest `count` matching entries before `before` (None: before the end).

    Searches `at_most` bytes (None: `AT_MOST`), so it may return fewer, and says where to continue.
    Raises NotPermitted, SessionEnded and CannotCheck, and SearchEnded if `search` was ended.
    """
    authorise(ports, actor, Permission.READ_AUDIT_LOG)
    found: list[Entry] = []
    stop_at, most = earliest(query) - SET_BACK, AT_MOST if at_most is None else at_most
    looked_through = 0
    end: Position | None = None
    for line in ports.audit.lines_before(before):
        end = end or line.after
        if search is not None:
            search.check()
        record = decode(line.content)
        if record is not None and record.at.timestamp() < stop_at and not is_late(record):
            return Window(tuple(found), None, end or START)
        if accepts(query, record):
            found.append(Entry(line, record))
        looked_through += len(line.content)
        if len(found) == count or looked_through > most:
            return Window(tuple(found), line.position, end)
    return Window(tuple(found), None, end or START)


def newer(ports: Ports, actor: Actor, query: EventQuery, start: Position) -> Window:
    """Return the entries from `start` on that match, of the first few thousand events.

    Quick if there are none. Raises NotPermitted, SessionEnded and CannotCheck.
    """
    authorise(ports, actor, Permission.READ_AUDIT_LOG)
    found: list[Entry] = []
    looked_through, end = 0, start
    for line in ports.audit.lines(start):
        end = line.after
        record = decode(line.content)
        if accepts(query, record):
            found.append(Entry(line, record))
        looked_through += len(line.content)
        if looked_through > AT_MOST:
            break
    return Window(tuple(reversed(found)), None, end)


def verify(ports: Ports, actor: Actor, noted: Link | None = None) -> Verdict:
    """Check the chain; `noted` is a link that was noted earlier.

    Raises NotPermitted, SessionEnded and CannotCheck.
    """
    authorise(ports, actor, Permission.READ_AUDIT_LOG)
    return verified(ports.audit, noted, has_accounts=not ports.accounts.is_empty())


def verified(audit: AuditLog, noted: Link | None = None, *, has_accounts: bool) -> Verdict:
    """Check the chain of this log. Raises CannotCheck."""
    while True:
        ends = audit.ends()
        verdict = audit_chain.verify(audit.lines(START), ends, noted)
        after = audit.ends()
        # Repeat if files were rotated out meanwhile, as their events are not missing.
        if (ends and ends.first) == (after and after.first):
            break
    if verdict.last is None and not verdict.findings and has_accounts:
        verdict.findings.append(_("The log is empty, but there are accounts."))
    if verdict.first == 1:
        verdict.findings += _what_is_before(audit)
    return verdict


def _what_is_before(audit: AuditLog) -> Iterator[str]:
    """Yield a finding if the log was removed and started again.

    The chain of such a log is intact, but its first event is not the creation of an account.
    """
    records = (decode(line.content) for line in audit.lines(START))
    first = next((record for record in records if record is not None), None)
    if first is not None and first.n == 1 and first.event != EventType.USER_CREATE:
        yield _(
            "The log begins with {event} instead of the first account. Earlier events were "
            "removed.",
            event=visible(first.event),
        )
