"""Texts about accounts that screens and commands share. Only screens add symbols."""

from collections.abc import Sequence
from datetime import UTC, tzinfo
from typing import Final

from cwtui.accounts import roles, sources
from cwtui.accounts.account_state import (
    OriginNote,
    PasswordState,
    Requirement,
    Status,
    origin_note,
    password_state,
)
from cwtui.accounts.administration import Details
from cwtui.accounts.audit.lines import Record
from cwtui.accounts.devices import DeviceState
from cwtui.accounts.errors import ConfirmationNeeded
from cwtui.accounts.expiry import last_day
from cwtui.accounts.listing import AccountRow
from cwtui.accounts.model import Account, Device, OpenSession, SecondFactor, SignInRecord
from cwtui.accounts.ssh_keys import SshKeyState
from cwtui.accounts.text import visible
from cwtui.accounts.times import day, full_minute
from cwtui.accounts.unlocking import Unlocked
from cwtui.language import N_, _, grouped, ngettext

FIELDS: Final = {
    "display_name": N_("Display name"),
    "roles": N_("Roles"),
    "mfa_required": N_("MFA (Required)"),
    "enabled": N_("Enabled"),
    "disabled_reason": N_("Reason"),
    "expires": N_("Expires"),
    "expires_at": N_("Expires"),
    "password": N_("Password"),
    "devices": N_("Devices"),
    "ssh_keys": N_("SSH keys"),
}
"""What people read for the fields of an account."""


def asked(needed: ConfirmationNeeded) -> str:
    """Return what a dialogue or command says before it asks the question."""
    return needed.sentence({field: _(label) for field, label in FIELDS.items()})


def origin(account: AccountRow | Account) -> str:
    """Return the origin and its note, such as `ldap, gone`."""
    note = origin_note(account)
    return account.origin.value if note is None else f"{account.origin}, {_(note.value)}"


def origin_in_full(account: Account, zone: tzinfo = UTC) -> str:
    """Return the origin with a longer note, such as `ldap: gone since 2026-11-24`."""
    match origin_note(account):
        case OriginNote.GONE:
            return _(
                "{origin}: gone since {day}",
                origin=account.origin,
                day=day(account.gone_since, zone),
            )
        case OriginNote.HIDES_LDAP_USER:
            return _(
                "{origin}: an LDAP user is also named {username}",
                origin=account.origin,
                username=visible(account.username),
            )
    return account.origin.value


def short_roles(held: Sequence[str]) -> str:
    """Return the first role in one word, admins' before others, and how many others there are."""
    order = sorted(held, key=lambda role: (role != roles.ADMIN, role == roles.MINIMUM))
    first, *others = order or [""]
    name = roles.short(first)
    return f"{name} +{len(others)}" if others else name


def status(details: Details, zone: tzinfo = UTC) -> str:
    """Return whether the account can sign in, such as `locked until 2026-11-24 03:05 UTC`."""
    account = details.account
    match details.status:
        case Status.LOCKED:
            return _("locked until {time}", time=full_minute(details.locked_until, zone))
        case Status.EXPIRED:
            return _("expired since {time}", time=full_minute(account.expires_at, zone))
        case Status.UNUSED:
            return ngettext(
                "unused: no sign-in for {number} day",
                "unused: no sign-in for {number} days",
                details.settings.unused_days,
            )
        case Status.DISABLED if account.disabled_reason:
            return _('disabled: "{reason}"', reason=visible(account.disabled_reason))
    return _(details.status)


def expires(account: Account) -> str:
    """Return when the account expires, such as `at the end of 2027-03-31 (UTC)`."""
    if account.expires_at is None:
        return _("never")
    return _("at the end of {day} (UTC)", day=last_day(account.expires_at))


_PASSWORD: Final = {
    PasswordState.SET: N_("set"),
    PasswordState.INITIAL: N_("initial, valid until {time}"),
    PasswordState.EXPIRED: N_("initial password expired on {time}"),
    PasswordState.INVITED: N_("invited, until {time}"),
    PasswordState.INVITATION_EXPIRED: N_("invitation expired on {time}"),
    PasswordState.MUST_CHANGE: N_("must be changed at the next sign-in"),
    PasswordState.ELSEWHERE: N_("not stored here"),
}


