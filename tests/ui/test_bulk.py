"""Many users are selected and changed at once, by keyboard and by mouse."""

import stat
import threading
from typing import Any

import pytest

from cwtui.accounts.audit.events import Event
from cwtui.accounts.roles import Permission
from cwtui.accounts.session import PROOF_LIFETIME
from cwtui.ui.after_code import SECONDS
from cwtui.ui.batch_work import BatchWork
from cwtui.ui.screens.dialogs.acts import ActsScreen
from cwtui.ui.screens.dialogs.proof import ProofScreen
from cwtui.ui.screens.entry.sign_in import SignInScreen
from cwtui.ui.screens.pages import batch as batch_page
from cwtui.ui.screens.pages.account import AccountPage
from cwtui.ui.screens.pages.batch import BatchPage
from cwtui.ui.screens.pages.users import UsersPage
from cwtui.ui.widgets.fields import Field, TextInput
from cwtui.ui.widgets.options import Options
from cwtui.ui.widgets.report_table import ReportTable
from cwtui.ui.widgets.user_table import UserTable
from tests.accounts.memory import MemoryAudit
from tests.accounts.world import PASSWORD
from tests.ui.harness import PATIENCE, Person, at_work
from tests.ui.plants import ADMIN, LONG_NAME, roles_plant
from tests.ui.scenes import SCENES

NAMES = [ADMIN, "alice", "bob", LONG_NAME, "dave", "erin", "frank"]
MARKS = 19
"""The column of the marks at 80 columns."""


def marked(person: Person) -> list[str]:
    """The usernames whose rows show a mark."""
    table = person.app.screen.query_one(UserTable)
    rows = person.rows[table.region.y + 1 : table.region.bottom]
    return [row.username for row, shown in zip(table.rows, rows, strict=False) if "✓" in shown]


def outcomes(person: Person) -> dict[str, str]:
    table = person.screen(BatchPage).query_one(ReportTable)
    return {one.username: one.why or str(one.outcome) for one in table.rows}


@pytest.fixture
def goes_on(monkeypatch: pytest.MonkeyPatch) -> threading.Event:
    """Until it is set, a batch waits after alice."""
    goes_on, append = threading.Event(), MemoryAudit.append

    def slow(log: MemoryAudit, *events: Event) -> None:
        append(log, *events)
        if events[0].subject == "alice":
            goes_on.wait(PATIENCE)

    monkeypatch.setattr(MemoryAudit, "append", slow)
    return goes_on


async def begin_with_alice(person: Person) -> tuple[BatchPage, BatchWork]:
    """Require MFA of all users. Alice is done but not counted yet."""
    await person.press("a", "c", "enter", "tab")
    person.send("enter")
    page = person.screen(BatchPage)
    while page._batch is None or page._batch.done < 1:
        await person.look_up()
    return page, page._batch


