"""The result table: measurement, ours, theirs, ratio, budget, and whether it is met."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, TypeAlias

Unit: TypeAlias = Callable[[float], str]

FRAME: Final = 1 / 30
"""In seconds; 30 pictures a second look like motion."""

_COLUMNS: Final = (58, 11, 30, 14, 7, 11, 5)
_HEAD: Final = ("what", "ours", "against", "theirs", "ratio", "budget", "holds")


def milliseconds(seconds: float) -> str:
    return f"{seconds * 1000:,.1f} ms" if seconds < 0.1 else f"{seconds * 1000:,.0f} ms"


def duration(seconds: float) -> str:
    """For times of which some are far shorter than others."""
    return f"{seconds * 1e6:,.0f} µs" if seconds < 0.001 else milliseconds(seconds)


def on_the_line(seconds: float) -> str:
    return f"{seconds:,.2f} s"


def frames(seconds: float) -> str:
    return f"{seconds / FRAME:,.1f} frames"


def megabytes(count: float) -> str:
    return f"{count / 1e6:,.1f} MB"


def kilobytes(count: float) -> str:
    return f"{count / 1024:,.2f} KB"


def percent(share: float) -> str:
    return f"{share * 100:.2f} %"


def per_second(count: float) -> str:
    return f"{count:,.2f} /s"


def number(count: float) -> str:
    return f"{count:,.0f}"


@dataclass(frozen=True)
class Most:
    """A budget: a multiple of the reference or, with `unit`, an amount."""

    limit: float
    unit: Unit | None = None


@dataclass(frozen=True)
class Least:
    """A budget for what should be high: at least this multiple of the reference."""

    limit: float


@dataclass(frozen=True)
class Row:
    """One measurement beside a reference of the same run. Without a budget it is informative."""

    what: str
    ours: float
    unit: Unit
    against: str = ""
    theirs: float | None = None
    most: Most | Least | None = None

    @property
    def ratio(self) -> float | None:
        return self.ours / self.theirs if self.theirs else None

    @property
    def holds(self) -> bool | None:
        """None without a budget."""
        if self.most is None:
            return None
        if isinstance(self.most, Least):
            return self.ratio is not None and self.ratio >= self.most.limit
        measured = self.ratio if self.most.unit is None else self.ours
        return measured is not None and measured <= self.most.limit


def head() -> str:
    return f"{_line(_HEAD)}\n{_line(tuple('-' * width for width in _COLUMNS))}"


def line(row: Row) -> str:
    ratio, most, holds = row.ratio, row.most, row.holds
    return _line(
        (
            row.what,
            row.unit(row.ours),
            row.against,
            row.unit(row.theirs) if row.theirs is not None else "",
            f"{ratio:.2f}x" if ratio is not None else "",
            _budget(most),
            "" if holds is None else "yes" if holds else "NO",
        )
    )


def _budget(most: Most | Least | None) -> str:
    match most:
        case Most(limit, unit):
            return (unit or _ratio)(limit)
        case Least(limit):
            return f">= {_ratio(limit)}"
        case None:
            return ""


def _ratio(limit: float) -> str:
    return f"{limit:.2f}x"


def _line(cells: tuple[str, ...]) -> str:
    on_the_left = {0, 2, 6}
    return "  ".join(
        cell.ljust(width) if column in on_the_left else cell.rjust(width)
        for column, (cell, width) in enumerate(zip(cells, _COLUMNS, strict=True))
    ).rstrip()
