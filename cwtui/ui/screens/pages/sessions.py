"""Open Sessions: the person's own, below Settings, and those of another account."""

import asyncio
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, ClassVar, NamedTuple

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal
from textual.widgets import Static

from cwtui.accounts import administration, open_sessions, wording
from cwtui.accounts.errors import AccountsError, Refused, UnknownAccount, UnknownSession
from cwtui.accounts.may import May, with_account
from cwtui.accounts.model import OpenSession
from cwtui.accounts.text import visible
from cwtui.language import N_, _
from cwtui.ui.messages import SignOut
from cwtui.ui.screens.pages.looking import LookingPage
from cwtui.ui.screens.pages.page import PageBelow
from cwtui.ui.widgets.buttons import Button
from cwtui.ui.widgets.session_table import SessionTable
from cwtui.ui.widgets.virtual_table import VirtualTable

if TYPE_CHECKING:
    from cwtui.accounts.ports import Ports
    from cwtui.accounts.session import Session


class Listed(NamedTuple):
    """The open sessions of an account when they were read, in seconds since the epoch."""

    sessions: Sequence[OpenSession]
    at: float
    refusal: str = ""
    """Why the person may not end them; empty if they may."""


class SessionsPage(PageBelow, LookingPage):
    AUTO_FOCUS = "SessionTable"
    BINDINGS: ClassVar[list[BindingType]] = [Binding("r", "read", N_("Load again"))]
    NOTHING: ClassVar[str] = ""

    def __init__(self, listed: Listed) -> None:
        super().__init__()
        self._listed = listed

    def content(self) -> ComposeResult:
        sessions, at, refusal = self._listed
        if refusal:
            yield Static(refusal, classes="text", markup=False)
        yield SessionTable(sessions, self.session.id, at, _(self.NOTHING), may_open=not refusal)
        if refusal:
            return
        with Horizontal(classes="buttons"):
            yield Button(_("Sign Out Everywhere"), id="everywhere", classes="danger", compact=True)

    def listed(self, ports: "Ports", session: "Session") -> Listed:
        """Read the sessions. Raises what the rules raise."""
        raise NotImplementedError

    def end(self, ports: "Ports", session: "Session", id_: str) -> OpenSession:
        """Ask the session with this id to end. Raises what the rules raise."""
        raise NotImplementedError

    def action_read(self) -> None:
        self.run_as_session(self.listed, self._show, _("Loading"))

    async def show_news(self) -> None:
        ports = await self.context.connected()
        try:
            listed = await asyncio.to_thread(self.listed, ports, self.session)
        except UnknownAccount as error:
            if self.may_show_news:
                self.refuse(error)
            return
        if self.may_show_news:
            self._show(listed)

    def _show(self, listed: Listed) -> None:
        table = self.query_one(SessionTable)
        table.now = listed.at
        table.renew_rows(listed.sessions)

    def on_virtual_table_opened(self, message: VirtualTable.Opened[OpenSession]) -> None:
        message.stop()
        one = message.row
        if not self.may_act or self._listed.refusal:
            return
        if one.id == self.session.id:
            self.say(_("This is your own session. To end it, sign out."))
            return
        try:
            open_sessions.check_can_end(one)
        except Refused as refused:
            self.say(visible(str(refused)))
            return
        words = wording.open_session(one, self.context.zone)
        question = _("End this session? {session}", session=words)
        self.confirm(question, _("End Session"), lambda: self._end(one.id))

    def _end(self, id_: str) -> None:
        def end(ports: "Ports", session: "Session") -> tuple[Listed, float]:
            self.end(ports, session, id_)
            return self.listed(ports, session), ports.sessions.look_seconds

        def ended(result: tuple[Listed, float]) -> None:
            listed, seconds = result
            self.done(_("The session ends within {seconds} seconds.", seconds=f"{seconds:g}"))
            self._show(listed)

        self.run_as_session(end, ended, _("Ending the session"))

    def refuse(self, error: AccountsError) -> None:
        if isinstance(error, UnknownSession):
            self.notify(visible(str(error)), severity="warning", markup=False)
            self.action_read()
        else:
            super().refuse(error)