def password(account: Account, now: float, zone: tzinfo = UTC) -> str:
    """Return what can be said of the account's password, such as `set`."""
    time = full_minute(account.initial_password_expires_at, zone)
    return _(_PASSWORD[password_state(account, now)], time=time)


_REQUIRED: Final = {
    Requirement.NOT_REQUIRED: N_("not required"),
    Requirement.OF_ACCOUNT: N_("required"),
    Requirement.OF_EVERYONE: N_("required"),
    Requirement.SUSPENDED: N_("not required yet"),
}
_WHY_REQUIRED: Final = {
    Requirement.OF_EVERYONE: N_("The organization requires it of everyone."),
    Requirement.SUSPENDED: N_("The organization's MFA is off."),
}


def required(requirement: Requirement) -> str:
    """Return whether MFA is required, for use beside the label "MFA (Required)"."""
    return _(_REQUIRED[requirement])


def why_required(requirement: Requirement) -> str:
    """Return what the organization has to do with it, as a sentence; empty if nothing."""
    why = _WHY_REQUIRED.get(requirement)
    return _(why) if why else ""


def mfa(factor: SecondFactor | None, zone: tzinfo = UTC) -> str:
    """Return whether there is a second factor, and since when its oldest device is registered."""
    if factor is None:
        return _("not enabled")
    oldest = min(device.registered_at for device in factor.devices)
    return _("enabled since {day}", day=day(oldest, zone))


def device(state: DeviceState, zone: tzinfo = UTC) -> str:
    """Return when the device was registered and last used, without its name."""
    registered = day(state.registered_at, zone)
    if state.last_used_at is None:
        return _("registered {registered}, not used yet", registered=registered)
    used = day(state.last_used_at, zone)
    return _("registered {registered}, used {used}", registered=registered, used=used)


def clock_ahead(state: DeviceState) -> str:
    """Return how far the device's clock was ahead at its last code; empty if it was not."""
    if state.clock_ahead <= 0:
        return ""
    return _("clock about {seconds} s ahead", seconds=state.clock_ahead)


def device_added(name: str) -> str:
    """Return what users did by registering a further device, as a sentence."""
    return _("The device {name} was added.", name=visible(name))


def own_device_removed(name: str) -> str:
    """Return what users did by removing one of their devices, as a sentence."""
    return _("The device {name} was removed.", name=visible(name))


def renamed(old: str, new: str) -> str:
    """Return what users did by renaming one of their devices or SSH keys, as a sentence."""
    return _("{old} is now called {new}.", old=visible(old), new=visible(new))


def device_replaced(new: str, old: str) -> str:
    """Return what users did by registering a device in another's place, as a sentence."""
    if new == old:
        return _("The device {name} was replaced.", name=visible(old))
    return _("{new} replaced {old}.", new=visible(new), old=visible(old))


_SSH_KINDS: Final = {
    "ssh-ed25519": "Ed25519",
    "sk-ssh-ed25519@openssh.com": N_("Ed25519, security key"),
    "ecdsa-sha2-nistp256": "ECDSA 256",
    "ecdsa-sha2-nistp384": "ECDSA 384",
    "ecdsa-sha2-nistp521": "ECDSA 521",
    "sk-ecdsa-sha2-nistp256@openssh.com": N_("ECDSA, security key"),
}


def ssh_key_kind(state: SshKeyState) -> str:
    """Return the key's type, and whether it is in a security key, such as a FIDO token."""
    return _(_SSH_KINDS[state.type]) if state.type in _SSH_KINDS else f"RSA {state.bits}"


def ssh_key(state: SshKeyState, zone: tzinfo = UTC) -> str:
    """Return the key's type and when it was added, without its name."""
    return _("{kind}, added {day}", kind=ssh_key_kind(state), day=day(state.added_at, zone))


def ssh_key_in_short(state: SshKeyState, zone: tzinfo = UTC) -> str:
    """Return the key's name, and when it was added."""
    return _("{name}, added {day}", name=visible(state.name), day=day(state.added_at, zone))


