"""Looking up last sign-ins for long lists, in one file of records."""

from pathlib import Path
from random import Random

import pytest

from cwtui.store.last_sign_ins import LastSignIns
from cwtui.store.table_file import TableFile
from cwtui.store.view import View
from tests.store.table_files import change, table

pytestmark = pytest.mark.usefixtures("quick_disk")

NAMES = [f"n{number:04}" for number in range(6000)]


@pytest.fixture
def file(tmp_path: Path) -> TableFile:
    """Every second name has a record, and some of them never signed in. A few have changed."""
    made = table(tmp_path / "things.json")
    change(made, {n: {"last_sign_in": _at(n)} for n in NAMES[::2]})
    made.compact()
    changed: dict[str, dict[str, object] | None] = {n: {"last_sign_in": 0.5} for n in NAMES[::500]}
    changed[NAMES[2]] = None
    change(made, changed)
    return made


def _at(name: str) -> float | None:
    number = int(name[1:])
    return None if number % 10 == 0 else float(number)


@pytest.mark.parametrize("order", ["sorted", "backward", "mixed", "from the middle"])
def test_times_are_found_in_any_order(file: TableFile, order: str) -> None:
    names = {
        "sorted": NAMES,
        "backward": NAMES[::-1],
        "mixed": Random(5).sample(NAMES, 200),  # noqa: S311  the same each time
        "from the middle": [*NAMES[3000:], *NAMES[2999::-1]],
    }[order]
    expected: dict[str, float | None] = {name: _at(name) for name in NAMES[::2]}
    expected |= dict.fromkeys(NAMES[::500], 0.5) | {NAMES[2]: None}
    look_up = LastSignIns(lambda _: 0, lambda _: file.view())
    assert [look_up(name) for name in names] == [expected.get(name) for name in names]


@pytest.mark.parametrize("step", [1, -1])
def test_records_are_read_once_in_either_direction(
    file: TableFile, step: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    reads, get = [0], View.get

    def counted(view: View, name: str) -> bytes | None:
        reads[0] += 1
        return get(view, name)

    monkeypatch.setattr(View, "get", counted)
    look_up = LastSignIns(lambda _: 0, lambda _: file.view())
    for name in NAMES[::step]:
        look_up(name)
    assert reads[0] <= 5 + len(NAMES) // 2 // 512
