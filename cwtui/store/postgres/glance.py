"""What a step of a sign-in reads, read at once, because the database may be far away.

The step then goes on from that, and from what its own writes bring. A record is changed only if it
still is as it was seen; otherwise the change is made again, from the record as it is by then.
"""

from collections.abc import Sequence
from typing import Final

from cwtui.store.postgres.connections import Answer, Statement

_ACCOUNT: Final = "SELECT document FROM cwtui.account WHERE username = %s"
_RECORDS: Final = "SELECT username, document FROM cwtui.record WHERE username = ANY (%s)"
_AT_PLACE: Final = (
    "SELECT chosen.username, record.document FROM ("
    "(SELECT username FROM cwtui.account WHERE place >= %s ORDER BY place LIMIT 1)"
    " UNION ALL (SELECT username FROM cwtui.account ORDER BY place LIMIT 1) LIMIT 1"
    ") AS chosen LEFT JOIN cwtui.record AS record USING (username)"
)


class Glance:
    """What a thread knows of a user: the rows as they are in the database.

    `account` is None if there is none, and `records` has None for those that are not there.
    """

    def __init__(self, username: str, record: str, place: int) -> None:
        self.username = username
        self.place = place
        self.account: Answer | None = None
        self.settings: bytes | None = None
        self.records: dict[str, bytes | None] = {}
        self.at_place: str | None = None
        self._names = sorted({username, record})

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
        return [Statement(_ACCOUNT, (self.username,))]

    def take(self, settings: bytes, answers: Sequence[Answer]) -> None:
        """Take what `first` or `again` read."""
        self.settings = settings
        self.account, *rest = answers
        if rest:
            records, chosen = rest
            for name, document in chosen.rows:
                self.at_place, self.records[name] = name, document
            self.records |= dict.fromkeys(self._names)
            self.records |= dict(records.rows)

    def forget(self) -> None:
        """Forget what may have changed, so that it is read again."""
        self.account = self.settings = None
        self.records.clear()
