"""What a file declares: accounts as an import reads them and, between them in JSON, roles."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

import msgspec

from cwtui.accounts import roles
from cwtui.accounts.errors import InvalidInput
from cwtui.accounts.importing import formats
from cwtui.accounts.importing.entries import Entry
from cwtui.accounts.importing.lines import Line
from cwtui.accounts.importing.places import Problem
from cwtui.accounts.roles import Permission
from cwtui.language import _

_ROLE_FIELDS = frozenset({"name", "permissions", "built_in", "accounts"})
"""Those of `cwtui role list --json`."""


@dataclass(frozen=True)
class Declared:
    """What the lines of a file say, and what is wrong with some."""

    entries: tuple[Entry, ...]
    roles: Mapping[str, tuple[Permission, ...]]
    problems: tuple[Problem, ...]


def read(found: Iterable[Line | Problem]) -> Declared:
    """Return what these lines declare. Raises WrongFile for a wrong header."""
    role_lines = _RoleLines()
    entries: dict[str, Entry] = {}
    problems: list[Problem] = []
    for one in formats.entries(role_lines.others(found)):
        if isinstance(one, Problem):
            problems.append(one)
        elif one.username in entries:
            problems.append(Problem(one.place, _("This username appears twice."), one.username))
        else:
            entries[one.username] = one
    found_problems = sorted([*problems, *role_lines.problems], key=lambda one: one.place)
    return Declared(tuple(entries.values()), role_lines.roles, tuple(found_problems))


@dataclass
class _RoleLines:
    """Takes the lines that declare roles, and hands on the others."""

    roles: dict[str, tuple[Permission, ...]] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)

    def others(self, found: Iterable[Line | Problem]) -> Iterator[Line | Problem]:
        for line in found:
            fields = _role_fields(line) if isinstance(line, Line) else None
            if fields is None or isinstance(line, Problem):
                yield line
                continue
            try:
                self._take(fields)
            except InvalidInput as error:
                self.problems.append(Problem(line.place, str(error)))

    def _take(self, fields: Mapping[str, object]) -> None:
        name, permissions = fields.get("name"), fields["permissions"]
        if fields.keys() - _ROLE_FIELDS or not isinstance(name, str):
            raise InvalidInput(
                "line", _("A role has a name and its permissions, and nothing else.")
            )
        if not isinstance(permissions, list) or not all(isinstance(p, str) for p in permissions):
            raise InvalidInput("permissions", _("permissions must be a list of strings."))
        if name in roles.BUILT_IN:
            if set(permissions) != roles.BUILT_IN[name]:
                raise InvalidInput(
                    "name",
                    _(
                        "The role {name} is built in, so it cannot be changed or removed.",
                        name=name,
                    ),
                )
            return
        name = roles.role_name(name)
        if name in self.roles:
            raise InvalidInput("name", _("The role {name} appears twice.", name=name))
        self.roles[name] = roles.chosen_permissions(permissions)


def _role_fields(line: Line) -> dict[str, object] | None:
    """Return the fields of the line if it declares a role."""
    bare = line.text.strip()
    if '"permissions"' not in bare or not bare.startswith("{"):
        return None
    try:
        fields = msgspec.json.decode(bare.removesuffix(","), type=dict[str, object])
    except (msgspec.MsgspecError, UnicodeError, RecursionError):
        return None  # whoever reads the other lines says what is wrong
    return fields if "permissions" in fields and "username" not in fields else None