class OwnSessionsPage(SessionsPage):
    TITLE_TEXT = N_("Open Sessions")
    HELP = N_("""\
Where you are signed in now. If you do not know one of these places, sign out everywhere, then \
change your password.

Enter on a session asks whether to end it. It ends within a few seconds. R loads the list again.

Sign Out Everywhere ends all your sessions, this one too, even those that are missing here. \
SSH connections that are open stay open.""")

    def listed(self, ports: "Ports", session: "Session") -> Listed:
        return own(ports, session)

    def end(self, ports: "Ports", session: "Session", id_: str) -> OpenSession:
        return open_sessions.end_own(ports, session, id_)

    def pressed(self, button: str) -> None:
        del button
        self.confirm(
            _(
                "Sign out everywhere? All your sessions end, this one too. SSH connections that "
                "are open stay open."
            ),
            _("Sign Out Everywhere"),
            lambda: self.run_as_session(
                open_sessions.sign_out_everywhere,
                self._signed_out,
                _("Signing out"),
            ),
        )

    def _signed_out(self, _nothing: None) -> None:
        self.lead_away(SignOut(_("You are signed out everywhere.")))

    def action_back(self) -> None:
        self.open_settings()


class UserSessionsPage(SessionsPage):
    SECTION = "users"
    MANUAL = "admin"
    NOTHING = N_("This user has no open session.")
    HELP = N_("Where this user is signed in now. R loads the list again.")
    HELP_WITH: ClassVar[Mapping[str, str]] = {
        "#everywhere": N_("""\
Enter on a session asks whether to end it. It ends within a few seconds, and says that an \
administrator did it.

Sign Out Everywhere ends all sessions of the user, even those that are missing here. To keep the \
user from signing in again, disable the account. SSH connections that are open stay open.""")
    }

    def __init__(self, username: str, listed: Listed) -> None:
        super().__init__(listed)
        self._username = username

    def heading(self) -> str:
        return _("Users and Roles > {name} > Open Sessions", name=visible(self._username))

    def listed(self, ports: "Ports", session: "Session") -> Listed:
        return of_user(ports, session, self._username)

    def end(self, ports: "Ports", session: "Session", id_: str) -> OpenSession:
        return open_sessions.end_of_user(ports, session, self._username, id_)

    def pressed(self, button: str) -> None:
        del button
        self.confirm(
            _(
                "Sign {name} out everywhere? All sessions of the user end. SSH connections that "
                "are open stay open.",
                name=self._username,
            ),
            _("Sign Out Everywhere"),
            lambda: self.run_as_session(
                lambda ports, session: open_sessions.sign_out_user(ports, session, self._username),
                self._signed_out,
                _("Signing out"),
            ),
        )

    def _signed_out(self, _asked: list[OpenSession]) -> None:
        self.done(_("{name} is signed out everywhere.", name=self._username))
        self.action_read()

    def refuse(self, error: AccountsError) -> None:
        if isinstance(error, UnknownAccount):
            # Esc leads to its page, which is gone too.
            self.notify(visible(error.gone), severity="error", markup=False)
            self.open_users()
        else:
            super().refuse(error)

    def action_back(self) -> None:
        self.open_account(self._username, resume=True)


def own(ports: "Ports", session: "Session") -> Listed:
    """Return the sessions of the session's account. Raises SessionEnded and CannotCheck."""
    return Listed(open_sessions.own(ports, session), ports.now())


def of_user(ports: "Ports", session: "Session", username: str) -> Listed:
    """Return the sessions of an account. Raises what `open_sessions.of_user` raises."""
    listed = open_sessions.of_user(ports, session, username)
    details = administration.show_user(ports, session, username)
    may = with_account(ports, session, details.account, details.record)
    return Listed(listed, ports.now(), _refusal(may))


def _refusal(may: May) -> str:
    """Return why the sessions may not be ended; empty if they may."""
    if may.end_sessions:
        return ""
    if may.is_own:
        return _("These are your own sessions. To end one, go to Settings > Open Sessions.")
    return may.refusal or _("Your roles let you see these sessions, and not end them.")
