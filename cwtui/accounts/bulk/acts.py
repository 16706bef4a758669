"""What can be done with many accounts: each act, and which accounts it leaves as they are."""

from contextlib import suppress
from dataclasses import dataclass, replace
from enum import StrEnum
from itertools import chain
from typing import ClassVar, Final, TypeAlias

from cwtui.accounts import (
    account_state,
    administration,
    expiry,
    meanwhile,
    roles,
    unlocking,
    user_mfa,
)
from cwtui.accounts.account_state import PasswordState
from cwtui.accounts.errors import Agreed, ChangedByOthers, GivesPermissions, Refused
from cwtui.accounts.listing import AccountRow
from cwtui.accounts.model import Account, Origin
from cwtui.accounts.new_account import HandOver, cost_of_many
from cwtui.accounts.ports import Ports
from cwtui.accounts.roles import Permission
from cwtui.accounts.session import Actor, Session
from cwtui.accounts.updates import FROM_DIRECTORY, Update
from cwtui.language import N_, _

_ASKED: Agreed = frozenset({GivesPermissions})
"""What the plan has shown to the person before. What others changed meanwhile is not replaced."""


class Reason(StrEnum):
    """Why an account is left as it is; the value is the text in questions and reports."""

    ALREADY = N_("already so")
    OWN = N_("your own account")
    BEYOND = N_("with permissions that you do not have")
    POWERFUL = N_("with the name of a powerful Unix user")
    HAS_MFA = N_("with MFA, which you cannot disable")
    DIRECTORY = N_("from the directory")
    ONLY_ROLE = N_("without another role")
    LAST_ADMIN = N_("the last enabled admin")
    CHANGED = N_("changed by others since")
    UNKNOWN = N_("not there")
    NO_MATCH = N_("no longer found by the filter")


Permitted: TypeAlias = frozenset[Permission]


@dataclass(frozen=True)
class Doing:
    """What an act needs besides the account."""

    ports: Ports
    actor: Actor
    hand_over: HandOver


@dataclass(frozen=True)
class Act:
    """One act. Subclasses say what it is."""

    needed: ClassVar[roles.Needed] = Permission.MANAGE_USERS

    @property
    def is_for_others(self) -> bool:
        """Whether the person's own account is left as it is, so that the session does not end."""
        return True

    @property
    def gives(self) -> tuple[str, ...]:
        """The roles that it gives."""
        return ()

    @property
    def demotes(self) -> bool:
        """Whether it takes the role `connectware-admin` from those who have it."""
        return False

    def ends_admins(self, by: Actor) -> bool:
        """Whether it may leave fewer admins who can sign in, which `by` may not do."""
        del by
        return False

    @property
    def replaces(self) -> tuple[str, ...]:
        """The parts of an account that are replaced or lost (see `meanwhile`)."""
        return ()

    def ends(self, row: AccountRow) -> bool:
        """Whether this account, if it is that of an admin, ends or lasts less long."""
        del row
        return True

    def reason_against(self, row: AccountRow, permitted: Permitted, now: float) -> Reason | None:
        """Return why this account is left as it is; None if nothing speaks against it.

        `permitted` are the permissions of the person. Raises InvalidInput.
        """
        raise NotImplementedError

    def do(self, doing: Doing, seen: Account) -> bool:
        """Do it with this account, and return whether it changed anything.

        Raises ChangedByOthers if others have just changed what would be lost, and AccountsError.
        """
        raise NotImplementedError


_PARTS: Final = {
    "enabled": ("enabled", "disabled_reason"),
    "expires": ("expires_at",),
}
"""What is replaced by what an update sets, where that is not the part of the same name."""
_ROLES: Final = ("roles",)
_TRIES: Final = 5
"""How often one role is given or taken again, if others change the roles at the same moment."""


