"""The list of users: one light line for each account, filtered and ordered here."""

from collections.abc import Iterable
from dataclasses import dataclass

from msgspec import Struct

from cwtui.accounts.model import MfaState, Origin
from cwtui.accounts.roles import MINIMUM
from cwtui.accounts.text import normal


class Registered(Struct, frozen=True):
    """That there is a second factor, without reading it."""

    registered_at: float


class AccountRow(Struct, frozen=True, kw_only=True):
    """What a list shows of an account; the same names as in Account, so that a store can read it
    from the same record.
    """

    username: str
    display_name: str = ""
    origin: Origin = Origin.LOCAL
    roles: tuple[str, ...] = (MINIMUM,)
    second_factor: Registered | None = None
    mfa_required: bool = False
    enabled: bool = True

    @property
    def mfa_state(self) -> MfaState:
        if self.second_factor is not None:
            return MfaState.ENABLED
        return MfaState.REQUIRED if self.mfa_required else MfaState.NONE


@dataclass(frozen=True)
class Filter:
    """Which accounts to list. `text` is looked for in username and display name, in any case."""

    text: str = ""
    role: str | None = None
    mfa: MfaState | None = None
    origin: Origin | None = None

    def matches(self, row: AccountRow) -> bool:
        return (
            (self.role is None or self.role in row.roles)
            and (self.mfa is None or self.mfa is row.mfa_state)
            and (self.origin is None or self.origin is row.origin)
            and self._has_text(row)
        )

    def _has_text(self, row: AccountRow) -> bool:
        wanted = normal(self.text.strip()).casefold()
        return not wanted or wanted in row.username or wanted in row.display_name.casefold()


def select(rows: Iterable[AccountRow], wanted: Filter) -> list[AccountRow]:
    """The rows that match, in the order given."""
    if wanted == Filter():
        return list(rows)
    return [row for row in rows if wanted.matches(row)]
