"""What all changes of somebody else's account have in common."""

from collections.abc import Iterable

from cwtui.accounts import admins, roles, text, unix_users
from cwtui.accounts.errors import (
    Agreed,
    CannotCheck,
    GivesPermissions,
    NotPermitted,
    Refused,
    UnknownAccount,
)
from cwtui.accounts.listing import AccountRow
from cwtui.accounts.model import Account
from cwtui.accounts.ports import AccountsChange, Ports
from cwtui.accounts.roles import Permission
from cwtui.accounts.session import Actor, Session, authorise_change, permissions_of
from cwtui.accounts.settings import OrganizationSettings
from cwtui.language import _


def refuse_own(actor: Actor, name: str) -> None:
    """Raise Refused for the actor's own account: Settings asks for proof first (ASVS 7.5.1)."""
    if isinstance(actor, Session) and actor.username == name:
        raise Refused(_("This is your own account. Use Settings instead."))


def somebody_else(
    ports: Ports,
    actor: Actor,
    username: str,
    permission: Permission = Permission.MANAGE_USERS,
) -> str:
    """Return the username of somebody else, whose account the actor may change.

    Raises InvalidInput, Refused for the actor's own account, NotPermitted, also for the name of a
    powerful Unix user, ProofNeeded and SessionEnded.
    """
    held = authorise_change(ports, actor, permission)
    name = text.username(username)
    refuse_own(actor, name)
    refuse_powerful(ports, held, name)
    return name


def existing(
    ports: Ports,
    change: AccountsChange,
    actor: Actor,
    username: str,
    permission: Permission = Permission.MANAGE_USERS,
) -> Account:
    """Return the account to change.

    Raises UnknownAccount, NotPermitted if it has permissions that the actor lacks, and the errors
    of `authorise_change`.
    """
    held = authorise_change(ports, actor, permission, change)
    account = change.get(username)
    if account is None:
        raise UnknownAccount(username)
    refuse_beyond(held, account, permissions_of(ports, account, change))
    return account


def refuse_beyond(
    held: frozenset[Permission], account: Account | AccountRow, theirs: frozenset[Permission]
) -> None:
    """Raise NotPermitted if the account has permissions that the actor, who has `held`, lacks.

    Otherwise who can reset a password could get them by signing in as somebody else.
    """
    if theirs - held:
        raise NotPermitted(
            _(
                "{username} has permissions that you do not have: {permissions}. Ask somebody who "
                "has them.",
                username=account.username,
                permissions=_listed(theirs - held),
            )
        )


def refuse_powerful(ports: Ports, held: frozenset[Permission], *names: str) -> None:
    """Raise NotPermitted if a powerful Unix user has one of these names, and `held` is not all.

    Otherwise a help desk could become root where sshd or sudo ask cwtui (see `unix_users`).
    """
    if held == roles.ALL:
        return
    for name in names:
        power = unix_users.power(ports.unix_user(name))
        if power:
            raise NotPermitted(
                _(
                    "{name} is also a Unix user of this host, and {power}. Ask somebody who has "
                    "all permissions.",
                    name=name,
                    power=unix_users.told(power),
                )
            )


def refuse_directory_names(ports: Ports, held: frozenset[Permission], *names: str) -> None:
    """Raise NotPermitted if the directory has one of these names, and `held` is not all.

    A local account takes precedence, so that creating one locks out the person of the directory,
    who may hold more than the actor. What cannot be looked up is refused too.
    """
    if held == roles.ALL or ports.directory is None:
        return
    try:
        found = ports.directory.find_all(names, lambda *_: None)
    except CannotCheck:
        raise NotPermitted(
            _(
                "It cannot be looked up whether the directory has this name. Ask somebody who has "
                "all permissions."
            )
        ) from None
    for name in names:
        # An ambiguous name is left out of what was found.
        if found.get(name) is not None or name not in found:
            raise NotPermitted(
                _(
                    "The directory has a person named {name}. A local account would lock that "
                    "person out. Ask somebody who has all permissions.",
                    name=name,
                )
            )


def refuse_to_grant(held: frozenset[Permission], granted: frozenset[Permission]) -> None:
    """Raise NotPermitted if the actor, who has `held`, would grant what they lack."""
    if granted - held:
        raise NotPermitted(
            _(
                "You can grant only permissions that you have. You lack: {permissions}.",
                permissions=_listed(granted - held),
            )
        )


def granted(
    held: frozenset[Permission],
    username: str,
    before: Iterable[str],
    chosen: Iterable[str],
    settings: OrganizationSettings,
    agreed: Agreed,
) -> tuple[str, ...]:
    """Return the chosen roles, which an actor with the permissions `held` gives to the account.

    Raises InvalidInput, NotPermitted, and GivesPermissions unless `agreed`.
    """
    after = roles.known(chosen, settings.custom_roles)
    had = roles.permissions(before, settings.custom_roles)
    gained = roles.permissions(after, settings.custom_roles) - had
    refuse_to_grant(held, gained)
    if gained and GivesPermissions not in agreed:
        listed = [one for one in Permission if one in gained]
        raise GivesPermissions(username, listed, makes_admin=roles.ADMIN in after)
    return after


def keep_an_admin(
    ports: Ports, accounts: admins.Admins, before: Account, after: Account | None
) -> None:
    """Raise Refused if no admin could sign in after this change, now or later.

    `after` is None if the account is removed.
    """
    without, now = before.username, ports.now()
    if not admins.is_less(before, after) or {without} != admins.needed(
        accounts, ports.keyring, now
    ):
        return
    others = admins.who_can_sign_in(accounts, ports.keyring, now) - {without}
    found = [account for name in others if (account := accounts.get(name)) is not None]
    if any(account.expires_at is None for account in found):
        raise Refused(
            _(
                "{username} is the last enabled admin who has chosen a password. Let another "
                "admin sign in and choose one first.",
                username=without,
            )
        )
    if found:
        raise Refused(
            _(
                "{username} is the last enabled admin whose account does not expire. Give another "
                "account that does not expire the role {role} first.",
                username=without,
                role=roles.ADMIN,
            )
        )
    raise Refused(
        _(
            "{username} is the last enabled admin. Give another account the role {role} first.",
            username=without,
            role=roles.ADMIN,
        )
    )


def _listed(permissions: frozenset[Permission]) -> str:
    return ", ".join(permission for permission in Permission if permission in permissions)