@dataclass(frozen=True)
class Change(Act):
    """Set these fields of the account. Raises InvalidInput for a last day that is none or over."""

    to: Update

    @property
    def is_for_others(self) -> bool:
        return self.to.enabled is False or self.to.roles is not None

    @property
    def gives(self) -> tuple[str, ...]:
        return self.to.roles or ()

    @property
    def demotes(self) -> bool:
        return self.to.roles is not None and roles.ADMIN not in self.to.roles

    @property
    def replaces(self) -> tuple[str, ...]:
        parts = chain.from_iterable(_PARTS.get(name, (name,)) for name in self.to.given)
        return tuple(sorted({*parts}))

    def ends_admins(self, by: Actor) -> bool:
        del by
        return self._ends_at_once or self._end is not None

    def ends(self, row: AccountRow) -> bool:
        is_earlier = self._end is not None and (
            row.expires_at is None or self._end < row.expires_at
        )
        return self._ends_at_once or is_earlier

    @property
    def _ends_at_once(self) -> bool:
        return self.to.enabled is False or self.demotes

    @property
    def _end(self) -> float | None:
        return None if self.to.expires is None else expiry.end_of(self.to.expires)

    def reason_against(self, row: AccountRow, permitted: Permitted, now: float) -> Reason | None:
        del permitted
        to = self.to
        wanted = {
            "mfa_required": to.mfa_required,
            "enabled": to.enabled,
            "display_name": to.display_name,
            "roles": None if to.roles is None else tuple(sorted(set(to.roles))),
        }
        is_so = all(value in {None, getattr(row, field)} for field, value in wanted.items())
        # The row does not say why the account is disabled.
        is_more = to.disabled_reason is not None or (to.enabled is True and row.is_unused)
        if is_so and not is_more and self._has_last_day(row):
            return Reason.ALREADY
        if row.origin is Origin.LDAP and to.given.keys() & FROM_DIRECTORY:
            return Reason.DIRECTORY
        if not self._has_last_day(row):
            expiry.end_to_come(to.expires or expiry.NEVER, now)
        return None

    def _has_last_day(self, row: AccountRow) -> bool:
        return self.to.expires is None or expiry.end_of(self.to.expires) == row.expires_at

    def do(self, doing: Doing, seen: Account) -> bool:
        return _update(doing, seen, self.to)


def _update(doing: Doing, seen: Account, to: Update) -> bool:
    return administration.update_user(
        doing.ports, doing.actor, seen.username, to, agreed=_ASKED, seen=seen
    ).changed


@dataclass(frozen=True)
class OneRole(Act):
    """Give or take one role. The others that an account has stay."""

    role: str

    @property
    def replaces(self) -> tuple[str, ...]:
        return _ROLES

    def roles_after(self, held: tuple[str, ...]) -> tuple[str, ...]:
        """Return the roles that an account with these roles has then; it needs at least one."""
        raise NotImplementedError

    def reason_against(self, row: AccountRow, permitted: Permitted, now: float) -> Reason | None:
        del permitted, now
        after = self.roles_after(row.roles)
        if after == row.roles:
            return Reason.ALREADY
        if row.origin is Origin.LDAP:
            return Reason.DIRECTORY
        return None if after else Reason.ONLY_ROLE

    def do(self, doing: Doing, seen: Account) -> bool:
        return _update(doing, seen, Update(roles=self.roles_after(seen.roles)))

    def do_now(
        self, ports: Ports, actor: Actor, username: str, agreed: Agreed
    ) -> administration.Updated:
        """Do it with this account as it is now. If others change its roles just then, begin again.

        Raises Refused for an account without another role, and what
        `administration.update_user` raises, except ChangedByOthers.
        """
        for _number in range(_TRIES):
            seen = administration.show_user(ports, actor, username).account
            after = self.roles_after(seen.roles)
            if not after:
                raise Refused(
                    _("{name} has no other role. Give another one first.", name=seen.username)
                )
            to = Update() if after == seen.roles else Update(roles=after)
            with suppress(ChangedByOthers):
                return administration.update_user(
                    ports, actor, username, to, agreed=agreed - {ChangedByOthers}, seen=seen
                )
        raise Refused(_("Others are changing the roles too. Nothing was changed. Try again."))


