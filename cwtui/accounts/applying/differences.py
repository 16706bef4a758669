"""How the store differs from what a file declares."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final, NamedTuple

from cwtui.accounts import expiry, roles
from cwtui.accounts.applying.declared import Declared
from cwtui.accounts.batched import read_accounts
from cwtui.accounts.errors import Agreed, GivesPower, InvalidInput, Removes, WrongFile
from cwtui.accounts.importing import planning
from cwtui.accounts.importing.entries import Entry
from cwtui.accounts.importing.places import Problem
from cwtui.accounts.listing import AccountRow
from cwtui.accounts.model import Account, Origin
from cwtui.accounts.ports import Ports
from cwtui.accounts.roles import CustomRoles
from cwtui.accounts.session import Operator
from cwtui.accounts.text import listed
from cwtui.accounts.updates import FROM_DIRECTORY, Update
from cwtui.language import _, ngettext

_NAMED: Final = 5
"""The maximum number of accounts that a message names."""
_AS_THEY_ARE: Final = tuple(field for field in planning.COMPARED if field != "expires_at")
"""Fields that a file says as they are stored."""


class Kind(StrEnum):
    """What has to be done with an account or a role."""

    CREATE = "create"
    CHANGE = "change"
    REMOVE = "remove"


class Values(NamedTuple):
    """What a field is now, and what it is afterwards; None if it is not there."""

    before: object
    after: object


class Difference(NamedTuple):
    """One account or role that is not as declared, with the fields that differ."""

    kind: Kind
    name: str
    fields: Mapping[str, Values]
    is_role: bool = False

    @property
    def update(self) -> Update:
        """What changes an account so."""
        wanted: dict[str, Any] = {field: values.after for field, values in self.fields.items()}
        return Update(**wanted)


@dataclass(frozen=True)
class Plan:
    """What has to be done so that the store is as declared. `new` creates the missing accounts.

    `unchanged` is how many declared accounts and roles are so already. `keeping` are the existing
    accounts that keep their password and devices, though the file has others.
    """

    roles: tuple[Difference, ...]
    accounts: tuple[Difference, ...]
    new: planning.Plan
    problems: tuple[Problem, ...]
    gaining: tuple[str, ...]
    keeping: tuple[str, ...]
    unchanged: int

    @property
    def is_different(self) -> bool:
        return bool(self.roles or self.accounts)

    def check(self, agreed: Agreed) -> None:
        """Raise GivesPower or Removes if that is done and not `agreed`."""
        said = [self.new.more_than_others] if self.new.more_than_others else []
        if self.gaining:
            said.append(
                ngettext(
                    "{number} account will get new permissions: {names}.",
                    "{number} accounts will get new permissions: {names}.",
                    len(self.gaining),
                    names=listed(self.gaining, _NAMED),
                )
            )
        if said and GivesPower not in agreed:
            raise GivesPower(" ".join(said))
        gone = [one.name for one in self.accounts if one.kind is Kind.REMOVE]
        if gone and Removes not in agreed:
            raise Removes(
                ngettext(
                    "{number} account will be removed for good: {names}.",
                    "{number} accounts will be removed for good: {names}.",
                    len(gone),
                    names=listed(gone, _NAMED),
                )
            )


def plan(
    ports: Ports,
    operator: Operator,
    declared: Declared,
    *,
    remove_others: bool = False,
    keep: frozenset[str] = frozenset(),
    invited: bool = False,
) -> Plan:
    """Return how the store differs now.

    With `remove_others`, local accounts and custom roles that are not declared are to be removed,
    except the accounts in `keep`. LDAP users stay: the directory says who they are. `invited` is as
    in `planning.Plan`. Raises WrongFile if no account is declared then, and CannotCheck.
    """
    if remove_others and not declared.entries:
        raise WrongFile(
            _("The file names no account, so all would be removed. Nothing was changed.")
        )
    custom = ports.accounts.settings().custom_roles
    wanted = {**custom, **declared.roles}
    rest = _Accounts(custom, wanted)
    existing = read_accounts(ports.accounts, [entry.username for entry in declared.entries])
    for entry, account in zip(declared.entries, existing, strict=True):
        rest.take(entry, account)
    new = planning.plan(ports, operator, rest.new, custom=wanted, invited=invited)
    differences = [Difference(Kind.CREATE, one.username, _of_new(one)) for one in new.new]
    differences += rest.changed
    of_roles = _of_roles(custom, declared)
    named = {entry.username for entry in declared.entries}
    others: list[AccountRow] = []
    if remove_others or _permit_more(custom, wanted):
        others = [row for row in ports.accounts.rows() if row.username not in named]
    if remove_others:
        kept = [row for row in others if row.origin is not Origin.LOCAL or row.username in keep]
        stay = {row.username for row in kept}
        differences += [
            Difference(Kind.REMOVE, row.username, {}) for row in others if row.username not in stay
        ]
        others = kept
        used = rest.used_roles | {role for row in kept for role in row.roles}
        of_roles += [
            Difference(Kind.REMOVE, name, {}, is_role=True)
            for name in custom
            if name not in declared.roles and name not in used
        ]
    for row in others:
        rest.see_whether_it_gains(row.username, row.roles, row.roles)
    changed = (
        len(new.new) + len(rest.changed) + sum(one.kind is not Kind.REMOVE for one in of_roles)
    )
    problems = (*declared.problems, *rest.problems, *new.problems)
    return Plan(
        roles=tuple(of_roles),
        accounts=tuple(sorted(differences, key=lambda one: one.name)),
        new=new,
        problems=tuple(sorted(problems, key=lambda one: one.place)),
        gaining=tuple(sorted(rest.gaining)),
        keeping=tuple(sorted(rest.keeping)),
        unchanged=len(declared.entries) + len(declared.roles) - changed,
    )


class _Accounts:
    """The declared accounts, by what has to be done with them."""

    def __init__(self, custom: CustomRoles, wanted: CustomRoles) -> None:
        self._custom, self._wanted = custom, wanted
        self.new: list[Entry] = []
        self.changed: list[Difference] = []
        self.problems: list[Problem] = []
        self.gaining: list[str] = []
        self.keeping: list[str] = []
        self.used_roles: set[str] = set()

    def take(self, entry: Entry, account: Account | None) -> None:
        if account is None:
            self.new.append(entry)
            self.used_roles.update(entry.new_roles)
            return
        try:
            fields = self._fields(entry, account)
        except InvalidInput as error:
            self.problems.append(Problem(entry.place, str(error), entry.username))
            return
        if entry.password_hash is not None or entry.keys:
            self.keeping.append(entry.username)
        held = account.roles if entry.roles is None else entry.roles
        self.used_roles.update(held)
        self.see_whether_it_gains(entry.username, account.roles, held)
        if fields:
            self.changed.append(Difference(Kind.CHANGE, entry.username, fields))

    def see_whether_it_gains(
        self, username: str, before: tuple[str, ...], after: tuple[str, ...]
    ) -> None:
        """Note an account that gets permissions, by other roles or as its roles permit more."""
        had = roles.permissions(before, self._custom)
        if roles.permissions(after, self._wanted) - had:
            self.gaining.append(username)

    def _fields(self, entry: Entry, account: Account) -> dict[str, Values]:
        if entry.origin is not account.origin:
            raise InvalidInput(
                "origin",
                _(
                    "The origin of this account is {origin}, and cannot be changed.",
                    origin=account.origin,
                ),
            )
        if entry.roles is not None:
            roles.known(entry.roles, self._wanted)
        fields = {
            field: Values(getattr(account, field), getattr(entry, field))
            for field in _AS_THEY_ARE
            if getattr(entry, field) not in {None, getattr(account, field)}
        }
        wanted = entry.expires_at is not None or entry.never_expires
        if wanted and entry.expires_at != account.expires_at:
            fields["expires"] = Values(
                expiry.last_day(account.expires_at), expiry.last_day(entry.expires_at)
            )
        if account.origin is Origin.LDAP and fields.keys() & FROM_DIRECTORY:
            raise InvalidInput(
                "origin", _("Roles and display name of an LDAP user come from the directory.")
            )
        return fields


def _permit_more(custom: CustomRoles, wanted: CustomRoles) -> bool:
    """Whether a role permits more than before."""
    return any(set(permissions) - set(custom.get(name, ())) for name, permissions in wanted.items())


def _of_new(entry: Entry) -> dict[str, Values]:
    said = {field: getattr(entry, field) for field in _AS_THEY_ARE}
    said["roles"] = entry.new_roles
    if entry.expires_at is not None:
        said["expires"] = expiry.last_day(entry.expires_at)
    return {field: Values(None, value) for field, value in said.items() if value is not None}


def _of_roles(custom: CustomRoles, declared: Declared) -> list[Difference]:
    found = []
    for name, permissions in declared.roles.items():
        before = custom.get(name)
        if before != permissions:
            kind = Kind.CREATE if before is None else Kind.CHANGE
            fields = {"permissions": Values(before, permissions)}
            found.append(Difference(kind, name, fields, is_role=True))
    return found
