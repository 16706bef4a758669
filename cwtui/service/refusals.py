"""What the service says of an error: the sentence for the person, and the verdict.

Why nothing can be checked is the operator's business, and goes to the log.
"""

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
from cwtui.language import N_, _
from cwtui.service import service_log
from cwtui.service.packets import Verdict

CANNOT_CHECK: Final = N_("Cannot check this now. Tell the operator of this host.")


def sentence(error: AccountsError) -> str:
    """Return what the person is told, and log what only the operator may read."""
    if isinstance(error, CannotCheck) and not isinstance(error, NotUsable):
        service_log.log_once(f"Somebody cannot sign in. {error}")
        return _(CANNOT_CHECK)
    if isinstance(error, SignInFailed) and error.until is not None:
        return _("{error} Try again after {time}.", error=error, time=clock(error.until))
    if isinstance(error, UnknownAccount):
        return _("There is no Connectware account with your name. Ask an admin.")
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
