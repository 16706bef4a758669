"""What the service has done since it started, for `cwtui serve --status`."""

from collections import Counter, deque
from dataclasses import dataclass, field
from statistics import median
from threading import Lock

from cwtui.host import release

_CHECKS = 1000
"""From how many of the newest conversations the median is taken."""


@dataclass
class Figures:
    """Counted by all threads."""

    since: float
    """When the service started, in seconds since the epoch."""
    version: str = field(default_factory=release.described)
    """The version of the service, which may be older than that of the command that asks."""
    _outcomes: Counter[str] = field(default_factory=Counter, init=False)
    _seconds: deque[float] = field(default_factory=lambda: deque(maxlen=_CHECKS), init=False)
    _lock: Lock = field(default_factory=Lock, init=False)

    def count(self, phase: str, outcome: str, busy: float) -> None:
        """Count a conversation that took `busy` seconds, without waiting for the person."""
        with self._lock:
            self._outcomes[f"{phase} {outcome}"] += 1
            self._seconds.append(busy)

    def outcomes(self, phase: str) -> dict[str, int]:
        """Return how often the conversations of a phase ended in which way."""
        with self._lock:
            found = sorted(self._outcomes.items())
        start = f"{phase} "
        return {name.removeprefix(start): n for name, n in found if name.startswith(start)}

    def as_fields(self) -> dict[str, object]:
        """Return the figures for JSON. Times are in seconds."""
        with self._lock:
            busy = median(self._seconds) if self._seconds else None
            return {
                "version": self.version,
                "since": self.since,
                "conversations": dict(sorted(self._outcomes.items())),
                "median_busy_seconds": busy,
            }
