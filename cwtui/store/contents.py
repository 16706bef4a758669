"""What a keyring is compared with, whatever the store is kept in."""

from collections.abc import Callable
from typing import NamedTuple


class Contents(NamedTuple):
    """What a keyring is compared with. `needed` are the ids of the keys that the store needs."""

    is_empty: bool
    needed: frozenset[str]
    used: Callable[[], frozenset[str]]
    """Returns the keys in use. Reads every account. Raises CannotCheck."""

    def lacking(self, held: frozenset[str]) -> frozenset[str]:
        """Return the keys that are needed and in use, but not in `held`."""
        missing = self.needed - held
        # A key that is no longer in use may have been retired.
        return missing & self.used() if missing else missing
