"""How benchmarks measure: taking turns, with the median of several rounds."""

import gc
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from time import perf_counter
from typing import Final

from tests.bench.people import Store, make_store

CWTUI: Final = (str(Path(sys.executable).with_name("cwtui")),)
BARE: Final = (sys.executable, "-c", "from tests.bench import bare_app; bare_app.main()")


@dataclass(frozen=True)
class Scale:
    """How many accounts, how many rounds, and how long to watch an idle application."""

    few: int = 10_000
    many: int = 100_000
    listed: int = 1_000_000
    rounds: int = 7
    idle_seconds: float = 30.0
    """As long as a one-time code is valid: its countdown is not even."""
    sizes: tuple[int, ...] = (1_000, 10_000, 100_000, 1_000_000)
    """Of the stores whose growth is measured."""
    updates: int = 1_000
    """In each of these stores: enough for a new base."""
    processes: tuple[int, ...] = (2, 4, 8)
    """That sign people in at once."""
    each: int = 12
    """Sign-ins of each of them in a round. With few, it matters who makes the last one alone."""
    crowd: int = 200
    """People who sign in through the service at once."""
    sessions: int = 50
    """People who have the application open over SSH at once."""
    cost: int = 12
    """Of the bcrypt checks that sign-ins are compared with."""


QUICK: Final = Scale(
    few=1_000,
    many=10_000,
    listed=20_000,
    rounds=2,
    idle_seconds=3.0,
    sizes=(1_000, 10_000),
    updates=400,
    each=4,
    crowd=20,
    sessions=5,
)


@dataclass(frozen=True)
class Bench:
    """What each benchmark gets: the scale, two stores and a folder."""

    scale: Scale
    few: Store
    """With the usual bcrypt cost, for measuring sign-ins."""
    many: Store
    """With the lowest bcrypt cost, for measuring everything else."""
    folder: Path
    """For what a benchmark makes and removes itself."""


def make_bench(folder: Path, scale: Scale) -> Bench:
    return Bench(
        scale,
        make_store(folder / "few", scale.few, cost=12),
        make_store(folder / "many", scale.many, cost=4),
        folder,
    )


def medians(rounds: int, *measures: Callable[[], float]) -> list[float]:
    """The median of each; they take turns, so that a busy moment affects all."""
    measured = [[_clean(measure) for measure in measures] for _ in range(rounds)]
    return [median(column) for column in zip(*measured, strict=True)]


def seconds(call: Callable[[], object]) -> float:
    """How long the call takes."""
    started = perf_counter()
    call()
    return perf_counter() - started


def _clean(measure: Callable[[], float]) -> float:
    # Keep garbage of one measurement out of the time of the next.
    gc.collect()
    return measure()
