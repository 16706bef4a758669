"""The last day of an account, in UTC. Sign-ins are refused from the next day on."""

import re
from datetime import UTC, date, datetime, time, timedelta
from typing import Final

from cwtui.accounts.errors import InvalidInput
from cwtui.accounts.text import is_word, typed_and_shown, visible
from cwtui.accounts.times import day
from cwtui.language import _

NEVER: Final = "never"
FIELD: Final = "expires"
"""The name of the input field in errors."""

_DATE: Final = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)
_SHOWN: Final = 32
"""Characters of a wrong date that an error repeats."""


def end_of(typed: str) -> float | None:
    """Return when this day ends, in seconds since the epoch; None for `never` and nothing.

    The person's own word for `never` is read as well. Raises InvalidInput.
    """
    given = typed.strip()
    if not given or is_word(given, NEVER):
        return None
    try:
        # fromisoformat also accepts weeks, and digits without hyphens.
        last = date.fromisoformat(given) if _DATE.fullmatch(given) else None
        end = datetime.combine(last + timedelta(days=1), time(), UTC) if last else None
    except (ValueError, OverflowError):
        end = None
    if end is None or end.timestamp() <= 0:
        raise InvalidInput(
            FIELD,
            _(
                "{typed!r} cannot be read as a date. Enter the last day as YYYY-MM-DD, such as "
                "2027-03-31, or {never}. The day ends at midnight UTC.",
                typed=visible(typed[:_SHOWN]),
                never=typed_and_shown(NEVER),
            ),
        )
    return end.timestamp()


def end_to_come(typed: str, now: float) -> float | None:
    """Like `end_of`, but raise InvalidInput also for a day that is over."""
    end = end_of(typed)
    if end is not None and end <= now:
        raise InvalidInput(
            FIELD,
            _(
                "{day} is over. Enter today's date ({today} in UTC) or a later one. To stop "
                "sign-ins now, disable the account.",
                day=last_day(end),
                today=day(now),
            ),
        )
    return end


def last_day(expires_at: float | None) -> str:
    """Return the last day as it is typed, such as "2027-03-31"; "never" for None."""
    return NEVER if expires_at is None else day(expires_at - 1)


def last_day_shown(expires_at: float | None) -> str:
    """Return the last day as screens show it, with `never` in the person's language."""
    return _(last_day(expires_at))
