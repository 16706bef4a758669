"""The list of users."""

from collections.abc import Mapping, Sequence

from cwtui.accounts import account_state, wording
from cwtui.accounts.account_state import MfaState, OriginNote
from cwtui.accounts.listing import AccountRow
from cwtui.accounts.settings import OrganizationSettings
from cwtui.accounts.text import visible
from cwtui.ui.widgets.virtual_table import VirtualTable

ORIGIN_MARKS = {OriginNote.GONE: "✗", OriginNote.HIDES_LDAP_USER: "⚠"}
_MFA_MARKS = {MfaState.ENABLED: "●", MfaState.REQUIRED: "◐", MfaState.NONE: "○"}


_NAMES_FROM = 130
"""From how many columns on there is room for display names beside the usernames."""


class UserTable(VirtualTable[AccountRow]):
    """A row for each account. Last sign-ins are filled in later, for the visible rows."""

    def __init__(
        self,
        rows: Sequence[AccountRow],
        settings: OrganizationSettings,
        username: str = "",
        nothing: str = "",
    ) -> None:
        super().__init__(rows, nothing)
        self._settings = settings
        self._username = username
        self._last_sign_ins: Mapping[str, str] = {}

    def on_mount(self) -> None:
        """Start at the row of the given username, if there is one."""
        if self._username:
            self.call_after_refresh(self._go_to, self._username)

    def _go_to(self, username: str) -> None:
        # A filter may have been typed meanwhile, so search for the row as it is now.
        for position, row in enumerate(self.rows):
            if row.username == username:
                self.cursor = position

    def show_last_sign_ins(self, shown: Mapping[str, str]) -> None:
        self._last_sign_ins = shown
        self.refresh()

    def head(self) -> tuple[str, ...]:
        last = "Last sign-in" if self.is_wide else "Last"
        names = ("Username", "Display name") if self._has_names else ("Username",)
        return (*names, "Origin", "Roles", "MFA", "Status", last)

    @property
    def _has_names(self) -> bool:
        return self.row_width >= _NAMES_FROM

    def cells(self, row: AccountRow) -> tuple[str, ...]:
        state = account_state.mfa_state(row, self._settings)
        mfa = state.value
        status = wording.status(row)
        if self.is_wide:
            mfa = f"{_MFA_MARKS[state]} {mfa}"
            status = f"{'●' if row.enabled else '✗'} {status}"
        last = self._last_sign_ins.get(row.username, "…")
        names: tuple[str, ...] = (visible(row.username),)
        if self._has_names:
            names += (visible(row.display_name),)
        return (*names, _origin(row), ", ".join(row.roles), mfa, status, last)

    def widths(self) -> tuple[int, ...]:
        origin, mfa, status, last = (7, 10, 10, 16) if self.is_wide else (7, 8, 8, 6)
        rest = self.row_width - (origin + mfa + status + last) - 5
        if self._has_names:
            roles = max(33, rest // 4)
            name = (rest - 1 - roles) // 2
            return (name, rest - 1 - roles - name, origin, roles, mfa, status, last)
        name = max(8, rest * 3 // 5)
        return (name, origin, max(4, rest - name), mfa, status, last)

    def is_muted(self, row: AccountRow) -> bool:
        return not row.enabled or row.gone_since is not None


def _origin(row: AccountRow) -> str:
    """Return the origin, with a mark if something needs attention. The account's page says what."""
    note = account_state.origin_note(row)
    return row.origin.value if note is None else f"{row.origin} {ORIGIN_MARKS[note]}"
