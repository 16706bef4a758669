"""Migrate schema 6 to 7, where an account can have several devices.

Up to schema 6 an account has one device without a name and an id, and its sign-in record has the
device's used time steps. What cannot be migrated is left for decoding to report.
"""

from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final, TypeAlias

import msgspec

from cwtui.accounts.devices import FIRST_NAME
from cwtui.store.base import Base, Documents
from cwtui.store.base_text import BLOCK, SEPARATOR, line_of
from cwtui.store.journal import Changes

_ID: Final = ""
_INVALID: Final = (AttributeError, KeyError, TypeError, ValueError, RecursionError)
_OLD: Final = (b'"totp_secret"', b'"last_totp_step"', b'"wrong_code"', b'"spent_steps"')
_USE: Final = {
    "last_totp_step": "last_step",
    "wrong_code": "wrong_code",
    "spent_steps": "spent_steps",
}
"""Names of the same fields in a sign-in record, and since schema 7 in what is known of a device."""

_Change: TypeAlias = Callable[[dict[str, Any]], None]


class OneDeviceBase(Base):
    """A base of schema 6. Its documents are migrated as they are read."""

    def get(self, name: str) -> bytes | None:
        document = super().get(name)
        return None if document is None else self._migrated(document)

    def blocks(
        self, after: str | None = None, *, backward: bool = False, wanted: int | None = None
    ) -> Iterator[bytes]:
        for text in super().blocks(after, backward=backward, wanted=wanted):
            yield self._block(text)

    def _block(self, text: bytes) -> bytes:
        if not _is_old(text):
            return text
        return SEPARATOR.join(line_of(name, document) for name, document in self.split(text))

    def _split(self, line: bytes, at: int) -> tuple[str, bytes]:
        name, document = super()._split(line, at)
        return name, self._migrated(document)

    def _lines(self, begin: int, end: int) -> Iterator[bytes]:
        while begin < end:
            stop = self._text.end_of_line(min(begin + BLOCK, end) - 1, end)
            yield self._block(self._text.read(begin, stop).removesuffix(SEPARATOR)) + SEPARATOR
            begin = stop

    def _migrated(self, document: bytes) -> bytes:
        return _changed(document, _CHANGE[self.main])


def as_schema_7(tables: Mapping[str, Documents]) -> Changes:
    """Return documents in schema 7, by table and name; None means removed."""
    return {
        table: {name: _of_table(table, document) for name, document in kept.items()}
        for table, kept in tables.items()
    }


def _of_table(table: str, document: bytes | None) -> bytes | None:
    if document is None or table not in _CHANGE:
        return document
    return _changed(document, _CHANGE[table])


def _is_old(text: bytes) -> bool:
    return any(name in text for name in _OLD)


def _changed(document: bytes, change: _Change) -> bytes:
    if not _is_old(document):
        return document
    try:
        fields = msgspec.json.decode(document)
        change(fields)
    except _INVALID:
        return document
    return msgspec.json.encode(fields)


def _account(account: dict[str, Any]) -> None:
    factor, moved = account.get("second_factor"), account.get("moved")
    if factor is not None:
        device = {
            "name": FIRST_NAME,
            "totp_secret": factor.pop("totp_secret"),
            "registered_at": factor.pop("registered_at"),
        }
        factor["devices"] = [device]
    if moved is not None:
        _record(moved["record"])


def _record(record: dict[str, Any]) -> None:
    use = {new: record.pop(old) for old, new in _USE.items() if old in record}
    if use:
        record["devices"] = {_ID: use}


_CHANGE: Final[dict[str, _Change]] = {"accounts": _account, "records": _record}
"""How a document of each table is migrated, in place. Other tables are as before."""
