"""The list of users: one small row per account, and filters for them."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final

from msgspec import Struct
from msgspec.structs import replace

from cwtui.accounts import account_state
from cwtui.accounts.account_state import MfaState, Status, mfa_state
from cwtui.accounts.errors import CannotCheck
from cwtui.accounts.model import Origin, SignInRecord
from cwtui.accounts.roles import BUILT_IN, MINIMUM, short
from cwtui.accounts.settings import OrganizationSettings
from cwtui.accounts.text import normal


class Registered(Struct, frozen=True, gc=False):
    """Shows that a second factor exists, without its secrets."""

    registered_at: float


class AccountRow(Struct, frozen=True, kw_only=True, gc=False):
    """What a list shows of an account.

    Field names are the same as in Account, so that a store can read both from one record; only
    `locked_until` comes from the sign-in record (see `with_locks`). Rows contain no reference
    cycles, so the garbage collector can skip them (`gc=False`).
    """

    username: str
    display_name: str = ""
    origin: Origin = Origin.LOCAL
    roles: tuple[str, ...] = (MINIMUM,)
    second_factor: Registered | None = None
    mfa_required: bool = False
    enabled: bool = True
    gone_since: float | None = None
    in_directory_too: bool = False
    locked_until: float | None = None

    @property
    def status(self) -> Status:
        """Whether the account can sign in."""
        return account_state.status(self, self.locked_until)


@dataclass(frozen=True)
class Listing:
    """Some accounts, and the organization settings that say the rest about them.

    `problem` is why the sign-in records could not be read. The list then does not say who is
    locked, but the accounts can still be managed.
    """

    rows: list[AccountRow]
    settings: OrganizationSettings
    problem: CannotCheck | None = None


_VALUES: Final[dict[str, tuple[str, ...]]] = {
    "origin": tuple(Origin),
    "mfa": tuple(MfaState),
    "role": tuple(BUILT_IN),
}


@dataclass(frozen=True)
class Filter:
    """Which accounts to list. `text` matches username and display name, ignoring case."""

    text: str = ""
    role: str | None = None
    mfa: MfaState | None = None
    origin: Origin | None = None


def _begins(name: str, typed: str) -> bool:
    """Whether this is the beginning of the name, or of a role's name as lists shorten it."""
    return name.startswith(typed) or short(name).startswith(typed)


def typed(text: str) -> Filter:
    """Return the filter for a line such as `ann origin:ldap mfa:none`.

    Values may be abbreviated if that is unambiguous. All other words are searched in names.
    """
    words: list[str] = []
    given: dict[str, str] = {}
    for word in normal(text).casefold().split():
        key, _, value = word.partition(":")
        meant = [one for one in _VALUES.get(key, ()) if value and _begins(one, value)]
        if len(meant) == 1:
            given[key] = meant[0]
        elif not meant:
            words.append(word)
    return Filter(
        text=" ".join(words),
        role=given.get("role"),
        mfa=MfaState(given["mfa"]) if "mfa" in given else None,
        origin=Origin(given["origin"]) if "origin" in given else None,
    )


def with_locks(
    rows: Iterable[AccountRow], banned: Mapping[str, SignInRecord], now: float
) -> list[AccountRow]:
    """Return the rows with the waits from these sign-in records, by username."""
    until = {
        name: end
        for name, record in banned.items()
        if (end := account_state.locked_until(record, now)) is not None
    }
    if not until:
        return list(rows)
    return [
        replace(row, locked_until=until[row.username]) if row.username in until else row
        for row in rows
    ]


def named(rows: Iterable[AccountRow], text: str) -> list[AccountRow]:
    """Return the rows with this text in the username or display name, ignoring case."""
    text = normal(text.strip()).casefold()
    if not text:
        return list(rows)
    return [r for r in rows if text in r.username or text in r.display_name.casefold()]


def select(
    rows: Iterable[AccountRow], criteria: Filter, settings: OrganizationSettings
) -> list[AccountRow]:
    """Return the matching rows in their original order."""
    # One pass per condition is fastest; each key press may filter 100,000 rows.
    found = named(rows, criteria.text)
    if criteria.role is not None:
        found = [row for row in found if criteria.role in row.roles]
    if criteria.mfa is not None:
        found = [row for row in found if criteria.mfa is mfa_state(row, settings)]
    if criteria.origin is not None:
        found = [row for row in found if criteria.origin is row.origin]
    return found
