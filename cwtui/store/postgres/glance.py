"""What a step of a sign-in reads, read at once, because the database may be far away.

The step then goes on from that, and from what its own writes bring. A record is changed only if it
still is as it was seen; otherwise the change is made again, from the record as it is by then.

The next step of the same sign-in begins with what the last one saw. Its first write fails unless
the settings still are as they were, and brings the account as it is now.
"""

from collections.abc import Sequence
from threading import Lock
from typing import Final

from cwtui.accounts.ports import Others
from cwtui.accounts.throttle import Try
from cwtui.store.postgres.attempts import Attempt, Seen
from cwtui.store.postgres.rows import AT_PLACE, ONE
from cwtui.store.postgres.trips import Answer, Often, Statement

_RECORDS: Final = Often(
    "SELECT username, document, begun FROM cwtui.record WHERE username = ANY (%s)"
)
_AT_PLACE: Final = Often(
    f"SELECT chosen.username, record.document, record.begun FROM ({AT_PLACE}) AS chosen"  # noqa: S608  all values are parameters
    " LEFT JOIN cwtui.record AS record USING (username)"
)
_MOST_KEPT: Final = 64
_KEPT_SECONDS: Final = 300.0
"""How many glances are kept for the next step of a sign-in, and for how long."""


class Glance:
    """What a thread knows of a user: the rows as they are in the database.

    `account` is None if there is none, and `records` has None for those that are not there.
    """

    def __init__(self, username: str, record: str, place: int) -> None:
        self.username = username
        self.place = place
        self.begun: Attempt | None = None
        self.account: Answer | None = None
        self.settings: bytes | None = None
        self.records: dict[str, Seen | None] = {}
        self.at_place: str | None = None
        self.is_kept = False
        """Whether all of it is from an earlier step."""
        self.others: Others | None = None
        """What may have to be done to other records, because of the attempt."""
        self._names = sorted({username, record})
        self.at = 0.0
        """When the account and the settings were read, in the database's time."""

    @property
    def first(self) -> list[Statement]:
        """The statements that read all of it."""
        return [
            *self.again,
            Statement(_RECORDS, (self._names,)),
            Statement(_AT_PLACE, (self.place,)),
        ]

    @property
    def again(self) -> list[Statement]:
        """The statements that read what others change most often: they travel with each write."""
        return [Statement(ONE, (self.username,))]

    def take(self, settings: bytes, answers: Sequence[Answer], now: float) -> None:
        """Take what `first` or `again` read."""
        self.settings = settings
        self.account, *rest = answers
        self.is_kept, self.at = False, now
        if rest:
            records, chosen = rest
            for name, document, begun in chosen.rows:
                self.at_place = name
                self.records[name] = Seen(document, begun) if document is not None else None
            self.records |= dict.fromkeys(self._names)
            self.records |= {name: Seen(*row) for name, *row in records.rows}

    def forget(self) -> None:
        """Forget what may have changed, so that it is read again."""
        self.account = self.settings = None
        self.records.clear()

    def before(self, username: str, begun: Try | None) -> Seen | None:
        """Return the record from before this attempt, if the glance has counted it."""
        seen = self.records.get(username)
        if self.begun is None or seen is None or self.begun.attempt is not begun:
            return None
        return self.begun.before(username, seen)


class Kept:
    """The glances at people whose sign-in may go on. Several threads may use it."""

    def __init__(self) -> None:
        self._kept: dict[str, Glance] = {}
        self._lock = Lock()

    def put(self, glance: Glance, now: float) -> None:
        with self._lock:
            others = [one for one in self._kept.values() if now - one.at < _KEPT_SECONDS]
            known = [one for one in (*others, glance) if one.account is not None]
            self._kept = {one.username: one for one in known[-_MOST_KEPT:]}

    def take(self, username: str, since: float | None) -> Glance | None:
        """Return the glance at this user, if it was since then. Nobody else gets it any more."""
        with self._lock:
            glance = self._kept.pop(username, None)
        if glance is None or since is None or glance.at < since:
            return None
        glance.is_kept, glance.begun = True, None
        return glance
