"""A terminal that is left alone."""

from tests.ui.harness import Person

LOCK, BLANK, LOGIN = 0, 1, 2
"""The timers of `Absence`: when a session locks, secrets hide, and a login screen ends."""


async def left_alone(person: Person, timer: int, seconds: float) -> None:
    """Let time pass without a key press."""
    person.stopwatch.forward(seconds)
    person.app.absence.timers[timer].look()
    await person.settle()
