"""How admins list accounts: filtered, sorted and in pages."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, tzinfo
from typing import Final

from cwtui.accounts.account_words import ALL_ACCOUNTS, Facts, account_words, sort_by
from cwtui.accounts.errors import CannotCheck
from cwtui.accounts.filter_language import parse
from cwtui.accounts.listing import (
    BY_USERNAME,
    EVERYONE,
    AccountRow,
    Listing,
    View,
    locks,
    with_locks,
)
from cwtui.accounts.ports import Ports
from cwtui.accounts.roles import Permission
from cwtui.accounts.session import Actor, authorise

MOST_COMPARED: Final = 2000
"""In longer lists, columns that say the same of everyone are not looked for."""


def list_users(
    ports: Ports,
    actor: Actor,
    view: View = EVERYONE,
    after: AccountRow | None = None,
    limit: int | None = None,
    zone: tzinfo = UTC,
) -> Listing:
    """Return the first `limit` accounts that match the filter and come after `after`.

    Times in the filter are read in `zone`. Raises FilterError, InvalidInput (for the column),
    NotPermitted and SessionEnded.
    """
    authorise(ports, actor, Permission.MANAGE_USERS)
    return _List(ports, view, zone).page(after, limit)


def count_users(ports: Ports, actor: Actor, view: View = EVERYONE, zone: tzinfo = UTC) -> int:
    """Return the number of accounts that match the filter. Raises as `list_users` does."""
    authorise(ports, actor, Permission.MANAGE_USERS)
    return ports.accounts.count(_List(ports, view, zone).query)


@dataclass(frozen=True)
class FirstPage:
    """The first accounts of a list, and what its page says about all of them.

    `total` is the number of all accounts, and `everyone` has them all if they are not too many to
    be compared.
    """

    listing: Listing
    everyone: list[AccountRow]
    total: int

    @property
    def matching(self) -> int | None:
        """The number of accounts that match, if that is known without counting them."""
        return None if self.listing.has_more else len(self.listing.rows)


def first_page(ports: Ports, actor: Actor, view: View, limit: int, zone: tzinfo = UTC) -> FirstPage:
    """Return what the page of the list shows first. Raises as `list_users` does."""
    authorise(ports, actor, Permission.MANAGE_USERS)
    asked = _List(ports, view, zone)
    total = ports.accounts.count(ALL_ACCOUNTS)
    everyone = ports.accounts.page(ALL_ACCOUNTS, BY_USERNAME) if total <= MOST_COMPARED else []
    return FirstPage(asked.page(None, limit), with_locks(everyone, asked.locked), total)


class _List:
    """A list as a person wants to see it. Raises FilterError, and InvalidInput for the column."""

    def __init__(self, ports: Ports, view: View, zone: tzinfo) -> None:
        self._ports = ports
        now, self._problem = ports.now(), None
        self.locked: dict[str, float] = {}
        try:
            self.locked = locks(ports.records.banned(), now)
        except CannotCheck as error:
            self._problem = error
        self._settings = ports.accounts.settings()
        facts = Facts(self._settings, self.locked, ports.records.last_sign_ins)
        self.query = parse(view.filter, account_words(facts), now, zone, view.options)
        self._sort = sort_by(view.column, facts, is_descending=view.is_descending)
        if self._problem and (self.query.uses("status") or view.column == "status"):
            raise self._problem  # otherwise nobody would seem to be locked

    def page(self, after: AccountRow | None, limit: int | None) -> Listing:
        # One more than needed shows whether there are others.
        wanted = None if limit is None else limit + 1
        found = self._ports.accounts.page(self.query, self._sort, after, wanted)
        rows = with_locks(found[:limit], self.locked)
        return Listing(rows, self._settings, len(found) > len(rows), self._problem)


def last_sign_ins(ports: Ports, actor: Actor, usernames: Iterable[str]) -> dict[str, float | None]:
    """Return when these users last signed in, in seconds since the epoch; None means never.

    Separate from `list_users`, because it reads one record per user, and only the visible rows
    need it. Raises NotPermitted.
    """
    authorise(ports, actor, Permission.MANAGE_USERS)
    return {name: ports.records.get(name).last_sign_in for name in usernames}