class TestSelecting:
    async def test_nothing_is_marked_at_first(self) -> None:
        async with SCENES["users"].played() as (person, _):
            assert marked(person) == []
            person.sees("Select All    Space selects one.")
            assert ("C", "Change") not in person.footer
            await person.press("c")
            person.screen(UsersPage)

    async def test_space_selects_and_goes_on(self) -> None:
        async with SCENES["users"].played() as (person, _):
            person.send("down", "space", "space")
            await person.settle()
            assert marked(person) == ["alice", "bob"]
            person.sees("2 selected")
            await person.press("up", "space")
            assert marked(person) == ["alice"]
            assert person.footer[1] == ("Esc", "Clear")
            assert ("C", "Change") in person.footer
            await person.press("escape")
            assert marked(person) == []
            assert person.footer[1] == ("Esc", "Menu")

    async def test_shift_selects_a_range_that_grows_and_shrinks(self) -> None:
        async with SCENES["users"].played() as (person, _):
            await person.press("end", "space", "home", "down")
            await person.press("shift+down", "shift+down")
            assert marked(person) == ["alice", "bob", LONG_NAME, "frank"]
            await person.press("shift+up", "shift+up", "shift+up")
            assert marked(person) == [ADMIN, "alice", "frank"]
            await person.press("end", "shift+down")
            assert marked(person) == [ADMIN, "alice", "frank"]
            await person.press("shift+up")
            assert marked(person) == [ADMIN, "alice", "erin", "frank"]
            await person.press("escape", "up", "shift+home")
            assert marked(person) == NAMES[:5]
            await person.press("escape", "down", "shift+end")
            assert marked(person) == NAMES[1:]

    async def test_all_matching_users_are_selected_with_exceptions(self) -> None:
        async with SCENES["users"].played() as (person, _):
            await person.press("/")
            await person.write("!role:admin")
            await person.press("enter", "a")
            assert marked(person) == ["alice", LONG_NAME, "dave", "erin", "frank"]
            person.sees("5 selected")
            person.sees_nothing_of("Select All")
            await person.press("space")
            person.sees("4 selected")
            await person.press("shift+down")
            assert marked(person) == [LONG_NAME, "dave", "erin", "frank"]

    async def test_another_filter_keeps_names_but_not_all_that_matched(self) -> None:
        async with SCENES["users"].played() as (person, _):
            await person.press("down", "space", "/")
            await person.write("frank")
            person.sees("1 selected")
            await person.press("enter", "space", "escape", "escape")
            assert marked(person) == []
            await person.press("a", "/")
            await person.write("a")
            assert marked(person) == []
            person.sees("Space selects one.")

    async def test_the_mouse_marks_in_the_margin_and_with_shift_or_ctrl(self) -> None:
        async with SCENES["users"].played() as (person, _):
            await person.click_row("alice", x=MARKS)
            assert marked(person) == ["alice"]
            await person.click_row("dave", x=30, shift=True)
            assert marked(person) == ["alice", "bob", LONG_NAME, "dave"]
            await person.click_row("bob", x=30, ctrl=True)
            assert marked(person) == ["alice", LONG_NAME, "dave"]
            await person.click_button("Select All")
            assert marked(person) == NAMES
            assert person.focus == "UserTable"
            await person.click_button("Clear")
            assert marked(person) == []
            await person.click_row("alice", x=MARKS + 1)
            person.screen(AccountPage)

    async def test_the_selection_is_kept_on_other_pages_and_forgotten_with_the_session(
        self,
    ) -> None:
        async with SCENES["users"].played() as (person, _):
            await person.press("down", "space", "enter", "escape")
            assert marked(person) == ["alice"]
            person.app.router.sign_out()
            await person.settle()
            person.screen(SignInScreen)
            assert person.app.context.users_selection is None

    async def test_a_message_takes_the_line_of_the_bar_or_the_one_above(self) -> None:
        async with SCENES["users"].played() as (person, _):
            y = person.app.screen.query_one(UserTable).region.y
            await person.press("/")
            await person.write("who:al")
            assert person.status_line.startswith("✗ There is no filter 'who:'.")
            await person.press("escape", "down", "space")
            assert person.app.screen.query_one(UserTable).region.y == y
            await person.press("/")
            await person.write("who:al")
            assert person.status_line.startswith("✗ There is no filter 'who:'.")
            person.sees("1 selected")
            # The rows are not those that the filter means: nobody selects them or acts on them.
            person.sees_nothing_of("Select All")
            await person.press("down", "a", "end", "space", "shift+up", "c")
            await person.click_row("dave", x=MARKS)
            person.screen(UsersPage)
            assert marked(person) == ["alice"]
            assert ("C", "Change") not in person.footer
            await person.press("escape")
            assert marked(person) == []
            await person.press("escape")
            person.sees("The filter was cleared.", "Select All")

    async def test_whoever_selected_nobody_gets_no_menu(self) -> None:
        async with SCENES["users"].played() as (person, _):
            await person.press("/")
            await person.write("nobody-has-this-name")
            await person.press("down", "a", "c")
            person.screen(UsersPage)
            assert person.status_line == "✗ There is nobody to select."
            await person.press("escape", "/")
            await person.write("frank")
            await person.paste("two\nlines")
            assert person.status_line == "✗ Only one line of plain text can be pasted here."
            assert person.app.screen.query_one(TextInput).value == "frank"
            await person.press("enter", "a", "space", "c")
            person.screen(UsersPage)
            assert person.status_line == "✗ Nobody is selected."

    async def test_nobody_selects_users_without_a_permission_to_change_them(self) -> None:
        there = roles_plant()
        there.world.settings(custom_roles={"help-desk": (Permission.READ_USERS,)})
        async with at_work(there.world.ports, there.world.clock, in_session=True) as person:
            there.world.clock.forward(30)
            person.app.context.session = there.world.session("alice", there.devices["alice"])
            person.app.router.open_section("users")
            await person.settle()
            await person.press("space", "a", "c")
            person.screen(UsersPage)
            assert marked(person) == []
            person.sees_nothing_of("Select All")


