"""Ask the operator before a change that the rules want confirmed."""

from collections.abc import Callable
from typing import Any, TypeVar

import click

from cwtui.accounts import wording
from cwtui.accounts.errors import TO_EVERYTHING, TO_NOTHING, Agreed, ConfirmationNeeded
from cwtui.cli import terminal
from cwtui.cli.errors import Failed

T = TypeVar("T")


def yes_option(act: str) -> Callable[[Any], Any]:
    """Return the decorator that adds --yes; `act` is what it does without asking."""
    return click.option("--yes", is_flag=True, help=f"{act} without asking.")


def confirmed(call: Callable[[Agreed], T], *, yes: bool, if_not: str) -> T:
    """Return what `call` returns, after asking what it wants to have confirmed.

    With `yes`, nothing is asked. Raises Failed if the answer is not yes (with the sentence
    `if_not`), or if there is no terminal to ask on.
    """
    agreed = TO_EVERYTHING if yes else TO_NOTHING
    while True:
        try:
            return call(agreed)
        except ConfirmationNeeded as needed:
            if not terminal.is_there():
                raise Failed(f"{wording.asked(needed)} {terminal.use_yes()}") from None
            if not terminal.ask_yes(f"{wording.asked(needed)} {needed.question}"):
                raise Failed(if_not) from None
            agreed |= {type(needed)}
