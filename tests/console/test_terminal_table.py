"""The table of terminals in the manual is what is seen."""

from pathlib import Path

import pytest

from tests import soak
from tests.console import terminal_table
from tests.console.terminal_table import KINDS, PAGE, TABLE

NAMES = [kind.name for kind in KINDS]
TRIED = NAMES if soak.times(0, 1) else ["vt100"]


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    numbers = [NAMES.index(name) for name in TRIED]
    return terminal_table.prepared(tmp_path_factory.mktemp("terminals"), numbers)


def written() -> dict[str, tuple[str, ...]]:
    found = TABLE.search(PAGE.read_text())
    assert found is not None
    lines = found[0].splitlines()[2:]
    rows = (tuple(cell.strip() for cell in line.strip("|").split("|")) for line in lines)
    return {row[0]: row for row in rows}


def test_the_table_has_each_kind() -> None:
    assert list(written()) == NAMES


@pytest.mark.parametrize("name", TRIED)
def test_a_row_is_what_is_seen(home: Path, name: str) -> None:
    assert terminal_table.row(home, NAMES.index(name)) == written()[name]
