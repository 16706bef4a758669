"""The list of users."""

from collections.abc import Mapping, Sequence
from datetime import UTC, tzinfo

from cwtui.accounts import account_state, wording
from cwtui.accounts.account_state import MfaState, OriginNote, Status
from cwtui.accounts.listing import AccountRow, Listing
from cwtui.accounts.text import visible
from cwtui.accounts.times import ago, minute, place
from cwtui.ui.context import context_of
from cwtui.ui.widgets.columns import Column, Short, equal_columns
from cwtui.ui.widgets.virtual_table import VirtualTable

ORIGIN_MARKS = {OriginNote.GONE: "✗", OriginNote.HIDES_LDAP_USER: "⚠"}
STATUS_MARKS = {Status.ENABLED: "●", Status.LOCKED: "⚠", Status.DISABLED: "✗"}
_MFA_MARKS = {MfaState.ENABLED: "●", MfaState.REQUIRED: "◐", MfaState.NONE: "○"}


class UserTable(VirtualTable[AccountRow]):
    """A row for each account. Last sign-ins are filled in later, for the visible rows."""

    def __init__(
        self,
        rows: Sequence[AccountRow],
        listing: Listing,
        username: str = "",
        nothing: str = "",
        zone: tzinfo = UTC,
    ) -> None:
        super().__init__(rows, nothing)
        self._listing = listing
        self._zone = zone
        self._username = username
        self._last_sign_ins: Mapping[str, float | None] = {}
        self._columns: tuple[Column[AccountRow], ...] = (
            Column("Username", 24, lambda row: visible(row.username), least=14, most=64),
            Column(
                "Display name",
                16,
                lambda row: visible(row.display_name),
                least=12,
                most=40,
                value=lambda row: row.display_name,
                optional=True,
            ),
            Column("Origin", 7, _origin, value=lambda row: (row.origin, _origin(row))),
            Column(
                "Roles",
                33,
                lambda row: visible(", ".join(row.roles)),
                short=Short(8, lambda row: visible(wording.short_roles(row.roles))),
                value=lambda row: row.roles,
            ),
            Column(
                "MFA",
                10,
                lambda row: f"{_MFA_MARKS[self._mfa(row)]} {self._mfa(row)}",
                short=Short(8, lambda row: self._mfa(row).value),
                value=self._mfa,
            ),
            Column(
                "Status",
                10,
                lambda row: f"{STATUS_MARKS[row.status]} {row.status}",
                short=Short(8, lambda row: row.status.value),
                # Not the status, which would take longer for all rows of a long list.
                value=lambda row: (row.enabled, row.locked_until),
            ),
            Column(
                "Last sign-in" if zone is UTC else f"Last ({place(zone)})",
                16,
                lambda row: self._last_sign_in(row, wide=True),
                short=Short(6, lambda row: self._last_sign_in(row, wide=False), title="Last"),
            ),
        )
        self._equal: frozenset[str] | None = None

    def columns(self) -> tuple[Column[AccountRow], ...]:
        return self._columns

    def equal_columns(self) -> frozenset[str]:
        """Compare all users, not only those that match the filter, so that columns stay."""
        if self._equal is None:
            self._equal = equal_columns(self._columns, self._listing.rows)
        return self._equal

    def on_mount(self) -> None:
        """Start at the row of the given username, if there is one."""
        if self._username:
            self.call_after_refresh(self._go_to, self._username)

    def _go_to(self, username: str) -> None:
        # A filter may have been typed meanwhile, so search for the row as it is now.
        for position, row in enumerate(self.rows):
            if row.username == username:
                self.cursor = position

    def show_last_sign_ins(self, times: Mapping[str, float | None]) -> None:
        self._last_sign_ins = times
        self.refresh()

    def _last_sign_in(self, row: AccountRow, *, wide: bool) -> str:
        if row.username not in self._last_sign_ins:
            return "…"
        at = self._last_sign_ins[row.username]
        return minute(at, self._zone) if wide else ago(at, context_of(self).clock())

    def _mfa(self, row: AccountRow) -> MfaState:
        return account_state.mfa_state(row, self._listing.settings)

    def is_muted(self, row: AccountRow) -> bool:
        return not row.enabled or row.gone_since is not None


def _origin(row: AccountRow) -> str:
    """Return the origin, with a mark if something needs attention. The account's page says what."""
    note = account_state.origin_note(row)
    return row.origin.value if note is None else f"{row.origin} {ORIGIN_MARKS[note]}"
