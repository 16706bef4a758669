"""What others changed since a page was opened, so that nobody replaces it without knowing."""

import re
from collections.abc import Iterable, Mapping
from contextlib import suppress
from typing import Final

from cwtui.accounts.audit.events import EventType
from cwtui.accounts.audit.lines import decode
from cwtui.accounts.errors import Agreed, CannotCheck, ChangedByOthers
from cwtui.accounts.model import Account
from cwtui.accounts.ports import Ports
from cwtui.accounts.settings import OrganizationSettings
from cwtui.accounts.text import visible

AT_MOST: Final = 200_000
"""Bytes of the audit log that are searched for who it was: nobody waits for that."""

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
        shown = {field: _shown(value) for field, value in theirs.items()}
        raise ChangedByOthers(_changed_by(ports, event, subject, theirs), shown)


def _changed_by(
    ports: Ports, event: EventType, subject: str, fields: Iterable[str]
) -> tuple[str, ...]:
    """Return who last changed these fields, as far as the newest part of the log says."""
    left, found, looked_through = set(fields), dict[str, None](), 0
    with suppress(CannotCheck):  # the question matters more than the name
        for line in ports.audit.lines_before(None):
            record = decode(line.content)
            if record is not None and (record.event, record.subject) == (event, subject):
                changed = left & {match[1] for match in _FIELD.finditer(record.reason)}
                if changed:
                    found[visible(record.actor)] = None
                    left -= changed
            looked_through += len(line.content)
            if not left or looked_through > AT_MOST:
                break
    return tuple(sorted(found))


def _shown(value: object) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return visible(", ".join(value) if isinstance(value, tuple) else str(value)) or "nothing"
