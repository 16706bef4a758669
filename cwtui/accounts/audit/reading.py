"""Reading the audit log: which events are asked for, and by whom they may be read."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
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

WINDOW: Final = 200
"""Entries that are read at once: more than a screen shows."""
AT_MOST: Final = 500_000
"""Bytes that are looked through at once: some 2,000 events, one or two frames."""
SET_BACK: Final = timedelta(days=1)
"""How far a host's clock may have been set back: lines stand in the order they were written in."""

_AGE: Final = re.compile(r"(\d{1,6})([smhdw])", re.ASCII)
_SECONDS: Final = {"s": 1, "m": 60, "h": 3600, "d": 86400, "w": 7 * 86400}
_WORD: Final = re.compile(r'user:"[^"]*"?|\S+')
"""The names of directories may have spaces: user:"john doe"."""
_KEYS: Final = ("user", "event", "outcome", "since")


class Entry(NamedTuple):
    """A line, and the event on it; None: it holds none."""

    line: Line
    record: Record | None

    @property
    def damage(self) -> str:
        """The sentence in place of an event."""
        return f"L{str(self.line)[1:]} is not an event."


class Window(NamedTuple):
    """Entries, newest first; `before` is where older ones are looked for, None at the first."""

    entries: tuple[Entry, ...]
    before: Position | None


@dataclass(frozen=True)
class Filter:
    """Which events to read; what is empty asks nothing.

    `user` is actor or subject, `event` a name or its area, such as sign_in. Each of `words` stands
    somewhere in what is shown of the event, in any case.
    """

    user: str = ""
    event: str = ""
    outcome: str = ""
    since: datetime | None = None
    words: tuple[str, ...] = ()

    def accepts(self, record: Record | None) -> bool:
        """Whether it is asked for. What is no event is shown to who asks for everything."""
        if record is None:
            return self == _EVERYTHING
        return (
            self.outcome in {"", record.outcome}
            and (not self.event or f"{record.event}.".startswith(f"{self.event}."))
            and (self.since is None or self.since <= record.at)
            and (not self.user or self.user in {record.actor.casefold(), record.subject.casefold()})
            and (not self.words or _holds(record, self.words))
        )


_EVERYTHING: Final = Filter()


def known_events() -> tuple[str, ...]:
    """The names of events and their areas."""
    names = [event.value for event in EventType]
    areas = dict.fromkeys(name.partition(".")[0] for name in names)
    return (*areas, *names)


def filtered(
    user: str = "", event: str = "", outcome: str = "", since: str = "", *, now: float
) -> Filter:
    """The filter for what was typed. Raises InvalidInput."""
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


def typed(text: str, now: float) -> Filter:
    """The filter for one line, such as `alice failure since:2h`: words, and key:value for the rest.
    A name with spaces stands in quotation marks: user:"john doe".

    Half a line must do, as somebody types it: the beginning of a value is none yet. Raises
    InvalidInput for what is not the beginning of one.
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
    at = moment(since, now) if since else None
    return Filter(**given, since=at, words=tuple(words))


def _no_event(typed: str) -> str:
    return f"There is no event {visible(typed[:64])!r}."


def _no_outcome() -> InvalidInput:
    return InvalidInput("outcome", f"The outcome is one of: {', '.join(Outcome)}.")


def moment(text: str, now: float) -> datetime:
    """An ISO 8601 date or time (UTC where it names no zone), or an age such as 30m, 2h, 7d, 4w.

    Raises InvalidInput.
    """
    age = _AGE.fullmatch(text.strip().lower())
    try:
        if age is not None:
            past = timedelta(seconds=int(age[1]) * _SECONDS[age[2]])
            return datetime.fromtimestamp(now, UTC) - past
        at = datetime.fromisoformat(text.strip().upper())
        return at.replace(tzinfo=UTC) if at.tzinfo is None else at.astimezone(UTC)
    except (ValueError, OverflowError):
        raise InvalidInput(
            "since",
            f"{visible(text[:64])!r} is no time: give an age such as 30m, 2h or 7d, or a time such "
            "as 2026-11-24 or 2026-11-24T08:00, in UTC.",
        ) from None


def _holds(record: Record, words: tuple[str, ...]) -> bool:
    shown = (
        f"{record.event} {record.outcome} {record.actor} {record.subject} {record.source} "
        f"{record.reason}"
    )
    text = normal(shown).casefold()
    for word in words:
        # Writing the time out takes as long as all else.
        if word not in text and not (word[0].isdigit() and word in str(record.at)):
            return False
    return True


def oldest_first(ports: Ports, actor: Actor, start: Position = START) -> Iterator[Entry]:
    """All lines from there to the end. Raises NotPermitted, SessionEnded and CannotCheck."""
    authorise(ports, actor, Permission.READ_AUDIT_LOG)
    return (Entry(line, decode(line.content)) for line in ports.audit.lines(start))


def newest(
    ports: Ports,
    actor: Actor,
    criteria: Filter,
    before: Position | None = None,
    count: int = WINDOW,
) -> Window:
    """The newest so many that match before that position, or before the end.

    May be fewer: it looks through `AT_MOST` bytes and says where to go on. Raises NotPermitted,
    SessionEnded and CannotCheck.
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
    """What the chain says; `noted` is a link that was written down before.

    Raises NotPermitted, SessionEnded and CannotCheck.
    """
    authorise(ports, actor, Permission.READ_AUDIT_LOG)
    return verified(ports.audit, noted, has_accounts=not ports.accounts.is_empty())


def verified(audit: AuditLog, noted: Link | None = None, *, has_accounts: bool) -> Verdict:
    """The same of a log alone. Raises CannotCheck."""
    while True:
        ends = audit.ends()
        verdict = audit_chain.verify(audit.lines(START), ends, noted)
        after = audit.ends()
        # What was rotated out while it was read is not missing.
        if (ends and ends.first) == (after and after.first):
            break
    if verdict.last is None and not verdict.findings and has_accounts:
        verdict.findings.append("There is no event, though there are accounts.")
    if verdict.first == 1:
        verdict.findings += _what_is_before(audit)
    return verdict


def _what_is_before(audit: AuditLog) -> Iterator[str]:
    """A log that was removed begins anew, whole, but with another event than each log begins."""
    records = (decode(line.content) for line in audit.lines(START))
    first = next((record for record in records if record is not None), None)
    if first is not None and first.n == 1 and first.event != EventType.USER_CREATE:
        yield (
            f"The log begins with {visible(first.event)}, and not with the first account: all "
            "that was before is gone."
        )
