"""Add devices that people have elsewhere to accounts that exist."""

from collections.abc import Sequence
from itertools import zip_longest

from msgspec.structs import replace

from cwtui.accounts import devices
from cwtui.accounts.audit.events import Event, EventType
from cwtui.accounts.credentials import backup_codes
from cwtui.accounts.errors import Refused
from cwtui.accounts.importing.entries import Entry
from cwtui.accounts.managing import existing, refuse_own, refuse_powerful
from cwtui.accounts.model import MOST_DEVICES, Account, BackupCodes, Device, SecondFactor
from cwtui.accounts.names import new_id
from cwtui.accounts.ports import AccountsChange, Ports
from cwtui.accounts.roles import Permission
from cwtui.accounts.secret import Secret
from cwtui.accounts.session import Actor, as_reason, authorise_change, event_of
from cwtui.language import _


def missing_keys(ports: Ports, account: Account, one: Entry) -> tuple[Secret, ...]:
    """Return the keys of the entry that the account does not have. Raises CannotCheck."""
    factor = account.second_factor
    kept = (
        [devices.unsealed(ports.keyring, account.username, device) for device in factor.devices]
        if factor is not None
        else []
    )
    return tuple(key for key in one.keys if key not in kept)


def device_count(account: Account) -> int:
    """Return how many devices the account has."""
    return len(account.second_factor.devices) if account.second_factor is not None else 0


def has_backup_codes(account: Account) -> bool:
    """Whether the account has unused backup codes."""
    factor = account.second_factor
    return factor is not None and bool(factor.backup_codes.hashes)


def with_devices(
    ports: Ports,
    username: str,
    keys: Sequence[Secret],
    factor: SecondFactor,
    names: Sequence[str] = (),
) -> SecondFactor:
    """Return the second factor with devices for these keys, called by `names` if there are some."""
    kept: list[Device] = list(factor.devices)
    for key, given in zip_longest(keys, names[: len(keys)]):
        id_ = new_id(ports.random, {device.id for device in kept})
        sealed = devices.sealed(ports.keyring, username, id_, key)
        name = given if given is not None else devices.new_name(kept)
        kept.append(Device(name=name, totp_secret=sealed, registered_at=ports.now(), id=id_))
    return replace(factor, devices=tuple(kept))


def codes_to_store(ports: Ports, one: Entry) -> BackupCodes:
    """Return the emergency codes of the entry as backup codes; none if it has none.

    They count as saved, as the person has them already.
    """
    kept = backup_codes.hash_codes(one.emergency_codes, ports.keyring, ports.bcrypt_cost)
    return replace(kept, acknowledged=bool(kept.hashes))


def check(ports: Ports, actor: Actor, usernames: Sequence[str]) -> None:
    """Raise Refused for the actor's own account, and NotPermitted, SessionEnded and CannotCheck.

    Who adds a device to an account can make its codes, so this takes what removing one takes.
    """
    held = authorise_change(ports, actor, Permission.RESET_MFA)
    for name in usernames:
        refuse_own(actor, name)
    refuse_powerful(ports, held, *usernames)


def add(
    ports: Ports, change: AccountsChange, actor: Actor, one: Entry, codes: BackupCodes
) -> tuple[Account, Event] | None:
    """Return the account with the devices of the entry, which ends its sessions, and the event.

    `codes` are its emergency codes; an account with unused backup codes keeps those instead. None
    if it has all devices by now. Raises UnknownAccount, NotPermitted, SessionEnded, CannotCheck,
    and Refused if they are too many by now.
    """
    before = existing(ports, change, actor, one.username, Permission.RESET_MFA)
    keys = missing_keys(ports, before, one)
    if not keys:
        return None
    count = device_count(before)
    if count + len(keys) > MOST_DEVICES:
        raise Refused(
            _(
                "{username} got more devices in the meantime. Nothing was imported. Try again.",
                username=one.username,
            )
        )
    factor = before.second_factor or SecondFactor((), codes)
    if codes.hashes and not factor.backup_codes.hashes:
        factor = replace(factor, backup_codes=codes)
    factor = with_devices(ports, one.username, keys, factor)
    added = tuple(device.name for device in factor.devices[count:])
    kind = EventType.DEVICE_ADD if count else EventType.MFA_ENABLE
    recorded: dict[str, object] = {"device": added}
    if factor.backup_codes is codes and codes.hashes:
        recorded["backup_codes"] = len(codes.hashes)
    reason = as_reason(recorded)
    after = before.changed_ending_sessions(second_factor=factor)
    return after, event_of(ports, kind, actor, one.username, reason)
