"""Emergency access: the operator restores an admin if no admin can sign in."""

from cwtui.accounts import admins, failed_sign_ins, look_alikes, roles, text, unix_users
from cwtui.accounts.account_changes import with_removal
from cwtui.accounts.audit.events import EventType
from cwtui.accounts.credentials import passwords
from cwtui.accounts.errors import AlreadyExists, InvalidInput
from cwtui.accounts.model import Account, Origin, Removed
from cwtui.accounts.new_account import (
    WithInitialPassword,
    first_epoch,
    initial_password_fields,
    put_new,
)
from cwtui.accounts.ports import AccountsChange, AccountStore, Ports
from cwtui.accounts.secret import Secret
from cwtui.accounts.session import Operator, as_reason, update_record, write_audit
from cwtui.accounts.upkeep.protection import keys_of
from cwtui.hints import again
from cwtui.language import _


def check_input(accounts: AccountStore, username: str, password: Secret | None) -> None:
    """Raise InvalidInput for input that `recover_admin` would refuse. Changes nothing."""
    name = text.username(username, "admin", local=True)
    if password is not None:
        passwords.check_new(password, accounts.settings(), name, field="password")
    _check_local(accounts.get(name))


def recover_admin(
    ports: Ports, actor: Operator, username: str, password: Secret | None = None
) -> WithInitialPassword:
    """Re-enable or create this admin, with a one-time initial password.

    Works only if no enabled local admin can sign in. The second factor is kept unless its key is
    lost. Keys that the store needs and the keyring lacks are given up. Raises InvalidInput and
    AlreadyExists.
    """
    check_input(ports.accounts, username, password)
    name = text.username(username, local=True)
    initial = password if password is not None else Secret(passwords.random_groups(ports.random))
    fields = initial_password_fields(ports, initial)
    is_new = ports.accounts.get(name) is None
    names = ports.accounts.names() if is_new else []
    similar = look_alikes.among(names, username)
    power = unix_users.power(ports.unix_user(name)) if is_new else ""
    with ports.accounts.change() as change:
        _check_nobody_can(ports, change)
        before = change.get(name)
        _check_local(before)
        present = frozenset(key.id for key in ports.keyring.all_keys())
        after = _let_in(before or _new(ports, name), present, fields)
        given_up = sorted(change.needed_keys() - present)
        change.put_needed_keys(change.needed_keys() & present)
        if before is None:
            similar += look_alikes.among_later(change.names(), names, username)
            put_new(ports, change, after)
        else:
            if before.second_factor != after.second_factor:
                now = ports.now()
                after = with_removal(after, Removed.SECOND_FACTOR, actor.actor, now)
            change.put(after)
        reason = "created" if before is None else _difference(before, after)
        reason += f", {as_reason({'looks_like': similar})}" if similar else ""
        reason += f", {as_reason({'unix_user': power})}" if power else ""
        reason += f", keys given up: {' '.join(given_up)}" if given_up else ""
        change.prepare()
        update_record(
            ports,
            name,
            lambda record: failed_sign_ins.with_old_password(record, ports.now()).changed(
                password_attempts={}, code_attempts={}
            ),
            lambda: write_audit(ports, EventType.USER_RECOVER, actor, name, reason, change=change),
        )
    return WithInitialPassword(after, initial, similar, power)


def _check_nobody_can(ports: Ports, change: AccountsChange) -> None:
    able = sorted(admins.who_can_sign_in(change, ports.keyring, ports.now()))
    if able:
        raise AlreadyExists(
            _(
                "An admin can still sign in: {names}. To help someone who is locked out, use: "
                "{command} NAME, reset-mfa NAME, or unlock NAME",
                command=again("user reset-password"),
                names=", ".join(able[:3]),
            )
        )


def _check_local(account: Account | None) -> None:
    if account is not None and account.origin is not Origin.LOCAL:
        raise InvalidInput(
            "admin",
            _(
                "{username} is an LDAP user, whose password is in the directory. Choose a local "
                "account or a new name.",
                username=account.username,
            ),
        )


def _new(ports: Ports, username: str) -> Account:
    return Account(
        username=username,
        created_at=ports.now(),
        roles=(roles.ADMIN,),
        session_epoch=first_epoch(ports),
    )


def _let_in(account: Account, present: frozenset[str], fields: dict[str, object]) -> Account:
    after = account.changed_ending_sessions(
        enabled=True,
        disabled_reason="",
        expires_at=None,
        roles=tuple(sorted({*account.roles, roles.ADMIN})),
        **fields,
    )
    return after if keys_of(after) <= present else after.changed(second_factor=None)


def _difference(before: Account, after: Account) -> str:
    notes = {
        "enabled": not before.enabled,
        "last day removed": before.expires_at is not None,
        f"role {roles.ADMIN} added": not before.is_admin,
        "second factor with lost key removed": before.second_factor != after.second_factor,
    }
    return ", ".join(["new initial password", *(what for what, is_so in notes.items() if is_so)])
