"""Enrolment: from showing the QR code to acknowledging the backup codes."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from typing import Final

from msgspec.structs import replace as replace_fields

from cwtui.accounts import account_state, clocks, devices, names
from cwtui.accounts.audit.events import EventType
from cwtui.accounts.credentials import backup_codes, totp
from cwtui.accounts.errors import InvalidInput, Refused
from cwtui.accounts.model import (
    MOST_DEVICES,
    Account,
    BackupCodes,
    Device,
    DeviceUse,
    Note,
    SecondFactor,
    SignInRecord,
    unchanged,
)
from cwtui.accounts.ports import AccountsChange, Ports
from cwtui.accounts.secret import Secret
from cwtui.accounts.session import PROOF_LIFETIME, Acting, as_reason, is_fresh, write_audit
from cwtui.accounts.settings import Mfa, OrganizationSettings
from cwtui.language import N_, _

_OFF: Final = N_("Your organization has not enabled multi-factor authentication.")
NOT_ENABLED: Final = N_("Multi-factor authentication is not enabled for this account.")
_NOT_CURRENT: Final = N_("This is not the current code. Enter the code that your app shows now.")


@dataclass(frozen=True)
class Enrolment:
    """A device that is offered but not yet registered. It exists only in memory.

    `begun_at` is in seconds since the epoch. `epoch` is that of the account: after any change that
    ends sessions, such as a registered device or a new password, there is a new key. `replaces` is
    the id of the device that it takes the place of, which counts until then, and `replaced_name`
    the name that this one had.
    """

    username: str
    issuer: str
    totp_secret: Secret
    begun_at: float
    epoch: int = 0
    device: str = devices.FIRST_NAME
    replaces: str | None = None
    replaced_name: str = field(default="", compare=False)

    def seconds_left(self, now: float) -> float:
        """Return for how long the same key is offered again; 0 if it has expired."""
        return self.begun_at + PROOF_LIFETIME - now if is_fresh(self.begun_at, now) else 0.0

    def is_for(self, account: Account, now: float) -> bool:
        """Whether the same key is offered again to this account."""
        is_same = (self.username, self.epoch) == (account.username, account.session_epoch)
        return is_same and self.seconds_left(now) > 0

    def uris(self) -> Iterator[Secret]:
        """Yield possible contents of the QR code, longest first."""
        return totp.uris(self.totp_secret, self.username, self.issuer)


@dataclass(frozen=True)
class Registered:
    """A device to store. The first one comes with backup codes, which can be shown only now."""

    device: Device
    step: int
    """The time step of the code that confirmed the enrolment; it counts as used."""
    backup_codes: BackupCodes | None = None
    codes: tuple[Secret, ...] = ()


def begin(ports: Ports, account: Account, earlier: Enrolment | None = None) -> Enrolment:
    """Return the enrolment of the account's first device. Raises Refused.

    If the user left an `earlier` one a short while ago, it is continued, as its key may already be
    in their app. Otherwise there is a new key.
    """
    check_offered(account, ports.accounts.settings())
    return _offered(ports, account, _(devices.FIRST_NAME), None, earlier)


def begin_another(
    ports: Ports,
    account: Account,
    name: str,
    replaces: str | None = None,
    earlier: Enrolment | None = None,
) -> Enrolment:
    """Return the enrolment of a further device, or of one that takes another's place.

    Raises InvalidInput for the name, and Refused.
    """
    settings = ports.accounts.settings()
    checked = check_another(account, settings, name, replaces)
    offered = _offered(ports, account, checked, replaces, earlier)
    if replaces is None or offered is earlier:
        return offered
    return replace(offered, replaced_name=devices.with_id(second_factor(account), replaces).name)


def _offered(
    ports: Ports, account: Account, name: str, replaces: str | None, earlier: Enrolment | None
) -> Enrolment:
    new = Enrolment(
        account.username,
        ports.accounts.settings().issuer,
        totp.new_secret(ports.random),
        ports.now(),
        account.session_epoch,
        name,
        replaces,
    )
    if earlier is None or not earlier.seconds_left(ports.now()):
        return new
    same_key = replace(new, totp_secret=earlier.totp_secret, begun_at=earlier.begun_at)
    return earlier if earlier == same_key else new


def refusal(account: Account, settings: OrganizationSettings) -> str:
    """Return why the account cannot register its first device now; empty if it can."""
    if settings.mfa is Mfa.OFF:
        return _(_OFF)
    if account.second_factor is not None:
        return _("Multi-factor authentication is already enabled for this account.")
    return ""


def check_offered(account: Account, settings: OrganizationSettings) -> None:
    """Raise Refused unless the account may register its first device now."""
    reason = refusal(account, settings)
    if reason:
        raise Refused(reason)


def refusal_of_another(account: Account, settings: OrganizationSettings) -> str:
    """Return why the account cannot register a further device now; empty if it can."""
    if account.second_factor is None:
        return _(NOT_ENABLED)
    if settings.mfa is Mfa.OFF:
        return _(_OFF)
    if len(account.second_factor.devices) >= MOST_DEVICES:
        return _(
            "You have {most_devices} devices, which is the limit. Remove or replace one.",
            most_devices=MOST_DEVICES,
        )
    return ""


def refusal_of_replacement(account: Account) -> str:
    """Return why the account cannot replace a device; empty if it can.

    It can even if the organization's MFA is off, as its codes are still asked for.
    """
    return _(NOT_ENABLED) if account.second_factor is None else ""


def refusal_of_removal(account: Account, settings: OrganizationSettings) -> str:
    """Return why none of the devices can be removed; empty if one can."""
    if account.second_factor is None:
        return _(NOT_ENABLED)
    if len(account.second_factor.devices) > 1:
        return ""
    if account_state.is_required(account, settings):
        return _("This is your only device, and you must have one. Replace it instead.")
    return _("This is your only device. Replace it, or disable multi-factor authentication.")


def check_another(
    account: Account, settings: OrganizationSettings, name: str, replaces: str | None
) -> str:
    """Return the name that the further device gets. Raises InvalidInput and Refused."""
    check_another_offered(account, settings, replaces)
    return checked_name(account, name, replaces)


def check_another_offered(
    account: Account, settings: OrganizationSettings, replaces: str | None
) -> None:
    """Raise Refused unless the account may register a further device, or replace this one, now."""
    is_new = replaces is None
    reason = refusal_of_another(account, settings) if is_new else refusal_of_replacement(account)
    if reason:
        raise Refused(reason)


def checked_name(account: Account, name: str, replaces: str | None) -> str:
    """Return the name that the further device gets. Raises InvalidInput, and Refused for no device.

    It may be that of the device which is replaced.
    """
    factor = second_factor(account)
    if replaces is None:
        return devices.checked_name(name, factor.devices)
    replaced = devices.with_id(factor, replaces)
    return devices.checked_name(name, [kept for kept in factor.devices if kept != replaced])


def confirm(ports: Ports, account: Account, enrolment: Enrolment, typed: str) -> Registered:
    """Return the device if `typed` is a current code of the offered secret.

    If the code belongs to another time, the error says how far the clocks differ (see `clocks`).
    Raises InvalidInput and Refused.
    """
    if enrolment.username != account.username:
        raise Refused(_("This secret key was made for another account. Start again."))
    if enrolment.epoch != account.session_epoch:
        raise Refused(_("Your account was changed in the meantime. Start again."))
    code = totp.typed_code(typed, has_backup_codes=account.second_factor is not None)
    now = ports.now()
    step = totp.accepted_step(enrolment.totp_secret, code, now)
    if step is None:
        drift = totp.drift(enrolment.totp_secret, code, now)
        if drift is None:
            parts = (_(_NOT_CURRENT), clocks.compare_sentence(ports))
        else:
            parts = (clocks.drift_sentence(drift), clocks.host_time_sentence(ports))
        raise InvalidInput("code", " ".join(parts))
    factor = account.second_factor
    taken = {device.id for device in factor.devices} if factor is not None else set[str]()
    id_ = names.new_id(ports.random, taken)
    sealed = devices.sealed(ports.keyring, account.username, id_, enrolment.totp_secret)
    device = Device(name=enrolment.device, totp_secret=sealed, registered_at=now, id=id_)
    if factor is not None:
        return Registered(device, step)
    return Registered(device, step, *new_backup_codes(ports))


def register(
    ports: Ports,
    change: AccountsChange,
    actor: Acting,
    account: Account,
    registered: Registered,
    note: Note = unchanged,
) -> Account:
    """Store the first device, which ends the account's sessions, and return the changed account.

    `note` makes a further change to the sign-in record. Nothing may fail after this, because the
    backup codes can be shown only once. Raises Refused and CannotCheck.
    """
    check_offered(account, change.settings())
    if registered.backup_codes is None:
        raise Refused(_("Your devices were changed in the meantime. Start again."))
    factor = SecondFactor((registered.device,), registered.backup_codes)
    after = account.changed_ending_sessions(second_factor=factor)
    _store(ports, change, after, registered, (), note)
    write_audit(ports, EventType.MFA_ENABLE, actor, account.username, change=change)
    return after


def register_another(
    ports: Ports,
    change: AccountsChange,
    actor: Acting,
    account: Account,
    enrolment: Enrolment,
    registered: Registered,
) -> Account:
    """Store a further device, or one in another's place, which ends the account's sessions.

    Returns the changed account. Raises InvalidInput, Refused and CannotCheck.
    """
    name = _name_now(account, enrolment)
    check_another(account, change.settings(), name, enrolment.replaces)
    factor = second_factor(account)
    if enrolment.replaces is None:
        kept, event = factor.devices, EventType.DEVICE_ADD
        reason = as_reason({"device": name})
    else:
        replaced = devices.with_id(factor, enrolment.replaces)
        kept, event = devices.without(factor, replaced).devices, EventType.DEVICE_REPLACE
        reason = as_reason({"device": name, "replaces": replaced.name})
    new = replace_fields(registered.device, name=name)
    after = account.changed_ending_sessions(
        second_factor=replace_fields(factor, devices=(*kept, new))
    )
    _store(ports, change, after, registered, factor.devices)
    write_audit(ports, event, actor, account.username, reason, change=change)
    return after


def _name_now(account: Account, enrolment: Enrolment) -> str:
    """Return the name for the new device: if it is that of the replaced one, its name now.

    The other one may have been renamed meanwhile, and should not get its old name back. Raises
    Refused.
    """
    if enrolment.replaces is None or enrolment.device != enrolment.replaced_name:
        return enrolment.device
    return devices.with_id(second_factor(account), enrolment.replaces).name


def _store(
    ports: Ports,
    change: AccountsChange,
    after: Account,
    registered: Registered,
    before: Iterable[Device],
    note: Note = unchanged,
) -> None:
    change.put(after)
    change.prepare()

    def use_first_code(record: SignInRecord) -> tuple[SignInRecord, None]:
        record = note(record)
        # Also of a replaced device: if this process is killed here, it still counts. What is known
        # of devices before these is of no use any more.
        uses = {one.id: record.use_of(one) for one in before}
        at = registered.device.registered_at
        drift = registered.step - totp.step_at(at)
        used = DeviceUse(last_step=registered.step, last_used_at=at, drift=drift)
        return record.changed(devices={**uses, registered.device.id: used}), None

    ports.records.update(after.username, use_first_code)


def check_not_expired(enrolment: Enrolment, now: float) -> None:
    """Raise Refused if the enrolment began longer ago than a proof is valid."""
    if not is_fresh(enrolment.begun_at, now):
        minutes = round(PROOF_LIFETIME / 60)
        raise Refused(
            _("This secret key expired after {minutes} minutes. Start again.", minutes=minutes)
        )


def new_backup_codes(ports: Ports) -> tuple[BackupCodes, tuple[Secret, ...]]:
    """Return a new set of backup codes to store, and the codes to show."""
    codes = backup_codes.new_codes(ports.random)
    return backup_codes.hash_codes(codes, ports.keyring, ports.bcrypt_cost, ports.now()), codes


def acknowledge(
    ports: Ports, change: AccountsChange, actor: Acting, account: Account, reason: str = ""
) -> None:
    """Record that the user has saved the backup codes. Raises Refused and CannotCheck."""
    factor = second_factor(account)
    kept = replace_fields(factor.backup_codes, acknowledged=True)
    change.put(account.changed(second_factor=replace_fields(factor, backup_codes=kept)))
    event = EventType.BACKUP_CODES_ACKNOWLEDGE
    write_audit(ports, event, actor, account.username, reason, change=change)


def second_factor(account: Account) -> SecondFactor:
    """Return the account's second factor. Raises Refused if there is none."""
    if account.second_factor is None:
        raise Refused(_(NOT_ENABLED))
    return account.second_factor
