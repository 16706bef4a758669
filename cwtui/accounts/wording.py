"""Texts about accounts that screens and commands share. Only screens add symbols."""

from collections.abc import Sequence
from datetime import UTC, tzinfo
from typing import Final

from cwtui.accounts import roles
from cwtui.accounts.account_state import (
    OriginNote,
    Requirement,
    Status,
    Unlocked,
    origin_note,
)
from cwtui.accounts.administration import Details
from cwtui.accounts.audit.lines import Record
from cwtui.accounts.devices import DeviceState
from cwtui.accounts.expiry import last_day
from cwtui.accounts.listing import AccountRow
from cwtui.accounts.model import Account, Device, OpenSession, SecondFactor, SignInRecord
from cwtui.accounts.ssh_keys import SshKeyState
from cwtui.accounts.text import counted, visible
from cwtui.accounts.times import day, full_minute


def origin(account: AccountRow | Account) -> str:
    """Return the origin and its note, such as `ldap, gone`."""
    note = origin_note(account)
    return account.origin.value if note is None else f"{account.origin}, {note.value}"


def origin_in_full(account: Account, zone: tzinfo = UTC) -> str:
    """Return the origin with a longer note, such as `ldap: gone since 2026-11-24`."""
    match origin_note(account):
        case OriginNote.GONE:
            return f"{account.origin}: gone since {day(account.gone_since, zone)}"
        case OriginNote.HIDES_LDAP_USER:
            return f"{account.origin}: an LDAP user is also named {visible(account.username)}"
    return account.origin.value


def short_roles(held: Sequence[str]) -> str:
    """Return the first role in one word, admins' before others, and how many others there are."""
    order = sorted(held, key=lambda role: (role != roles.ADMIN, role == roles.MINIMUM))
    first, *others = order or [""]
    name = roles.short(first)
    return f"{name} +{len(others)}" if others else name


def status(details: Details, zone: tzinfo = UTC) -> str:
    """Return whether the account can sign in, such as `locked until 2026-11-24 03:05 UTC`."""
    account, word = details.account, details.status
    match word:
        case Status.LOCKED:
            return f"{word} until {full_minute(details.locked_until, zone)}"
        case Status.EXPIRED:
            return f"{word} since {full_minute(account.expires_at, zone)}"
        case Status.UNUSED:
            days = counted(details.settings.unused_days, "day")
            return f"{word}: no sign-in for {days}"
        case Status.DISABLED if account.disabled_reason:
            return f'{word}: "{visible(account.disabled_reason)}"'
    return word


def expires(account: Account) -> str:
    """Return when the account expires, such as `at the end of 2027-03-31 (UTC)`."""
    day_ = last_day(account.expires_at)
    return day_ if account.expires_at is None else f"at the end of {day_} (UTC)"


_REQUIRED: Final = {
    Requirement.NOT_REQUIRED: "not required",
    Requirement.OF_ACCOUNT: "required",
    Requirement.OF_EVERYONE: "required",
    Requirement.SUSPENDED: "not required yet",
}
_WHY_REQUIRED: Final = {
    Requirement.OF_EVERYONE: "The organization requires it of everyone.",
    Requirement.SUSPENDED: "The organization's MFA is off.",
}


def required(requirement: Requirement) -> str:
    """Return whether MFA is required, for use beside the label "MFA (Required)"."""
    return _REQUIRED[requirement]


def why_required(requirement: Requirement) -> str:
    """Return what the organization has to do with it, as a sentence; empty if nothing."""
    return _WHY_REQUIRED.get(requirement, "")


def mfa(factor: SecondFactor | None, zone: tzinfo = UTC) -> str:
    """Return whether there is a second factor, and since when its oldest device is registered."""
    if factor is None:
        return "not enabled"
    oldest = min(device.registered_at for device in factor.devices)
    return f"enabled since {day(oldest, zone)}"


def device(state: DeviceState, zone: tzinfo = UTC) -> str:
    """Return when the device was registered and last used, without its name."""
    used = "not used yet" if state.last_used_at is None else f"used {day(state.last_used_at, zone)}"
    return f"registered {day(state.registered_at, zone)}, {used}"


def clock_ahead(state: DeviceState) -> str:
    """Return how far the device's clock was ahead at its last code; empty if it was not."""
    return f"clock about {state.clock_ahead} s ahead" if state.clock_ahead > 0 else ""


def device_added(name: str) -> str:
    """Return what users did by registering a further device, as a sentence."""
    return f"The device {visible(name)} was added."


