"""Second factors that were proved a short while ago, so that the next door need not ask again."""

from collections import OrderedDict
from dataclasses import dataclass, field
from typing import Final

from cwtui.accounts.model import Account

MOST: Final = 10_000
"""How many are remembered; the oldest are forgotten first."""


@dataclass(frozen=True)
class Place:
    """Where somebody is. `session` tells apart those who use the same terminal one after another.

    It is empty for somebody who comes over the network, where only the host's own check of a
    factor says who it is.
    """

    source: str
    session: str = ""
    is_certain: bool = True
    """Whether only the same person can come from here again. Otherwise no proof is remembered."""


@dataclass
class RecentProofs:
    """By account and place. Not kept in the store: after a restart everybody is asked again.

    `now` is in seconds of a clock that nobody sets. A clock that can be set back could make a proof
    count longer.
    """

    _kept: OrderedDict[tuple[str, Place], tuple[float, int]] = field(default_factory=OrderedDict)

    def remember(self, account: Account, place: Place, now: float) -> None:
        """Remember that the owner of this account has proved the second factor here."""
        if not place.is_certain:
            return
        key = (account.username, place)
        self._kept.pop(key, None)
        self._kept[key] = (now, account.session_epoch)
        while len(self._kept) > MOST:
            self._kept.popitem(last=False)

    def cover(self, account: Account, place: Place, now: float, minutes: float) -> bool:
        """Whether the proof of the last `minutes` still counts.

        A change that ends the account's sessions, such as a new password, ends it too.
        """
        at, epoch = self._kept.get((account.username, place), (None, 0))
        if not place.is_certain or at is None or epoch != account.session_epoch:
            return False
        return 0 <= now - at < minutes * 60
