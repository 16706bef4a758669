"""What others changed since a page was opened, so that nobody replaces it without knowing."""

import re
from collections.abc import Iterable, Mapping
from contextlib import suppress
from typing import Final, NamedTuple

from cwtui.accounts.audit.events import EventType
from cwtui.accounts.audit.lines import decode
from cwtui.accounts.errors import Agreed, CannotCheck, ChangedByOthers
from cwtui.accounts.expiry import last_day
from cwtui.accounts.model import Account
from cwtui.accounts.ports import Ports
from cwtui.accounts.settings import OrganizationSettings
from cwtui.accounts.text import visible
from cwtui.language import _

AT_MOST: Final = 200_000
"""Bytes of the audit log that are searched for who it was: nobody waits for that."""

PASSWORD: Final = "password"  # noqa: S105  a field's name
DEVICES: Final = "devices"
ALL_PARTS: Final = (
    *("display_name", "roles", "mfa_required", "enabled", "expires_at", PASSWORD, DEVICES),
)
"""What is lost with an account."""
_CHANGES: Final[Mapping[str, str]] = {
    **dict.fromkeys((EventType.PASSWORD_CHANGE, EventType.USER_RESET_PASSWORD), PASSWORD),
    **dict.fromkeys(
        (
            *(EventType.MFA_ENABLE, EventType.MFA_DISABLE, EventType.USER_RESET_MFA),
            *(EventType.DEVICE_ADD, EventType.DEVICE_REPLACE, EventType.DEVICE_REMOVE),
        ),
        DEVICES,
    ),
}
"""What these events change."""

_FIELD: Final = re.compile(r'(?:^|\s)(\w+)=(?:"(?:[^"\\]|\\.)*"|[^\s"]*)')
"""A field with its value, as `session.as_reason` writes them."""


def check(
    ports: Ports,
    event: EventType,
    subject: str,
    seen: Account | OrganizationSettings | None,
    now: Account | OrganizationSettings,
    wanted: Mapping[str, object],
    agreed: Agreed,
) -> None:
    """Raise ChangedByOthers, unless `agreed`, if others changed a field that would be replaced.

    `seen` is what the person saw, `now` what it is, and `wanted` what it should be, by field. None
    as `seen` asks nothing. `event` and `subject` are how the audit log recorded the change.
    """
    if seen is None or ChangedByOthers in agreed:
        return
    theirs = {
        field: getattr(now, field)
        for field, value in wanted.items()
        if getattr(now, field) not in {getattr(seen, field), value}
    }
    if theirs:
        shown = {field: _shown(field, value) for field, value in theirs.items()}
        raise ChangedByOthers(_changed_by(ports, event, subject, theirs), shown)


class Seen(NamedTuple):
    """The account as the person saw it, and what they agreed to."""

    account: Account
    agreed: Agreed


def check_losses(ports: Ports, seen: Seen | None, now: Account, parts: Iterable[str]) -> None:
    """Raise ChangedByOthers, unless agreed, if others changed a part that would be lost.

    `now` is what the account is. None as `seen` asks nothing.
    """
    if seen is None or ChangedByOthers in seen.agreed:
        return
    before = seen.account
    theirs = {
        part: _shown_part(now, part) for part in parts if _part(before, part) != _part(now, part)
    }
    if theirs:
        by = _changed_by(ports, EventType.USER_UPDATE, now.username, theirs)
        raise ChangedByOthers(by, theirs, is_lost=True)


def _part(account: Account, part: str) -> object:
    if part == DEVICES:
        factor = account.second_factor
        return () if factor is None else tuple(device.id for device in factor.devices)
    return getattr(account, part)


def _shown_part(account: Account, part: str) -> str:
    if part == DEVICES:
        factor = account.second_factor
        names = () if factor is None else tuple(device.name for device in factor.devices)
        return _shown(part, names)
    return _("a new one") if part == PASSWORD else _shown(part, getattr(account, part))


def _changed_by(
    ports: Ports, event: EventType, subject: str, fields: Iterable[str]
) -> tuple[str, ...]:
    """Return who last changed these fields, as far as the newest part of the log says."""
    left, found, looked_through = set(fields), dict[str, None](), 0
    with suppress(CannotCheck):  # the question matters more than the name
        for line in ports.audit.lines_before(None):
            record = decode(line.content)
            if record is not None and record.subject == subject:
                changed = {_CHANGES.get(record.event, "")}
                if record.event == event:
                    changed = {match[1] for match in _FIELD.finditer(record.reason)}
                changed &= left
                if changed:
                    found[visible(record.actor)] = None
                    left -= changed
            looked_through += len(line.content)
            if not left or looked_through > AT_MOST:
                break
    return tuple(sorted(found))


def _shown(field: str, value: object) -> str:
    if field == "expires_at":
        return last_day(value if isinstance(value, float) else None)
    if isinstance(value, bool):
        return _("yes") if value else _("no")
    return visible(", ".join(value) if isinstance(value, tuple) else str(value)) or _("nothing")
