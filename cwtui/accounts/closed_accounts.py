"""Closed accounts, which nobody can sign in to now: what their owners are told, and when.

    disabled   by an admin, until an admin enables it
    expired    its last day is over (see `expiry`)
    unused     nobody has signed in for the days that the organization allows (see `unused`)

Why an account is closed, and the admin's reason, is for its owner alone: whoever has not proved
the password learns only that it is disabled.
"""

from collections.abc import Iterator
from math import ceil
from typing import Final

from cwtui.accounts import account_state, unused
from cwtui.accounts.account_state import Status
from cwtui.accounts.expiry import last_day
from cwtui.accounts.model import Account
from cwtui.accounts.ports import Reading
from cwtui.accounts.settings import OrganizationSettings
from cwtui.accounts.text import visible
from cwtui.language import N_, _, ngettext

DISABLED: Final = N_("Your account is disabled. Ask an admin to enable it.")
WARNED_DAYS: Final = 14
"""How many days before an account is closed its owner and admins are warned."""


def why(ports: Reading, account: Account, settings: OrganizationSettings) -> Status | None:
    """Return why the account is closed now; None if it is not. Raises CannotCheck."""
    now = ports.now()
    found = account_state.closed(account, now)
    if found is None and unused.has(ports, account, settings):
        return Status.UNUSED
    return found


def told(account: Account, closed: Status, settings: OrganizationSettings) -> str:
    """Return what the owner, who has proved the password, is told of a closed account."""
    match closed:
        case Status.EXPIRED:
            return expired(account)
        case Status.UNUSED:
            return ngettext(
                "Your account is disabled, because you have not signed in for {number} day. Ask "
                "an admin to enable it.",
                "Your account is disabled, because you have not signed in for {number} days. Ask "
                "an admin to enable it.",
                settings.unused_days,
            )
    reason = quoted_reason(account)
    if not reason:
        return _(DISABLED)
    return _("Your account is disabled: {reason} Ask an admin to enable it.", reason=reason)


def expired(account: Account) -> str:
    """Return what the owner is told of an expired account."""
    return _(
        "Your account expired at the end of {day} (UTC). Ask an admin to extend it.",
        day=last_day(account.expires_at),
    )


def was_disabled(account: Account) -> str:
    """Return what somebody is told whose account is disabled during a session."""
    reason = quoted_reason(account)
    if not reason:
        return _("Your account was disabled. Ask an admin to enable it.")
    return _("Your account was disabled: {reason} Ask an admin to enable it.", reason=reason)


def quoted_reason(account: Account) -> str:
    """Return the admin's reason as the end of a sentence; empty if there is none."""
    reason = visible(account.disabled_reason)
    if not reason:
        return ""
    # Quoted, so that it does not read as words of cwtui.
    return f'"{reason}"' + ("" if reason.endswith((".", "!", "?")) else ".")


def warnings(
    account: Account, settings: OrganizationSettings, last_sign_in: float | None, now: float
) -> Iterator[str]:
    """Yield what the owner is told at a sign-in before the account is closed by itself.

    `last_sign_in` is the one before this sign-in.
    """
    end, warned = account.expires_at, WARNED_DAYS * unused.DAY
    if end is not None and end - now <= warned:
        yield _(
            "Your account expires at the end of {day} (UTC). Ask an admin if you need it for "
            "longer.",
            day=last_day(end),
        )
    days = settings.unused_days
    left = unused.last_used(account, last_sign_in) + days * unused.DAY - now
    if days and left <= warned_days(days) * unused.DAY:
        allowed = ngettext(
            "Accounts are disabled after {number} day without a sign-in.",
            "Accounts are disabled after {number} days without a sign-in.",
            days,
        )
        yours = ngettext(
            "Yours would have been in {number} day.",
            "Yours would have been in {number} days.",
            max(ceil(left / unused.DAY), 1),
        )
        yield f"{allowed} {yours}"


def warned_days(days: int) -> int:
    """Return how many days before an unused account is disabled its owner is warned."""
    return min(WARNED_DAYS, days // 3)
