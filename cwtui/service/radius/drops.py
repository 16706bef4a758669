"""Packets that got no answer: counted, and said in the log once in a while."""

from collections.abc import Callable
from dataclasses import dataclass, field

from cwtui.service.radius.packets import Reason
from cwtui.service.service_log import Repeats


@dataclass
class Drops:
    """`log` writes a line. Only one thread counts."""

    log: Callable[[str], None]
    total: int = 0
    _repeats: Repeats = field(default_factory=Repeats)

    def count(self, reason: Reason, address: str, now: float) -> None:
        """Count a packet from this address."""
        self.total += 1
        number = self._repeats.count(reason, now)
        if not number:
            return
        dropped = f"A packet from {address} was dropped"
        if number > 1:
            dropped = f"{number:,} packets were dropped, the last from {address}"
        self.log(f"RADIUS: {dropped}: {reason.value}")
