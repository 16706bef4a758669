"""Sign-ins that wait for a code: what the attribute State of a challenge stands for."""

from collections.abc import Callable
from dataclasses import dataclass, field
from threading import Lock
from typing import Final

from cwtui.accounts.errors import Refused
from cwtui.accounts.sign_in_states import CodeNeeded
from cwtui.language import _

MOST: Final = 1000
"""Sign-ins that wait at once."""
MOST_OF_ONE: Final = 5
"""The same of one account. A sixth one ends the first."""
_BYTES: Final = 16


@dataclass(frozen=True)
class Held:
    """A sign-in after the right password, of this user through this client."""

    client: str
    username: str
    waiting: CodeNeeded
    wrong: int
    """Wrong codes so far."""

    def is_over(self, now: float) -> bool:
        progress = self.waiting.progress
        return not 0 <= now - progress.last_step_at <= progress.lifetime


@dataclass
class Challenges:
    """Waiting sign-ins. Each state is a random number that is good for one answer."""

    random: Callable[[int], bytes]
    _held: dict[bytes, Held] = field(default_factory=dict, init=False)
    _lock: Lock = field(default_factory=Lock, init=False)

    def hold(self, held: Held, now: float) -> bytes:
        """Return a new state for this sign-in. Raises Refused if too many are waiting."""
        state = self.random(_BYTES)
        with self._lock:
            self._forget(now)
            own = [key for key, one in self._held.items() if one.username == held.username]
            for key in own[: max(len(own) + 1 - MOST_OF_ONE, 0)]:
                del self._held[key]
            if len(self._held) >= MOST:
                raise Refused(_("Too many people are signing in. Try again in a few minutes."))
            self._held[state] = held
        return state

    def take(self, state: bytes, client: str, username: str) -> Held | None:
        """Return the sign-in of this user through this client, once; None if there is none.

        It may have expired.
        """
        with self._lock:
            held = self._held.get(state)
            if held is None or (held.client, held.username) != (client, username):
                return None
            del self._held[state]
        return held

    def count(self, now: float) -> int:
        """Return how many are waiting."""
        with self._lock:
            self._forget(now)
            return len(self._held)

    def _forget(self, now: float) -> None:
        for state in [state for state, held in self._held.items() if held.is_over(now)]:
            del self._held[state]
