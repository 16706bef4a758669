"""Where in a file something stands, and what there is to say of it."""

from typing import NamedTuple

from cwtui.accounts.text import visible
from cwtui.language import _


class Place(NamedTuple):
    """A line or an entry of a file; numbers begin with 1, and 0 is the whole file.

    `file` is empty if only one file is read.
    """

    number: int
    unit: str = "line"
    file: str = ""

    def __str__(self) -> str:
        within = ""
        if self.number and self.unit == "line":
            within = _("line {number}", number=self.number)
        elif self.number:
            within = _("entry {number}", number=self.number)
        return ", ".join(part for part in (visible(self.file), within) if part)

    @property
    def line(self) -> int | None:
        """The number of the line; None for an entry, and for the whole file."""
        return self.number if self.number and self.unit == "line" else None

    @property
    def at_the_start(self) -> str:
        """The place as the beginning of a sentence."""
        whole = str(self)
        return whole if self.file else whole.capitalize()


class Problem(NamedTuple):
    """Why a line or an entry is not imported: a sentence without secrets.

    `exists`: it is right, but there is an account of this name, and it is not as in the file.
    """

    place: Place
    reason: str
    username: str = ""
    exists: bool = False


class Note(NamedTuple):
    """What of a line or an entry is left out, or becomes different here: a sentence."""

    place: Place
    sentence: str
    username: str = ""
