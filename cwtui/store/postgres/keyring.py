"""The sealed keyring of the store, in the row that every answer reads from."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Final

import msgspec

from cwtui.accounts.model import Sealed
from cwtui.language import _
from cwtui.store.postgres import problems
from cwtui.store.postgres.access import Database
from cwtui.store.postgres.head import KEYRING_VERSION
from cwtui.store.postgres.transactions import Transaction
from cwtui.store.postgres.trips import Statement

_READ: Final = Statement(f"SELECT keyring, {KEYRING_VERSION} FROM cwtui.organization")  # noqa: S608  constants
_REPLACE: Final = (
    "WITH done AS (UPDATE cwtui.organization SET keyring = %s::jsonb"
    " WHERE keyring IS NOT DISTINCT FROM %s::jsonb RETURNING one) SELECT 1 / count(*) FROM done"
)
"""Fails by a division by zero if the keyring is not the expected one."""


class KeyringRow:
    """Where the keyring is, if it is in the database."""

    def __init__(self, database: Database, place: str) -> None:
        self._database = database
        self.place = place

    def version(self) -> str | None:
        return self._database.keyring_version()

    def read(self) -> tuple[Sealed, str] | None:
        current = self._database.current
        # A thread that holds locks must not wait for a second connection.
        ask = current.run if current is not None and current.has_begun else self._database.ask
        ((document, version),) = ask(_READ)[0].rows or [(None, None)]
        if document is None:
            return None
        try:
            return msgspec.json.decode(document, type=Sealed), version
        except msgspec.MsgspecError as error:
            raise problems.damaged(_("The keyring {place}", place=self.place), error) from None

    def put(self, before: Sealed | None, after: Sealed | None) -> None:
        """Replace it, put one there or remove it. Raises Conflict if it is not as before."""
        with self._database.change() as transaction:
            transaction.later(_replacing(before, after))
        self._database.forget_keyring()

    @contextmanager
    def changing(self, before: Sealed, after: Callable[[], Sealed | None]) -> Iterator[None]:
        written = before

        def join(transaction: Transaction) -> None:
            new = after()
            if new is None or new is written:
                return

            def done() -> None:
                nonlocal written
                written = new
                self._database.forget_keyring()

            transaction.later(_replacing(written, new))
            transaction.after(done)

        with self._database.joining(join):
            yield
            with self._database.change_accounts():
                pass


def _replacing(before: Sealed | None, after: Sealed | None) -> Statement:
    values = [None if one is None else msgspec.json.encode(one).decode() for one in (after, before)]
    return Statement(_REPLACE, values)
