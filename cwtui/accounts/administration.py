"""How admins manage accounts. The last enabled local admin cannot be removed."""

from contextlib import suppress
from dataclasses import dataclass

from cwtui.accounts import (
    account_state,
    expiry,
    failed_sign_ins,
    look_alikes,
    meanwhile,
    text,
    throttle,
    unix_users,
    unused,
    updates,
)
from cwtui.accounts.account_state import Status
from cwtui.accounts.audit.events import EventType
from cwtui.accounts.credentials import passwords
from cwtui.accounts.errors import (
    TO_NOTHING,
    Agreed,
    CannotCheck,
    InvalidInput,
    LooksAlike,
    Refused,
    Taken,
    UnknownAccount,
)
from cwtui.accounts.managing import (
    existing,
    granted,
    keep_an_admin,
    refuse_directory_names,
    refuse_powerful,
    somebody_else,
)
from cwtui.accounts.model import Account, Origin, SignInRecord
from cwtui.accounts.new_account import (
    HandOver,
    NewAccount,
    WithInitialPassword,
    first_epoch,
    initial_password_fields,
    invitations_recorded,
    put_new,
)
from cwtui.accounts.ports import Ports
from cwtui.accounts.roles import Permission
from cwtui.accounts.secret import Secret
from cwtui.accounts.session import (
    Actor,
    Session,
    as_reason,
    authorise,
    authorise_change,
    update_record,
    write_audit,
)
from cwtui.accounts.settings import OrganizationSettings
from cwtui.accounts.updates import FROM_DIRECTORY, Update
from cwtui.language import _


@dataclass(frozen=True)
class Details:
    """An account, its sign-in record, and the organization settings."""

    account: Account
    record: SignInRecord
    settings: OrganizationSettings
    now: float
    is_unused: bool = False

    @property
    def locked_until(self) -> float | None:
        """When the account's longest wait ends, in seconds since the epoch; None if none."""
        return account_state.locked_until(self.record, self.now)

    @property
    def status(self) -> Status:
        """Whether the account can sign in."""
        return account_state.status(
            self.account, self.locked_until, self.now, is_unused=self.is_unused
        )


def show_user(ports: Ports, actor: Actor, username: str) -> Details:
    """Return the account and its sign-in record, without failed attempts that have expired.

    Raises UnknownAccount, NotPermitted and SessionEnded.
    """
    authorise(ports, actor, Permission.READ_USERS)
    name = text.username(username)
    account = ports.accounts.get(name)
    if account is None:
        raise UnknownAccount(name)
    now, settings = ports.now(), ports.accounts.settings()
    record = throttle.current(ports.records.get(name), now)
    return Details(account, record, settings, now, unused.has(ports, account, settings))


def check_new_username(ports: Ports, actor: Actor, typed: str) -> None:
    """Raise InvalidInput, LooksAlike or NamesUnixUser if `create_user` would, for this name alone.

    Raises NotPermitted and SessionEnded.
    """
    authorise(ports, actor, Permission.MANAGE_USERS)
    name = text.username(typed, local=True)
    if ports.accounts.get(name) is not None:
        raise _exists(name)
    look_alikes.check(look_alikes.among(ports.accounts.names(), typed), typed)
    unix_users.check(ports.unix_user, name)


