"""User Management > Users and Roles > doing the same with many users."""

import asyncio
from dataclasses import replace
from time import monotonic
from typing import TYPE_CHECKING, ClassVar, Final

from textual import work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal
from textual.widgets import Static

from cwtui.accounts import text, times, updates
from cwtui.accounts.bulk import batches, sentences
from cwtui.accounts.bulk.acts import Change, ResetPassword
from cwtui.accounts.bulk.batches import Report, Result
from cwtui.accounts.bulk.plans import Plan
from cwtui.accounts.bulk.selections import Selection
from cwtui.accounts.errors import SessionEnded
from cwtui.accounts.progress import as_clock, seconds_left, told_left
from cwtui.accounts.text import visible
from cwtui.accounts.updates import Update
from cwtui.host.saving import free_name, new_passwords_file
from cwtui.language import N_, _, grouped
from cwtui.ui.batch_work import BatchWork
from cwtui.ui.messages import Ending
from cwtui.ui.screens.dialogs.dialog import ConfirmScreen
from cwtui.ui.screens.pages.page import PageBelow
from cwtui.ui.widgets.buttons import Button
from cwtui.ui.widgets.fields import Field, TextInput
from cwtui.ui.widgets.report_table import ReportTable

if TYPE_CHECKING:
    from collections.abc import Callable

    from cwtui.accounts.ports import Ports
    from cwtui.accounts.session import Session

_EVERY: Final = 0.25
"""Seconds between two pictures of the progress: on a line of 9600 baud, each costs 0.03 s."""
STOPPING_SECONDS: Final = 2.0
"""How long signing out waits for the current user, so that it can say what was done."""
_WIDTH: Final = 30
"""Cells of the progress bar."""
_STOP: Final = {
    None: (N_("Stop after the current user? What was done stays."), N_("Stop")),
    Ending.SIGN_OUT: (
        N_("Stop after the current user and sign out? What was done stays."),
        N_("Sign Out"),
    ),
    Ending.QUIT: (N_("Stop after the current user and quit? What was done stays."), N_("Quit")),
}
"""The question before the work is stopped, and the button that answers it."""


def _with_reason(plan: Plan, typed: str | None) -> Plan:
    """Return the plan with the reason for which accounts are disabled. Raises InvalidInput."""
    if not typed or not isinstance(plan.act, Change):
        return plan
    to = replace(plan.act.to, disabled_reason=updates.reason(typed) or None)
    return replace(plan, act=Change(to))


