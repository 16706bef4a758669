"""A way to a screen: what a person does, maybe after having gone another way."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from tests.ui.harness import Person
from tests.ui.plants import Plant

Step = Callable[[Person, Plant], Awaitable[None]]


@dataclass(frozen=True, eq=False)
class Way:
    """Leads to a screen from where the way before it ends, or from the start."""

    step: Step
    before: "Way | None" = None
    back: tuple[str, ...] = ()
    """Keys that lead back to where the way before it ends; empty if there is no way back."""

    async def __call__(self, person: Person, there: Plant) -> None:
        for way in self.parts:
            await way.step(person, there)

    @property
    def parts(self) -> list["Way"]:
        """The ways that lie on this one, in their order; the last is this one."""
        return [*(self.before.parts if self.before else ()), self]


def after(before: Way, *, back: tuple[str, ...] = ()) -> Callable[[Step], Way]:
    """Go on from the end of that way."""
    return lambda step: Way(step, before, back)
