"""Create the accounts of an import, and add devices to others, all in one change."""

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Final

from msgspec import Struct

from cwtui.accounts import custom_roles
from cwtui.accounts.audit.events import Event, EventType
from cwtui.accounts.batched import READ_AT_ONCE, read_accounts
from cwtui.accounts.credentials import passwords
from cwtui.accounts.errors import TO_NOTHING, Agreed, Refused
from cwtui.accounts.importing import adding
from cwtui.accounts.importing.entries import Entry
from cwtui.accounts.importing.planning import Plan
from cwtui.accounts.managing import refuse_directory_names, refuse_powerful, refuse_to_grant
from cwtui.accounts.model import Account, Origin, PasswordHash, SecondFactor
from cwtui.accounts.new_account import (
    cost_of_many,
    first_epoch,
    initial_password_fields,
    invitations_recorded,
    put_new,
)
from cwtui.accounts.ports import AccountsChange, Ports
from cwtui.accounts.progress import ShowProgress
from cwtui.accounts.roles import Permission
from cwtui.accounts.secret import Secret
from cwtui.accounts.session import (
    Actor,
    as_reason,
    authorise_change,
    event_of,
    in_batch,
    write_audit,
)
from cwtui.language import _

_SHOWN: Final = 1000
"""Accounts after which progress is shown."""
_PARTS: Final = 20
"""Into so many parts the work on an account is divided. Where hashes are made, they take all but
one of them, else half.
"""


class Made(Struct, frozen=True, gc=False):
    """An account to create, with its initial password or the code of its invitation, if any."""

    account: Account
    password: Secret | None = None


