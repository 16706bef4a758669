"""What an import would do: which accounts are new, which are there already, and what is wrong."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Final

from msgspec.structs import replace

from cwtui.accounts import expiry, look_alikes, roles, text, unix_users
from cwtui.accounts.batched import READ_AT_ONCE, batched
from cwtui.accounts.errors import Agreed, GivesPower, InvalidInput
from cwtui.accounts.importing import adding, restorable
from cwtui.accounts.importing.entries import Entry
from cwtui.accounts.importing.other_lines import GivenRole
from cwtui.accounts.importing.peppers import GivenPepper, Peppers
from cwtui.accounts.importing.places import Note, Place, Problem
from cwtui.accounts.model import MOST_DEVICES, Account, Origin
from cwtui.accounts.ports import Ports
from cwtui.accounts.roles import CustomRoles, Permission
from cwtui.accounts.session import Actor, authorise
from cwtui.accounts.text import listed
from cwtui.language import _, ngettext

_NAMED: Final = 5
"""The maximum number of accounts that a message names."""
COMPARED: Final = (
    *("display_name", "roles", "mfa_required", "enabled", "disabled_reason", "expires_at"),
)
"""What must be the same in an account that is there already. A password and devices are the
person's own by now."""


@dataclass(frozen=True)
class Plan:
    """What an import would do. `problems` and `notes` are in the order of the file.

    `added` are entries with devices that existing accounts lack. `invited`: those without a
    password get an invitation instead of an initial one, unless the file says otherwise.
    `looks_like` has the usernames that new ones look like, and `powers` what the Unix users of
    their names can do. `custom_roles` are those that there will be then, with the `new_roles` of
    the file that are missing now. `new_peppers` are of keys that the keyring lacks.
    """

    new: tuple[Entry, ...]
    added: tuple[Entry, ...]
    unchanged: tuple[Entry, ...]
    problems: tuple[Problem, ...]
    notes: tuple[Note, ...]
    looks_like: Mapping[str, tuple[str, ...]]
    powers: Mapping[str, str]
    custom_roles: CustomRoles
    invited: bool = False
    new_roles: CustomRoles = field(default_factory=dict)
    new_peppers: tuple[GivenPepper, ...] = ()

    @property
    def changes_something(self) -> bool:
        return bool(self.new or self.added or self.new_roles)

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

    @cached_property
    def without_password(self) -> int:
        """How many new accounts get an initial password or an invitation."""
        return sum(one.needs_initial_password for one in self.new)

    def invites(self, one: Entry) -> bool:
        """Whether this new account gets an invitation, if it has no password."""
        return self.invited if one.invite is None else one.invite

    @cached_property
    def invitations(self) -> int:
        """How many new accounts get an invitation."""
        return sum(one.needs_initial_password and self.invites(one) for one in self.new)

    def check_powers(self, agreed: Agreed) -> None:
        """Raise GivesPower if new accounts can do more than others, unless that is agreed."""
        if GivesPower not in agreed and self.more_than_others:
            raise GivesPower(self.more_than_others)

    @property
    def more_than_others(self) -> str:
        """Which new accounts can do more than others, in sentences; empty if none can."""
        sentences = []
        if self.with_permissions:
            sentences.append(
                ngettext(
                    "{number} new account will have permissions: {names}.",
                    "{number} new accounts will have permissions: {names}.",
                    len(self.with_permissions),
                    names=listed(self.with_permissions, _NAMED),
                )
            )
        if self.powers:
            sentences.append(
                ngettext(
                    "{number} new account will have the name of a Unix user of this host who can "
                    "do more than others: {names}. Where sshd, sudo or su ask cwtui, whoever has "
                    "the account signs in as that user.",
                    "{number} new accounts will have the name of a Unix user of this host who can "
                    "do more than others: {names}. Where sshd, sudo or su ask cwtui, whoever has "
                    "the account signs in as that user.",
                    len(self.powers),
                    names=listed([*self.powers], _NAMED),
                )
            )
        return " ".join(sentences)


