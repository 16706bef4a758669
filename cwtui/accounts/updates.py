"""What an admin changes in an account, and what the audit log says of it."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Final

from cwtui.accounts import expiry, roles, text, unused
from cwtui.accounts.errors import InvalidInput
from cwtui.accounts.model import Account
from cwtui.accounts.ports import Reading
from cwtui.accounts.roles import CustomRoles
from cwtui.accounts.settings import OrganizationSettings
from cwtui.language import _

REASON: Final = "reason"
"""The name of the input field in errors."""
FROM_DIRECTORY: Final = frozenset({"display_name", "roles"})
"""Fields that come from the directory for LDAP users."""


@dataclass(frozen=True)
class Update:
    """The fields of an account to set; None leaves a field unchanged.

    `disabled_reason` is what the owner of a disabled account is told, and `expires` the last day as
    typed (see `expiry`).
    """

    display_name: str | None = None
    roles: tuple[str, ...] | None = None
    mfa_required: bool | None = None
    enabled: bool | None = None
    disabled_reason: str | None = None
    expires: str | None = None

    @property
    def given(self) -> dict[str, object]:
        """The fields that it sets, by name."""
        return {name: value for name, value in vars(self).items() if value is not None}

    def checked(self, custom: CustomRoles) -> "Update":
        """Return it with roles and display name as they are stored. Raises InvalidInput."""
        chosen, name = self.roles, self.display_name
        return replace(
            self,
            roles=None if chosen is None else roles.known(chosen, custom),
            display_name=None if name is None else text.display_name(name),
        )


def fields(
    ports: Reading, settings: OrganizationSettings, before: Account, update: Update
) -> dict[str, object]:
    """Return the account's fields that a checked update changes, with their new values.

    To enable an unused account starts its days anew. Raises InvalidInput for a reason of an account
    that stays or becomes enabled, and for a last day that is over, unless it is the account's
    already. Raises CannotCheck.
    """
    given = update.given
    changed: dict[str, object] = {
        name: given[name]
        for name in ("roles", "mfa_required", "display_name")
        if name in given and given[name] != getattr(before, name)
    }
    changed |= _status_fields(ports, settings, before, update)
    expires = update.expires
    if expires is not None and expiry.end_of(expires) != before.expires_at:
        changed["expires_at"] = expiry.end_to_come(expires, ports.now())
    return changed


def _status_fields(
    ports: Reading, settings: OrganizationSettings, before: Account, update: Update
) -> dict[str, object]:
    enabled, disabled_reason = update.enabled, update.disabled_reason
    stays_enabled = before.enabled if enabled is None else enabled
    if stays_enabled:
        if disabled_reason:
            raise InvalidInput(REASON, _("Only a disabled account has a reason. Disable it too."))
        if enabled is None or (before.enabled and not unused.has(ports, before, settings)):
            return {}
        changed: dict[str, object] = {"enabled_at": ports.now()}
        return changed if before.enabled else changed | {"enabled": True, "disabled_reason": ""}
    said = reason(disabled_reason or "")
    changed = {"enabled": False} if before.enabled else {}
    if disabled_reason is not None and said != before.disabled_reason:
        changed["disabled_reason"] = said
    return changed


def reason(typed: str, field: str = REASON) -> str:
    """Return the reason for disabling an account as it is stored. Raises InvalidInput."""
    return text.line(typed, field, _("The reason"))


def recorded(changed: Mapping[str, object]) -> dict[str, object]:
    """Return what the audit log says of changed fields: days as people type them."""
    shown = dict(changed)
    if "enabled_at" in shown:
        del shown["enabled_at"]
        shown["enabled"] = True
    if "expires_at" in shown:
        at = shown["expires_at"]
        shown["expires_at"] = expiry.last_day(at if isinstance(at, float) else None)
    return shown
