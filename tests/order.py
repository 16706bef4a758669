"""The order in which the processes of a run read and run the tests."""

from itertools import groupby, islice
from pathlib import Path
from typing import Final

import pytest

_TESTS: Final = Path(__file__).parent
LONGEST_FIRST: Final = (
    "walk",
    "store/postgres/test_failover.py",
    "store/postgres/test_crashes.py",
    "store/postgres/test_hosts.py",
    "durability",
    "attack",
    "secrets",
    "pam/test_memory.py",
    "console/test_journey.py",
    "console/test_kiosk_escape.py",
    "console/test_hostile_terminal.py",
    "console/test_ldap_journey.py",
    "console/test_devices_journey.py",
    "console/test_enrolment.py",
    "console/test_leaving.py",
    "ui/test_leaving.py",
    "pam/test_without_service.py",
    "bench",
)
"""Folders and files with tests that take many seconds each, those that mostly wait at the end."""
APART: Final = "walk"
"""The folder of LONGEST_FIRST whose tests share nothing, so that each may go to another process."""


def files_from(part: float) -> list[str]:
    """All test files, beginning after this part of them by size, and going round.

    pytest compiles the files of a new clone, which takes longer than to load them. Processes that
    begin with different files find the others compiled.
    """
    files = sorted(_TESTS.rglob("test_*.py"))
    sizes = [file.stat().st_size for file in files]
    begin = next(n for n in range(len(files)) if sum(sizes[: n + 1]) > part * sum(sizes))
    return [str(file) for file in files[begin:] + files[:begin]]


def by_file(items: list[pytest.Item]) -> None:
    """Sort tests as they stand in the files, whichever was read first."""
    items.sort(key=lambda item: item.path)


def longest_first(items: list[pytest.Item], processes: int) -> None:
    """Deal the longest tests to the processes, which begin with them.

    Each process gets an equal share of the list, and then takes what others have not begun, from
    the end of their shares. A long test that begins late would keep one process busy alone. Each
    second process begins with the tests that mostly wait, as otherwise all would wait together.
    """
    groups = [list(tests) for _, tests in groupby(items, _dealt_with)]
    long = sorted((tests for tests in groups if _is_long(tests)), key=_rank)
    short = iter([item for tests in groups if not _is_long(tests) for item in tests])
    left = len(items)
    items.clear()
    for process in range(processes):
        size = left // (processes - process)  # as pytest-xdist shares them out
        begun = long[process::processes][:: -1 if process % 2 else 1]
        share = [item for tests in begun for item in tests]
        share += islice(short, max(0, size - len(share)))
        left -= size
        items += share
    items += short


def _dealt_with(item: pytest.Item) -> object:
    """Tests with an equal one are dealt to the same process."""
    is_apart = item.path.parent == _TESTS / APART
    return item if is_apart else item.path


def _is_long(tests: list[pytest.Item]) -> bool:
    return _rank(tests) < len(LONGEST_FIRST)


def _rank(tests: list[pytest.Item]) -> int:
    name = tests[0].path.relative_to(_TESTS).as_posix()
    ranks = (
        n for n, long in enumerate(LONGEST_FIRST) if name == long or name.startswith(f"{long}/")
    )
    return next(ranks, len(LONGEST_FIRST))
