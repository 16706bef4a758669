"""Events that were written late: after the host where they happened had been cut off (cut_off).

Their reason ends with `while_cut_off=HOST/LOG/NUMBER`: where they were kept meanwhile.
"""

from typing import Final

from cwtui.accounts.audit.lines import Record

_FIELD: Final = "while_cut_off="


def mark(host: str, log: str) -> str:
    """Return the end of the reason of an event of this local log, up to its number."""
    return f"{_FIELD}{host}/{log}/"


def number(record: Record, host: str, log: str) -> int | None:
    """Return the number that the event has in this local log; None if it is not from there."""
    _, is_from_there, digits = record.reason.rpartition(mark(host, log))
    return int(digits) if is_from_there and digits.isdecimal() else None


def is_late(record: Record) -> bool:
    """Whether the event may be much older than those before it."""
    return _FIELD in record.reason