def create_user(
    ports: Ports,
    actor: Actor,
    new: NewAccount,
    *,
    agreed: Agreed = TO_NOTHING,
) -> WithInitialPassword:
    """Create a local account with a one-time initial password, generated unless one is given.

    The user must change it at the first sign-in, so that admins do not choose passwords
    (ASVS 6.4.6). Raises InvalidInput, LooksAlike, NamesUnixUser and GivesPermissions unless
    `agreed`, NotPermitted (also for roles that permit more than the actor's) and SessionEnded.
    """
    held = authorise_change(ports, actor, Permission.MANAGE_USERS)
    name = text.username(new.username, local=True)
    refuse_powerful(ports, held, name)
    known_roles = granted(held, name, (), new.roles, ports.accounts.settings(), agreed)
    display_name = text.display_name(new.display_name)
    expires_at = expiry.end_to_come(new.expires, ports.now())
    initial = new.initial_password
    if initial is None:
        initial = Secret(passwords.random_groups(ports.random))
    else:
        passwords.check_new(initial, ports.accounts.settings(), name, field="password")
    if ports.accounts.get(name) is not None:
        raise _exists(name)
    names = ports.accounts.names()
    similar = look_alikes.among(names, new.username)
    if LooksAlike not in agreed:
        look_alikes.check(similar, new.username)
    refuse_directory_names(ports, held, name)
    power = unix_users.check(ports.unix_user, name, agreed)
    account = Account(
        username=name,
        created_at=ports.now(),
        display_name=display_name,
        roles=known_roles,
        mfa_required=new.mfa_required,
        expires_at=expires_at,
        session_epoch=first_epoch(ports),
    ).changed(**initial_password_fields(ports, initial, invited=new.invited))
    with ports.accounts.change() as change:
        held = authorise_change(ports, actor, Permission.MANAGE_USERS, change)
        granted(held, name, (), known_roles, change.settings(), agreed)
        if change.get(name) is not None:
            raise _exists(name)
        # Check only accounts created since: checking all names takes too long inside the change.
        similar += look_alikes.among_later(change.names(), names, new.username)
        if LooksAlike not in agreed:
            look_alikes.check(similar, new.username)
        put_new(ports, change, account)
        recorded: dict[str, object] = {"roles": known_roles}
        recorded |= {"expires_at": expiry.last_day(expires_at)} if expires_at else {}
        recorded |= invitations_recorded(None, account, ports.now())
        recorded |= {"looks_like": similar} if similar else {}
        recorded |= {"unix_user": power} if power else {}
        write_audit(ports, EventType.USER_CREATE, actor, name, as_reason(recorded), change=change)
    return WithInitialPassword(account, initial, similar, power)


@dataclass(frozen=True)
class Updated:
    """An account as it is after an update, and whether the update changed anything."""

    account: Account
    changed: bool


def check_is_still_there(ports: Ports, actor: Actor, seen: Account) -> None:
    """Raise UnknownAccount if the account that the person saw was removed or renamed since.

    Its name may belong to another account now. Raises NotPermitted and SessionEnded.
    """
    authorise(ports, actor, Permission.READ_USERS)
    account = ports.accounts.get(seen.username)
    if account is None or account.created_at != seen.created_at:
        raise UnknownAccount(seen.username)


def update_user(
    ports: Ports,
    actor: Actor,
    username: str,
    update: Update,
    *,
    agreed: Agreed = TO_NOTHING,
    seen: Account | None = None,
) -> Updated:
    """Set these fields of the account. `seen` is the account that the person saw.

    Changing roles and enabling or disabling end the account's sessions. Raises InvalidInput,
    Refused (for the last enabled local admin), GivesPermissions and ChangedByOthers unless
    `agreed`, UnknownAccount, NotPermitted and SessionEnded.
    """
    held = authorise_change(ports, actor, Permission.MANAGE_USERS)
    name = text.username(username)
    refuse_powerful(ports, held, name)
    update = update.checked(ports.accounts.settings().custom_roles)
    with ports.accounts.change() as change:
        before = existing(ports, change, actor, name)
        if before.origin is Origin.LDAP and update.given.keys() & FROM_DIRECTORY:
            raise Refused(
                _(
                    "{name} is an LDAP user. Roles and display name come from the directory.",
                    name=name,
                )
            )
        settings = change.settings()
        fields = updates.fields(ports, settings, before, update)
        if not fields:
            return Updated(before, changed=False)
        meanwhile.check(ports, EventType.USER_UPDATE, name, seen, before, fields, agreed)
        if update.roles is not None:
            granted(held, name, before.roles, update.roles, settings, agreed)
        ends_sessions = "roles" in fields or "enabled" in fields
        changed = before.changed_ending_sessions if ends_sessions else before.changed
        after = changed(**fields)
        keep_an_admin(ports, change, before, after)
        change.put(after)
        reason = as_reason(updates.recorded(fields))
        write_audit(ports, EventType.USER_UPDATE, actor, name, reason, change=change)
    return Updated(after, changed=True)


