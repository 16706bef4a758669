"""Replies that were sent already, for requests that a client repeats (RFC 5080 section 2.2.2)."""

from collections import OrderedDict
from dataclasses import dataclass, field
from threading import Lock
from typing import Final, NamedTuple

SECONDS: Final = 300.0
"""How long a reply is kept. Clients repeat for half a minute at most; but whoever records a request
could send it again, and a wrong password in it would count as another attempt."""
MOST: Final = 4096
"""Replies that are kept."""


class Key(NamedTuple):
    """What makes two packets the same request."""

    address: str
    port: int
    id: int
    authenticator: bytes


@dataclass
class Replies:
    """Only requests with a right Message-Authenticator come here, so strangers cannot fill it."""

    _kept: OrderedDict[Key, tuple[float, bytes]] = field(default_factory=OrderedDict)
    """When each request came, and its reply; empty as long as there is none."""
    _lock: Lock = field(default_factory=Lock)

    def begin(self, key: Key, now: float) -> bytes | None:
        """Return the reply to a repeated request, empty if it is being made; None for a new one."""
        with self._lock:
            self._forget_old(now)
            known = self._kept.get(key)
            if known is not None:
                return known[1]
            if len(self._kept) >= MOST:
                self._kept.popitem(last=False)
            self._kept[key] = (now, b"")
            return None

    def finish(self, key: Key, reply: bytes) -> None:
        with self._lock:
            known = self._kept.get(key)
            if known is not None:
                self._kept[key] = (known[0], reply)

    def forget(self, key: Key) -> None:
        """Let a repetition count as a new request."""
        with self._lock:
            self._kept.pop(key, None)

    def _forget_old(self, now: float) -> None:
        while self._kept:
            key, (came, _) = next(iter(self._kept.items()))
            if 0 <= now - came <= SECONDS:
                return
            del self._kept[key]
