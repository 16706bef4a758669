"""Packets that got no answer: counted, and said in the log once in a while."""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

from cwtui.service.radius.packets import Reason

QUIET_SECONDS: Final = 60.0
"""Between two lines about the same reason, so that nobody can fill the journal."""


@dataclass
class Drops:
    """`log` writes a line. Only one thread counts."""

    log: Callable[[str], None]
    total: int = 0
    _unsaid: Counter[Reason] = field(default_factory=Counter)
    _said_at: dict[Reason, float] = field(default_factory=dict)

    def count(self, reason: Reason, address: str, now: float) -> None:
        """Count a packet from this address."""
        self.total += 1
        self._unsaid[reason] += 1
        said_at = self._said_at.get(reason)
        if said_at is not None and 0 <= now - said_at < QUIET_SECONDS:
            return
        number = self._unsaid.pop(reason)
        self._said_at[reason] = now
        dropped = f"A packet from {address} was dropped"
        if number > 1:
            dropped = f"{number:,} packets were dropped, the last from {address}"
        self.log(f"RADIUS: {dropped}: {reason.value}")
