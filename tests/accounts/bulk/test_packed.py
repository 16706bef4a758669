"""Many lines in little memory."""

import tracemalloc

import pytest

from cwtui.accounts.bulk.packed import Packed


@pytest.mark.parametrize("size", [0, 1, 999, 1000, 1001, 2500])
def test_a_packed_list_is_like_a_list(size: int) -> None:
    lines = [f"line {number}" for number in range(size)]
    packed = Packed(lines)
    assert len(packed) == size
    assert list(packed) == lines
    assert [packed[place] for place in range(size)] == lines
    assert packed[-3:] == lines[-3:]
    with pytest.raises(IndexError):
        packed[size]


def test_a_hundred_thousand_names_take_two_megabytes() -> None:
    tracemalloc.start()
    try:
        packed = Packed(f"user{number:06}" for number in range(100_000))
        used, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert len(packed) == 100_000
    assert used < 2_000_000
