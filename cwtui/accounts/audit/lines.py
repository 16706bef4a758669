"""Lines of the audit log: write an event as a line, and read it back.

A line is one JSON object: the event, its number `n` in the chain (1, 2, ...) and `previous`, the
SHA-256 of the line before (see chain.py).
"""

from datetime import UTC, datetime
from typing import Annotated, Final, NamedTuple

import msgspec
from msgspec import Meta, Struct

from cwtui.accounts.audit.events import Event
from cwtui.accounts.text import shortened
from cwtui.language import _

LONGEST: Final = 1 << 16
"""The maximum length of a line in bytes; an event has a few hundred."""
_LINK: Final = 128
"""Bytes that the number, the hash and the line end have at most; a database adds them later."""
_CUT: Final = 2000
"""Characters that a text keeps on a line that would be too long: with 6 bytes each, four fit."""

_Number = Annotated[int, Meta(ge=1, le=1 << 53)]


class Position(NamedTuple):
    """The position of a line: file number, byte offset, and number of lines before it.

    Rotation does not change it: the current file already has the number that it will get.
    """

    file: int = 0
    offset: int = 0
    line: int = 0


START: Final = Position()


class Line(NamedTuple):
    """A line as stored in a file, without the line end; only part of it if it is too long.

    `length` is the number of bytes in the file, with the line end.
    """

    position: Position
    file: str
    content: bytes
    length: int

    @property
    def after(self) -> Position:
        """The position of the next line."""
        return Position(
            self.position.file, self.position.offset + self.length, self.position.line + 1
        )

    def __str__(self) -> str:
        return _("line {number} of {file}", number=self.position.line + 1, file=self.file)


class Record(Struct, frozen=True, kw_only=True, gc=False):
    """An event as it was recorded; `at` is in UTC.

    Newer versions of cwtui may have written other events, outcomes and fields.
    """

    n: _Number
    previous: Annotated[str, Meta(min_length=1)]
    at: datetime
    event: str
    actor: str
    subject: str
    source: str
    outcome: str
    reason: str = ""


class _Written(Struct, omit_defaults=True):
    """The fields of a line in their order."""

    n: int
    previous: str
    at: str
    event: str
    actor: str
    subject: str
    source: str
    outcome: str
    reason: str = ""


_decoder: Final = msgspec.json.Decoder(Record)
_encode: Final = msgspec.json.Encoder().encode


def encode(event: Event, n: int, previous: str) -> bytes:
    """Return the line for the event, without a line end.

    In an event that is too long to be read back, the middle of long texts is left out.
    """
    at = datetime.fromtimestamp(event.at, UTC).isoformat(timespec="milliseconds")
    # JSON escapes line ends and control characters, so user input cannot forge a line.
    written = _Written(
        n=n,
        previous=previous,
        at=at,
        event=event.event,
        actor=event.actor,
        subject=event.subject,
        source=event.source,
        outcome=event.outcome,
        reason=event.reason,
    )
    line = _encode(written)
    if len(line) <= LONGEST - _LINK:
        return line
    for name in ("actor", "subject", "source", "reason"):
        setattr(written, name, shortened(getattr(written, name), _CUT))
    return _encode(written)


def decode(content: bytes) -> Record | None:
    """Return the event on the line, or None if it is not a valid event."""
    try:
        record = _decoder.decode(content)
    except (ValueError, RecursionError):
        return None  # not JSON, not UTF-8, or too deep
    return record if record.at.tzinfo is UTC else None


def is_cut_short(content: bytes) -> bool:
    """Whether an invalid line may be a partial event left by a failure: not a complete object."""
    try:
        msgspec.json.decode(content, type=dict[str, msgspec.Raw])
    except (ValueError, RecursionError):
        return True
    return False