def own_device_removed(name: str) -> str:
    """Return what users did by removing one of their devices, as a sentence."""
    return f"The device {visible(name)} was removed."


def device_renamed(old: str, new: str) -> str:
    """Return what users did by renaming one of their devices, as a sentence."""
    return f"{visible(old)} is now called {visible(new)}."


def device_replaced(new: str, old: str) -> str:
    """Return what users did by registering a device in another's place, as a sentence."""
    if new == old:
        return f"The device {visible(old)} was replaced."
    return f"{visible(new)} replaced {visible(old)}."


_SSH_KINDS: Final = {
    "ssh-ed25519": "Ed25519",
    "sk-ssh-ed25519@openssh.com": "Ed25519, security key",
    "ecdsa-sha2-nistp256": "ECDSA 256",
    "ecdsa-sha2-nistp384": "ECDSA 384",
    "ecdsa-sha2-nistp521": "ECDSA 521",
    "sk-ecdsa-sha2-nistp256@openssh.com": "ECDSA, security key",
}


def ssh_key_kind(state: SshKeyState) -> str:
    """Return the key's type, and whether it is in a security key, such as a FIDO token."""
    return _SSH_KINDS.get(state.type, f"RSA {state.bits}")


def ssh_key(state: SshKeyState, zone: tzinfo = UTC) -> str:
    """Return the key's type and when it was added, without its name."""
    return f"{ssh_key_kind(state)}, added {day(state.added_at, zone)}"


def ssh_key_in_short(state: SshKeyState, zone: tzinfo = UTC) -> str:
    """Return the key's name, and when it was added."""
    return f"{visible(state.name)}, added {day(state.added_at, zone)}"


def ssh_key_added(name: str) -> str:
    """Return what was done by adding an SSH key, as a sentence."""
    return f"The SSH key {visible(name)} was added."


def ssh_key_removed(name: str) -> str:
    """Return what was done by removing an SSH key, as a sentence."""
    return f"The SSH key {visible(name)} was removed."


def unlocked(username: str, outcome: Unlocked) -> str:
    """Return what unlocking this account did, as one or two sentences."""
    if outcome.was_locked:
        return f"Unlocked {username}. The user can try again now."
    if not outcome.cleared:
        return f"{username} was not locked: there are no failed attempts."
    were = "was" if outcome.cleared == 1 else "were"
    return (
        f"{username} was not locked. {counted(outcome.cleared, 'failed attempt')} {were} cleared."
    )


def after_mfa_is_disabled(*, required: bool) -> str:
    """Return what follows for an account whose second factor an admin removes."""
    if not required:
        return "The password alone is then enough to sign in."
    return (
        "The user must set it up again at the next sign-in. Until then, anybody who knows the "
        "password can do that instead."
    )


def device_in_short(state: DeviceState, zone: tzinfo = UTC) -> str:
    """Return the device's name, and when it was last used, or registered if it was not used."""
    if state.last_used_at is None:
        return f"{visible(state.name)}, registered {day(state.registered_at, zone)}"
    return f"{visible(state.name)}, used {day(state.last_used_at, zone)}"


def device_removed(account: Account, removed: Device) -> str:
    """Return what an admin did by removing this device, as two sentences."""
    factor = account.second_factor
    left = counted(len(factor.devices), "device") if factor is not None else "no device"
    return f"Removed the device {visible(removed.name)} of {account.username}. {left} left."


def unused_codes(factor: SecondFactor) -> str:
    """Return the number of unused backup codes, for use beside the label "Backup codes"."""
    return f"{len(factor.backup_codes.hashes)} unused"


def backup_codes_left(left: int) -> str:
    """Return the number of unused backup codes, for use in a sentence."""
    return f"{counted(left, 'unused backup code')} left"


def open_session(one: OpenSession, zone: tzinfo = UTC) -> str:
    """Return where and how a session is open, as a sentence."""
    return (
        f"It is from {visible(one.source)}, through {visible(one.door)} on {visible(one.host)} "
        f"(process {one.pid}), since {full_minute(one.started_at, zone)}."
    )


def last_sign_in(record: SignInRecord, zone: tzinfo = UTC) -> str:
    """Return when and from where the user last signed in, or "never"."""
    where = f" from {visible(record.last_source)}" if record.last_source else ""
    return full_minute(record.last_sign_in, zone) + where


def who(record: Record, arrow: str) -> str:
    """Return the actor of an event, and the subject if it is somebody else."""
    actor, subject = visible(record.actor), visible(record.subject)
    return actor if subject in {"", actor} else f"{actor} {arrow} {subject}"
