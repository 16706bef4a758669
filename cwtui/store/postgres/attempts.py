"""Attempts that are counted before the record is known, in the trip that reads it.

How an attempt changes a record follows from rules, and so from what the record says. To save a
trip, it is added to the column `begun` of the record's row as it is. Whoever reads the row applies
the rules to all attempts there, in their order; whoever writes the record empties the column. So an
attempt counts for everyone as soon as it is committed.
"""

import uuid
from typing import Final, NamedTuple

import msgspec
from msgspec import Struct

from cwtui.accounts import throttle
from cwtui.accounts.errors import StoreDamaged
from cwtui.accounts.model import SignInRecord
from cwtui.accounts.throttle import Try
from cwtui.language import _
from cwtui.store.postgres import problems
from cwtui.store.postgres.columns import part_of
from cwtui.store.postgres.rows import AT_PLACE, settings_of
from cwtui.store.postgres.trips import Often, Statement

_MOST: Final = 8
"""If more attempts are there, the next one is counted by the rules at once."""
_BEGIN: Final = Often(f"""
    INSERT INTO cwtui.record (username, document, part, waits_until, begun)
    SELECT username, CASE WHEN is_account THEN '{{}}' ELSE coalesce((
        SELECT jsonb_build_object('known_sources', known.document -> 'known_sources')
        FROM ({AT_PLACE}) AS chosen JOIN cwtui.record AS known USING (username)
        WHERE known.document -> 'known_sources' IS NOT NULL
    ), '{{}}') END, part, 0, %s::jsonb
    FROM (VALUES (%s::text, %s::smallint, true), (%s::text, %s::smallint, false))
        AS name (username, part, is_account)
    WHERE is_account = EXISTS (SELECT FROM cwtui.account WHERE account.username = %s)
    ON CONFLICT (username) DO UPDATE SET begun = record.begun || excluded.begun
    WHERE record.waits_until <= %s::float8 AND jsonb_array_length(record.begun) < {_MOST}
        AND NOT record.begun @> excluded.begun
""")  # noqa: S608  all values are parameters
"""A new record of a made-up name begins with the known sources of an account (see `made_up`).

An attempt that may have to wait is left to the rules. It can be sent again: it is added once.
"""


class _Begun(Struct, frozen=True):
    id: str
    attempt: Try


class Seen(NamedTuple):
    """The record in a row: its document, and the attempts that are to be applied to it."""

    document: bytes
    begun: bytes = b"[]"

    @property
    def is_whole(self) -> bool:
        """Whether the document is the record, and no attempt is to be applied."""
        return self.begun == b"[]"


class Attempt:
    """An attempt that is counted for a username, or for its hash if there is no such account.

    `place` is that of the account whose known sources a made-up name gets.
    """

    def __init__(self, attempt: Try, username: str, hashed: str, place: int) -> None:
        self.attempt = attempt
        self._id = str(uuid.uuid4())
        self._username, self._hashed, self._place = username, hashed, place

    @property
    def statement(self) -> Statement:
        """Counts the attempt. Commit it before anything is checked."""
        begun = msgspec.json.encode([_Begun(self._id, self.attempt)]).decode()
        parts = part_of(self._username), part_of(self._hashed)
        named = (self._username, parts[0], self._hashed, parts[1], self._username)
        return Statement(_BEGIN, (self._place, begun, *named, self.attempt.at))

    def before(self, username: str, seen: Seen) -> Seen | None:
        """Return the record from before the attempt; None if it is not the last one in there."""
        begun = _begun(username, seen)
        if not begun or begun[-1].id != self._id:
            return None
        return seen._replace(begun=msgspec.json.encode(begun[:-1]))


def record_of(username: str, seen: Seen | None, settings: bytes | None) -> SignInRecord:
    """Return the record with all attempts. Raises StoreDamaged.

    `settings` may be None only if no attempts are to be applied.
    """
    if seen is None:
        return SignInRecord()
    try:
        record = msgspec.json.decode(seen.document, type=SignInRecord)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise _damaged(username, error) from None
    if not seen.is_whole and settings is not None:
        limits = settings_of(settings)
        for one in _begun(username, seen):
            record, _ = throttle.with_try(record, one.attempt, limits)
    return record


def _begun(username: str, seen: Seen) -> list[_Begun]:
    try:
        return msgspec.json.decode(seen.begun, type=list[_Begun])
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise _damaged(username, error) from None


def _damaged(username: str, error: Exception) -> StoreDamaged:
    return problems.damaged(_("The sign-in record of {username}", username=username), error)
