"""The hash chain of the audit log, which reveals removed and changed lines.

Each line contains the SHA-256 of the line before. The two ends of the chain are stored apart from
the log, so that lines missing at the beginning or end are found too. Partial lines left by a power
failure are hashed together with the event before them, joined by line ends.

Anyone who can write the files can recreate the whole chain. A copy elsewhere protects against
that: of all lines (syslog), or of the number and hash of the last one.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Annotated, Final

from msgspec import Meta, Struct

from cwtui.accounts.audit.lines import LONGEST, Line, Record, decode, is_cut_short
from cwtui.language import _, ngettext

NOTHING: Final = "0" * 64
"""The hash for the first line, which has no line before it."""

_LEFT_OVER: Final = 16 * LONGEST
"""Stop searching for the last event after this many bytes without one."""


class Link(Struct, frozen=True):
    """A line's number, and the SHA-256 of its bytes in hexadecimal."""

    n: Annotated[int, Meta(ge=1, le=1 << 52)]
    hash: str

    def __str__(self) -> str:
        return f"{self.n}:{self.hash}"


class Ends(Struct, frozen=True, forbid_unknown_fields=True):
    """The first stored event, with the hash it contains, and the last event that was written.

    After a power failure the log may be longer than this, but never shorter.
    """

    first: Link
    last: Link


@dataclass(frozen=True)
class Tail:
    """The end of a log: the number and hash of its last event, and the hash for the next line."""

    n: int | None
    hash: str
    next_previous: str


@dataclass
class Verdict:
    """The result of checking the chain. `first` and `last` are None in a log without events."""

    first: int | None = None
    last: Link | None = None
    findings: list[str] = field(default_factory=list)
    """Sentences about what was removed or changed."""
    notes: list[str] = field(default_factory=list)
    """Sentences about partial lines that a power failure left; these are no sign of tampering."""


def tail(newest_first: Iterable[bytes]) -> Tail:
    """Return the end of the log with these lines."""
    left_over: list[bytes] = []
    length = 0
    for content in newest_first:
        record = decode(content)
        if record is not None:
            return Tail(record.n, _hash(content), _hash(content, *reversed(left_over)))
        left_over.append(content)
        length += len(content)
        if length > _LEFT_OVER:
            break
    return Tail(None, NOTHING, _hash(*reversed(left_over)) if left_over else NOTHING)


def following(end: Tail, ends: Ends | None) -> Link:
    """Return the number of the next line, and the hash that it must contain.

    If the last written line is missing, the chain continues from it anyway, so that the gap stays
    visible.
    """
    if ends is None or (end.n or 0) > ends.last.n or Link(end.n or 0, end.hash) == ends.last:
        return Link((end.n or 0) + 1, end.next_previous)
    return Link(ends.last.n + 1, ends.last.hash)


def link_of(line: bytes, n: int) -> Link:
    """Return the link for this line, to store as the end of the chain."""
    return Link(n, _hash(line))


def verify(oldest_first: Iterable[Line], ends: Ends | None, noted: Link | None = None) -> Verdict:
    """Check all lines against the chain.

    `ends` must be read before the lines. `noted` is a link that the log must contain.
    """
    walk = _Walk(ends, noted)
    for line in oldest_first:
        walk.step(line)
    return walk.end()


class _Walk:
    def __init__(self, ends: Ends | None, noted: Link | None) -> None:
        self._ends, self._noted = ends, noted
        self._verdict = Verdict()
        self._running = sha256()
        self._is_empty = True

    def step(self, line: Line) -> None:
        record = decode(line.content)
        if record is None:
            self._not_an_event(line)
            return
        if self._verdict.last is None:
            self._first(line, record)
        else:
            self._next(line, record, self._verdict.last.n)
        self._verdict.last = link_of(line.content, record.n)
        self._compare(self._verdict.last, line)
        self._running, self._is_empty = sha256(line.content), False

    def end(self) -> Verdict:
        verdict, ends, noted = self._verdict, self._ends, self._noted
        last = verdict.last.n if verdict.last is not None else 0
        if ends is None and verdict.last is not None:
            self._find(
                _(
                    "The file audit.head is missing or damaged, so missing events at the end "
                    "cannot be detected."
                )
            )
        if ends is not None and ends.last.n > last:
            self._find(_missing_at_the_end(last + 1, ends.last.n))
        elif noted is not None and noted.n > last:
            self._find(_missing_at_the_end(last + 1, noted.n))
        return verdict

    def _not_an_event(self, line: Line) -> None:
        if is_cut_short(line.content):
            self._verdict.notes.append(_sentence(_("{line} is not a complete event.", line=line)))
        else:
            self._find(_("{line} is not an event, so cwtui did not write it.", line=line))
        self._add(line.content)

    def _first(self, line: Line, record: Record) -> None:
        n = self._verdict.first = record.n
        kept = self._ends.first if self._ends is not None else Link(n, record.previous)
        if n > kept.n:
            self._find(_missing_at_the_beginning(kept.n, n - 1))
        elif n == kept.n and record.previous != kept.hash:
            self._find(
                _(
                    "{line} does not continue the chain from before event {number}.",
                    line=line,
                    number=n,
                )
            )
        if n == 1 and not self._is_empty and record.previous != self._running.hexdigest():
            self._find(
                _(
                    "The lines before event {number}, {line}, were changed or inserted.",
                    number=n,
                    line=line,
                )
            )

    def _next(self, line: Line, record: Record, last: int) -> None:
        n = record.n
        if n > last + 1:
            self._find(_missing_before(last + 1, n - 1, line))
        elif n <= last:
            self._find(
                _(
                    "{line} is event {number}, out of order after event {last}.",
                    line=line,
                    number=n,
                    last=last,
                )
            )
        elif record.previous != self._running.hexdigest():
            self._find(
                _(
                    "Event {last}, or something between it and {line}, was changed.",
                    last=last,
                    line=line,
                )
            )

    def _compare(self, link: Link, line: Line) -> None:
        if self._ends is not None and link.n == self._ends.last.n and link != self._ends.last:
            self._find(
                _(
                    "Event {number}, {line}, was changed after it was written.",
                    number=link.n,
                    line=line,
                )
            )
        if self._noted is not None and link.n == self._noted.n and link != self._noted:
            self._find(
                _(
                    "Event {number}, {line}, was changed after its hash was noted.",
                    number=link.n,
                    line=line,
                )
            )

    def _add(self, content: bytes) -> None:
        if not self._is_empty:
            self._running.update(b"\n")
        self._running.update(content)
        self._is_empty = False

    def _find(self, sentence: str) -> None:
        self._verdict.findings.append(_sentence(sentence))


def _sentence(words: str) -> str:
    return words[0].upper() + words[1:]


def _missing_at_the_end(first: int, last: int) -> str:
    return ngettext(
        "Event {first} is missing at the end.",
        "Events {first} to {last} are missing at the end.",
        last - first + 1,
        first=first,
        last=last,
    )


def _missing_at_the_beginning(first: int, last: int) -> str:
    return ngettext(
        "Event {first} is missing at the beginning.",
        "Events {first} to {last} are missing at the beginning.",
        last - first + 1,
        first=first,
        last=last,
    )


def _missing_before(first: int, last: int, line: Line) -> str:
    return ngettext(
        "Event {first} is missing before {line}.",
        "Events {first} to {last} are missing before {line}.",
        last - first + 1,
        first=first,
        last=last,
        line=line,
    )


def _hash(*contents: bytes) -> str:
    return sha256(b"\n".join(contents)).hexdigest()