def create(
    ports: Ports,
    actor: Actor,
    plan: Plan,
    hand_over: Callable[[Sequence[Made]], None],
    progress: ShowProgress,
    workers: int,
    agreed: Agreed = TO_NOTHING,
) -> str:
    """Do what this plan says, all of it or nothing, and return the id of the batch.

    `hand_over` keeps the initial passwords before the accounts exist. Making their hashes takes
    most of the time; so many `workers` do it. Raises GivesPower unless `agreed`, Refused if others
    took one of the names since the plan was made, NotPermitted, SessionEnded and CannotCheck.
    """
    ports = in_batch(ports)
    plan.check_powers(agreed)
    held = authorise_change(ports, actor, Permission.MANAGE_USERS)
    refuse_to_grant(held, plan.permissions)
    refuse_powerful(ports, held, *plan.powers)
    local = [one.username for one in plan.new if one.origin is Origin.LOCAL]
    refuse_directory_names(ports, held, *local)
    if plan.new_roles:
        authorise_change(ports, actor, Permission.MANAGE_ROLES)
    if plan.added:
        adding.check(ports, actor, [one.username for one in plan.added])
    total = _PARTS * len(plan.new)
    making = _PARTS - 1 if plan.without_password else _PARTS // 2
    made: list[Made] = []
    for one in _all_new(ports, plan, workers):
        made.append(one)
        if one.password is not None or not len(made) % _SHOWN:
            progress(making * len(made), total)
    events = list(_events(ports, actor, plan, made))
    with ThreadPoolExecutor(workers) as pool:
        added_codes = [*pool.map(lambda one: adding.codes_to_store(ports, one), plan.added)]
    hand_over([one for one in made if one.password is not None])
    if plan.new_peppers:
        _add_peppers(ports, actor, plan)
    with ports.accounts.change() as change:
        held = authorise_change(ports, actor, Permission.MANAGE_USERS, change)
        there = {**plan.custom_roles}
        for name in plan.new_roles:
            del there[name]
        if change.settings().custom_roles != there:
            raise Refused(_("Roles were changed in the meantime. Nothing was imported. Try again."))
        refuse_to_grant(held, plan.permissions)
        _check_free(change, [one.account.username for one in made])
        created = custom_roles.restore(ports, change, actor, plan.new_roles)
        added = [
            adding.add(ports, change, actor, one, codes)
            for one, codes in zip(plan.added, added_codes, strict=True)
        ]
        changed = [account for account, _ in filter(None, added)]
        change.put(*changed)
        put_new(ports, change, *(one.account for one in made))
        progress((making * len(made) + total) // 2, total)
        last = _import_event(ports, actor, plan, len(changed))
        ports.audit.append(*created, *events, *(event for _, event in filter(None, added)), last)
    progress(total, total)
    return ports.batch


def _add_peppers(ports: Ports, actor: Actor, plan: Plan) -> None:
    """Add what is missing to the keyring, before accounts need it. Unused, it can be retired."""
    authorise_change(ports, actor, Permission.MANAGE_ORGANIZATION)
    with ports.keyring.change() as change:
        there = {key.id for key in ports.keyring.all_keys()}
        missing = [one for one in plan.new_peppers if one.key not in there]
        known = [one for one in plan.new_peppers if one.key in there]
        if any(ports.keyring.pepper(one.key) != one.reveal() for one in known):
            raise Refused(_("Keys were changed in the meantime. Nothing was imported. Try again."))
        for one in missing:
            change.add_pepper(one.key, one.reveal(), ports.now())
        if missing:
            reason = as_reason({"keys": tuple(one.key for one in missing)})
            write_audit(ports, EventType.KEY_IMPORT, actor, "", reason)


def _check_free(change: AccountsChange, wanted: Sequence[str]) -> None:
    """Raise Refused if an account has one of these names."""
    if len(wanted) > READ_AT_ONCE:  # others wait: all names are read sooner than many accounts
        existing = frozenset(change.names())
    else:
        existing = frozenset(one.username for one in read_accounts(change, wanted) if one)
    taken = next((name for name in wanted if name in existing), None)
    if taken is not None:
        raise Refused(
            _(
                "Others have created {taken} in the meantime. Nothing was imported. Try again.",
                taken=taken,
            )
        )


def _events(ports: Ports, actor: Actor, plan: Plan, made: Sequence[Made]) -> Iterator[Event]:
    """Yield an event for each new account."""
    usual = {held: as_reason({"roles": held}) for held in plan.all_roles}
    for one, new in zip(plan.new, made, strict=True):
        recorded = invitations_recorded(None, new.account, ports.now())
        if one.keys:
            recorded["devices"] = len(one.keys)
        if one.emergency_codes:
            recorded["backup_codes"] = len(one.emergency_codes)
        if one.username in plan.looks_like:
            recorded["looks_like"] = plan.looks_like[one.username]
        if one.username in plan.powers:
            recorded["unix_user"] = plan.powers[one.username]
        reason = usual[one.new_roles]
        if recorded:
            reason += f" {as_reason(recorded)}"
        yield event_of(ports, EventType.USER_CREATE, actor, one.username, reason)


def _import_event(ports: Ports, actor: Actor, plan: Plan, added: int) -> Event:
    """Return the event that comes last, and says that all of the others happened."""
    said: dict[str, object] = {"created": len(plan.new)}
    if added:
        said["devices_added_to"] = added
    return event_of(ports, EventType.USER_IMPORT, actor, "", as_reason(said))


def _all_new(ports: Ports, plan: Plan, workers: int) -> Iterator[Made]:
    if not plan.without_password:
        yield from (new(ports, one, invited=False) for one in plan.new)
        return
    # bcrypt lets other threads run meanwhile.
    with ThreadPoolExecutor(workers) as pool:
        yield from pool.map(lambda one: new(ports, one, invited=plan.invites(one)), plan.new)


def new(ports: Ports, one: Entry, *, invited: bool) -> Made:
    """Return the account to create, with an initial password if it has none to take over."""
    key = one.saved.password_key
    kept = PasswordHash(key, one.password_hash) if one.password_hash is not None else None
    account = Account(
        username=one.username,
        created_at=ports.now(),
        display_name=one.display_name or "",
        roles=one.new_roles,
        mfa_required=bool(one.mfa_required),
        enabled=one.enabled is not False,
        disabled_reason=one.disabled_reason or "",
        expires_at=one.expires_at,
        session_epoch=first_epoch(ports),
        password=kept,
        origin=one.origin,
        directory_ids=one.saved.directory_ids,
        second_factor=_second_factor(ports, one) if one.keys else None,
    )
    if kept is not None and one.saved.must_change_password:
        expires_at = one.saved.initial_password_expires_at
        until = expires_at.timestamp() if expires_at is not None else None
        account = account.changed(
            must_change_password=True,
            initial_password_expires_at=until,
            invited=one.saved.invited and until is not None,
        )
    if not one.needs_initial_password:
        return Made(account)
    initial = Secret(passwords.random_groups(ports.random))
    fields = initial_password_fields(ports, initial, cost_of_many(ports), invited=invited)
    return Made(account.changed(**fields), initial)


def _second_factor(ports: Ports, one: Entry) -> SecondFactor:
    """Return the devices, with the backup codes of an export or another program if it has some."""
    codes = one.saved.backup_codes or adding.codes_to_store(ports, one)
    names = one.saved.device_names
    return adding.with_devices(ports, one.username, one.keys, SecondFactor((), codes), names)
