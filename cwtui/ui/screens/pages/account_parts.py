"""Parts of an account's page: its state, devices and SSH keys, and what is asked about them."""

from collections.abc import Iterator
from datetime import tzinfo
from typing import Final

from textual.app import ComposeResult
from textual.containers import Horizontal
from textual.widget import Widget
from textual.widgets import Static

from cwtui.accounts import account_state, devices, expiry, ssh_keys, throttle, wording
from cwtui.accounts.account_state import Requirement
from cwtui.accounts.administration import Details
from cwtui.accounts.may import May
from cwtui.accounts.model import Account, Device, Origin, SignInRecord, SshKey
from cwtui.accounts.settings import OrganizationSettings
from cwtui.accounts.text import visible
from cwtui.language import _, ngettext
from cwtui.ui.screens.pages.page import row, value
from cwtui.ui.widgets.buttons import Button
from cwtui.ui.widgets.check_list import RoleChoice
from cwtui.ui.widgets.fields import Field, TextInput
from cwtui.ui.widgets.user_table import ORIGIN_MARKS, STATUS_MARKS

_REQUIRED_MARKS: Final = {
    Requirement.NOT_REQUIRED: "○",
    Requirement.OF_ACCOUNT: "●",
    Requirement.OF_EVERYONE: "●",
    Requirement.SUSPENDED: "◐",
}
DEVICE: Final = "remove-device-"
SSH_KEY: Final = "remove-ssh-key-"
"""How the ids of buttons begin; the number of the device or key follows."""
REMOVES_DEVICE: Final = "removes-device"
REMOVES_SSH_KEY: Final = "removes-ssh-key"
"""Classes of these buttons."""


def allowed(may: May) -> str:
    """Return what somebody can do here who does not manage this user."""
    if may.refusal:
        return may.refusal
    if may.reset_mfa:
        return _("Your roles let you read this account and reset its MFA.")
    return _("Your roles let you read this account.")


def name_and_roles(account: Account, may: May) -> Iterator[Widget]:
    """Yield the display name and the roles. What the directory says is not changed here."""
    is_local = account.origin is Origin.LOCAL
    if is_local and may.manage:
        entry = TextInput(account.display_name)
        yield Field("display_name", _("Display name"), entry, inline=True)
        yield row(_("Roles"), RoleChoice(account.roles, may.roles))
        return
    yield row(_("Display name"), value(account.display_name or "-"))
    yield row(_("Roles"), value(", ".join(account.roles)))
    if not is_local:
        yield row("", value(_("from the directory at the last sign-in")))


def expiry_row(account: Account, may: May) -> Widget:
    if not may.manage:
        return row(_("Expires"), value(wording.expires(account)), gap=True)
    last_day = expiry.last_day_shown(account.expires_at)
    ends = TextInput(last_day, placeholder=_("YYYY-MM-DD (UTC), never"))
    return Field("expires", _("Expires"), ends, inline=True).add_class("gap")


def required_row(may: May) -> Widget:
    """Return the row for whether MFA is required. The page writes its words."""
    state = Static("", id="mfa-required-state", classes="row-value state", markup=False)
    change = (Button("", id="mfa-required", compact=True),) if may.manage else ()
    return row(_("MFA (Required)"), state, *change)


def required(requirement: Requirement) -> str:
    """Return whether MFA is required, with a mark."""
    return f"{_REQUIRED_MARKS[requirement]} {wording.required(requirement)}"


def mfa(details: Details, zone: tzinfo) -> str:
    """Return whether there is a second factor, with a mark."""
    factor = details.account.second_factor
    if factor is not None and len(factor.devices) == 1:
        (only,) = devices.states(factor, details.record)
        device = wording.device_in_short(only, zone)
        enabled = _("enabled: {device}", device=device)
        return f"● {enabled}"
    return f"{'○' if factor is None else '●'} {wording.mfa(factor, zone)}"


def status(details: Details, zone: tzinfo) -> str:
    """Return whether the account can sign in, with a mark."""
    return f"{STATUS_MARKS[details.status]} {wording.status(details, zone)}"


def password_rows(details: Details, zone: tzinfo) -> Iterator[Widget]:
    """Yield a line about a password that its user has not chosen."""
    account = details.account
    if account.initial_password_expires_at is not None:
        yield row(
            _(wording.FIELDS["password"]), value(wording.password(account, details.now, zone))
        )


def origin(account: Account, zone: tzinfo) -> str:
    """Return the origin, with a mark if it needs attention."""
    note, said = account_state.origin_note(account), wording.origin_in_full(account, zone)
    return said if note is None else f"{ORIGIN_MARKS[note]} {said}"


