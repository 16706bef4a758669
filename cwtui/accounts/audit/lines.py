"""A line of the audit log: how an event is written, and what is read of it.

One JSON object: the event, its number `n` in the chain (1, 2, ...) and `previous`, the hash that
chain.py describes.
"""

from datetime import UTC, datetime
from typing import Annotated, Final, NamedTuple

import msgspec
from msgspec import Meta, Struct

from cwtui.accounts.audit.events import Event

LONGEST: Final = 1 << 16
"""Bytes of the longest line that is read as one; an event has some hundred."""

_Number = Annotated[int, Meta(ge=1, le=1 << 53)]


class Position(NamedTuple):
    """Where a line stands: the file's number, the byte there, and how many lines are before it.

    It stays what it is when files are rotated: the present file has the number that it will get.
    """

    file: int = 0
    offset: int = 0
    line: int = 0


START: Final = Position()


class Line(NamedTuple):
    """A line as it is in a file, without its end; of one that is too long, a part.

    `length` is that in the file, with its end.
    """

    position: Position
    file: str
    content: bytes
    length: int

    @property
    def after(self) -> Position:
        """Where the next line begins."""
        return Position(
            self.position.file, self.position.offset + self.length, self.position.line + 1
        )

    def __str__(self) -> str:
        return f"line {self.position.line + 1} of {self.file}"


class Record(Struct, frozen=True, kw_only=True, gc=False):
    """An event as it was recorded, `at` in UTC.

    Event and outcome may be of a later version, which may also have more fields.
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


_decoder: Final = msgspec.json.Decoder(Record)


def encode(event: Event, n: int, previous: str) -> bytes:
    """The line of the event."""
    at = datetime.fromtimestamp(event.at, UTC).isoformat(timespec="milliseconds")
    # JSON escapes line ends and control characters: what others typed cannot forge a line.
    return msgspec.json.encode(
        {"n": n, "previous": previous, **msgspec.to_builtins(event), "at": at}
    )


def decode(content: bytes) -> Record | None:
    """The event on the line; None: it holds none."""
    try:
        record = _decoder.decode(content)
    except (ValueError, RecursionError):
        return None  # not JSON, not UTF-8, or too deep
    return record if record.at.tzinfo is UTC else None


def is_cut_short(content: bytes) -> bool:
    """Whether a line that holds no event may be what a failure left of one: no whole object."""
    try:
        msgspec.json.decode(content, type=dict[str, msgspec.Raw])
    except (ValueError, RecursionError):
        return True
    return False
