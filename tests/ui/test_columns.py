"""Which columns a table shows, and how wide, without drawing anything."""

import pytest

from cwtui.ui.widgets.columns import Column, Short, equal_columns, fitted_columns

Row = tuple[str, str]
COLUMNS: tuple[Column[Row], ...] = (
    Column("Name", 10, lambda row: row[0], least=6, most=20, value=lambda row: row[0]),
    Column("Kind", 12, lambda row: row[1], short=Short(4, lambda row: row[1][:4], title="K")),
    Column("Same", 8, lambda row: row[1], value=lambda row: row[1]),
    Column("Extra", 10, lambda row: row[1], least=8, optional=True),
)


def shown(room: int, equal: frozenset[str] = frozenset()) -> str:
    columns = fitted_columns(COLUMNS, room, equal)
    width = sum(column.width for column in columns) + len(columns) - 1
    assert width <= room or room < 10
    return " ".join(f"{column.title}:{column.width}" for column in columns)


@pytest.mark.parametrize(
    ("room", "expected"),
    [
        (200, "Name:20 Kind:12 Same:8 Extra:10"),
        (43, "Name:10 Kind:12 Same:8 Extra:10"),
        (42, "Name:17 K:4 Same:8 Extra:10"),
        (35, "Name:10 K:4 Same:8 Extra:10"),
        (34, "Name:10 K:4 Same:8 Extra:9"),
        (30, "Name:7 K:4 Same:8 Extra:8"),
        (28, "Name:14 K:4 Same:8"),
        (20, "Name:6 K:4 Same:8"),
        (12, "Name:6 K:3 Same:1"),
    ],
)
def test_columns_give_way_in_order_when_there_is_less_room(room: int, expected: str) -> None:
    assert shown(room) == expected


def test_columns_that_say_the_same_are_left_out_only_if_there_is_no_room() -> None:
    same = frozenset({"Same"})
    assert shown(43, same) == "Name:10 Kind:12 Same:8 Extra:10"
    assert shown(28, same) == "Name:12 K:4 Extra:10"
    assert shown(24, same) == "Name:10 K:4 Extra:8"


def test_a_short_form_has_its_own_cells() -> None:
    kind = fitted_columns(COLUMNS, 35)[1]
    assert kind.cell(("a", "minimum")) == "mini"


def test_rows_are_equal_if_all_of_two_or_more_have_the_same_value() -> None:
    assert equal_columns(COLUMNS, [("a", "x"), ("b", "x")]) == {"Same"}
    assert equal_columns(COLUMNS, [("a", "x"), ("b", "x"), ("c", "y")]) == set()
    assert equal_columns(COLUMNS, [("a", "x")]) == set()
    assert equal_columns(COLUMNS, []) == set()
