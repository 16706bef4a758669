"""What the service says of an error: the sentence for the person, and the verdict."""

from typing import Final

from cwtui.accounts.cut_off import NotUsable
from cwtui.accounts.errors import (
    AccountsError,
    CannotCheck,
    InvalidInput,
    NoSecondFactor,
    SignInFailed,
    Throttled,
    UnknownAccount,
)
from cwtui.accounts.times import clock
from cwtui.dialogue.asking import TooManyAttempts
from cwtui.dialogue.conversation import Listener
from cwtui.service.packets import Verdict

CANNOT_CHECK: Final = "Cannot check this now. Tell the operator of this host."


def sentence(error: AccountsError) -> str:
    """Return what the person is told."""
    if isinstance(error, CannotCheck) and not isinstance(error, NotUsable):
        # Paths and reasons are the operator's business, and in the journal.
        return CANNOT_CHECK
    if isinstance(error, SignInFailed) and error.until is not None:
        return f"{error} Try again after {clock(error.until)}."
    if isinstance(error, UnknownAccount):
        return "There is no Connectware account with your name. Ask an admin."
    return str(error)


def told(person: Listener, error: AccountsError) -> Verdict:
    """Tell the person, and return how the conversation ends. Raises Gone."""
    person.warn(sentence(error))
    return verdict(error)


def verdict(error: AccountsError) -> Verdict:
    """Return how the conversation ends."""
    match error:
        case CannotCheck():
            return Verdict.CANNOT_CHECK
        case UnknownAccount():
            return Verdict.UNKNOWN
        case TooManyAttempts() | Throttled():
            return Verdict.TOO_MANY
        case SignInFailed(left=0):
            return Verdict.TOO_MANY
        case NoSecondFactor() | SignInFailed() | InvalidInput():
            return Verdict.REFUSED
    return Verdict.UNUSABLE
