"""Parts of an account's page: its state, devices and SSH keys, and what is asked about them."""

from collections.abc import Iterator, Sequence
from datetime import tzinfo
from typing import Final, TypedDict

from textual.containers import Horizontal
from textual.widget import Widget
from textual.widgets import Static

from cwtui.accounts import account_state, devices, ssh_keys, wording
from cwtui.accounts.account_state import Requirement
from cwtui.accounts.administration import Details
from cwtui.accounts.model import Account, Device, Origin, SshKey
from cwtui.accounts.settings import OrganizationSettings
from cwtui.accounts.text import visible
from cwtui.language import N_, _, ngettext
from cwtui.ui.screens.pages.page import row, value
from cwtui.ui.widgets.buttons import Button
from cwtui.ui.widgets.user_table import ORIGIN_MARKS, STATUS_MARKS

LABELS: Final = {
    "display_name": N_("Display name"),
    "chosen_roles": N_("Roles"),
    "roles": N_("Roles"),
    "mfa_required": N_("MFA (Required)"),
    "enabled": N_("Enabled"),
    "disabled_reason": N_("Reason"),
    "expires": N_("Expires"),
    "expires_at": N_("Expires"),
    "password": N_("Password"),
    "devices": N_("Devices"),
}
"""What the page calls the fields of an account."""
_REQUIRED_MARKS: Final = {
    Requirement.NOT_REQUIRED: "○",
    Requirement.OF_ACCOUNT: "●",
    Requirement.OF_EVERYONE: "●",
    Requirement.SUSPENDED: "◐",
}
DEVICE: Final = "remove-device-"
SSH_KEY: Final = "remove-ssh-key-"
"""How the ids of buttons begin; the number of the device or key follows."""


class Changes(TypedDict, total=False):
    """What was changed on the page, as arguments of `administration.update_user`."""

    mfa_required: bool
    display_name: str
    chosen_roles: Sequence[str]
    expires: str


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
        yield row(_(LABELS["password"]), value(wording.password(account, details.now, zone)))


def origin(account: Account, zone: tzinfo) -> str:
    """Return the origin, with a mark if it needs attention."""
    note, said = account_state.origin_note(account), wording.origin_in_full(account, zone)
    return said if note is None else f"{ORIGIN_MARKS[note]} {said}"


def device_rows(details: Details, zone: tzinfo, *, is_own: bool) -> Iterator[Widget]:
    """Yield a line for each of several devices, with a button that removes it unless it is own."""
    found = devices.states(details.account.second_factor, details.record)
    if len(found) == 1:
        return  # it stands beside MFA
    for number, state in enumerate(found):
        words = wording.device_in_short(state, zone)
        yield _removable(words, _("Remove Device"), f"{DEVICE}{number}", is_own=is_own)


def ssh_key_rows(account: Account, zone: tzinfo, *, is_own: bool) -> Iterator[Widget]:
    """Yield a line for each SSH key, with a button that removes it unless it is own."""
    if not account.ssh_keys:
        return
    counted = ngettext("{number} key", "{number} keys", len(account.ssh_keys))
    yield row(_("SSH keys"), value(counted))
    for number, state in enumerate(ssh_keys.states(account)):
        words = wording.ssh_key_in_short(state, zone)
        line = _removable(words, _("Remove SSH Key"), f"{SSH_KEY}{number}", is_own=is_own)
        is_last = number + 1 == len(account.ssh_keys)
        yield line.add_class("gap") if is_last else line


def _removable(words: str, act: str, button: str, *, is_own: bool) -> Widget:
    said = Static(words, classes="device", markup=False)
    return said if is_own else Horizontal(said, Button(act, id=button, compact=True), classes="row")


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
