"""What others changed since a page was opened, so that nobody replaces it without knowing."""

import re
from base64 import b64encode
from collections.abc import Collection, Container, Iterable, Mapping
from contextlib import suppress
from hashlib import blake2b
from typing import Final

import msgspec

from cwtui.accounts.audit.events import EventType
from cwtui.accounts.audit.lines import decode
from cwtui.accounts.errors import Agreed, CannotCheck, ChangedByOthers, UnknownAccount
from cwtui.accounts.expiry import last_day
from cwtui.accounts.listing import AccountRow
from cwtui.accounts.model import Account
from cwtui.accounts.ports import Ports
from cwtui.accounts.roles import Permission
from cwtui.accounts.settings import OrganizationSettings
from cwtui.accounts.text import visible
from cwtui.language import _

AT_MOST: Final = 200_000
"""Bytes of the audit log that are searched for who it was: nobody waits for that."""

PASSWORD: Final = "password"  # noqa: S105  a field's name
DEVICES: Final = "devices"
SSH_KEYS: Final = "ssh_keys"
ALL_PARTS: Final = (
    *("display_name", "roles", "mfa_required", "enabled", "disabled_reason", "expires_at"),
    *(PASSWORD, DEVICES, SSH_KEYS),
)
"""What is lost with an account."""
_IN_ROWS: Final = frozenset({"display_name", "roles", "mfa_required", "enabled", "expires_at"})
_MARK_BYTES: Final = 9
"""Bytes of a mark: a change is overlooked once in 2 to the power of 72."""
_CHANGES: Final[Mapping[str, str]] = {
    **dict.fromkeys((EventType.PASSWORD_CHANGE, EventType.USER_RESET_PASSWORD), PASSWORD),
    **dict.fromkeys(
        (
            *(EventType.MFA_ENABLE, EventType.MFA_DISABLE, EventType.USER_RESET_MFA),
            *(EventType.DEVICE_ADD, EventType.DEVICE_REPLACE, EventType.DEVICE_REMOVE),
        ),
        DEVICES,
    ),
    **dict.fromkeys((EventType.SSH_KEY_ADD, EventType.SSH_KEY_REMOVE), SSH_KEYS),
}
"""What these events change."""
_ONLY_TOGETHER: Final = frozenset({"enabled_at"})
"""Fields that say nothing that `enabled` does not say."""
_PERMISSIONS: Final = "permissions"
_ROLE_EVENTS: Final = frozenset({EventType.ROLE_CREATE, EventType.ROLE_UPDATE})

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
    as `seen` asks nothing. `event` and `subject` are how the audit log recorded the change. Raises
    UnknownAccount if the name belongs to another account now.
    """
    if isinstance(seen, Account) and isinstance(now, Account):
        _check_same(seen, now)
    if seen is None or ChangedByOthers in agreed:
        return
    theirs = {
        field: getattr(now, field)
        for field, value in wanted.items()
        if field not in _ONLY_TOGETHER and getattr(now, field) not in {getattr(seen, field), value}
    }
    if theirs:
        shown = {field: _shown(field, value) for field, value in theirs.items()}
        raise ChangedByOthers(_changed_by(ports, {event}, subject, theirs), shown)


def check_role(
    ports: Ports,
    role: str,
    seen: Iterable[Permission] | None,
    now: Collection[Permission],
    agreed: Agreed,
    wanted: Iterable[Permission] | None = None,
) -> None:
    """Raise ChangedByOthers, unless `agreed`, if others changed what the role permits.

    `seen` is what it permitted when the person saw it, `now` what it permits, and `wanted` what it
    should permit; None if it would be lost. None as `seen` asks nothing.
    """
    if seen is None or ChangedByOthers in agreed or {*now} == {*seen}:
        return
    is_lost = wanted is None
    if wanted is None or {*now} != {*wanted}:
        by = _changed_by(ports, _ROLE_EVENTS, role, (_PERMISSIONS,))
        raise ChangedByOthers(by, {_PERMISSIONS: ", ".join(now)}, is_lost=is_lost)


def check_losses(
    ports: Ports, seen: Account | None, now: Account, parts: Iterable[str], agreed: Agreed
) -> None:
    """Raise ChangedByOthers, unless `agreed`, if others changed a part that would be lost.

    `seen` is the account that the person saw, and `now` what it is. None as `seen` asks nothing.
    Raises UnknownAccount if the name belongs to another account now.
    """
    if seen is None:
        return
    _check_same(seen, now)
    if ChangedByOthers in agreed:
        return
    theirs = {
        part: _shown_part(now, part) for part in parts if _part(seen, part) != _part(now, part)
    }
    if theirs:
        by = _changed_by(ports, {EventType.USER_UPDATE}, now.username, theirs)
        raise ChangedByOthers(by, theirs, is_lost=True)


def are_in_rows(parts: Collection[str]) -> bool:
    """Whether rows of the list say all that follows from these parts."""
    return _IN_ROWS.issuperset(parts)


def mark(account: Account | AccountRow, parts: Iterable[str]) -> str:
    """Return a text of 12 characters that is another one once one of these parts has changed.

    `account` is a row only if `are_in_rows(parts)`. The same parts must come in the same order.
    """
    seen = [_part(account, part) for part in parts]
    digest = blake2b(msgspec.json.encode(seen), digest_size=_MARK_BYTES).digest()
    return b64encode(digest).decode()


def _check_same(seen: Account, now: Account) -> None:
    """Raise UnknownAccount if the name belongs to another account now."""
    if seen.created_at != now.created_at:
        raise UnknownAccount(now.username)


def _part(account: Account | AccountRow, part: str) -> object:
    if isinstance(account, AccountRow):
        return getattr(account, part)
    if part == DEVICES:
        factor = account.second_factor
        return () if factor is None else tuple(device.id for device in factor.devices)
    if part == SSH_KEYS:
        return tuple(key.id for key in account.ssh_keys)
    return getattr(account, part)


def _shown_part(account: Account, part: str) -> str:
    if part == DEVICES:
        factor = account.second_factor
        names = () if factor is None else tuple(device.name for device in factor.devices)
        return _shown(part, names)
    if part == SSH_KEYS:
        return _shown(part, tuple(key.name for key in account.ssh_keys))
    return _("a new one") if part == PASSWORD else _shown(part, getattr(account, part))


def _changed_by(
    ports: Ports, events: Container[EventType], subject: str, fields: Iterable[str]
) -> tuple[str, ...]:
    """Return who last changed these fields, as far as the newest part of the log says."""
    left, found, looked_through = set(fields), dict[str, None](), 0
    with suppress(CannotCheck):  # the question matters more than the name
        for line in ports.audit.lines_before(None):
            record = decode(line.content)
            if record is not None and record.subject == subject:
                changed = {_CHANGES.get(record.event, "")}
                if record.event in events:
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