def ssh_key_added(name: str) -> str:
    """Return what was done by adding an SSH key, as a sentence."""
    return _("The SSH key {name} was added.", name=visible(name))


def ssh_key_removed(name: str) -> str:
    """Return what was done by removing an SSH key, as a sentence."""
    return _("The SSH key {name} was removed.", name=visible(name))


def unlocked(username: str, outcome: Unlocked) -> str:
    """Return what unlocking this account did, as one or two sentences."""
    if outcome.left:
        cleared = ngettext(
            "Cleared {number} failed attempt at the code.",
            "Cleared {number} failed attempts at the code.",
            outcome.cleared,
        )
        return f"{cleared} {_(Unlocked.PASSWORDS_STAY, username=username)}"
    if outcome.was_locked:
        return _("Unlocked {username}. The user can try again now.", username=username)
    if not outcome.cleared:
        return _("{username} was not locked: there are no failed attempts.", username=username)
    return ngettext(
        "{username} was not locked. {number} failed attempt was cleared.",
        "{username} was not locked. {number} failed attempts were cleared.",
        outcome.cleared,
        username=username,
    )


def after_mfa_is_disabled(*, required: bool) -> str:
    """Return what follows for an account whose second factor an admin removes."""
    if not required:
        return _("The password alone is then enough to sign in.")
    return _(
        "The user must set it up again at the next sign-in. Until then, anybody who knows the "
        "password can do that instead."
    )


def device_in_short(state: DeviceState, zone: tzinfo = UTC) -> str:
    """Return the device's name, and when it was last used, or registered if it was not used."""
    if state.last_used_at is None:
        return _(
            "{name}, registered {day}",
            name=visible(state.name),
            day=day(state.registered_at, zone),
        )
    return _("{name}, used {day}", name=visible(state.name), day=day(state.last_used_at, zone))


def device_removed(account: Account, removed: Device) -> str:
    """Return what an admin did by removing this device, as two sentences."""
    factor, name = account.second_factor, visible(removed.name)
    if factor is None:
        return _(
            "Removed the device {name} of {username}. No device is left.",
            name=name,
            username=account.username,
        )
    return ngettext(
        "Removed the device {name} of {username}. {number} device left.",
        "Removed the device {name} of {username}. {number} devices left.",
        len(factor.devices),
        name=name,
        username=account.username,
    )


def unused_codes(factor: SecondFactor) -> str:
    """Return the number of unused backup codes, for use beside the label "Backup codes"."""
    return _("{number} unused", number=len(factor.backup_codes.hashes))


def backup_codes_left(left: int) -> str:
    """Return the number of unused backup codes, for use in a sentence."""
    return ngettext("{number} unused backup code left", "{number} unused backup codes left", left)


def open_session(one: OpenSession, zone: tzinfo = UTC) -> str:
    """Return where and how a session is open, as a sentence."""
    return _(
        "It is from {source}, through {door} on {host} (process {pid}), since {time}.",
        source=sources.shown(one.source),
        door=visible(one.door),
        host=visible(one.host),
        pid=one.pid,
        time=full_minute(one.started_at, zone),
    )


def last_sign_in(record: SignInRecord, zone: tzinfo = UTC) -> str:
    """Return when and from where the user last signed in, or "never"."""
    time = full_minute(record.last_sign_in, zone)
    if not record.last_source:
        return time
    return _("{time} from {source}", time=time, source=sources.shown(record.last_source))


def who(record: Record, arrow: str) -> str:
    """Return the actor of an event, and the subject if it is somebody else."""
    actor, subject = visible(record.actor), visible(record.subject)
    return actor if subject in {"", actor} else f"{actor} {arrow} {subject}"


def users_counted(matching: int | None, total: int, *, is_filtered: bool) -> str:
    """Return how many users a list has. `matching` is None until they have been counted."""
    if matching is None and is_filtered:
        return ngettext("… of {number} user", "… of {number} users", total)
    if matching is None or matching == total:
        return ngettext("{number} user", "{number} users", total)
    return ngettext(
        "{matching} of {number} user",
        "{matching} of {number} users",
        total,
        matching=grouped(matching),
    )