def plan(
    ports: Ports,
    actor: Actor,
    found: Iterable[Entry | GivenRole | GivenPepper | Problem | Note],
    *,
    add_devices: bool = False,
    custom: CustomRoles | None = None,
    invited: bool = False,
) -> Plan:
    """Return what an import of these lines would do now.

    `add_devices`: existing accounts get the devices that they lack. `custom` are the roles that
    there will be then, if they are not those of now. `invited` is as in Plan. Raises WrongFile
    for a file that cannot be read at all, and NotPermitted, SessionEnded and CannotCheck.
    """
    authorise(ports, actor, Permission.MANAGE_USERS)
    custom = ports.accounts.settings().custom_roles if custom is None else custom
    known = ports.accounts.names()
    sorted_ = _Sorted(ports, custom, frozenset(known), add_devices)
    for some in batched(found, READ_AT_ONCE):
        sorted_.take(some)
    new = sorted_.new
    names = ports.unix_names()
    may_have_power = [one.username for one in new if names is None or one.username in names]
    powers = {name: unix_users.power(ports.unix_user(name)) for name in may_have_power}
    return Plan(
        new=tuple(new),
        added=tuple(sorted_.added),
        unchanged=tuple(sorted_.unchanged),
        problems=tuple(sorted_.problems),
        notes=tuple(sorted_.notes),
        looks_like=look_alikes.of_many(known, {one.username: one.typed for one in new}),
        powers={name: power for name, power in powers.items() if power},
        custom_roles={**custom, **sorted_.roles},
        invited=invited,
        new_roles=sorted_.roles,
        new_peppers=sorted_.peppers.needed(new),
    )


