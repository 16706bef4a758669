"""What a file declares: accounts as an import reads them and, between them in JSON, roles."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import chain

from cwtui.accounts.errors import WrongFile
from cwtui.accounts.importing import formats
from cwtui.accounts.importing.entries import Entry
from cwtui.accounts.importing.lines import Line
from cwtui.accounts.importing.other_lines import GivenRole, OtherLines
from cwtui.accounts.importing.places import Problem
from cwtui.accounts.roles import Permission
from cwtui.language import _


@dataclass(frozen=True)
class Declared:
    """What the lines of a file say, and what is wrong with some."""

    entries: tuple[Entry, ...]
    roles: Mapping[str, tuple[Permission, ...]]
    problems: tuple[Problem, ...]


def read(found: Iterable[Line | Problem]) -> Declared:
    """Return what these lines declare. Raises WrongFile for a wrong header, and without a line."""
    rest = iter(found)
    first = next(rest, None)
    if first is None:
        # Most likely, what should have written it failed.
        raise WrongFile(_("The file is empty, so it declares nothing. Nothing was changed."))
    other_lines = OtherLines()
    entries: dict[str, Entry] = {}
    problems: list[Problem] = []
    for one in formats.entries(other_lines.accounts(chain([first], rest))):
        if isinstance(one, Problem):
            problems.append(one)
        elif one.username in entries:
            problems.append(Problem(one.place, _("This username appears twice."), one.username))
        else:
            entries[one.username] = one
    declared: dict[str, tuple[Permission, ...]] = {}
    for other in other_lines.taken():
        if isinstance(other, Problem):
            problems.append(other)
        elif isinstance(other, GivenRole):
            declared[other.name] = other.permissions
        else:
            reason = _("Peppers are imported with cwtui user import.")
            problems.append(Problem(other.place, reason))
    in_order = sorted(problems, key=lambda one: one.place)
    return Declared(tuple(entries.values()), declared, tuple(in_order))
