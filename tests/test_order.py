"""Processes read all files and run all tests, in an order that wastes little time."""

from dataclasses import dataclass
from pathlib import Path
from typing import cast

import pytest

from tests import order

HERE = Path(__file__).parent


@dataclass(frozen=True)
class Item:
    path: Path
    number: int


def items(**count: int) -> list[pytest.Item]:
    made = [
        Item(HERE / name / "test_x.py", number)
        for name, many in count.items()
        for number in range(many)
    ]
    return cast("list[pytest.Item]", made)


def test_processes_begin_to_read_with_different_files() -> None:
    parts = [order.files_from(part / 4) for part in range(4)]
    assert len({files[0] for files in parts}) == 4
    assert {frozenset(files) for files in parts} == {frozenset(map(str, HERE.rglob("test_*.py")))}


def test_each_process_begins_with_long_tests_and_none_is_lost() -> None:
    tests = items(accounts=17, attack=2, cli=30, durability=4, ui=22, walk=1)
    expected = set(tests)
    order.longest_first(tests, 4)
    assert set(tests) == expected
    assert len(tests) == len(expected)
    firsts = [tests[begin].path.parent.name for begin in (0, 19, 38, 57)]
    assert firsts == ["walk", "durability", "attack", "ui"]


def test_each_process_begins_with_walks() -> None:
    tests = items(cli=8, walk=8)
    order.longest_first(tests, 4)
    assert [item.path.parent.name for item in tests] == ["walk", "walk", "cli", "cli"] * 4


def test_each_second_process_begins_with_tests_that_wait() -> None:
    tests = items(attack=1, bench=1, cli=4, durability=1, walk=1)
    order.longest_first(tests, 2)
    firsts = [[item.path.parent.name for item in tests[begin:][:2]] for begin in (0, 4)]
    assert firsts == [["walk", "attack"], ["bench", "durability"]]


def test_the_long_files_exist() -> None:
    assert all((HERE / name).exists() for name in order.LONGEST_FIRST)


def test_one_process_begins_with_the_longest_test() -> None:
    tests = items(attack=1, cli=9, walk=1)
    order.longest_first(tests, 1)
    assert [item.path.parent.name for item in tests[:3]] == ["walk", "attack", "cli"]
