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


def test_a_copy_has_the_same_texts_and_lines_of_its_own() -> None:
    """A page is made of a plan with a million exceptions while a person waits."""
    lines = [f"line {number}" for number in range(1500)]
    packed = Packed(lines)
    copied = packed.copy()
    assert copied._full[0] is packed._full[0]
    for number in range(500):
        copied.append(f"more {number}")
    assert list(packed) == lines
    assert len(copied) == 2000
