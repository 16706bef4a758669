"""Questions that every dialogue asks: again after a wrong answer, yes or no, one of several."""

from collections.abc import Callable, Sequence
from typing import Final, TypeAlias, TypeVar

from cwtui.accounts.errors import InvalidInput, Refused, SignInFailed
from cwtui.accounts.text import means_yes, normal, whole_number
from cwtui.dialogue.conversation import Conversation
from cwtui.language import N_, _

T = TypeVar("T")
Labelled: TypeAlias = tuple[str, Callable[[], None]]
"""Something that a person can choose to do, after its label."""

_DIGITS: Final = 3
_LABEL_LEAST: Final = 3
"""Characters of a label that can be typed instead of its number: an n for no chooses nothing."""
PASSWORD: Final = N_("Password: ")
CODE: Final = N_("One-time code (or a backup code): ")
ATTEMPTS: Final = 3
"""Wrong answers to one question, after which the dialogue ends. sshd and login use 3 too."""
PATIENCE: Final = 10
"""The same where nothing can be guessed, such as a new password, but leaving loses what was done.
"""


CANCELLED: Final = N_("Cancelled. To leave, press Ctrl+C again.")
"""What is said after a cancelled question, before the next one."""


class TooManyAttempts(Refused):
    """The person has no more tries. What was wrong was said after each one."""


def until_right(person: Conversation, ask: Callable[[], T], attempts: int = PATIENCE) -> T:
    """Return what `ask` returns. Repeat it after a wrong answer, which is said.

    Raises TooManyAttempts, and SignInFailed if the next attempt must wait.
    """
    for _attempt in range(attempts):
        try:
            return ask()
        except SignInFailed as error:
            if not error.left:
                raise
            person.warn(str(error))
        except InvalidInput as error:
            person.warn(str(error))
    raise TooManyAttempts(_("Too many wrong answers in a row. Start again."))


def is_yes(person: Conversation, question: str) -> bool:
    """Ask until the answer is yes or no. No answer, and q as in `choice`, mean no. Raises Gone."""
    while True:
        typed = person.ask(_("{question} [y/N] ", question=question)).strip().casefold()
        if means_yes(typed):
            return True
        if typed in {"", "q", "n", "no", _("n"), _("no")}:
            return False
        person.warn(_("Type y or n."))


def choice(person: Conversation, labels: Sequence[str], leave: str) -> int | None:
    """Return which of these was chosen, counted from 0; None for `leave`. Raises Gone.

    The beginning of a label can be typed instead of its number, if it is unambiguous.
    """
    for number, label in enumerate(labels, 1):
        person.tell(f"{number}  {label}")
    person.tell(f"q  {leave}")
    while True:
        typed = person.ask(_("Choose: ")).strip().casefold()
        if typed in {"q", "quit", "exit"}:
            return None
        chosen = whole_number(normal(typed), _DIGITS)
        if chosen is not None and 1 <= chosen <= len(labels):
            return chosen - 1
        found = [
            number
            for number, label in enumerate(labels)
            if len(typed) >= _LABEL_LEAST and label.casefold().startswith(typed)
        ]
        if len(found) == 1:
            return found[0]
        person.warn(_("Type a number from 1 to {most}, or q.", most=len(labels)))