@dataclass(frozen=True)
class AddRole(OneRole):
    """Give this role besides those that an account has."""

    @property
    def gives(self) -> tuple[str, ...]:
        return (self.role,)

    def roles_after(self, held: tuple[str, ...]) -> tuple[str, ...]:
        return held if self.role in held else (*held, self.role)


@dataclass(frozen=True)
class RemoveRole(OneRole):
    """Take this role from accounts that have another one."""

    @property
    def demotes(self) -> bool:
        return self.role == roles.ADMIN

    def ends_admins(self, by: Actor) -> bool:
        del by
        return self.demotes

    def roles_after(self, held: tuple[str, ...]) -> tuple[str, ...]:
        return tuple(role for role in held if role != self.role)


@dataclass(frozen=True)
class DisableMfa(Act):
    """Remove all devices and backup codes."""

    needed: ClassVar[roles.Needed] = Permission.RESET_MFA

    @property
    def replaces(self) -> tuple[str, ...]:
        return (meanwhile.DEVICES,)

    def reason_against(self, row: AccountRow, permitted: Permitted, now: float) -> Reason | None:
        del permitted, now
        return Reason.ALREADY if row.second_factor is None else None

    def do(self, doing: Doing, seen: Account) -> bool:
        if seen.second_factor is None:
            return False
        user_mfa.disable_mfa(doing.ports, doing.actor, seen.username, agreed=_ASKED, seen=seen)
        return True


@dataclass(frozen=True)
class Unlock(Act):
    """Clear the failed attempts of accounts that must wait."""

    needed: ClassVar[roles.Needed] = roles.TO_UNLOCK

    def reason_against(self, row: AccountRow, permitted: Permitted, now: float) -> Reason | None:
        del permitted, now
        return Reason.ALREADY if row.locked_until is None else None

    def do(self, doing: Doing, seen: Account) -> bool:
        return unlocking.unlock(doing.ports, doing.actor, seen.username).cleared > 0


@dataclass(frozen=True)
class ResetPassword(Act):
    """Set a new initial password, except where one is still valid: it was handed over before.

    `invited`: the same with an invitation code.
    """

    invited: bool = False

    @property
    def replaces(self) -> tuple[str, ...]:
        return (meanwhile.PASSWORD,)

    @property
    def _done(self) -> PasswordState:
        return PasswordState.INVITED if self.invited else PasswordState.INITIAL

    def reason_against(self, row: AccountRow, permitted: Permitted, now: float) -> Reason | None:
        del permitted
        if row.origin is Origin.LDAP:
            return Reason.DIRECTORY
        is_so = account_state.password_state(row, now) is self._done
        return Reason.ALREADY if is_so else None

    def ends_admins(self, by: Actor) -> bool:
        return isinstance(by, Session)

    def do(self, doing: Doing, seen: Account) -> bool:
        if account_state.password_state(seen, doing.ports.now()) is self._done:
            return False
        ports = replace(doing.ports, bcrypt_cost=cost_of_many(doing.ports))
        administration.reset_password(
            ports,
            doing.actor,
            seen.username,
            doing.hand_over,
            invited=self.invited,
            agreed=_ASKED,
            seen=seen,
        )
        return True


@dataclass(frozen=True)
class Remove(Act):
    """Remove the account for good."""

    @property
    def replaces(self) -> tuple[str, ...]:
        return meanwhile.ALL_PARTS

    def ends_admins(self, by: Actor) -> bool:
        del by
        return True

    def reason_against(self, row: AccountRow, permitted: Permitted, now: float) -> Reason | None:
        del now
        is_too_much = row.second_factor is not None and Permission.RESET_MFA not in permitted
        return Reason.HAS_MFA if is_too_much else None

    def do(self, doing: Doing, seen: Account) -> bool:
        administration.remove_user(
            doing.ports, doing.actor, seen.username, agreed=_ASKED, seen=seen
        )
        return True
