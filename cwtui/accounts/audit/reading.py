"""Read, filter and verify the audit log."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta, tzinfo
from typing import Final, NamedTuple

from cwtui.accounts.audit import chain as audit_chain
from cwtui.accounts.audit.chain import Link, Verdict
from cwtui.accounts.audit.events import EventType, Outcome
from cwtui.accounts.audit.lines import START, Line, Position, Record, decode
from cwtui.accounts.errors import InvalidInput
from cwtui.accounts.ports import AuditLog, Ports
from cwtui.accounts.roles import Permission
from cwtui.accounts.session import Actor, authorise
from cwtui.accounts.text import normal, visible
from cwtui.accounts.times import in_zone, place

WINDOW: Final = 200
"""Entries read at once: more than a screen shows."""
AT_MOST: Final = 500_000
"""Bytes searched at once: about 2,000 events, which takes one or two frames."""
SET_BACK: Final = timedelta(days=1)
"""How far the clock may have been set back: lines are in the order in which they were written."""

_AGE: Final = re.compile(r"(\d{1,6})([smhdw])", re.ASCII)
_SECONDS: Final = {"s": 1, "m": 60, "h": 3600, "d": 86400, "w": 7 * 86400}
_WORD: Final = re.compile(r'user:"[^"]*"?|\S+')
"""Usernames from a directory may contain spaces: user:"john doe"."""
_KEYS: Final = ("user", "event", "outcome", "since")


class Entry(NamedTuple):
    """A line, and the event on it; None if it is not a valid event."""

    line: Line
    record: Record | None

    @property
    def damage(self) -> str:
        """The sentence to show instead of an event."""
        return f"L{str(self.line)[1:]} is not a valid event."


class Window(NamedTuple):
    """Entries, newest first. Older ones are before `before`, which is None if there are none."""

    entries: tuple[Entry, ...]
    before: Position | None


@dataclass(frozen=True)
class Filter:
    """Which events to read. Empty fields match everything.

    `user` matches actor or subject, and `event` a name or its area, such as sign_in. Each of
    `words` must occur in the event as shown, ignoring case.
    """

    user: str = ""
    event: str = ""
    outcome: str = ""
    since: datetime | None = None
    words: tuple[str, ...] = ()
    zone: tzinfo = field(default=UTC, compare=False)
    """The zone in which times are shown."""

    def accepts(self, record: Record | None) -> bool:
        """Whether the record matches. Invalid lines (None) match only the empty filter."""
        if record is None:
            return self == _EVERYTHING
        return (
            self.outcome in {"", record.outcome}
            and (not self.event or f"{record.event}.".startswith(f"{self.event}."))
            and (self.since is None or self.since <= record.at)
            and (not self.user or self.user in {record.actor.casefold(), record.subject.casefold()})
            and (not self.words or _holds(record, self.words, self.zone))
        )


_EVERYTHING: Final = Filter()


def known_events() -> tuple[str, ...]:
    """Return all areas and names of events."""
    names = [event.value for event in EventType]
    areas = dict.fromkeys(name.partition(".")[0] for name in names)
    return (*areas, *names)


def filtered(
    user: str = "", event: str = "", outcome: str = "", since: str = "", *, now: float
) -> Filter:
    """Return the filter for these values as typed. Raises InvalidInput."""
    event, outcome = event.strip().lower(), outcome.strip().lower()
    if event and event not in known_events():
        raise InvalidInput(
            "event",
            f"{_no_event(event)} Choose an area or a name: {', '.join(known_events())}.",
        )
    if outcome and outcome not in set(Outcome):
        raise _no_outcome()
    at = moment(since, now) if since else None
    return Filter(normal(user.strip()).casefold(), event, outcome, at)


def typed(text: str, now: float, zone: tzinfo = UTC) -> Filter:
    """Return the filter for a line such as `alice failure since:2h`: words and key:value pairs.

    A username with spaces is quoted: user:"john doe". The line may still be incomplete, so the
    beginning of a valid value is accepted. Times are shown and typed in `zone`. Raises
    InvalidInput for anything else.
    """
    words: list[str] = []
    given = dict.fromkeys(_KEYS, "")
    for word in _WORD.findall(normal(text).casefold()):
        key, colon, value = word.partition(":")
        if colon and key in _KEYS:
            given[key] = value.strip('"')
        else:
            words.append(word)
    if not any(name.startswith(given["event"]) for name in known_events()):
        areas = [name for name in known_events() if "." not in name]
        raise InvalidInput("event", f"{_no_event(given['event'])} Areas are: {', '.join(areas)}.")
    if not any(name.startswith(given["outcome"]) for name in Outcome):
        raise _no_outcome()
    since = given.pop("since")
    at = moment(since, now, zone) if since else None
    return Filter(**given, since=at, words=tuple(words), zone=zone)


def _no_event(typed: str) -> str:
    return f"There is no event named {visible(typed[:64])!r}."


def _no_outcome() -> InvalidInput:
    return InvalidInput("outcome", f"The outcome must be one of: {', '.join(Outcome)}.")


def moment(text: str, now: float, zone: tzinfo = UTC) -> datetime:
    """Return the time for an age such as 30m, 2h, 7d or 4w, or for an ISO 8601 date or time.

    Times without an offset are in `zone`. Raises InvalidInput.
    """
    age = _AGE.fullmatch(text.strip().lower())
    try:
        if age is not None:
            past = timedelta(seconds=int(age[1]) * _SECONDS[age[2]])
            return datetime.fromtimestamp(now, UTC) - past
        at = datetime.fromisoformat(text.strip().upper())
        return (at.replace(tzinfo=zone) if at.tzinfo is None else at).astimezone(UTC)
    except (ValueError, OverflowError):
        raise InvalidInput(
            "since",
            f"{visible(text[:64])!r} is not a time. Enter an age such as 30m, 2h or 7d, or a "
            f"{place(zone)} time such as 2026-11-24 or 2026-11-24T08:00.",
        ) from None


def _holds(record: Record, words: tuple[str, ...], zone: tzinfo) -> bool:
    shown = (
        f"{record.event} {record.outcome} {record.actor} {record.subject} {record.source} "
        f"{record.reason}"
    )
    text = normal(shown).casefold()
    for word in words:
        # Formatting the time takes as long as everything else, so do it only if needed.
        if word not in text and not (word[0].isdigit() and word in str(in_zone(record.at, zone))):
            return False
    return True


def oldest_first(ports: Ports, actor: Actor, start: Position = START) -> Iterator[Entry]:
    """Return all entries from `start` to the end, oldest first.

    Raises NotPermitted, SessionEnded and CannotCheck.
    """
    authorise(ports, actor, Permission.READ_AUDIT_LOG)
    return (Entry(line, decode(line.content)) for line in ports.audit.lines(start))


def newest(
    ports: Ports,
    actor: Actor,
    criteria: Filter,
    before: Position | None = None,
    count: int = WINDOW,
) -> Window:
    """Return the newest `count` matching entries before `before` (None: before the end).

    Searches `AT_MOST` bytes, so it may return fewer, and says where to continue. Raises
    NotPermitted, SessionEnded and CannotCheck.
    """
    authorise(ports, actor, Permission.READ_AUDIT_LOG)
    found: list[Entry] = []
    looked_through = 0
    for line in ports.audit.lines_before(before):
        record = decode(line.content)
        if (
            record is not None
            and criteria.since is not None
            and criteria.since - record.at > SET_BACK
        ):
            return Window(tuple(found), None)
        if criteria.accepts(record):
            found.append(Entry(line, record))
        looked_through += len(line.content)
        if len(found) == count or looked_through > AT_MOST:
            return Window(tuple(found), line.position)
    return Window(tuple(found), None)


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
        verdict.findings.append("The log is empty, but there are accounts.")
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
        yield (
            f"The log begins with {visible(first.event)} instead of the first account. Earlier "
            "events were removed."
        )
