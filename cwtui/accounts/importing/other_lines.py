"""Lines of JSON that say something else than an account: a role, or the pepper of a key."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Final, NamedTuple

import msgspec

from cwtui.accounts import roles
from cwtui.accounts.errors import InvalidInput
from cwtui.accounts.importing import repeated_fields
from cwtui.accounts.importing.lines import Line
from cwtui.accounts.importing.peppers import FIELD, GivenPepper, given_pepper
from cwtui.accounts.importing.places import Place, Problem
from cwtui.accounts.roles import Permission
from cwtui.language import _

_FIELDS: Final = frozenset({"name", "permissions", "built_in", "accounts"})
"""The fields that `cwtui role list --json` writes."""
_TELLING: Final = frozenset({"permissions", FIELD})


class GivenRole(NamedTuple):
    """A custom role as the file declares it."""

    place: Place
    name: str
    permissions: tuple[Permission, ...]


class OtherLines:
    """Takes the lines with roles and peppers, and hands on those of accounts."""

    def __init__(self) -> None:
        self._names = set[str]()
        self._read: list[GivenRole | GivenPepper | Problem] = []

    def taken(self) -> list[GivenRole | GivenPepper | Problem]:
        """Return what was read since the last call, and what is wrong with some."""
        read, self._read = self._read, []
        return read

    def accounts(self, found: Iterable[Line | Problem]) -> Iterator[Line | Problem]:
        for line in found:
            fields = _fields(line) if isinstance(line, Line) else None
            if fields is None or isinstance(line, Problem):
                yield line
                continue
            try:
                repeated_fields.refuse(line.text, fields)
                if FIELD in fields:
                    self._read.append(given_pepper(line.place, fields))
                else:
                    self._take_role(line.place, fields)
            except InvalidInput as error:
                self._read.append(Problem(line.place, str(error)))

    def _take_role(self, place: Place, fields: Mapping[str, object]) -> None:
        name, permissions = fields.get("name"), fields["permissions"]
        if fields.keys() - _FIELDS or not isinstance(name, str):
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
        if name in self._names:
            raise InvalidInput("name", _("The role {name} appears twice.", name=name))
        self._read.append(GivenRole(place, name, roles.chosen_permissions(permissions)))
        self._names.add(name)


def _fields(line: Line) -> dict[str, object] | None:
    """Return the fields of the line if it is not that of an account."""
    bare = line.text.strip()
    if not bare.startswith("{") or not any(f'"{name}"' in bare for name in _TELLING):
        return None
    try:
        fields = msgspec.json.decode(bare.removesuffix(","), type=dict[str, object])
    except (msgspec.MsgspecError, UnicodeError, RecursionError):
        return None  # whoever reads the other lines says what is wrong
    return fields if "username" not in fields and not _TELLING.isdisjoint(fields) else None
