"""How many conversations there may be at once, and whose."""

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from threading import Condition
from typing import Final, TypeVar

from cwtui.service.peers import Peer

T = TypeVar("T")

MOST_OF_ONE: Final = 8
"""Conversations of one Unix user, other than root and the service's own. If several people share
the Unix user: those from one address."""
_SHARE: Final = 4
"""A Unix user that several people share may have one in this many conversations."""


class Full(Exception):
    """This Unix user, or all that are not trusted together, have too many conversations."""


@dataclass
class Room:
    """Counts the conversations of all threads.

    Half of it is for root and the service's own Unix user. Otherwise local users, who can have many
    ids (subuid(5)), could keep everybody out of sshd and sudo.
    """

    most: int
    shared: frozenset[int] = frozenset()
    """The ids of Unix users that several people share."""
    _open: Counter[int] = field(default_factory=Counter, init=False)
    """How many conversations each Unix user has."""
    _asked: Counter[str] = field(default_factory=Counter, init=False)
    """How many of root's conversations are with each local user, by name."""
    _at_place: Counter[tuple[int, str]] = field(default_factory=Counter, init=False)
    """How many conversations each Unix user has with the people at one place."""
    _strangers: int = field(default=0, init=False)
    _changed: Condition = field(default_factory=Condition, init=False)

    def enter(self, peer: Peer) -> None:
        """Count one more. Raises Full."""
        with self._changed:
            if not peer.is_trusted:
                if self._open[peer.uid] >= self._most_of(peer) or 2 * self._strangers >= self.most:
                    raise Full
                self._strangers += 1
            self._open[peer.uid] += 1

    def _most_of(self, peer: Peer) -> int:
        return max(MOST_OF_ONE, self.most // _SHARE) if peer.uid in self.shared else MOST_OF_ONE

    def leave(self, peer: Peer) -> None:
        """Count one less."""
        with self._changed:
            self._strangers -= not peer.is_trusted
            _one_less(self._open, peer.uid)
            self._changed.notify_all()

    @contextmanager
    def asking(self, user: str) -> Iterator[None]:
        """Count a conversation of root, such as su's, for the local user who has begun it.

        Raises Full.
        """
        with self._changed:
            if self._asked[user] >= MOST_OF_ONE or 2 * self._strangers >= self.most:
                raise Full
            self._asked[user] += 1
            self._strangers += 1
        try:
            yield
        finally:
            with self._changed:
                self._strangers -= 1
                _one_less(self._asked, user)

    @contextmanager
    def sharing(self, peer: Peer, place: str) -> Iterator[None]:
        """Count a conversation with a Unix user that is shared, for the people at this place.

        Otherwise one of them could keep the others out. Raises Full.
        """
        key = (peer.uid, place)
        with self._changed:
            if peer.uid in self.shared and self._at_place[key] >= MOST_OF_ONE:
                raise Full
            self._at_place[key] += 1
        try:
            yield
        finally:
            with self._changed:
                _one_less(self._at_place, key)

    def is_empty(self) -> bool:
        return not self._open

    def wait_for_room(self, seconds: float) -> bool:
        """Wait until there is room for one more, and return whether there is."""
        with self._changed:
            return self._changed.wait_for(lambda: self._open.total() < self.most, seconds)

    def wait_until_empty(self, seconds: float) -> None:
        with self._changed:
            self._changed.wait_for(self.is_empty, seconds)


def _one_less(counts: Counter[T], key: T) -> None:
    counts[key] -= 1
    if not counts[key]:
        del counts[key]
