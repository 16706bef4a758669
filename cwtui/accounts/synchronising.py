"""Compare all accounts with the directory: renamed people, missing people, and name conflicts.

People who are disabled there count as missing: their SSH keys and codes should open no door.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Final

from cwtui.accounts import devices, identity, renaming
from cwtui.accounts.directory_port import Directory, DirectoryUser
from cwtui.accounts.errors import CannotCheck, Refused
from cwtui.accounts.model import Account, Origin
from cwtui.accounts.ports import AccountsChange, AccountStore, Ports
from cwtui.accounts.progress import ShowProgress
from cwtui.accounts.provisioning import is_another, record_change
from cwtui.accounts.renaming import Rename
from cwtui.accounts.roles import Permission
from cwtui.accounts.session import Actor, authorise_change
from cwtui.hints import again
from cwtui.language import _

BATCH: Final = 500
"""Accounts per change; each change rewrites the file."""

FEW: Final = 3
"""This many people may disappear between two runs, however few there are. If more disappear, and
more than half of all, the search base or a read permission was probably lost."""


class MostAreGone(Refused):
    """So many people are missing that the directory is probably misconfigured."""


@dataclass(frozen=True)
class NameChange:
    """A username, and the person's new username in the directory."""

    before: str
    after: str


@dataclass(frozen=True)
class Synchronised:
    """What `sync` found, as sorted lists of usernames."""

    gone: tuple[str, ...]
    found_again: tuple[str, ...]
    shadowing: tuple[str, ...]
    """Local accounts whose name also exists in the directory; the local account wins."""
    renamed: tuple[NameChange, ...] = ()
    blocked: tuple[NameChange, ...] = ()
    """Renames that were not done, because another account has the new name; marked as gone."""
    changed: bool = False
    """Whether an account was renamed, or marked in another way than before."""


def sync(
    ports: Ports,
    directory: Directory,
    actor: Actor,
    progress: ShowProgress,
    *,
    force: bool = False,
) -> Synchronised:
    """Rename accounts as in the directory, mark missing people, and mark local name conflicts.

    Raises MostAreGone (unless `force`), CannotReachDirectory, CannotSearchDirectory, NotPermitted
    and SessionEnded.
    """
    authorise_change(ports, actor, Permission.MANAGE_USERS)
    names = [row.username for row in ports.accounts.rows()]
    people = directory.find_all(names, progress)
    missing = list(_missing(ports.accounts, people))
    elsewhere = [account for account in missing if account.directory_ids]
    asked = [one.directory_ids for one in elsewhere]
    found = directory.find_by_ids(asked, progress) if asked else []
    asked_for = [
        Rename(account.username, user)
        for account, user in zip(elsewhere, found, strict=True)
        if user is not None and user.username != account.username
    ]
    moved = {rename.before for rename in asked_for}
    if not force:
        lost = [a for a in missing if a.gone_since is None and a.username not in moved]
        _check_plausible(ports.accounts, people, len(lost), is_anybody_moved=bool(moved))
    renamed = _rename(ports, actor, asked_for)
    for one in renamed:
        del people[one.before]
    people |= {one.user.username: one.user for one in renamed}
    marked = _mark(ports, actor, people)
    return replace(
        marked,
        renamed=_changes(renamed),
        blocked=_changes(one for one in asked_for if one not in renamed),
        changed=marked.changed or bool(renamed),
    )


def _missing(accounts: AccountStore, people: dict[str, DirectoryUser | None]) -> Iterable[Account]:
    """Yield the LDAP accounts whose name is missing in the directory, or is another person's."""
    for name, user in people.items():
        account = accounts.get(name)
        if account is None or account.origin is not Origin.LDAP:
            continue
        if user is None or is_another(account, user):
            yield account


def _check_plausible(
    accounts: AccountStore,
    people: dict[str, DirectoryUser | None],
    lost: int,
    *,
    is_anybody_moved: bool,
) -> None:
    """Raise MostAreGone if so many are missing that cwtui may lack permission to see them."""
    if not lost:
        return
    was_there = sum(
        row.origin is Origin.LDAP and row.gone_since is None and row.username in people
        for row in accounts.rows()
    )
    is_anybody_there = is_anybody_moved or any(user is not None for user in people.values())
    if is_anybody_there and not (lost > FEW and 2 * lost > was_there):
        return
    raise MostAreGone(
        _(
            "{lost} of {was_there} LDAP users are missing in the directory, so nothing was "
            "changed. Check the permissions of the bind account, and base, user_rdn and "
            "search_filter in [directory]. If these users are really gone: {command}",
            command=again("directory sync --force"),
            lost=lost,
            was_there=was_there,
        )
    )


def _rename(ports: Ports, actor: Actor, asked_for: list[Rename]) -> list[Rename]:
    """Carry out the possible renames, and return them."""
    if not asked_for:
        return []
    with ports.accounts.change() as change:
        authorise_change(ports, actor, Permission.MANAGE_USERS, change)
        readable = [rename for rename in asked_for if _is_readable(ports, change, rename)]
        renamed = renaming.possible(change, readable)
        renaming.carry_over(ports, change, actor, renamed)
    renaming.settle(ports, [rename.user.username for rename in renamed])
    return renamed


def _is_readable(ports: Ports, change: AccountsChange, rename: Rename) -> bool:
    """Whether the account's secrets can be decrypted, which a rename requires."""
    account = change.get(rename.before)
    if account is None or account.second_factor is None:
        return account is not None
    try:
        for device in account.second_factor.devices:
            devices.unsealed(ports.keyring, account.username, device)
    except CannotCheck:
        return False
    return True


def _mark(ports: Ports, actor: Actor, people: dict[str, DirectoryUser | None]) -> Synchronised:
    gone, again, shadowing, is_anything_changed = [], [], [], False
    for batch in _batches(people):
        with ports.accounts.change() as change:
            authorise_change(ports, actor, Permission.MANAGE_USERS, change)
            changed = []
            for name in batch:
                before = change.get(name)
                if before is None:
                    continue
                after = _marked(before, people[name], ports.now())
                if after != before:
                    changed.append((before, after))
                shadowing += [name] if after.in_directory_too else []
                gone += [name] if after.gone_since is not None else []
                again += [name] if before.gone_since and after.gone_since is None else []
            if changed:
                is_anything_changed = True
                change.put(*(after for _, after in changed))
            for before, after in changed:
                record_change(ports, change, actor, before, after)
    return Synchronised(tuple(gone), tuple(again), tuple(shadowing), changed=is_anything_changed)


def _marked(account: Account, user: DirectoryUser | None, now: float) -> Account:
    if account.origin is not Origin.LDAP:
        return account.changed(in_directory_too=user is not None)
    if user is not None and user.enabled and not is_another(account, user):
        learned = identity.learned(account.directory_ids, user.ids)
        return account.changed(gone_since=None, directory_ids=learned)
    if account.gone_since is not None:
        return account
    return account.changed_ending_sessions(gone_since=now)


def _changes(renames: Iterable[Rename]) -> tuple[NameChange, ...]:
    return tuple(
        sorted(
            (NameChange(one.before, one.user.username) for one in renames), key=lambda c: c.before
        )
    )


def _batches(names: Iterable[str]) -> Iterable[list[str]]:
    ordered = sorted(names)
    for start in range(0, len(ordered), BATCH):
        yield ordered[start : start + BATCH]