class TestActs:
    async def offered(self, person: Person) -> list[str]:
        await person.press("space", "c")
        options = person.screen(ActsScreen).query_one(Options)
        return [str(option.prompt) for option in options.options]

    async def test_a_help_desk_is_offered_what_it_may_do(self) -> None:
        there = roles_plant()
        resets = (Permission.READ_USERS, Permission.RESET_MFA)
        there.world.settings(custom_roles={"help-desk": resets})
        async with at_work(there.world.ports, there.world.clock, in_session=True) as person:
            there.world.clock.forward(30)
            person.app.context.session = there.world.session("alice", there.devices["alice"])
            person.app.router.open_section("users")
            await person.settle()
            assert await self.offered(person) == ["Disable MFA", "Unlock"]

    async def test_in_a_kiosk_no_initial_passwords_are_made(self) -> None:
        async with SCENES["users"].played() as (person, _):
            assert "Reset Password" in await self.offered(person)
            await person.press("escape")
            person.app.context.kiosk = True
            assert "Reset Password" not in await self.offered(person)

    async def test_a_role_is_chosen_in_a_second_list(self) -> None:
        async with SCENES["users"].played() as (person, there):
            await person.press("down", "down", "down", "space", "c", *["down"] * 5, "enter")
            person.sees("connectware-admin", "minimum-access")
            await person.press("escape")
            person.sees("Require MFA")
            await person.click("Add Role")
            await person.click("connectware-admin")
            person.sees(f"Give the role connectware-admin to {LONG_NAME}?", "manage all users")
            await person.click_button("Add Role")
            assert there.world.account(LONG_NAME).is_admin


