"""What a reader of a file gets: the open file, and what the person said of it."""

from dataclasses import dataclass

from cwtui.accounts.importing.lines import Source
from cwtui.accounts.importing.places import Place


@dataclass(frozen=True)
class Given:
    """An open file. `path` is its absolute path; empty for standard input.

    `file` names it in messages, and is empty if it is the only one. `username` is whose devices
    are in it, and `issuer` the service whose devices are to be read; empty if they were not given.
    """

    source: Source
    path: str = ""
    file: str = ""
    username: str = ""
    issuer: str = ""

    def entry(self, number: int) -> Place:
        """Return the place of an entry of this file."""
        return Place(number, "entry", self.file)
