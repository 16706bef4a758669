"""Rename accounts when people are renamed in the directory.

All affected accounts change in one step, even if people swapped names. Sign-in records are stored
separately, so a renamed account carries its record with it (`Moved`) until the record has been
moved. This way no used time step and no failed attempt is lost if the process is killed.
"""

from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Final

from cwtui.accounts import identity, unix_users
from cwtui.accounts.audit.events import EventType
from cwtui.accounts.devices import latest_uses, sealed_anew
from cwtui.accounts.directory_port import (
    CannotSearchDirectory,
    CannotUseDirectory,
    Directory,
    DirectoryMisconfigured,
    DirectoryUser,
)
from cwtui.accounts.errors import CannotCheck, Refused
from cwtui.accounts.model import Account, Moved, Origin, SignInRecord
from cwtui.accounts.ports import AccountsChange, Ports
from cwtui.accounts.session import Acting, as_reason, write_audit
from cwtui.accounts.upkeep.protection import keys_of, protected
from cwtui.language import N_, _

_MOST: Final = 8
"""The longest chain of renames (each person got the next one's name) that a sign-in follows."""

ANOTHER: Final = N_(
    "This account was created for another person of the same name in the directory. Ask an admin "
    "to remove the account here."
)
ANOTHER_REASON: Final = "account of another person"
LOCAL: Final = N_("A local account now has this name. Start again.")
LOCAL_REASON: Final = "name of a local account"
_TWO: Final = N_(
    "You have two names in the directory, or two accounts here. Ask an admin to run: cwtui "
    "directory sync"
)


class ChangedMeanwhile(Refused):
    """Another process changed the accounts first, such as another sign-in: plan again."""

    def __init__(self) -> None:
        super().__init__(_("Your account was changed in the meantime. Start again."))


@dataclass(frozen=True)
class Rename:
    """The account named `before` belongs to the person who is now `user` in the directory."""

    before: str
    user: DirectoryUser


def plan(ports: Ports, user: DirectoryUser, known: Account | None) -> list[Rename]:
    """Return the renames that give the person their account back; `known` has the name now.

    If another account has the name, its owner must have a new name in the directory. Raises
    Refused and CannotCheck.
    """
    if not user.ids or (known is not None and identity.is_same(known.directory_ids, user.ids)):
        return []
    renames = []
    theirs = ports.accounts.of_person(user.ids)
    if len(theirs) > 1 or (theirs and _is_still_there(ports.directory, theirs[0])):
        raise Refused(_(_TWO), "two names or two accounts")
    if theirs:
        renames.append(Rename(theirs[0].username, user))
    elif known is None or not identity.is_another(known.directory_ids, user.ids):
        return []
    moving, name = {rename.before for rename in renames}, user.username
    while (occupant := ports.accounts.get(name)) is not None and name not in moving:
        if occupant.origin is not Origin.LDAP:
            raise Refused(_(LOCAL), LOCAL_REASON)
        now = _found(ports.directory, occupant)
        if now is None or now.username == name or len(renames) == _MOST:
            raise Refused(_(ANOTHER), ANOTHER_REASON)
        renames.append(Rename(name, now))
        moving.add(name)
        name = now.username
    return renames


def possible(accounts: AccountsChange, renames: Iterable[Rename]) -> list[Rename]:
    """Return the renames that can be done together: each new name is free or becomes free."""
    left = {rename.before: rename for rename in renames if _is_theirs(accounts, rename)}
    while True:
        asked_for = [rename.user.username for rename in left.values()]
        stuck = [
            before
            for before, rename in left.items()
            if asked_for.count(rename.user.username) > 1
            or (rename.user.username not in left and accounts.get(rename.user.username) is not None)
        ]
        if not stuck:
            return list(left.values())
        for before in stuck:
            del left[before]