class BatchPage(PageBelow):
    """Asks once, does it, and reports what became of each user."""

    SECTION = "users"
    MANUAL = "admin"
    AUTO_FOCUS = "#page TextInput, #cancel"
    BINDINGS: ClassVar[list[BindingType]] = [Binding("s", "stop", N_("Stop"))]
    HELP = N_("""\
The list shows the users that are left as they are, and why. Nothing has happened yet. The button \
that names the change begins with it. You may have to confirm your identity.

Then the users are changed one after the other. S stops after the current one. What was done \
stays, and the rest is as it was: to go on, do the same again. If your session ends, the work \
stops too.

In the end the list shows every user: done, unchanged or refused, and why. Enter opens the user's \
page. A user that others have changed since is left: look at it there, or do the same again. The \
audit log has the same id for all of it, so you can filter by the id.""")

    def __init__(self, plan: Plan, batch: BatchWork | None = None) -> None:
        """With a `batch`, the page reports what became of it."""
        super().__init__()
        self._plan = plan
        self._batch = batch
        self._is_working = False
        self._told: int | None = None
        """How many seconds were said to be left."""
        self._asked: ConfirmScreen | None = None
        """The question whether to stop."""
        self._sign_out: Callable[[], object] | None = None
        """Signs out, once the current user is done."""

    @property
    def _invites(self) -> bool:
        return self._plan.act == ResetPassword(invited=True)

    def heading(self) -> str:
        return _("Users and Roles > {name}", name=sentences.title(self._plan.act))

    def content(self) -> ComposeResult:
        plan = self._plan
        yield Static(visible(sentences.question(plan)), id="question", markup=False)
        if plan.names and isinstance(plan.act, ResetPassword):
            invited = plan.act.invited
            what = "invitations" if invited else "initial-passwords"
            stem = f"{what}-{times.day(self.context.clock())}"
            name = free_name(stem, self.context.home, "csv")
            label = (
                _("New file for the invitation codes")
                if invited
                else _("New file for the initial passwords")
            )
            yield Field("path", label, TextInput(name, max_length=4096))
        if plan.names and plan.act == Change(Update(enabled=False)):
            label = _("Reason that the user reads at sign-in (optional)")
            yield Field(updates.REASON, label, TextInput(max_length=text.LINE_LENGTH))
        with Horizontal(classes="buttons"):
            yield Button(_("Cancel") if plan.names else _("Back"), id="cancel", compact=True)
            if plan.names:
                yield Button(
                    sentences.title(plan.act),
                    id="primary",
                    classes="danger" if sentences.destroys(plan.act) else None,
                    compact=True,
                )
            yield Button(_("Stop"), id="stop", compact=True)
        yield ReportTable(Report(plan, ""))
        yield Static("", id="why", markup=False)

    def on_mount(self) -> None:
        self.query_one("#stop").display = False
        self.query_one("#page").move_child(
            self.query_one("#status-line"), before=self.query_one(ReportTable)
        )
        self._show_table()
        if self._batch is not None:
            self._hide_question()
            self._show_outcome(self._batch)

    def _show_table(self) -> None:
        table = self.query_one(ReportTable)
        table.display = bool(table.rows)

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        if action == "stop":
            return self._is_working
        return super().check_action(action, parameters)

    # What it does

    def submit(self) -> None:
        if self._batch is not None or not self._plan.names:
            return
        plan, home = self._plan, self.context.home
        typed = {field.id: field.entry.value for field in self.query(Field)}
        path, reason = typed.get("path"), typed.get(updates.REASON)

        def begin(ports: "Ports", session: "Session") -> BatchWork:
            report = batches.begin(ports, session, _with_reason(plan, reason))
            return BatchWork(
                report,
                None if path is None else new_passwords_file(path, home, invitations=self._invites),
                monotonic(),
            )

        self.run_as_session(begin, self._begun, _("Beginning"))

    def _hide_question(self) -> None:
        for asked in (*self.query(Field), *self.query("#cancel, #primary")):
            asked.display = False

    def _begun(self, begun: BatchWork) -> None:
        self._batch = self.context.batch = begun
        self._is_working = True
        self._hide_question()
        self.query_one("#stop").display = True
        # Without the focus, Stop is not pressed by an Enter that came twice.
        self.set_focus(None)
        self.query_one(ReportTable).display = False
        self.query_one("#why").display = False
        self.refresh_bindings()
        self._show_progress()
        self.set_interval(_EVERY, self._show_progress)
        self._carry_out(begun, self.session)

    # In a group of its own, so that no other worker of the page cancels it.
    @work(group="batch")
    async def _carry_out(self, begun: BatchWork, session: "Session") -> None:
        try:
            ports = await self.context.connected()
            await asyncio.to_thread(begun.carry_out, ports, session)
        finally:
            self._is_working = False
            begun.is_stopped = True
        self.app.call_later(self._finished, begun)

    def _show_progress(self) -> None:
        if not self._is_working or self._batch is None:
            return
        done, of = self._batch.done, len(self._plan.names)
        full = _WIDTH * done // max(of, 1)
        bar = "━" * full + "─" * (_WIDTH - full)
        said = _("{done} of {total}", done=grouped(done), total=grouped(of))
        # The second line is there from the start, so that the button below it does not move.
        then = _("Stopping …") if self._batch.is_stopped else self._rest() or " "
        self.show_text("#question", f"{bar} {said}\n{then}")

    def _rest(self) -> str:
        """Return how long the rest will take; empty while that cannot be known."""
        begun = self._batch
        if begun is None:
            return ""
        left = seconds_left(monotonic() - begun.began, begun.done, len(self._plan.names))
        self._told = None if left is None else told_left(left, self._told)
        return "" if self._told is None else _("about {rest} left", rest=as_clock(self._told))

    def _finished(self, begun: BatchWork) -> None:
        if not self.is_up:
            return
        if self._sign_out is not None:
            self._sign_out_now()
            return
        report = begun.report
        if isinstance(report.problem, SessionEnded):
            self.refuse(report.problem)
            return
        if self.context.users_selection == self._plan.selection:
            self.context.users_selection = self._to_go_on_with(report)
        self.query_one("#stop").display = False
        if self._asked is not None:
            # The answer would lead away before anybody has seen the result.
            self._asked.dismiss_with_all_above(result=False)
        self._show_outcome(begun)
        self.refresh_bindings()
        if report.problem is not None:
            self.say(f"✗ {report.problem}", wrong=True)

    def _show_outcome(self, begun: BatchWork) -> None:
        begun.is_reported = True
        self.show_text("#question", visible(begun.outcome()))
        back = self.query_one("#cancel", Button)
        back.label, back.display = _("Back"), True
        table = self.query_one(ReportTable)
        table.show_report(begun.report)
        table.cursor = begun.row
        self._show_table()
        self.query_one("#why").display = True
        table.focus()

    def _to_go_on_with(self, report: Report) -> Selection | None:
        """Return what to select for the next time, if there is anything to go on with."""
        if not report.untouched and report.problem is None:
            return None
        # The passwords that were handed over must stay. Other acts find themselves done already.
        return report.rest() if isinstance(self._plan.act, ResetPassword) else self._plan.selection

    def on_report_table_moved(self, message: ReportTable.Moved) -> None:
        """Show why this user was refused, if the column has no room for it."""
        self.show_text("#why", message.cut_off)

    def on_virtual_table_opened(self, message: ReportTable.Opened[Result]) -> None:
        if self.may_act and not self._is_working:
            if self._batch is not None:
                self._batch.row = self.query_one(ReportTable).cursor
            self.open_account(message.row.username)

    # Keys, buttons and ways off the page

    def action_enter(self) -> None:
        """Enter in a field leads to the button that begins, and an Enter right after it is ignored.

        Nobody begins it by habit, or by an Enter that came twice.
        """
        self.query_one("#primary", Button).focus()
        self.context.after_code.came_once()

    def focus_again(self) -> None:
        if not self._is_working:
            super().focus_again()

    def pressed(self, button: str) -> None:
        match button:
            case "primary":
                self.submit()
            case "stop":
                self.action_stop()
            case _:
                self.action_back()

    def action_stop(self) -> None:
        """Stop after the user that is being changed now."""
        if self._batch is not None:
            self._batch.is_stopped = True
            self._show_progress()

    def unsaved(self) -> str:
        return _("the rest of this change") if self._is_working else ""

    def leave(self, go: "Callable[[], object]", ends: Ending | None = None) -> None:
        def answered(agreed: bool | None) -> None:
            self._asked = None
            if agreed and self._is_working:
                self.action_stop()
                if ends is Ending.QUIT:
                    go()
                elif ends is Ending.SIGN_OUT:
                    self._sign_out = go
                    self.set_timer(STOPPING_SECONDS, self._sign_out_now)
                # else the person stays for the result

        if not self._is_working:
            go()
        elif self.is_active:
            question, act = _STOP[ends]
            self._asked = ConfirmScreen(_(question), _(act), stay=_("Keep Going"))
            self.app.push_screen(self._asked, answered)

    def _sign_out_now(self) -> None:
        sign_out, self._sign_out = self._sign_out, None
        if sign_out is not None:
            sign_out()

    def action_back(self) -> None:
        if self._batch is not None and not self._is_working:
            # Esc may have been meant for the question whether to stop.
            self.notify(visible(self._batch.outcome()), markup=False)
        self.leave(self.open_users)

    def on_unmount(self) -> None:
        # The session may be over, or the application may be left.
        if self._batch is not None:
            self._batch.is_stopped = True
