"""Random walks of two sessions over one store cause no freeze, crash or leak."""

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
"""For each size."""
PARTS: Final = 2
"""Walks that share these steps, each with a seed of its own, so that processes share the work."""
SEED: Final = int(os.environ.get("CWTUI_WALK_SEED", "1"))
"""Selects the walk; a failing walk prints its seed, which repeats it."""


@pytest.mark.parametrize("part", range(PARTS))
@pytest.mark.parametrize("size", SIZES, ids=lambda size: f"{size[0]}x{size[1]}")
def test_a_random_walk_breaks_nothing(size: tuple[int, int], part: int) -> None:
    """In a soak, each further walk has a new seed."""
    until = time.monotonic() + soak.seconds(0)
    steps = STEPS // PARTS
    seed, taken, screens = SEED + part, 0, Counter[str]()
    while True:
        walk = Walk(seed, size, steps)
        walk.go()
        taken, screens = taken + walk.taken, screens + walk.screens
        if time.monotonic() >= until:
            break
        seed = SystemRandom().randrange(10**6)
    assert taken >= steps
    assert len(screens) >= LEAST_SCREENS, screens


def test_a_seed_gives_the_same_walk_each_time() -> None:
    walks = [Walk(SEED, (80, 24), 120) for _ in range(2)]
    for walk in walks:
        walk.go()
    first, second = walks
    assert first.last_steps == second.last_steps
    assert first.screens == second.screens


LEAST_SCREENS: Final = 8
"""How many kinds of screens a walk must reach, or it would test too little."""
