"""The list of users: one light line for each account, filtered and ordered here."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from msgspec import Struct

from cwtui.accounts.model import MfaState, Origin
from cwtui.accounts.roles import BUILT_IN, MINIMUM
from cwtui.accounts.text import normal


class Registered(Struct, frozen=True, gc=False):
    """That there is a second factor, without reading it."""

    registered_at: float


class AccountRow(Struct, frozen=True, kw_only=True, gc=False):
    """What a list shows of an account; the same names as in Account, so that a store can read it
    from the same record. It holds no cycle, and 100,000 of them need not be searched for one.
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

    @property
    def mfa_state(self) -> MfaState:
        if self.second_factor is not None:
            return MfaState.ENABLED
        return MfaState.REQUIRED if self.mfa_required else MfaState.NONE


_VALUES: Final[dict[str, tuple[str, ...]]] = {
    "origin": tuple(Origin),
    "mfa": tuple(MfaState),
    "role": tuple(BUILT_IN),
}


@dataclass(frozen=True)
class Filter:
    """Which accounts to list. `text` is looked for in username and display name, in any case."""

    text: str = ""
    role: str | None = None
    mfa: MfaState | None = None
    origin: Origin | None = None


def typed(text: str) -> Filter:
    """The filter for one line, such as `ann origin:ldap mfa:none`: a name, and key:value.

    The beginning of a value does where only one begins so; another word is looked for in names.
    """
    words: list[str] = []
    given: dict[str, str] = {}
    for word in normal(text).casefold().split():
        key, _, value = word.partition(":")
        meant = [one for one in _VALUES.get(key, ()) if value and one.startswith(value)]
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


def select(rows: Iterable[AccountRow], criteria: Filter) -> list[AccountRow]:
    """The rows that match, in the order given."""
    # One pass for each thing that is asked: with each key press there may be 100,000 rows.
    found = list(rows)
    text = normal(criteria.text.strip()).casefold()
    if text:
        found = [r for r in found if text in r.username or text in r.display_name.casefold()]
    if criteria.role is not None:
        found = [row for row in found if criteria.role in row.roles]
    if criteria.mfa is not None:
        found = [row for row in found if criteria.mfa is row.mfa_state]
    if criteria.origin is not None:
        found = [row for row in found if criteria.origin is row.origin]
    return found
