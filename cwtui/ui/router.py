"""Decides which screen is shown: follows the messages of screens, and loads pages."""

import asyncio
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

from textual.app import App
from textual.notifications import SeverityLevel
from textual.screen import Screen

from cwtui.accounts.errors import AccountsError
from cwtui.language import _
from cwtui.ui import messages
from cwtui.ui.context import Context
from cwtui.ui.leaving import Leaving
from cwtui.ui.look import Look
from cwtui.ui.screens.account_screen import AccountScreen
from cwtui.ui.screens.entry.sign_in import SignInScreen
from cwtui.ui.screens.steady import SteadyScreen

if TYPE_CHECKING:
    from cwtui.accounts.bulk.acts import Act
    from cwtui.accounts.model import SignInRecord
    from cwtui.accounts.session import Session
    from cwtui.accounts.sign_in_states import SignedIn
    from cwtui.ui.routes import PageToLoad
    from cwtui.ui.sections import SubPage
    from cwtui.ui.session_watch import SessionWatch

T = TypeVar("T")


class _Load(NamedTuple):
    """A page that is being loaded, for which session, and to replace which screen."""

    page: "PageToLoad[Any]"
    session: "Session"
    instead_of: AccountScreen
    comes_back: bool = False


class Router:
    """Shows the screens of one application.

    It creates screens only in the application's own context. A screen created in a worker's context
    would keep the worker alive, and with it the previous screen and its secrets.
    """

    def __init__(
        self,
        app: App[int],
        context: Context,
        leaving: Leaving,
        look: Look,
        session_ended: Callable[[], None],
    ) -> None:
        self._app = app
        self._context = context
        self._leaving = leaving
        self._look = look
        self._session_ended = session_ended
        self.session_watch: SessionWatch | None = None
        self._load: _Load | None = None
        """The page that is being loaded. The results of any other load are ignored."""

    def follow(self, message: messages.LeadAway) -> None:
        """Do what the message asks, if its screen is still shown."""
        sender = message.sent_from
        if isinstance(message, messages.Quit):
            self._leaving.leave_as_asked()  # it was confirmed, even if the question is gone
            return
        if isinstance(sender, SteadyScreen) and not sender.is_up:
            return
        if message.is_awaited and isinstance(sender, AccountScreen):
            sender.stay()  # the next screen comes at once, or another wait begins
        self._follow(message)

    def _follow(self, message: messages.LeadAway) -> None:
        match message:
            case messages.OpenPage():
                # A page that waits for this asked about unsaved changes itself, or has saved them.
                self._open(message, asks=not message.is_awaited)
            case messages.SignInStateReached():
                self.sign_in_state_reached(message.state)
            case messages.AskFirst():
                self._ask_first(message)
            case messages.UseBackupCode():
                from cwtui.ui import routes

                self.replace_screen(routes.backup_code(message.state))
            case messages.BackToSignIn():
                self.back_to_sign_in(message.notice, wrong=message.wrong, username=message.username)
            case messages.SessionOver():
                self._end_wrongly(message.reason, message.sentence, message.may_return)
            case messages.SignOut():
                self.sign_out(message.notice)

    def _ask_first(self, message: messages.AskFirst) -> None:
        from cwtui.ui.screens.dialogs.dialog import ConfirmScreen

        if message.sent_from is not self._app.screen:
            return  # it is asked already

        def answered(agreed: bool | None) -> None:
            if agreed:
                message.then.sent_from = message.sent_from
                self.follow(message.then)

        self._app.push_screen(
            ConfirmScreen(message.question, message.act, stay=message.stay, destroys=False),
            answered,
        )

    # Screens

    def replace_screen(self, screen: Screen[None]) -> None:
        """Show this screen, and remove all others."""
        if isinstance(screen, AccountScreen) and screen.NEEDS_SESSION and not self._has_session:
            return  # a key pressed before the session ended must not open a page
        self._load = None
        first, *above = self._app.screen_stack
        for _above in above[1:]:
            self._app.pop_screen()
        if above:
            self._app.switch_screen(screen)
        else:
            self._app.push_screen(screen)
        # Textual keeps the bottom screen of its stack, so remove everything that was typed there.
        first.remove_children()
        if isinstance(first, SteadyScreen):
            first.is_replaced = True
        if isinstance(first, AccountScreen):
            first.stay()
        self._context.after_code.answered()

    @property
    def _has_session(self) -> bool:
        return self._context.session is not None

    @property
    def front(self) -> AccountScreen | None:
        """The page or step that is shown, even if a help is open over it."""
        stack = reversed(self._app.screen_stack)
        return next((screen for screen in stack if isinstance(screen, AccountScreen)), None)

    # During a sign-in

    def sign_in_state_reached(self, state: object) -> None:
        """Show the screen for a state of the sign-in, or the first page once it is complete."""
        from cwtui.accounts.sign_in_states import SignedIn
        from cwtui.ui import routes

        if isinstance(state, SignedIn):
            self._signed_in(state)
        else:
            self.replace_screen(routes.sign_in_step(state))

    def _signed_in(self, state: "SignedIn") -> None:
        from cwtui.ui.sections import DeviceTask

        self.begin_session(state.session, state.before)
        self._context.password_notice = state.password_notice
        self._context.password_changed = state.password_changed
        self._context.changes = state.changes
        self._context.warnings = state.warnings
        self._tell_backup_codes_left(state.backup_codes_left)
        if state.backup_codes_left is None:
            self.open_section("settings")
        else:
            self._open(messages.OpenDevicePage(DeviceTask.ASK_WHETHER_LOST))

    def _tell_backup_codes_left(self, left: int | None) -> None:
        from cwtui.accounts import wording
        from cwtui.accounts.credentials import backup_codes

        if left is None:
            return
        few = left <= backup_codes.WARN_AT
        told = _("You used a backup code. {left}.", left=wording.backup_codes_left(left))
        if few:
            told = f"{told} {_('Regenerate them in Settings.')}"
        severity: SeverityLevel = "warning" if few else "information"
        self._app.notify(told, severity=severity, markup=False)

    def back_to_sign_in(self, notice: str = "", *, wrong: bool = False, username: str = "") -> None:
        """End the session, if there is one, and show the login screen."""
        ended = self._context.end_session()
        if ended is not None:
            self._look.session_ends()
        self._app.clear_notifications()
        self.replace_screen(SignInScreen(notice, wrong=wrong, username=username))

    # In a session

    def begin_session(self, session: "Session", record_before: "SignInRecord") -> None:
        """Begin the session. `record_before` is the sign-in record from before this sign-in."""
        from cwtui.ui.session_watch import SessionWatch

        self._context.begin_session(session, record_before)
        self._look.session_begins(session.preferences)
        # The watch ends the session with a call. A message could arrive in the next session.
        self.session_watch = SessionWatch(self._app, self._context, session, self._end_wrongly)

    def sign_out(self, notice: str = "") -> None:
        """End the session and say so. Ask first if unsaved changes would be lost."""

        def sign_out() -> None:
            said = (notice or _("You are signed out."), self._leaving.unfinished())
            self.end_session("", " ".join(filter(None, said)))

        page = self.front
        if page is None:
            sign_out()
        else:
            page.leave(sign_out, messages.Ending.SIGN_OUT)

    def _end_wrongly(self, reason: str, notice: str, may_return: bool) -> None:
        self.end_session(reason, notice, wrong=True, may_return=may_return)

    def end_session(
        self, reason: str, notice: str, *, wrong: bool = False, may_return: bool = True
    ) -> None:
        """End the session and record the reason, which is empty if the person asked for it.

        If it ended unexpectedly, the username is filled in, so that the person neither has to type
        it again nor types the password into its field. Not if the account cannot sign in.
        """
        session = self._context.session
        self._session_ended()
        is_expected = session is not None and reason != "" and may_return
        self.back_to_sign_in(
            notice, wrong=wrong, username=session.username if session and is_expected else ""
        )
        if session is not None:
            self._leaving.record_later(session, reason)

    # Pages

    def open_section(self, name: str) -> None:
        """Open the first page of the section with this name."""
        self._open(messages.OpenSection(name))

    def open_account(self, username: str) -> None:
        """Open the page of one account."""
        self._open(messages.OpenAccount(username))

    def open_batch(self, act: "Act", username: str) -> None:
        """Open the page that does this with one account."""
        from cwtui.accounts.bulk.selections import Selection

        self._open(messages.OpenBatch(act, Selection(frozenset({username}))))

    def open_sub_page(self, page: "SubPage") -> None:
        """Open a page below a section."""
        self._open(messages.OpenSubPage(page))

    def _open(self, message: messages.OpenPage, *, asks: bool = True) -> None:
        """Open the page if there is a session and the current page may be left.

        With `asks`, ask first if unsaved changes would be lost.
        """
        from cwtui.ui import routes
        from cwtui.ui.sections import SETTINGS

        page, session = self.front, self._context.session
        if page is None or session is None or not page.may_be_left:
            return
        if asks:
            page.leave(partial(self._open, message, asks=False))
            return
        match message:
            case messages.OpenSection():
                self._context.batch = None  # nobody comes back to its report
                to_load = routes.section(message.name, self._context)
                self._begin_load(_Load(to_load, session, page, message.resume))
            case messages.OpenAccount():
                to_load = routes.account(message.username)
                self._begin_load(_Load(to_load, session, page, message.resume))
            case messages.OpenSubPage():
                sub_page = routes.sub_page(message.page, session, self._context)
                if isinstance(sub_page, routes.PageToLoad):
                    self._begin_load(_Load(sub_page, session, page))
                else:
                    self.replace_screen(sub_page)
            case (
                messages.OpenBatch()
                | messages.OpenDevicePage()
                | messages.OpenReport()
                | messages.OpenRolePage()
                | messages.OpenSshKeyPage()
                | messages.OpenUserSessions()
            ):
                to_load = routes.page_below(message, self._context)
                self._begin_load(_Load(to_load, session, page))
            case messages.PreferencesChanged():
                self._context.use_preferences(message.preferences)
                self._look.apply(message.preferences)
                self._app.notify(_("Your display preferences were saved."), markup=False)
                to_load = routes.section(SETTINGS, self._context)
                self._begin_load(_Load(to_load, session, page, comes_back=True))
            case _:
                self._show_secrets(message, session)

    def _show_secrets(self, message: messages.OpenPage, session: "Session") -> None:
        """Show the key of a device, or backup codes, of the session's account."""
        from cwtui.ui import routes

        match message:
            case messages.EnrolmentBegun():
                self.replace_screen(routes.own_enrolment(message.enrolment, session, self._context))
            case messages.DeviceOffered():
                tell = partial(self._app.notify, message.outcome, markup=False)
                offered = message.enrolment
                self.replace_screen(routes.own_device(offered, session, self._context, tell))
            case messages.BackupCodesMade():
                tell = partial(self._app.notify, message.outcome, markup=False)
                self.replace_screen(routes.own_backup_codes(message.codes, session, tell))

    def _begin_load(self, load: _Load) -> None:
        self._load = load
        load.instead_of.wait_to_be_left(_("Loading"))
        self._app.run_worker(self._read(load), group="load page", exclusive=True)

    async def _read(self, load: _Load) -> None:
        try:
            ports = await self._context.connected()
            found = await asyncio.to_thread(load.page.read, ports, load.session)
        except AccountsError as error:
            self._app.call_later(self._end_load, load, partial(load.instead_of.refuse, error))
        else:
            self._app.call_later(self._end_load, load, partial(self._show_page, load, found))

    def _end_load(self, load: _Load, act: Callable[[], None]) -> None:
        if self._load is not load:
            return
        self._load = None
        if load.instead_of.is_up:
            load.instead_of.stay()
            load.instead_of.say("")
            act()

    def _show_page(self, load: _Load, found: object) -> None:
        screen = load.page.page(found)
        if isinstance(screen, AccountScreen):
            screen.comes_back = load.comes_back
        self.replace_screen(screen)