def carry_over(
    ports: Ports, change: AccountsChange, actor: Acting, renames: Sequence[Rename]
) -> None:
    """Give accounts their new names, and bind their secrets to them. Call `settle` afterwards.

    Raises ChangedMeanwhile if the renames are no longer possible, and CannotCheck if a secret
    cannot be decrypted.
    """
    if not renames:
        return
    if len(possible(change, renames)) < len(renames):
        raise ChangedMeanwhile
    before = {rename.before: _existing(change, rename.before) for rename in renames}
    after = [_renamed(ports, before[one.before], one.user.username) for one in renames]
    needed = change.needed_keys()
    # A rename must not make a key needed again that was given up as lost.
    given_up = frozenset[str]().union(*map(keys_of, before.values())) - needed
    for name in before:
        change.remove(name)
    change.put(*after)
    sealed = {key for account in after for key in protected(account).totp_keys}
    change.put_needed_keys(change.needed_keys() - (given_up - sealed))
    for rename in renames:
        name = rename.user.username
        fields = {"before": rename.before}
        power = unix_users.power(ports.unix_user(name))
        fields |= {"unix_user": power} if power else {}
        reason = f"from the directory: {as_reason(fields)}"
        write_audit(ports, EventType.USER_RENAME, actor, name, reason, change=change)


def put_in_place_of(change: AccountsChange, account: Account) -> None:
    """Store a new account under a name that another account had until this change."""
    change.put(account.changed(moved=Moved(account.username, SignInRecord())))


def settle(ports: Ports, usernames: Iterable[str]) -> None:
    """Move the sign-in records of renamed accounts to their new names. Raises CannotCheck.

    Can be repeated; the next sign-in finishes an interrupted move.
    """
    with ports.accounts.change() as change:
        for name in usernames:
            account = change.get(name)
            if account is None or account.moved is None:
                continue
            change.put(account.changed(moved=None))
            change.prepare()
            _place(ports, change, name, account.moved)


def _place(ports: Ports, change: AccountsChange, name: str, moved: Moved) -> None:
    # The higher step is safe for either person: it only delays the next code a little.
    uses = latest_uses(moved.record.devices, ports.records.get(moved.username).devices)

    def put(now: SignInRecord) -> tuple[SignInRecord, None]:
        return moved.record.changed(devices=latest_uses(uses, now.devices)), None

    ports.records.update(name, put)
    if change.get(moved.username) is None:
        with suppress(CannotCheck):  # removed when an account of that name is created
            ports.records.remove(moved.username)


def _renamed(ports: Ports, account: Account, name: str) -> Account:
    factor = account.second_factor
    if factor is not None:
        factor = sealed_anew(ports.keyring, factor, account.username, name)
    record = account.moved.record if account.moved else ports.records.get(account.username)
    return account.changed_ending_sessions(
        username=name, second_factor=factor, moved=Moved(account.username, record), gone_since=None
    )


def _existing(change: AccountsChange, username: str) -> Account:
    account = change.get(username)
    if account is None:
        raise ChangedMeanwhile
    return account


def _is_theirs(accounts: AccountsChange, rename: Rename) -> bool:
    account = accounts.get(rename.before)
    if account is None or account.origin is not Origin.LDAP:
        return False
    return identity.is_same(account.directory_ids, rename.user.ids)


def _is_still_there(directory: Directory | None, account: Account) -> bool:
    """Whether the directory also has the person under the old name, which is ambiguous."""
    try:
        found = directory.find(account.username) if directory is not None else None
    except CannotSearchDirectory:
        return False
    except DirectoryMisconfigured:
        raise CannotUseDirectory from None
    return found is not None and not identity.is_another(account.directory_ids, found.ids)


def _found(directory: Directory | None, account: Account) -> DirectoryUser | None:
    if directory is None or not account.directory_ids:
        return None
    try:
        return directory.find_by_ids([account.directory_ids], lambda *_: None)[0]
    except CannotSearchDirectory:
        return None
    except DirectoryMisconfigured:
        raise CannotUseDirectory from None
