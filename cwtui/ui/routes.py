"""Creates screens, and says what to load for them. Imported late: the login screen needs none."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Final, Generic, NamedTuple, TypeVar

from textual.screen import Screen

from cwtui.accounts import (
    administration,
    custom_roles,
    organization,
    own_devices,
    own_ssh_keys,
    preferences,
    self_service,
    sign_in_enrolment,
    user_list,
)
from cwtui.accounts.account_words import Facts, account_words
from cwtui.accounts.administration import Details
from cwtui.accounts.audit import reading as audit_reading
from cwtui.accounts.audit.event_words import event_words
from cwtui.accounts.bulk import plans
from cwtui.accounts.enrolment import Enrolment
from cwtui.accounts.filter_language import Vocabulary, valid_part
from cwtui.accounts.listing import View
from cwtui.accounts.may import May, with_account
from cwtui.accounts.secret import Secret
from cwtui.accounts.self_service import Overview
from cwtui.accounts.sign_in_states import (
    BackupCodesShown,
    BackupCodesUnacknowledged,
    CodeNeeded,
    EnrolmentNeeded,
    NewPasswordNeeded,
)
from cwtui.accounts.user_list import FirstPage
from cwtui.language import _
from cwtui.ui import sections
from cwtui.ui.context import Context
from cwtui.ui.messages import (
    BackToSignIn,
    BackupCodesMade,
    LeadAway,
    OpenBatch,
    OpenDevicePage,
    OpenReport,
    OpenRolePage,
    OpenSection,
    OpenSshKeyPage,
    OpenUserSessions,
    SignInStateReached,
)
from cwtui.ui.screens.entry.backup_code import BackupCodeScreen
from cwtui.ui.screens.entry.backup_codes import BackupCodesScreen
from cwtui.ui.screens.entry.new_password import NewPasswordScreen
from cwtui.ui.screens.entry.one_time_code import OneTimeCodeScreen
from cwtui.ui.screens.entry.register_device import RegisterDeviceScreen
from cwtui.ui.screens.entry.unacknowledged import UnacknowledgedScreen
from cwtui.ui.screens.pages import audit_log, reading_users, roles, sessions
from cwtui.ui.screens.pages.account import AccountPage
from cwtui.ui.screens.pages.audit_log import AuditLogPage
from cwtui.ui.screens.pages.batch import BatchPage
from cwtui.ui.screens.pages.change_password import ChangePasswordPage
from cwtui.ui.screens.pages.confirm_code import (
    DisableMfaPage,
    RegenerateBackupCodesPage,
    RemoveDevicePage,
)
from cwtui.ui.screens.pages.create_user import CreateUserPage
from cwtui.ui.screens.pages.device import DevicePage, LostDevicePage
from cwtui.ui.screens.pages.display import DisplayPage
from cwtui.ui.screens.pages.new_device import AddDevicePage, ReplaceDevicePage
from cwtui.ui.screens.pages.organization import OrganizationPage
from cwtui.ui.screens.pages.roles import CreateRolePage, RolePage, RolesPage
from cwtui.ui.screens.pages.sessions import OwnSessionsPage, UserSessionsPage
from cwtui.ui.screens.pages.settings import SettingsPage
from cwtui.ui.screens.pages.ssh_keys import AddSshKeyPage, SshKeyPage, SshKeysPage
from cwtui.ui.screens.pages.users import UsersPage

if TYPE_CHECKING:
    from cwtui.accounts.ports import Ports
    from cwtui.accounts.session import Session

T = TypeVar("T")


class PageToLoad(NamedTuple, Generic[T]):
    """What to load in a thread, and how to create the page that shows it."""

    read: "Callable[[Ports, Session], T]"
    page: Callable[[T], Screen[None]]


# During a sign-in


def sign_in_step(state: object) -> Screen[None]:
    """Return the screen for a state of a sign-in that is not complete."""
    match state:
        case CodeNeeded():
            return OneTimeCodeScreen(state)
        case NewPasswordNeeded():
            return NewPasswordScreen(state)
        case EnrolmentNeeded():
            return RegisterDeviceScreen(
                state.enrolment,
                lambda ports, code: sign_in_enrolment.register_device(ports, state, code),
                SignInStateReached,
                lambda: BackToSignIn(username=state.progress.username),
                required=True,
            )
        case BackupCodesUnacknowledged():
            return UnacknowledgedScreen(state)
        case BackupCodesShown():
            return BackupCodesScreen(
                state.progress.username,
                state.codes,
                lambda ports: sign_in_enrolment.acknowledge_backup_codes(ports, state),
                SignInStateReached,
                preferences.zone(state.progress.preferences.time_zone),
            )
    message = f"no screen for {type(state).__name__}"
    raise TypeError(message)


def backup_code(state: CodeNeeded) -> Screen[None]:
    return BackupCodeScreen(state)


# In a session


def section(name: str, context: Context) -> PageToLoad[Any]:
    """Return the first page of the section with this name."""
    match name:
        case sections.USERS:
            return _users(context)
        case sections.ROLES:
            return PageToLoad(roles.listed, RolesPage)
        case sections.ORGANIZATION:
            return PageToLoad(organization.show_settings, OrganizationPage)
        case sections.AUDIT_LOG:
            typed = _still_valid(context.events_filter, event_words(context.zone), context)
            query = audit_log.query(typed, context)
            return PageToLoad(
                lambda ports, session: audit_reading.newest(ports, session, query),
                lambda window: AuditLogPage(window, typed, query),
            )
        case _:
            return PageToLoad(self_service.overview, SettingsPage)


def _users(context: Context) -> PageToLoad[Any]:
    kept, order = context.users_filter, context.users_order
    zone, row = context.zone, context.users_row
    least = max(reading_users.WINDOW, context.users_shown)

    def read(ports: "Ports", session: "Session") -> tuple[FirstPage, View]:
        vocabulary = account_words(Facts(ports.accounts.settings()))
        view = View(_still_valid(kept, vocabulary, context), *order)
        return user_list.first_page(ports, session, view, least, zone), view

    return PageToLoad(read, lambda found: UsersPage(*found, row))


def _still_valid(filter_text: str, vocabulary: Vocabulary[Any], context: Context) -> str:
    """Return what is valid of a filter that was kept; its times may not fit another time zone."""
    return valid_part(filter_text, vocabulary, context.clock(), context.zone)[0]


def account(username: str) -> PageToLoad[Any]:
    """Return the page of one account."""

    def load(ports: "Ports", session: "Session") -> tuple[Details, May]:
        details = administration.show_user(ports, session, username)
        return details, with_account(ports, session, details.account, details.record)

    return PageToLoad(load, lambda loaded: AccountPage(*loaded))


_PAGES: Final[dict[sections.SubPage, Callable[[], Screen[None]]]] = {
    sections.SubPage.REGENERATE_BACKUP_CODES: RegenerateBackupCodesPage,
    sections.SubPage.DISABLE_MFA: DisableMfaPage,
    sections.SubPage.ADD_SSH_KEY: AddSshKeyPage,
    sections.SubPage.CREATE_ROLE: CreateRolePage,
}
"""Pages that show nothing that must be loaded."""


_LOADED: Final[dict[sections.SubPage, PageToLoad[Any]]] = {
    sections.SubPage.CREATE_USER: PageToLoad(custom_roles.grantable, CreateUserPage),
    sections.SubPage.SSH_KEYS: PageToLoad(own_ssh_keys.listed, SshKeysPage),
    sections.SubPage.OPEN_SESSIONS: PageToLoad(sessions.own, OwnSessionsPage),
}


def sub_page(
    page: sections.SubPage, session: "Session", context: Context
) -> Screen[None] | PageToLoad[Any]:
    match page:
        case sections.SubPage.DISPLAY:
            return DisplayPage(context.preferences or session.preferences)
        case sections.SubPage.CHANGE_PASSWORD:
            return PageToLoad(
                self_service.password_rules,
                lambda rules: ChangePasswordPage(session.username, rules),
            )
        case _:
            return _LOADED.get(page) or _PAGES[page]()


def page_below(
    message: OpenBatch
    | OpenDevicePage
    | OpenReport
    | OpenRolePage
    | OpenSshKeyPage
    | OpenUserSessions,
    context: Context,
) -> PageToLoad[Any]:
    """Return the page about a batch, a role, or an account's device, SSH key or sessions."""
    match message:
        case OpenBatch(act=act, selection=selection):
            zone = context.zone
            return PageToLoad(
                lambda ports, session: plans.plan(ports, session, act, selection, zone), BatchPage
            )
        case OpenDevicePage():
            return _device_page(message, context)
        case OpenReport(batch=batch):
            return PageToLoad(
                lambda _ports, _session: batch.report.plan, lambda plan: BatchPage(plan, batch)
            )
        case OpenRolePage(name=name, copies=copies):
            return PageToLoad(
                lambda ports, session: custom_roles.show_role(ports, session, name),
                CreateRolePage if copies else RolePage,
            )
        case OpenSshKeyPage(key=key):
            return PageToLoad(
                lambda ports, session: own_ssh_keys.shown(ports, session, key), SshKeyPage
            )
        case OpenUserSessions(username=username):
            return PageToLoad(
                lambda ports, session: sessions.of_user(ports, session, username),
                lambda listed: UserSessionsPage(username, listed),
            )


