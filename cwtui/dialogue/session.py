"""A session as a dialogue: the session, what it calls, and a new proof where one is needed."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, tzinfo
from functools import partial
from typing import TypeVar

from cwtui.accounts import self_service, wording
from cwtui.accounts.errors import (
    TO_NOTHING,
    AccountsError,
    Agreed,
    ConfirmationNeeded,
    ProofNeeded,
    SessionEnded,
)
from cwtui.accounts.ports import Ports
from cwtui.accounts.session import Session
from cwtui.dialogue.asking import ATTEMPTS, CANCELLED, CODE, PASSWORD, is_yes, until_right
from cwtui.dialogue.conversation import Cancelled, Conversation
from cwtui.language import _

T = TypeVar("T")


@dataclass
class SessionDialogue:
    """The signed-in person. `session` is replaced whenever a call renews it."""

    ports: Ports
    person: Conversation
    session: Session
    zone: tzinfo = UTC

    def proved(self, act: Callable[[], T]) -> T:
        """Return what `act` returns. If it needs a new proof, ask for that first.

        Raises what `act` raises, and what asking raises.
        """
        try:
            return act()
        except ProofNeeded as needed:
            self.person.tell(str(needed))
            until_right(self.person, partial(self._prove, needed), ATTEMPTS)
            return act()

    def agreed(self, act: Callable[[Agreed], T]) -> T | None:
        """Like `proved`, and ask whatever `act` wants to have confirmed; None after a no."""
        agreed = TO_NOTHING
        while True:
            try:
                return self.proved(partial(act, agreed))
            except ConfirmationNeeded as needed:
                self.person.tell(wording.asked(needed))
                if not is_yes(self.person, needed.question):
                    self.person.tell(_("Nothing was changed."))
                    return None
                agreed |= {type(needed)}

    def attempt(self, act: Callable[[], None]) -> None:
        """Act, and say what went wrong, or that it was cancelled. Raises SessionEnded and Gone."""
        try:
            act()
        except SessionEnded:
            raise
        except Cancelled:
            self.person.warn(_(CANCELLED))
        except AccountsError as error:
            self.person.warn(str(error))

    def _prove(self, needed: ProofNeeded) -> None:
        password = self.person.ask_secret(_(PASSWORD)) if needed.password else None
        code = self.person.ask(_(CODE)) if needed.code else None
        self.session = self_service.prove(self.ports, self.session, password, code)
