"""Two sessions walk over one store, at random: nothing freezes, crashes or leaks."""

import os

import pytest

from tests.walk.events import SIZES
from tests.walk.walker import Walk

STEPS = 2000
SEED = int(os.environ.get("CWTUI_WALK_SEED", "1"))


@pytest.mark.parametrize("size", SIZES, ids=lambda size: f"{size[0]}x{size[1]}")
async def test_a_random_walk_breaks_nothing(size: tuple[int, int]) -> None:
    walk = Walk(SEED, size, STEPS)
    await walk.go()
    print(walk.starts, walk.screens)
