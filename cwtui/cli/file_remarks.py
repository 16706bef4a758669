"""What a command says of a file of accounts: what is wrong in it, and what becomes different."""

from collections.abc import Sequence
from typing import Any, Final

from cwtui.accounts.importing.places import Note, Problem
from cwtui.accounts.importing.planning import Plan
from cwtui.accounts.text import listed, visible
from cwtui.cli.output import say
from cwtui.language import _

_NAMED: Final = 3
"""The maximum number of look-alikes that a message names."""


def say_remarks(problems: Sequence[Problem], plan: Plan) -> None:
    """Print these problems, and the notes and look-alikes of the plan, one a line."""
    for problem in problems:
        say(f"{_before(problem)}{problem.reason}")
    for note in plan.notes:
        say(f"{_before(note)}{note.sentence}")
    for name, similar in plan.looks_like.items():
        say(_("{name} looks like {others}.", name=name, others=listed(similar, _NAMED)))


def _before(remark: Problem | Note) -> str:
    of = (remark.place.at_the_start, visible(remark.username))
    return "".join(f"{part}: " for part in of if part)


def remark_fields(problems: Sequence[Problem], plan: Plan) -> dict[str, Any]:
    """Return the same as JSON fields."""
    return {
        "refused": [
            {
                "line": one.place.line,
                "place": str(one.place),
                "reason": one.reason,
                "username": one.username,
                "exists": one.exists,
            }
            for one in problems
        ],
        "notes": [_note_fields(one) for one in plan.notes],
        "looks_like": {name: list(similar) for name, similar in plan.looks_like.items()},
    }


def _note_fields(one: Note) -> dict[str, str]:
    return {"place": str(one.place), "sentence": one.sentence, "username": one.username}
