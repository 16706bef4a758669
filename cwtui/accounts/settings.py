"""Organization settings: what an admin decides for everyone."""

from collections.abc import Mapping
from enum import StrEnum
from typing import Annotated, Final

import msgspec
from msgspec import Meta, Struct

from cwtui.accounts import text
from cwtui.accounts.errors import InvalidInput
from cwtui.accounts.roles import Permission
from cwtui.language import N_, _

_DIGITS = 6
_Count = Annotated[int, Meta(ge=0, le=64)]
_Limit = Annotated[int, Meta(ge=1, le=10)]
_Minutes = Annotated[int, Meta(ge=1, le=1440)]
MOST_UNUSED_DAYS: Final = 3650
"""Ten years, in days."""
MOST_INVITATION_DAYS: Final = 90
"""Somebody who begins in the next quarter can be invited; a forgotten code does not work for years.
"""


class Mfa(StrEnum):
    """Whether people may, must, or cannot use multi-factor authentication."""

    OFF = "off"
    OPTIONAL = "optional"
    REQUIRED = "required"


class OrganizationSettings(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What an admin decides for everyone. The defaults are Connectware's.

    Limits are at most 10 attempts, and waits at most one day; see `throttle` for the effect.
    """

    mfa: Mfa = Mfa.OPTIONAL
    mfa_required_for_new_ldap_users: bool = False
    issuer: Annotated[str, Meta(min_length=1, max_length=40)] = "Connectware"
    password_min: Annotated[int, Meta(ge=1, le=256)] = 5
    password_lower: _Count = 0
    password_upper: _Count = 0
    password_numeric: _Count = 0
    password_symbol: _Count = 0
    password_limit: _Limit = 5
    password_ban_minutes: _Minutes = 5
    code_limit: _Limit = 5
    code_ban_minutes: _Minutes = 5
    unused_days: Annotated[int, Meta(ge=0, le=MOST_UNUSED_DAYS)] = 0
    """An account counts as disabled after so many days without a sign-in; 0: never."""
    invitation_days: Annotated[int, Meta(ge=1, le=MOST_INVITATION_DAYS)] = 7
    """How long an invitation code is valid."""
    custom_roles: dict[str, tuple[Permission, ...]] = {}
    """What each role permits that is not built in (see `custom_roles`)."""


KEYS: Final = tuple(key for key in OrganizationSettings.__struct_fields__ if key != "custom_roles")
"""The settings that are one value each. Roles are changed one by one."""

MOST_NEEDED: Final = 64
"""The most characters that the password rules can ask for.

NIST SP 800-63B-4, section 3.1.1.2, asks everybody to permit at least 64, so a password manager can
make such a password. Rules that were saved before this limit stay as they are.
"""
_KINDS: Final = ("password_lower", "password_upper", "password_numeric", "password_symbol")

_YES_OR_NO: Final = {
    "yes": True,
    "true": True,
    "on": True,
    "no": False,
    "false": False,
    "off": False,
}
_COUNT: Final = N_("Enter a number from 0 to 64.")
_RIGHT: Final[dict[str, str]] = {
    "mfa": N_("Choose off, optional or required."),
    "mfa_required_for_new_ldap_users": N_("Choose yes or no."),
    "issuer": N_("Enter 1 to 40 characters without a colon, such as Connectware (plant-7)."),
    "password_min": N_("Enter a minimum length from 1 to {most_needed}."),
    "password_lower": _COUNT,
    "password_upper": _COUNT,
    "password_numeric": _COUNT,
    "password_symbol": _COUNT,
    "password_limit": N_("Enter a number of attempts from 1 to 10."),
    "code_limit": N_("Enter a number of attempts from 1 to 10."),
    "password_ban_minutes": N_("Enter a number of minutes from 1 to 1440."),
    "code_ban_minutes": N_("Enter a number of minutes from 1 to 1440."),
    "unused_days": N_("Enter a number of days from 1 to {most_days}, or 0 for never."),
    "invitation_days": N_("Enter a number of days from 1 to {most_invitation_days}."),
}


def with_values(settings: OrganizationSettings, values: Mapping[str, str]) -> OrganizationSettings:
    """Return the settings with these keys set from text. Raises InvalidInput(field=key)."""
    changed = msgspec.to_builtins(settings)
    for key, value in values.items():
        if key not in KEYS:
            raise InvalidInput(
                "key",
                _(
                    "There is no setting named {key!r}. Choose from: {keys}.",
                    key=text.shortened(text.visible(key), 100),
                    keys=", ".join(KEYS),
                ),
            )
        one = msgspec.to_builtins(settings) | {key: _typed(key, value)}
        try:
            msgspec.convert(one, OrganizationSettings)
        except msgspec.ValidationError as error:
            raise InvalidInput(key, _right(key)) from error
        changed[key] = one[key]
    after = msgspec.convert(changed, OrganizationSettings)
    _check_can_be_met(settings, after)
    return after


def _right(key: str) -> str:
    """Return what would be right for this key, as a sentence."""
    return _(
        _RIGHT[key],
        most_needed=MOST_NEEDED,
        most_days=MOST_UNUSED_DAYS,
        most_invitation_days=MOST_INVITATION_DAYS,
    )


def _check_can_be_met(before: OrganizationSettings, after: OrganizationSettings) -> None:
    """Raise InvalidInput if new password rules ask for too much. They can always be lowered."""
    if after.password_min > max(MOST_NEEDED, before.password_min):
        raise InvalidInput("password_min", _right("password_min"))
    raised = [key for key in _KINDS if getattr(after, key) > getattr(before, key)]
    needed = sum(getattr(after, key) for key in _KINDS)
    if raised and needed > MOST_NEEDED:
        raise InvalidInput(
            raised[-1],
            _(
                "Letters, digits and symbols together would be {needed}. They can be at most "
                "{most}.",
                needed=needed,
                most=MOST_NEEDED,
            ),
        )


def _typed(key: str, value: str) -> str | int | bool:
    if key == "issuer":
        issuer = text.line(value, key, _("The issuer"))
        # A colon separates issuer and account in the otpauth label (Key URI format).
        if ":" in issuer:
            raise InvalidInput(key, _right(key))
        return issuer
    if text.has_control_characters(value):
        raise InvalidInput(key, _right(key))
    if key == "mfa":
        return value.strip().lower()
    if key == "mfa_required_for_new_ldap_users":
        return _YES_OR_NO.get(value.strip().lower(), value)
    number = text.whole_number(value.strip(), _DIGITS)
    return value if number is None else number
