"""A seeded walk over the real screens that does not wait between its steps."""

import asyncio
from collections import Counter, deque
from dataclasses import dataclass, field
from random import Random
from typing import Final

from cwtui.ui.after_code import SECONDS
from cwtui.ui.room import MIN_COLUMNS, MIN_ROWS
from cwtui.ui.screens.pages.looking import LookingPage
from cwtui.ui.screens.pages.page import Page
from tests.ui.harness import Person, at_work
from tests.ui.speed import drawn_as_in_a_terminal
from tests.walk.checks import check_rest, check_ways
from tests.walk.events import Step, random_step, resize
from tests.walk.goals import Goals
from tests.walk.own_time import run
from tests.walk.town import Town

REMEMBERED: Final = 80
"""How many last steps a failure reports."""
BETWEEN_CHECKS: Final = 250
"""Steps after which every section is visited."""

ROOM_AGAIN: Final = 0.4
"""How often a window that is too small is enlarged."""
RESTS: Final = 0.35
"""How often to wait for all that was sent."""
FIRST_RUNS: Final = 0.1
"""The share of walks that begin with an empty store."""


@dataclass
class Walk:
    """A number of steps from a starting size. The same seed gives the same walk."""

    seed: int
    size: tuple[int, int]
    steps: int
    screens: Counter[str] = field(default_factory=Counter)
    taken: int = 0
    starts: int = 0

    def __post_init__(self) -> None:
        self.random = Random(f"{self.seed} {self.size}")  # noqa: S311  repeatable
        self.last_steps: deque[str] = deque(maxlen=REMEMBERED)
        """What was sent last, for the report of a failure."""
        self._broken: Exception | None = None

    def go(self) -> None:
        """Raises AssertionError with the seed and the last steps."""
        try:
            with drawn_as_in_a_terminal():
                while self.taken < self.steps:
                    run(self._use(), self.random)
        except Exception as error:  # noqa: BLE001  report the seed of any failure
            first = self._broken or error
            raise AssertionError(self._told(first)) from first

    def _told(self, error: Exception) -> str:
        return (
            f"{type(error).__name__}: {error}\n"
            f"walk of seed {self.seed}, size {self.size}, step {self.taken}. Its last steps:\n"
            + "\n".join(self.last_steps)
        )

    async def _use(self) -> None:
        """Walk until the application is left, or for some hundred steps."""
        self.starts += 1
        town = Town(empty=self.random.random() < FIRST_RUNS)
        world = town.world
        async with at_work(world.ports, world.clock, size=self.size) as person:
            try:
                await self._through(person, town)
            except Exception as error:
                # Leaving an application in the middle of a batch also fails, but later.
                self._broken = error
                raise

    async def _through(self, person: Person, town: Town) -> None:
        goals = Goals(person.app, town, self.random)
        until = min(self.steps, self.taken + BETWEEN_CHECKS)
        while self.taken < until and person.running:
            await self._batch(person, town, goals)
        await self._rest(person, town)
        if person.running:
            self.last_steps.append("-- every section --")
            await check_ways(person, town, goals.username)
            _raise_if_broken(person)

    async def _batch(self, person: Person, town: Town, goals: Goals) -> None:
        random, app = self.random, person.app
        if random.random() < RESTS:
            await self._rest(person, town)
            if not person.running:
                return
        width, height = app.size
        if (width < MIN_COLUMNS or height < MIN_ROWS) and random.random() < ROOM_AGAIN:
            # A screen that is too small has no focus, and no walk gets far.
            self.last_steps.append("resize(80, 24)")
            await person.resize(80, 24)
            if not person.running:
                return
        steps = self._chosen(person, town, goals)
        self.taken += len(steps)
        self.last_steps.append(
            f"{type(app.screen).__name__}: {' '.join(one.name for one in steps)}"
        )
        for step in steps:
            step.send(app)
        for _ in range(random.choice((0, 1, 5, 20))):
            await asyncio.sleep(0)
            self._count(person)

    def _chosen(self, person: Person, town: Town, goals: Goals) -> list[Step]:
        random = self.random
        page = person.app.screen
        if isinstance(page, LookingPage) and random.random() < 0.3:
            return [Step("look", lambda _: _look(page, town))]
        steps = []
        if random.random() < (0.4 if isinstance(person.app.screen, Page) else 0.8):
            steps = goals.steps()
            if random.random() < 0.3:  # pressed, clicked or typed once more
                steps = [*steps, *steps[-1:]]
        if not steps:
            steps = [random_step(random, person.app) for _ in range(random.randint(1, 6))]
            if random.random() < 0.2:
                steps = [one for one in steps for _ in range(2)]
        if random.random() < 0.1:
            name = goals.username or None
            at = random.randint(0, len(steps))
            steps.insert(at, Step("others", lambda _: self._meddle(town, name)))
        if random.random() < 0.02:
            steps.append(Step("idle", lambda _: person.app.absence.lock()))
        if random.random() < 0.03:
            steps.append(Step("blank", lambda _: person.app.absence.blank()))
        if random.random() < 0.2:
            steps.insert(random.randint(0, len(steps)), resize(*self.size))
        return steps

    def _meddle(self, town: Town, username: str | None) -> None:
        self.last_steps.append(f"  others: {town.meddle(self.random, username)}")

    async def _rest(self, person: Person, town: Town) -> None:
        await person.settle()
        _raise_if_broken(person)
        if person.running:
            person.stopwatch.forward(SECONDS)  # the person looks at the screen
            self._count(person)
            check_rest(person, town)

    def _count(self, person: Person) -> None:
        if person.running:
            self.screens[type(person.app.screen).__name__] += 1


def _look(page: LookingPage, town: Town) -> None:
    """Let a list look for news, as if nobody had pressed a key for a while."""
    town.world.clock.forward(2)
    page.look_again()


def _raise_if_broken(person: Person) -> None:
    if person.app._exception is not None:
        raise person.app._exception
    assert not person.app._exit_renderables, "a crash page"