def reset_password(
    ports: Ports,
    actor: Actor,
    username: str,
    hand_over: HandOver = lambda *_: None,
    *,
    invited: bool = False,
    agreed: Agreed = TO_NOTHING,
    seen: Account | None = None,
) -> WithInitialPassword:
    """Set a new one-time initial password and end the account's sessions.

    `hand_over` keeps the password before it is valid. `invited`: it is an invitation code.
    An earlier one no longer works. Raises Refused for LDAP users, for the actor's own account and,
    unless the actor is the operator, for the last admin who can sign in from now on,
    ChangedByOthers, UnknownAccount and NotPermitted.
    """
    name = somebody_else(ports, actor, username)
    initial = Secret(passwords.random_groups(ports.random))
    fields = initial_password_fields(ports, initial, invited=invited)
    with ports.accounts.change() as change:
        before = existing(ports, change, actor, name)
        if before.origin is not Origin.LOCAL:
            raise Refused(_("This is an LDAP user. Reset the password in the directory."))
        meanwhile.check_losses(ports, seen, before, (meanwhile.PASSWORD,), agreed)
        after = before.changed_ending_sessions(**fields)
        if isinstance(actor, Session):  # the operator lets the last admin in again
            keep_an_admin(ports, change, before, after)
        hand_over(name, initial)
        change.put(after)
        change.prepare()
        reason = as_reason(invitations_recorded(before, after, ports.now()))
        update_record(
            ports,
            name,
            lambda record: failed_sign_ins.with_old_password(record, ports.now()).changed(
                password_attempts={}
            ),
            lambda: write_audit(
                ports, EventType.USER_RESET_PASSWORD, actor, name, reason, change=change
            ),
        )
    return WithInitialPassword(after, initial)


def name_to_remove(ports: Ports, actor: Actor, typed: str) -> str:
    """Return the name of the account to remove.

    Also takes the exact name of a damaged account, as `findings` reports it, that is not a valid
    username. Raises UnknownAccount, NotPermitted and SessionEnded.
    """
    authorise(ports, actor, Permission.MANAGE_USERS)
    name = typed if ports.accounts.get(typed) is not None else text.username(typed)
    if ports.accounts.get(name) is None:
        raise UnknownAccount(name)
    return name


def remove_user(
    ports: Ports,
    actor: Actor,
    username: str,
    *,
    agreed: Agreed = TO_NOTHING,
    seen: Account | None = None,
) -> None:
    """Remove the account and its sign-in record.

    Removing an account that has MFA also takes the permission to reset MFA: it could be created
    again without. Raises Refused (for the last enabled local admin), ChangedByOthers,
    UnknownAccount, NotPermitted and SessionEnded.
    """
    held = authorise_change(ports, actor, Permission.MANAGE_USERS)
    name = name_to_remove(ports, actor, username)
    refuse_powerful(ports, held, name)
    with ports.accounts.change() as change:
        account = existing(ports, change, actor, name)
        if account.second_factor is not None:
            authorise_change(ports, actor, Permission.RESET_MFA, change)
        keep_an_admin(ports, change, account, None)
        meanwhile.check_losses(ports, seen, account, meanwhile.ALL_PARTS, agreed)
        change.remove(name)
        reason = as_reason(invitations_recorded(account, None, ports.now()))
        write_audit(ports, EventType.USER_REMOVE, actor, name, reason, change=change)
        # Inside the change, so that it cannot hit the record of a new account of the same name.
        # If it fails, the record is removed when an account of that name is created.
        with suppress(CannotCheck):
            ports.records.remove(name)


def _exists(username: str) -> InvalidInput:
    return Taken(
        "username", _("The username {username} is taken. Choose another one.", username=username)
    )