def device_rows(details: Details, zone: tzinfo, may: May) -> Iterator[Widget]:
    """Yield a line for each of several devices, with a button that removes it unless it is own."""
    is_kept = may.is_own or not may.reset_mfa
    found = devices.states(details.account.second_factor, details.record)
    if len(found) == 1:
        return  # it stands beside MFA
    for number, state in enumerate(found):
        words = wording.device_in_short(state, zone)
        remove = Button(
            _("Remove Device"), id=f"{DEVICE}{number}", classes=REMOVES_DEVICE, compact=True
        )
        yield _removable(words, remove, is_kept=is_kept)


def ssh_key_rows(account: Account, zone: tzinfo, may: May) -> Iterator[Widget]:
    """Yield a line for each SSH key, with a button that removes it unless it is own."""
    if not account.ssh_keys:
        return
    is_kept = may.is_own or not may.manage
    counted = ngettext("{number} key", "{number} keys", len(account.ssh_keys))
    yield row(_("SSH keys"), value(counted))
    for number, state in enumerate(ssh_keys.states(account)):
        words = wording.ssh_key_in_short(state, zone)
        remove = Button(
            _("Remove SSH Key"), id=f"{SSH_KEY}{number}", classes=REMOVES_SSH_KEY, compact=True
        )
        line = _removable(words, remove, is_kept=is_kept)
        is_last = number + 1 == len(account.ssh_keys)
        yield line.add_class("gap") if is_last else line


def _removable(words: str, remove: Button, *, is_kept: bool) -> Widget:
    said = Static(words, classes="device", markup=False)
    return said if is_kept else Horizontal(said, remove, classes="row")


def attempts_row(record: SignInRecord, may: May) -> Iterator[Widget]:
    """Yield a line about failed attempts, if there are any."""
    tries = throttle.wrong_tries(record)
    if tries:
        unlock = (Button(_("Unlock"), id="unlock", compact=True),) if may.unlock else ()
        said = value(_("{number} in a row", number=tries))
        yield row(_("Failed attempts"), *unlock, said)


def buttons(account: Account, may: May, *, can_be_enabled: bool) -> ComposeResult:
    """Yield the buttons below the fields, but for the one that saves them."""
    if may.is_own:
        own = _("To change your own password or device, go to Settings.")
        yield Static(own, classes="text", markup=False)
    else:
        with Horizontal(classes="buttons"):
            if may.manage and account.origin is Origin.LOCAL:
                yield Button(_("Reset Password"), id="reset-password", compact=True)
            if may.reset_mfa and account.second_factor is not None:
                yield Button(_("Disable MFA"), id="disable-mfa", compact=True)
            yield Button(_("Sessions"), id="open-sessions", compact=True)
    if not may.manage:
        return
    with Horizontal(classes="buttons danger"):
        if can_be_enabled:
            yield Button(_("Enable Account"), id="enabled", compact=True)
        else:
            yield Button(_("Disable Account"), id="enabled", classes="danger", compact=True)
        if may.remove:
            yield Button(_("Remove"), id="remove", classes="danger", compact=True)


def before_device_is_removed(username: str, device: Device) -> str:
    return _(
        "Remove the device {device} of {name}? Its codes will no longer work, and the user's "
        "sessions will end. The other devices and the backup codes stay.",
        device=visible(device.name),
        name=username,
    )


def before_ssh_key_is_removed(username: str, key: SshKey) -> str:
    return _(
        "Remove the SSH key {key} of {name}? It will no longer let anybody in, and the user's "
        "sessions will end. It is {kind}: {fingerprint}",
        key=visible(key.name),
        name=username,
        kind=wording.ssh_key(ssh_keys.state(key)),
        fingerprint=ssh_keys.fingerprint(key.key),
    )


def before_password_is_reset(username: str) -> str:
    return _(
        "Reset the password of {name}? The current password will no longer work, and the user's "
        "sessions will end.",
        name=username,
    )


def before_mfa_is_disabled(account: Account, settings: OrganizationSettings) -> str:
    required = account_state.is_required(account, settings)
    then = wording.after_mfa_is_disabled(required=required)
    return _(
        "Disable the multi-factor authentication of {name}? All registered devices and the backup "
        "codes will no longer work. {then} Make sure who is asking you.",
        name=account.username,
        then=then,
    )


def before_account_is_removed(account: Account) -> str:
    name = account.username
    if account.origin is Origin.LDAP:
        return _(
            "Remove the account {name}? If the user is still in the directory, the next "
            "sign-in creates a new account, enabled and without MFA. To lock the user out, "
            "disable the account instead.",
            name=name,
        )
    return _("Remove the account {name}? This cannot be undone.", name=name)
