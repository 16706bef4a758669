"""Two sessions walk over one store, at random: nothing freezes, crashes or leaks."""

import os
import time
from collections import Counter
from random import SystemRandom
from typing import Final

import pytest

from tests import soak
from tests.walk.events import SIZES
from tests.walk.walker import Walk

STEPS: Final = 2000
SEED: Final = int(os.environ.get("CWTUI_WALK_SEED", "1"))
"""Another walk; a walk that failed names its own, and walks it again."""


@pytest.mark.parametrize("size", SIZES, ids=lambda size: f"{size[0]}x{size[1]}")
async def test_a_random_walk_breaks_nothing(size: tuple[int, int]) -> None:
    """In a soak, walks of ever new seeds."""
    until = time.monotonic() + soak.seconds(0)
    seed, taken, screens = SEED, 0, Counter[str]()
    while True:
        walk = Walk(seed, size, STEPS)
        await walk.go()
        taken, screens = taken + walk.taken, screens + walk.screens
        if time.monotonic() >= until:
            break
        seed = SystemRandom().randrange(10**6)
    assert taken >= STEPS
    assert len(screens) >= LEAST_SCREENS, screens


LEAST_SCREENS: Final = 8
"""Kinds of screens that a walk must reach, or it tests little."""
