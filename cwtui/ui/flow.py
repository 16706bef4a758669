"""Which screen follows: from the states of the sign-in, and from page to page."""

from collections.abc import Callable, Iterator
from functools import partial
from typing import TYPE_CHECKING, TypeVar

from textual.screen import Screen

from cwtui.accounts import administration, roles, self_service, sign_in, wording
from cwtui.accounts.audit import reading as audit_reading
from cwtui.accounts.credentials import backup_codes
from cwtui.accounts.listing import Filter
from cwtui.accounts.ports import Ports
from cwtui.accounts.roles import Permission
from cwtui.ui.screens.base import AccountScreen
from cwtui.ui.screens.entry.backup_codes import BackupCodesScreen
from cwtui.ui.screens.entry.new_password import NewPasswordScreen
from cwtui.ui.screens.entry.one_time_code import OneTimeCodeScreen
from cwtui.ui.screens.entry.register_device import RegisterDeviceScreen
from cwtui.ui.screens.entry.unacknowledged import UnacknowledgedScreen
from cwtui.ui.screens.pages.account import AccountPage
from cwtui.ui.screens.pages.audit_log import AuditLogPage
from cwtui.ui.screens.pages.organization import OrganizationPage
from cwtui.ui.screens.pages.settings import SettingsPage
from cwtui.ui.screens.pages.users import UsersPage

if TYPE_CHECKING:
    from cwtui.accounts.session import Session
    from cwtui.ui.app import AccountApp

T = TypeVar("T")


def show_state(app: "AccountApp", state: object) -> None:
    """The screen for a state of the sign-in; at its end, the first page."""
    match state:
        case sign_in.CodeNeeded():
            app.show(OneTimeCodeScreen(state))
        case sign_in.NewPasswordNeeded():
            app.show(NewPasswordScreen(state))
        case sign_in.EnrolmentNeeded():
            app.show(
                RegisterDeviceScreen(
                    state.enrolment,
                    lambda ports, code: sign_in.register_device(ports, state, code),
                    app.show_state,
                    app.back_to_sign_in,
                    required=True,
                )
            )
        case sign_in.BackupCodesUnacknowledged():
            app.show(UnacknowledgedScreen(state))
        case sign_in.BackupCodesShown():
            app.show(
                BackupCodesScreen(
                    state.codes,
                    lambda ports: sign_in.acknowledge_backup_codes(ports, state),
                    app.show_state,
                )
            )
        case sign_in.SignedIn():
            app.begin_session(state.session, state.before)
            app.password_notice = state.password_notice
            _tell_backup_codes_left(app, state.backup_codes_left)
            open_settings(app)
        case _:
            message = f"no screen for {type(state).__name__}"
            raise TypeError(message)


def open_settings(app: "AccountApp") -> None:
    """Settings: one's own password and multi-factor authentication."""
    _open(app, self_service.overview, SettingsPage)


def open_users(app: "AccountApp", *, back: bool = False) -> None:
    """User Management > Users and Roles; `back`: at the filter and row where one was."""
    place = app.users_place if back else ("", "")
    _open(
        app,
        lambda ports, session: administration.list_users(ports, session, Filter()),
        lambda rows: UsersPage(rows, *place),
    )


def open_account(app: "AccountApp", username: str) -> None:
    """One account's page, of Users and Roles."""
    _open(
        app,
        lambda ports, session: administration.show_user(ports, session, username),
        AccountPage,
    )


def open_organization(app: "AccountApp") -> None:
    """Organization settings."""
    _open(app, administration.show_settings, OrganizationPage)


def open_audit_log(app: "AccountApp") -> None:
    """The audit log, at its newest events."""
    _open(
        app,
        lambda ports, session: audit_reading.newest(ports, session, audit_reading.Filter()),
        AuditLogPage,
    )


SECTIONS: dict[str, tuple[str, Permission | None, Callable[["AccountApp"], None]]] = {
    "settings": ("Settings", None, open_settings),
    "users": ("Users and Roles", Permission.MANAGE_USERS, open_users),
    "organization": ("Organization", Permission.MANAGE_ORGANIZATION, open_organization),
    "audit_log": ("Audit Log", Permission.READ_AUDIT_LOG, open_audit_log),
}
"""The sections of the navigation panel, and which permission shows them."""


def commands(app: "AccountApp") -> Iterator[tuple[str, str, Callable[[], None]]]:
    """What the command palette offers to this session: title, description, act."""
    if app.session is None:
        return
    allowed = roles.permissions(app.session.roles)
    for title, permission, open_section in SECTIONS.values():
        if permission is None or permission in allowed:
            yield title, f"Open {title}", partial(open_section, app)
    yield "Sign Out", "End this session", app.sign_out


def _open(
    app: "AccountApp",
    call: "Callable[[Ports, Session], T]",
    page: Callable[[T], Screen[None]],
) -> None:
    """The page of what the rules answer; nothing if the session ended meanwhile."""
    session = app.session
    # What asks is the page, also where a help is open over it.
    pages = (screen for screen in reversed(app.screen_stack) if isinstance(screen, AccountScreen))
    asking = next(pages, None)
    if session is not None and asking is not None:
        asking.perform(
            lambda ports: call(ports, session), lambda found: app.show(page(found)), "One moment"
        )


def _tell_backup_codes_left(app: "AccountApp", left: int | None) -> None:
    if left is None:
        return
    few = left <= backup_codes.WARN_AT
    app.notify(
        f"You used a backup code. {wording.backup_codes_left(left)}."
        + (" Regenerate them in Settings." if few else ""),
        severity="warning" if few else "information",
        markup=False,
    )
