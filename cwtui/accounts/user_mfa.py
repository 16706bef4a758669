"""How admins remove the devices of others, for example when one is lost."""

from cwtui.accounts import devices, meanwhile, names
from cwtui.accounts.account_changes import with_removal
from cwtui.accounts.audit.events import EventType
from cwtui.accounts.errors import TO_NOTHING, Agreed, NotFound, Refused
from cwtui.accounts.managing import existing, somebody_else
from cwtui.accounts.model import Account, Device, Removed, SecondFactor
from cwtui.accounts.ports import Ports
from cwtui.accounts.roles import Permission
from cwtui.accounts.session import Actor, as_reason, write_audit
from cwtui.language import _


def disable_mfa(
    ports: Ports,
    actor: Actor,
    username: str,
    *,
    agreed: Agreed = TO_NOTHING,
    seen: Account | None = None,
) -> Account:
    """Remove all devices and backup codes of the account, for example when its device is lost.

    If MFA is required for the account, its next sign-in leads into enrolment. Raises Refused,
    ChangedByOthers, UnknownAccount, NotPermitted and SessionEnded.
    """
    name = somebody_else(ports, actor, username, Permission.RESET_MFA)
    with ports.accounts.change() as change:
        before = existing(ports, change, actor, name, Permission.RESET_MFA)
        _second_factor(before)
        meanwhile.check_losses(ports, seen, before, (meanwhile.DEVICES,), agreed)
        after = with_removal(
            before.changed_ending_sessions(second_factor=None),
            Removed.SECOND_FACTOR,
            actor.actor,
            ports.now(),
        )
        change.put(after)
        change.prepare()
        ports.records.update(name, lambda record: (record.changed(code_attempts={}), None))
        write_audit(ports, EventType.USER_RESET_MFA, actor, name, change=change)
    return after


def remove_device(
    ports: Ports, actor: Actor, username: str, device: str | Device
) -> tuple[Account, Device]:
    """Remove one of the account's devices, by name, or the one that the admin saw.

    Another one may have that name by now. The only device is removed with `disable_mfa`. Returns
    the account and the device. Raises Refused, UnknownAccount, NotPermitted and SessionEnded.
    """
    name = somebody_else(ports, actor, username, Permission.RESET_MFA)
    with ports.accounts.change() as change:
        before = existing(ports, change, actor, name, Permission.RESET_MFA)
        factor = _second_factor(before)
        found = _found(name, factor, device)
        if len(factor.devices) == 1:
            raise Refused(
                _(
                    "This is the only device of {name}. Disable the MFA of {name} instead.",
                    name=name,
                )
            )
        left = devices.without(factor, found)
        after = with_removal(
            before.changed_ending_sessions(second_factor=left),
            Removed.DEVICE,
            actor.actor,
            ports.now(),
            found.name,
        )
        change.put(after)
        reason = as_reason({"removed": found.name})
        write_audit(ports, EventType.DEVICE_REMOVE, actor, name, reason, change=change)
    return after, found


def _found(username: str, factor: SecondFactor, device: str | Device) -> Device:
    if isinstance(device, Device):
        return devices.with_id(factor, device.id)
    found = names.named(factor.devices, device)
    if found is None:
        choice = ", ".join(one.name for one in factor.devices)
        raise NotFound(
            _(
                "{username} has no device of this name. Choose from: {names}.",
                username=username,
                names=choice,
            )
        )
    return found


def _second_factor(account: Account) -> SecondFactor:
    if account.second_factor is None:
        raise Refused(
            _(
                "Multi-factor authentication is not enabled for {username}.",
                username=account.username,
            )
        )
    return account.second_factor
