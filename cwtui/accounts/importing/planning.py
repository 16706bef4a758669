"""What an import would do: which accounts are new, which are there already, and what is wrong."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Final

from cwtui.accounts import look_alikes, roles, unix_users
from cwtui.accounts.errors import Agreed, GivesPower, InvalidInput
from cwtui.accounts.importing.entries import Entry
from cwtui.accounts.importing.lines import Problem
from cwtui.accounts.model import Account, Origin
from cwtui.accounts.ports import Ports
from cwtui.accounts.roles import CustomRoles, Permission
from cwtui.accounts.session import Actor, authorise
from cwtui.accounts.text import counted, listed

_NAMED: Final = 5
"""The maximum number of accounts that a message names."""
_COMPARED: Final = ("display_name", "roles", "mfa_required", "enabled")
"""What must be the same in an account that is there already. A password and devices are the
person's own by now."""


@dataclass(frozen=True)
class Plan:
    """What an import would do. `problems` are in the order of the lines.

    `looks_like` has the usernames that new ones look like, and `powers` what the Unix users of
    their names can do.
    """

    new: tuple[Entry, ...]
    unchanged: tuple[Entry, ...]
    problems: tuple[Problem, ...]
    looks_like: Mapping[str, tuple[str, ...]]
    powers: Mapping[str, str]
    custom_roles: CustomRoles

    @property
    def with_permissions(self) -> list[str]:
        """The new accounts with permissions."""
        powerful = {held for held in self.all_roles if roles.permissions(held, self.custom_roles)}
        return [one.username for one in self.new if one.new_roles in powerful]

    @property
    def permissions(self) -> frozenset[Permission]:
        """All that new accounts may do."""
        each = (roles.permissions(held, self.custom_roles) for held in self.all_roles)
        return frozenset().union(*each)

    @cached_property
    def all_roles(self) -> set[tuple[str, ...]]:
        """All roles that new accounts have, which are few."""
        return {one.new_roles for one in self.new}

    @property
    def without_password(self) -> int:
        """How many new accounts get an initial password."""
        return sum(one.password_hash is None for one in self.new)

    def check_powers(self, agreed: Agreed) -> None:
        """Raise GivesPower if new accounts can do more than others, unless that is agreed."""
        sentences = []
        if self.with_permissions:
            sentences.append(
                f"{counted(len(self.with_permissions), 'new account')} will have permissions: "
                f"{listed(self.with_permissions, _NAMED)}."
            )
        if self.powers:
            sentences.append(
                f"{counted(len(self.powers), 'new account')} will have the name of a Unix user of "
                f"this host who can do more than others: {listed([*self.powers], _NAMED)}. Where "
                "sshd, sudo or su ask cwtui, whoever has the account signs in as that user."
            )
        if sentences and GivesPower not in agreed:
            raise GivesPower(" ".join(sentences))


def plan(ports: Ports, actor: Actor, found: Iterable[Entry | Problem]) -> Plan:
    """Return what an import of these lines would do now.

    Raises Refused for a file that cannot be read at all, and NotPermitted, SessionEnded and
    CannotCheck.
    """
    authorise(ports, actor, Permission.MANAGE_USERS)
    custom = ports.accounts.settings().custom_roles
    known = ports.accounts.names()
    existing = frozenset(known)
    seen: dict[str, int] = {}
    new: list[Entry] = []
    unchanged: list[Entry] = []
    problems: list[Problem] = []
    possible = set[tuple[str, ...]]()
    """Roles that an account can have."""
    for one in found:
        if isinstance(one, Problem):
            problems.append(one)
            continue
        name = one.username
        if name in seen:
            reason = f"The username is on line {seen[name]} already."
            problems.append(Problem(one.line, reason, name))
            continue
        seen[name] = one.line
        account = ports.accounts.get(name) if name in existing else None
        if account is not None:
            different = _differences(one, account)
            if different:
                problems.append(Problem(one.line, different, name, exists=True))
            else:
                unchanged.append(one)
        elif one.origin is Origin.LDAP:
            reason = "LDAP users get their account when they sign in for the first time."
            problems.append(Problem(one.line, reason, name))
        else:
            try:
                if one.new_roles not in possible:
                    roles.known(one.new_roles, custom)
            except InvalidInput as error:
                problems.append(Problem(one.line, str(error), name))
            else:
                possible.add(one.new_roles)
                new.append(one)
    names = ports.unix_names()
    may_have_power = [one.username for one in new if names is None or one.username in names]
    powers = {name: unix_users.power(ports.unix_user(name)) for name in may_have_power}
    return Plan(
        new=tuple(new),
        unchanged=tuple(unchanged),
        problems=tuple(problems),
        looks_like=look_alikes.of_many(known, {one.username: one.typed for one in new}),
        powers={name: power for name, power in powers.items() if power},
        custom_roles=custom,
    )


def _differences(one: Entry, account: Account) -> str:
    """Return how the account differs from what the file says of it; empty if it does not."""
    said = {field: getattr(one, field) for field in _COMPARED}
    differ = [
        f"{field} is {_shown(getattr(account, field))}, not {_shown(value)}"
        for field, value in said.items()
        if value is not None and value != getattr(account, field)
    ]
    if one.origin is not account.origin:
        differ.append(f"origin is {account.origin}, not {one.origin}")
    return f"The account exists, and differs: {'; '.join(differ)}." if differ else ""


def _shown(value: object) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return ",".join(value) if isinstance(value, tuple) else f'"{value}"'
