"""What changes in an account that is disabled, enabled, or given a last day."""

from collections.abc import Mapping
from typing import Final

from cwtui.accounts import expiry, text, unused
from cwtui.accounts.errors import InvalidInput
from cwtui.accounts.model import Account
from cwtui.accounts.ports import Reading
from cwtui.accounts.settings import OrganizationSettings
from cwtui.language import _

REASON: Final = "reason"
"""The name of the input field in errors."""


def fields(
    ports: Reading,
    settings: OrganizationSettings,
    before: Account,
    enabled: bool | None,
    disabled_reason: str | None,
    expires: str | None,
) -> dict[str, object]:
    """Return the fields that change; None leaves them as they are.

    To enable an unused account starts its days anew. Raises InvalidInput for a reason of an account
    that stays or becomes enabled, and for a last day that is over, unless it is the account's
    already. Raises CannotCheck.
    """
    changed = _status_fields(ports, settings, before, enabled, disabled_reason)
    if expires is not None and expiry.end_of(expires) != before.expires_at:
        changed["expires_at"] = expiry.end_to_come(expires, ports.now())
    return changed


def _status_fields(
    ports: Reading,
    settings: OrganizationSettings,
    before: Account,
    enabled: bool | None,
    disabled_reason: str | None,
) -> dict[str, object]:
    stays_enabled = before.enabled if enabled is None else enabled
    if stays_enabled:
        if disabled_reason:
            raise InvalidInput(REASON, _("Only a disabled account has a reason. Disable it too."))
        if enabled is None or (before.enabled and not unused.has(ports, before, settings)):
            return {}
        changed: dict[str, object] = {"enabled_at": ports.now()}
        return changed if before.enabled else changed | {"enabled": True, "disabled_reason": ""}
    said = text.line(disabled_reason or "", REASON, _("The reason"))
    changed = {"enabled": False} if before.enabled else {}
    if disabled_reason is not None and said != before.disabled_reason:
        changed["disabled_reason"] = said
    return changed


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
