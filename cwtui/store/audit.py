"""The audit log: one JSON object a line, appended and on disk before the act goes on."""

from datetime import UTC, datetime
from pathlib import Path

import msgspec

from cwtui.accounts.audit import Event
from cwtui.files import append_durably, exclusive, lock_for


class FileAuditLog:
    """The port AuditLog on a file."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._lock = lock_for(path)

    def append(self, event: Event) -> None:
        at = datetime.fromtimestamp(event.at, UTC).isoformat(timespec="milliseconds")
        # JSON escapes line ends and control characters: what others typed cannot forge a line.
        line = msgspec.json.encode({**msgspec.to_builtins(event), "at": at})
        with exclusive(self._lock):
            append_durably(self._path, line)