def _device_page(message: OpenDevicePage, context: Context) -> PageToLoad[Any]:
    device = message.device
    match message.task:
        case sections.DeviceTask.SHOW:
            return PageToLoad(
                lambda ports, session: self_service.device(ports, session, device),
                lambda found: DevicePage(*found),
            )
        case sections.DeviceTask.ADD:
            earlier = context.offered.get(None)
            return PageToLoad(
                lambda ports, session: own_devices.plan(ports, session, None, earlier),
                AddDevicePage,
            )
        case sections.DeviceTask.REPLACE:
            earlier = context.offered.get(device)
            return PageToLoad(
                lambda ports, session: own_devices.plan(ports, session, device, earlier),
                ReplaceDevicePage,
            )
        case sections.DeviceTask.REMOVE:
            return PageToLoad(
                lambda ports, session: self_service.device(ports, session, device),
                lambda found: RemoveDevicePage(found[1]),
            )
        case sections.DeviceTask.ASK_WHETHER_LOST:
            return PageToLoad(self_service.overview, _lost_device)


def _lost_device(found: Overview) -> Screen[None]:
    return SettingsPage(found) if found.replace_device_refusal else LostDevicePage(found)


def own_enrolment(enrolment: Enrolment, session: "Session", context: Context) -> Screen[None]:
    """Return the screen that registers a device for the session's account."""

    def registered(result: "tuple[Session, tuple[Secret, ...]]") -> LeadAway:
        renewed, codes = result
        context.renew_session(renewed)
        return BackupCodesMade(codes, _("Multi-factor authentication was enabled."))

    return RegisterDeviceScreen(
        enrolment,
        lambda ports, code: self_service.register_device(ports, session, enrolment, code),
        registered,
        lambda: OpenSection(sections.SETTINGS, resume=True),
    )


def own_device(
    enrolment: Enrolment, session: "Session", context: Context, registered: Callable[[], None]
) -> Screen[None]:
    """Return the screen that registers a further device. Settings comes next."""

    def follow(renewed: "Session") -> LeadAway:
        context.renew_session(renewed)
        registered()
        return OpenSection(sections.SETTINGS, resume=True)

    return RegisterDeviceScreen(
        enrolment,
        lambda ports, code: own_devices.register(ports, session, enrolment, code),
        follow,
        lambda: OpenSection(sections.SETTINGS, resume=True),
        is_further=True,
    )


def own_backup_codes(
    codes: tuple[Secret, ...], session: "Session", acknowledged: Callable[[], None]
) -> Screen[None]:
    """Return the screen with the backup codes of the session's account. Settings comes next."""

    def follow(_: None) -> LeadAway:
        acknowledged()
        return OpenSection(sections.SETTINGS, resume=True)

    return BackupCodesScreen(
        session.username,
        codes,
        lambda ports: self_service.acknowledge_backup_codes(ports, session),
        follow,
    )