class TestBatch:
    async def test_a_batch_has_one_question_one_proof_and_a_report(self) -> None:
        async with SCENES["users"].played() as (person, there):
            await person.press("a", "c")
            await person.click("Disable Account")
            person.screen(BatchPage)
            person.sees("Disable 5 accounts?", "1 already disabled, your own account")
            person.sees("dave already disabled")
            assert outcomes(person) == {ADMIN: "your own account", "dave": "already so"}
            assert person.focus == "reason"
            there.world.clock.forward(PROOF_LIFETIME + 1)
            await person.press("tab", "tab", "enter")
            person.screen(ProofScreen)
            await person.write(PASSWORD)
            await person.press("enter")
            person.sees("5 done, 2 left as they were: 1 already disabled, your own account.")
            assert outcomes(person)["alice"] == "done"
            assert not any(there.world.account(name).enabled for name in NAMES[1:])
            batches = {event.reason.split()[-1] for event in there.world.events[-5:]}
            assert len(batches) == 1
            person.sees(f"In the audit log: {next(iter(batches))}.")
            assert person.focus == "ReportTable"
            await person.press("end", "enter")
            person.sees("Users and Roles > frank")
            await person.press("escape")
            person.sees("5 done, 2 left as they were", f"In the audit log: {batches.pop()}.")
            table = person.screen(BatchPage).query_one(ReportTable)
            assert table.rows[table.cursor].username == "frank"
            await person.press("escape")
            assert marked(person) == []
            # Whoever left it by accident still reads it.
            person.sees("5 done, 2 left as they were")
            await person.press("enter", "escape")
            person.screen(UsersPage)

    async def test_all_are_disabled_with_the_reason_that_was_typed(self) -> None:
        async with SCENES["users"].played() as (person, there):
            await person.press("down", "space", "space", "c")
            await person.click("Disable Account")
            await person.fill("reason", "On leave.")
            await person.click_button("Disable Account")
            person.sees("2 done.")
            assert [there.world.account(name).disabled_reason for name in NAMES[1:3]] == [
                "On leave."
            ] * 2

    @pytest.mark.parametrize("act", ["Disable Account", "Reset Password", "Invite"])
    async def test_enter_in_a_field_begins_nothing_and_loses_nothing(self, act: str) -> None:
        async with SCENES["users"].played() as (person, there):
            before = there.world.event_types()
            await person.press("down", "space", "c")
            await person.click(act)
            person.send(*("new.csv" if act != "Disable Account" else "On leave."))
            await person.press("enter", "enter")
            assert person.focus == act
            assert person.app.screen.query_one(Field).entry.value.endswith(("new.csv", "leave."))
            assert there.world.event_types() == before
            person.stopwatch.forward(SECONDS + 0.1)
            await person.press("enter", "enter")
            person.sees("1 done.")
            assert "Stopped" not in person.text

    async def test_a_reason_that_is_not_allowed_disables_nobody(self) -> None:
        async with SCENES["batch"].played() as (person, there):
            before = there.world.event_types()
            await person.fill("reason", "")
            await person.paste("On\N{ZERO WIDTH SPACE}leave.")
            assert person.error("reason") == "Only one line of plain text can be pasted here."
            assert person.typed("reason") == ""
            await person.fill("reason", "x" * 100)
            assert person.error("reason") == ""
            await person.write("x")
            too_long = "This field can have at most 100 characters. Nothing more was added."
            assert person.error("reason") == too_long
            assert person.typed("reason") == "x" * 100
            # Two characters each, once they are normalized.
            await person.fill("reason", "\N{DEVANAGARI LETTER QA}" * 60)
            await person.click_button("Disable Account")
            assert person.error("reason") == "The reason can have at most 100 characters."
            assert person.focus == "reason"
            assert there.world.event_types() == before
            assert there.world.account("alice").enabled
            await person.fill("reason", "On leave.")
            await person.click_button("Disable Account")
            person.sees("4 done,")

    async def test_going_back_changes_nothing_and_keeps_the_selection(self) -> None:
        async with SCENES["users"].played() as (person, there):
            before = there.world.event_types()
            await person.press("down", "space", "c", "enter", "enter")
            person.screen(UsersPage)
            assert marked(person) == ["alice"]
            assert there.world.event_types() == before

    async def test_with_nothing_to_do_there_is_no_button(self) -> None:
        async with SCENES["users"].played() as (person, _):
            await person.press("down", "space", "c")
            await person.click("Unlock")
            person.sees("There is nothing to do.", "1 not locked")
            person.sees("Back")
            person.sees_nothing_of("Stop")

    async def test_a_batch_stops_after_the_current_user(self, goes_on: threading.Event) -> None:
        async with SCENES["users"].played() as (person, there):
            page, batch = await begin_with_alice(person)
            page._show_progress()
            await person.look_up()
            person.sees("1 of 5")
            assert ("S", "Stop") in person.footer
            person.send("enter", "escape")
            await person.look_up()
            person.sees("Stop after the current user?", "Keep Going")
            person.send("escape")
            await person.look_up()
            assert not batch.is_stopped
            person.send("s")
            while not batch.is_stopped:
                await person.look_up()
            await person.look_up()
            person.sees("Stopping")
            goes_on.set()
            await person.settle()
            person.sees("2 done, 2 left as they were: 2 already required.")
            person.sees("Stopped before the other 3")
            assert not there.world.account("bob").mfa_required
            await person.press("escape", "c", "enter", "tab", "enter")
            person.sees("3 done, 4 left as they were: 4 already required.")

    async def test_the_question_whether_to_stop_goes_when_the_work_is_done(
        self, goes_on: threading.Event
    ) -> None:
        async with SCENES["users"].played() as (person, _):
            page, _batch = await begin_with_alice(person)
            person.send("escape", "f1")
            await person.look_up()
            assert len(person.app.screen_stack) > len(["", page, "the question"])
            goes_on.set()
            await person.settle()
            assert person.app.screen is page
            person.sees("5 done, 2 left as they were", "In the audit log: batch=")
            assert person.focus == "ReportTable"

    async def test_stop_stays_for_the_result(self, goes_on: threading.Event) -> None:
        async with SCENES["users"].played() as (person, _):
            page, batch = await begin_with_alice(person)
            person.send("escape")
            await person.look_up()
            person.send("tab", "enter")
            while not batch.is_stopped:
                await person.look_up()
            goes_on.set()
            await person.settle()
            assert person.app.screen is page
            person.sees("2 done, 2 left as they were", "In the audit log: batch=")

    async def test_quitting_in_the_middle_says_what_was_done(
        self, goes_on: threading.Event, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        ended, carry_out, unmount = threading.Event(), BatchWork.carry_out, BatchPage.on_unmount

        def carried_out(work: BatchWork, *args: Any) -> None:
            carry_out(work, *args)
            ended.set()

        def unmounted(page: BatchPage) -> None:
            unmount(page)
            goes_on.set()

        monkeypatch.setattr(BatchWork, "carry_out", carried_out)
        monkeypatch.setattr(BatchPage, "on_unmount", unmounted)
        async with SCENES["users"].played() as (person, _):
            _page, batch = await begin_with_alice(person)
            assert person.app.leaving.unfinished()
            person.send("ctrl+q", "y")
            await person.settle()
            assert ended.wait(PATIENCE)
            said = person.app.leaving.unfinished()
            assert said.startswith("2 done, 2 left as they were: 2 already required. Stopped")
            assert said.endswith(f"batch={batch.report.batch}.")

    async def test_signing_out_in_the_middle_says_what_was_done(
        self, goes_on: threading.Event
    ) -> None:
        async with SCENES["users"].played() as (person, _):
            _page, batch = await begin_with_alice(person)
            person.app.router.sign_out()
            await person.look_up()
            person.sees("Stop after the current user and sign out?")
            person.send("tab", "enter")
            while not batch.is_stopped:
                await person.look_up()
            goes_on.set()
            await person.settle()
            person.screen(SignInScreen)
            person.sees("You are signed out. 2 done, 2 left as they were: 2 already required.")
            person.sees("Stopped before the other 3", f"batch={batch.report.batch}.")

    async def test_signing_out_does_not_wait_long_for_a_user(
        self, goes_on: threading.Event, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(batch_page, "STOPPING_SECONDS", 0.001)
        async with SCENES["users"].played() as (person, _):
            await begin_with_alice(person)
            person.app.router.sign_out()
            await person.look_up()
            person.send("tab", "enter")
            while not isinstance(person.app.screen, SignInScreen):
                await person.look_up()
            assert not goes_on.is_set()
            goes_on.set()

    async def test_initial_passwords_go_to_a_new_file(self) -> None:
        async with SCENES["users"].played() as (person, there):
            home = person.app.context.home
            (home / "taken.csv").write_text("")
            await person.press("down", "space", "space", "c")
            await person.click("Reset Password")
            assert person.typed("path").startswith("~/initial-passwords-")
            await person.fill("path", "taken.csv")
            await person.click_button("Reset Password")
            assert person.error("path") == "This file already exists. Choose another name."
            assert there.world.account("alice").initial_password_expires_at is None
            await person.fill("path", "new.csv")
            await person.click_button("Reset Password")
            person.sees("2 done.", "2 initial passwords in", "valid for seven days")
            head, *lines = (home / "new.csv").read_text().splitlines()
            assert head == "username,initial_password"
            for line, name in zip(lines, ["alice", "bob"], strict=True):
                username, password = line.split(",")
                assert username == name
                assert there.world.begin(name, password) is not None
            assert stat.S_IMODE((home / "new.csv").stat().st_mode) == 0o600

    async def test_passwords_that_were_handed_over_are_not_reset_again(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        append = MemoryAudit.append
        async with SCENES["users"].played() as (person, _):
            await person.press("down", "space", "space", "c")
            await person.click("Reset Password")
            page = person.screen(BatchPage)

            def stop_after_alice(log: MemoryAudit, *events: Event) -> None:
                append(log, *events)
                assert page._batch is not None
                page._batch.is_stopped = events[0].subject == "alice"

            monkeypatch.setattr(MemoryAudit, "append", stop_after_alice)
            await person.fill("path", "new.csv")
            await person.click_button("Reset Password")
            person.sees("1 done. Stopped before the other 1")
            await person.press("escape")
            assert marked(person) == ["bob"]

    async def test_codes_of_invitations_go_to_a_new_file(self) -> None:
        async with SCENES["users"].played() as (person, there):
            await person.press("down", "space", "c")
            await person.click("Invite")
            person.sees(
                "Invite alice to choose a new password?", "New file for the invitation codes"
            )
            assert person.typed("path").startswith("~/invitations-")
            await person.fill("path", "new.csv")
            await person.click_button("Invite")
            person.sees("1 done.", "1 invitation in")
            head, line = (person.app.context.home / "new.csv").read_text().splitlines()
            assert head == "username,invitation_code"
            assert line.startswith("alice,")
            assert there.world.account("alice").invited

    async def test_a_long_reason_below_the_report_does_not_cover_its_row(self) -> None:
        async with SCENES["batch_report"].played() as (person, _):
            page = person.screen(BatchPage)
            assert page._batch is not None
            for number in range(30):
                why = "No." if number % 2 else f"{'why ' * 40}end."
                page._batch.report.add_left(f"user{number}", why)
            page._finished(page._batch)
            await person.settle()
            await person.press("down")
            for number in range(12):
                await person.press("down")
                person.sees("No." if number % 2 else "end.")
                assert any(f" user{number} " in line for line in person.rows), person.text

    async def test_a_session_that_ends_stops_a_batch(self) -> None:
        async with SCENES["users"].played() as (person, there):
            await person.press("a", "c", "enter", "tab")
            admin = there.world.account(ADMIN)
            there.world.put(admin.changed_ending_sessions())
            await person.press("enter")
            person.screen(SignInScreen)
            assert not there.world.account("alice").mfa_required
