"""The exit status of `cwtui doctor`."""

import pytest

from cwtui.doctor.findings import Area, Finding, Level, exit_status


def found(level: Level) -> Finding:
    return Finding(Area.STORE, level, "A sentence.")


@pytest.mark.parametrize(
    ("levels", "status"),
    [
        ((), 0),
        ((Level.OK, Level.NOTE, Level.WARNING), 0),
        ((Level.WARNING, Level.UNKNOWN), 3),
        ((Level.PROBLEM,), 1),
        # What is certainly wrong counts more.
        ((Level.PROBLEM, Level.UNKNOWN), 1),
    ],
)
def test_the_exit_status(levels: tuple[Level, ...], status: int) -> None:
    assert exit_status([found(level) for level in levels]) == status