class _Sorted:
    """What was found in the file, by what has to be done with it."""

    def __init__(
        self, ports: Ports, custom: CustomRoles, existing: frozenset[str], add_devices: bool
    ) -> None:
        self._ports, self._custom, self._existing = ports, custom, existing
        self._add_devices = add_devices
        self.peppers = Peppers(ports.keyring)
        self._seen: dict[str, Place] = {}
        self._possible = set[tuple[str, ...]]()
        """Roles that an account can have."""
        self._other_roles = set[str]()
        """Roles of the file that permit something else here."""
        self.roles: dict[str, tuple[Permission, ...]] = {}
        self.new: list[Entry] = []
        self.added: list[Entry] = []
        self.unchanged: list[Entry] = []
        self.problems: list[Problem] = []
        self.notes: list[Note] = []

    def take(self, some: list[Entry | GivenRole | GivenPepper | Problem | Note]) -> None:
        names = [one.username for one in some if isinstance(one, Entry)]
        there = [name for name in names if name in self._existing]
        accounts = dict(zip(there, self._ports.accounts.several(there), strict=True))
        for one in some:
            self._take(one, accounts)

    def _take(
        self,
        one: Entry | GivenRole | GivenPepper | Problem | Note,
        accounts: Mapping[str, Account | None],
    ) -> None:
        if isinstance(one, Problem):
            self.problems.append(one)
        elif isinstance(one, Note):
            self.notes.append(one)
        elif isinstance(one, GivenRole):
            self._take_role(one)
        elif isinstance(one, GivenPepper):
            try:
                self.peppers.take(one)
            except InvalidInput as error:
                self.problems.append(Problem(one.place, str(error)))
        elif one.username in self._seen:
            place = self._seen[one.username].at_the_start
            reason = _("{place} already has this username.", place=place)
            self.problems.append(Problem(one.place, reason, one.username))
        else:
            self._seen[one.username] = one.place
            account = accounts.get(one.username)
            if account is None:
                self._take_new(one)
            else:
                self._take_existing(one, account)

    def _take_role(self, one: GivenRole) -> None:
        here = self._custom.get(one.name)
        if here is None:
            self.roles[one.name] = one.permissions
            self._custom = {**self._custom, one.name: one.permissions}
        elif here != one.permissions:
            self._other_roles.add(one.name)
            reason = _(
                "The role {name} exists, and permits {here}, not {wanted}. It was not changed.",
                name=one.name,
                here=", ".join(here),
                wanted=", ".join(one.permissions),
            )
            self.problems.append(Problem(one.place, reason, exists=True))

    def _take_new(self, one: Entry) -> None:
        other = self._other_roles.intersection(one.new_roles)
        if other:
            reason = _("The role {name} permits something else here.", name=min(other))
            self.problems.append(Problem(one.place, reason, one.username, exists=True))
            return
        try:
            _check_new(one)
            if one.new_roles not in self._possible:
                roles.known(one.new_roles, self._custom)
        except InvalidInput as error:
            self.problems.append(Problem(one.place, str(error), one.username))
        else:
            self._possible.add(one.new_roles)
            new, left_out = restorable.restorable(
                self.peppers.with_ids_of_here(one), self.peppers.ids, self._ports.bcrypt_cost
            )
            self.notes += [Note(one.place, sentence, one.username) for sentence in left_out]
            self._note_codes(new)
            self.new.append(new)

    def _take_existing(self, one: Entry, account: Account) -> None:
        differs = _differences(one, account)
        missing = 0
        if one.only_devices or self._add_devices:
            missing = len(adding.missing_keys(self._ports, account, one))
        count = adding.device_count(account)
        if differs:
            self.problems.append(Problem(one.place, differs, one.username, exists=True))
        elif not missing:
            self.unchanged.append(one)
        elif not self._add_devices:
            reason = _("The account exists, and lacks a device. To add it, use --add-devices.")
            self.problems.append(Problem(one.place, reason, one.username, exists=True))
        elif count + missing > MOST_DEVICES:
            reason = ngettext(
                "The account has {number} device, lacks {missing}, and can have at most {most}.",
                "The account has {number} devices, lacks {missing}, and can have at most {most}.",
                count,
                missing=missing,
                most=MOST_DEVICES,
            )
            self.problems.append(Problem(one.place, reason, one.username))
        elif one.emergency_codes and adding.has_backup_codes(account):
            left_out = _("Its emergency codes are left out: the account has backup codes.")
            self.notes.append(Note(one.place, left_out, one.username))
            self.added.append(replace(one, emergency_codes=()))
        else:
            self._note_codes(one)
            self.added.append(one)

    def _note_codes(self, one: Entry) -> None:
        if one.emergency_codes:
            sentence = ngettext(
                "Its {number} emergency code becomes a backup code.",
                "Its {number} emergency codes become backup codes.",
                len(one.emergency_codes),
            )
            self.notes.append(Note(one.place, sentence, one.username))


def _check_new(one: Entry) -> None:
    """Raise InvalidInput if there can be no local account of this name and origin."""
    if one.origin is Origin.LDAP and not one.saved.directory_ids:
        raise InvalidInput(
            "origin", _("LDAP users get their account when they sign in for the first time.")
        )
    if one.only_devices:
        text.username(one.typed, local=True)


def _differences(one: Entry, account: Account) -> str:
    """Return how the account differs from what the file says of it; empty if it does not."""
    said = {field: getattr(one, field) for field in COMPARED}
    differ = [
        _differs(field, _shown(getattr(account, field)), _shown(value))
        for field, value in said.items()
        if value is not None and value != getattr(account, field)
    ]
    if one.never_expires and account.expires_at is not None:
        differ.append(_differs("expires_at", _shown(account.expires_at), expiry.NEVER))
    if not one.only_devices and one.origin is not account.origin:
        differ.append(_differs("origin", account.origin, one.origin))
    if not differ:
        return ""
    return _("The account exists, and differs: {differences}.", differences="; ".join(differ))


def _differs(field: str, value: str, wanted: str) -> str:
    return _("{field} is {value}, not {wanted}", field=field, value=value, wanted=wanted)


def _shown(value: object) -> str:
    if value is None or isinstance(value, float):
        return expiry.last_day(value)
    if isinstance(value, bool):
        return "yes" if value else "no"  # as in the file
    return ",".join(value) if isinstance(value, tuple) else f'"{value}"'
