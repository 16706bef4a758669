"""The page of one account, and its questions."""

from msgspec.structs import replace
from textual.widgets import Static

from cwtui.accounts import administration, roles
from cwtui.accounts.expiry import end_of
from cwtui.accounts.model import Origin
from cwtui.accounts.settings import Mfa
from cwtui.accounts.updates import Update
from cwtui.ui.after_code import SECONDS
from cwtui.ui.screens.dialogs.dialog import ConfirmScreen, InitialPasswordScreen
from cwtui.ui.screens.dialogs.disabling import DisableScreen
from cwtui.ui.screens.dialogs.resetting import ResetPasswordScreen
from cwtui.ui.screens.pages.account import AccountPage
from cwtui.ui.screens.pages.users import UsersPage
from cwtui.ui.widgets.user_table import UserTable
from tests.accounts.world import OPERATOR, PASSWORD
from tests.ui.plants import ADMIN
from tests.ui.scenes import SCENES


async def test_mfa_can_be_made_mandatory_by_keyboard() -> None:
    # The page scrolls, and still the arrow keys move the focus.
    async with SCENES["account"].played((80, 20)) as (person, there):
        assert person.focus == "Update"
        assert person.tab_order[1:] == [
            "display_name",
            "Choice",
            "Choice",
            "expires",
            "Enable",
            "Update",
            "Reset Password",
            "Disable MFA",
            "Sessions",
            "Disable Account",
            "Remove",
        ]
        person.sees("MFA (Required)", "○ not required")
        await person.press("up", "enter")
        person.sees("● required, press Update")
        assert not there.world.account("alice").mfa_required
        await person.press("down", "enter")
        assert person.toasts == ["alice was updated."]
        person.screen(AccountPage)
        person.sees("● required")
        person.sees_nothing_of("press Update")
        assert there.world.account("alice").mfa_required
        assert person.focus == "Update"
        await person.press("down", "right", "enter")
        person.sees("Disable the multi-factor authentication of alice?")
        await person.press("right", "left", "enter")
        assert person.focus == "Disable MFA"
        await person.press("enter", "right", "enter")
        person.sees("not enabled")
        assert person.focus == "Sessions"
        await person.press("left", "down", "enter", "tab", "tab", "enter")
        person.sees("✗ disabled")
        assert person.focus == "Update"


async def test_an_account_says_that_the_organization_requires_mfa_or_has_it_off() -> None:
    async with SCENES["account"].played() as (person, there):
        person.sees_nothing_of("The organization")
        for mfa, flag, state, why in (
            (Mfa.REQUIRED, False, "● required", "The organization requires it of everyone."),
            (Mfa.REQUIRED, True, "● required", ""),
            (Mfa.OFF, True, "◐ not required yet", "The organization's MFA is off."),
            (Mfa.OFF, False, "○ not required", ""),
        ):
            there.world.settings(mfa=mfa)
            there.world.put(there.world.account("alice").changed(mfa_required=flag))
            person.app.router.open_account("alice")
            await person.settle()
            person.sees(state)
            note = person.app.screen.query_one("#mfa-required-note", Static)
            assert (note.display, str(note.content)) == (bool(why), why)


async def test_an_update_that_changes_nothing_says_so() -> None:
    async with SCENES["account"].played() as (person, _):
        await person.click_button("Update")
        assert person.toasts == ["Nothing was changed for alice."]


async def test_enter_in_the_display_name_updates() -> None:
    async with SCENES["account"].played() as (person, there):
        await person.fill("display_name", "Alice Renamed")
        await person.press("enter")
        assert there.world.account("alice").display_name == "Alice Renamed"
        person.sees("Alice Renamed")
        # Not what another admin entered meanwhile.
        administration.update_user(there.world.ports, OPERATOR, "alice", Update(display_name="Al"))
        await person.fill("display_name", "Alice")
        await person.press("enter")
        person.sees("operator:root has set Display name to Al in the meantime. Replace that")
        await person.click_button("Replace")
        assert there.world.account("alice").display_name == "Alice"


async def test_changes_by_others_are_only_replaced_after_a_question() -> None:
    async with SCENES["account"].played() as (person, there):
        ports = there.world.ports
        theirs = administration.reset_password(ports, OPERATOR, "alice").account.password
        for button in ("Reset Password", "Remove"):
            await person.click_button(button)
            await person.click_button(button)
            person.sees("operator:root has set Password to a new one", "Continue anyway?")
            await person.click_button("Cancel")
            assert there.world.account("alice").password == theirs
        reason = Update(enabled=False, disabled_reason="Reason A")
        administration.update_user(ports, OPERATOR, "alice", reason)
        await person.click_button("Disable Account")
        await person.click_button("Disable Account")
        person.sees("operator:root has set Reason to Reason A in the meantime. Replace that")
        await person.click_button("Cancel")
        assert there.world.account("alice").disabled_reason == "Reason A"
        there.world.equip_too("Tablet", "alice")
        await person.click_button("Disable MFA")
        await person.click_button("Disable MFA")
        person.sees("Tablet in the meantime.")
        await person.click_button("Continue")
        assert there.world.account("alice").second_factor is None


async def test_at_least_one_role_must_be_chosen() -> None:
    async with SCENES["account"].played() as (person, there):
        person.sees("[ ] connectware-admin", "[x] minimum-access")
        await person.click("minimum-access")
        person.sees("[ ] minimum-access")
        await person.click_button("Update")
        wrong = "✗ An account needs at least one role, such as minimum-access."
        row = next(row for row in person.rows if "needs at least" in row)
        assert person.rows[person.rows.index(row) - 1].rstrip().endswith("[ ] minimum-access")
        person.sees(wrong)
        assert person.status_line == ""
        assert person.tab_order[2] == person.focus == "Choice"
        await person.click("connectware-admin")
        person.sees("[x] connectware-admin")
        person.sees_nothing_of("needs at least")
        await person.click_button("Update")
        person.sees("Make alice an admin?")
        await person.press("enter")
        assert there.world.account("alice").roles == (roles.MINIMUM,)
        person.sees("[x] connectware-admin")
        await person.click_button("Update")
        await person.click_button("Make Admin")
        assert there.world.account("alice").roles == (roles.ADMIN,)


async def test_the_last_admin_cannot_be_removed() -> None:
    async with SCENES["account"].played() as (person, there):
        there.world.put(there.world.account("bob").changed(enabled=False))
        await person.press("escape")
        await person.press("home", "enter")
        await person.click_button("Remove")
        await person.click_button("Remove")
        person.screen(AccountPage)
        assert person.status_line.startswith("✗ admin is the last enabled admin.")
        assert there.world.account(ADMIN).enabled


async def test_destructive_actions_ask_first_with_cancel_focused() -> None:
    questions = {
        "Reset Password": "Reset the password of alice?",
        "Disable MFA": "Disable the multi-factor authentication of alice?",
        "Remove": "Remove the account alice? This cannot be undone.",
    }
    async with SCENES["account"].played() as (person, there):
        before = there.world.account("alice")
        for act, question in questions.items():
            for way in ("enter", "escape"):
                person.button(act).focus()
                await person.press("enter")
                is_reset = act == "Reset Password"
                person.screen(ResetPasswordScreen if is_reset else ConfirmScreen)
                person.sees(question)
                assert person.tab_order == [*(["Choice"] if is_reset else []), "Cancel", act]
                assert person.focus == "Cancel"
                await person.press(way)
                person.screen(AccountPage)
                assert person.focus == act
        assert there.world.account("alice") == before


async def test_disabling_mfa_says_what_follows_and_to_make_sure_who_asks() -> None:
    async with SCENES["account"].played() as (person, there):
        for required, then in (
            (False, "The password alone is then enough to sign in."),
            (True, "anybody who knows the password can do that instead."),
        ):
            there.world.put(there.world.account("alice").changed(mfa_required=required))
            person.app.router.open_account("alice")
            await person.settle()
            await person.click_button("Disable MFA")
            person.sees(then, "Make sure who is asking you.")
            await person.press("escape")


async def test_one_of_several_devices_is_removed() -> None:
    async with SCENES["account_devices"].played() as (person, there):
        assert person.tab_order.count("Remove Device") == 5
        person.app.screen.query_one("#remove-device-1").focus()
        await person.press("enter")
        person.sees("Remove the device Work tablet of alice?")
        await person.press("tab", "enter")
        assert person.toasts == ["Removed the device Work tablet of alice. 4 devices left."]
        factor = there.world.account("alice").second_factor
        assert factor is not None
        assert "Work tablet" not in [device.name for device in factor.devices]
        for _ in range(3):
            person.app.screen.query_one("#remove-device-0").focus()
            await person.press("enter", "tab", "enter")
        person.sees("● enabled: Tresor (Büro), registered 2026-12-16")
        assert "Remove Device" not in person.tab_order


async def test_a_device_that_took_the_name_of_another_meanwhile_is_not_removed() -> None:
    async with SCENES["account_devices"].played() as (person, there):
        person.app.screen.query_one("#remove-device-1").focus()
        await person.press("enter")
        account = there.world.account("alice")
        assert account.second_factor is not None
        found = list(account.second_factor.devices)
        found[1] = replace(found[1], id="0a1b2c3d")
        there.world.put(
            account.changed(second_factor=replace(account.second_factor, devices=tuple(found)))
        )
        await person.press("tab", "enter")
        person.sees("This device was removed in the meantime.")
        after = there.world.account("alice").second_factor
        assert after is not None
        assert list(after.devices) == found


async def test_a_reset_password_is_shown_once() -> None:
    async with SCENES["account"].played() as (person, there):
        await person.click_button("Reset Password")
        await person.press("tab", "enter")
        password = person.screen(InitialPasswordScreen)._password.reveal()
        person.sees(password, "Initial password of alice")
        assert person.tab_order == ["_Password", "Done", "Copy"]
        await person.press("tab", "tab", "enter")
        assert person.clipboard == [password]
        await person.press("escape", "enter")
        person.screen(AccountPage)
        person.sees_nothing_of(password)
        assert there.world.account("alice").must_change_password


async def test_an_account_can_be_disabled_with_a_reason_and_enabled() -> None:
    async with SCENES["disable_account"].played() as (person, there):
        person.screen(DisableScreen)
        person.sees("Disable the account alice?")
        assert person.tab_order == ["reason", "Cancel", "Disable Account"]
        await person.press("tab", "enter")
        person.screen(AccountPage)
        await person.press("enter")
        await person.press("escape")
        person.screen(AccountPage)
        assert there.world.account("alice").enabled
        await person.press("enter")
        await person.write("On leave. Ask Eve.")
        await person.press("enter", "enter")
        assert person.focus == "Disable Account"
        assert person.typed("reason") == "On leave. Ask Eve."
        assert there.world.account("alice").enabled, "Enter came twice by accident"
        person.stopwatch.forward(SECONDS + 0.1)
        await person.press("enter")
        person.sees('✗ disabled: "On leave. Ask Eve."')
        assert not there.world.account("alice").enabled
        await person.click_button("Enable Account")
        person.sees("● enabled")
        assert there.world.account("alice").enabled
        assert person.toasts == ["The account alice was enabled."]


async def test_a_last_day_is_set_and_taken_away() -> None:
    async with SCENES["account"].played() as (person, there):
        person.sees("Expires          ▌ never")
        await person.fill("expires", "soon")
        await person.press("enter")
        person.sees("✗ 'soon' cannot be read as a date. Enter the last day as YYYY-MM-DD")
        await person.fill("expires", "2027-03-31")
        await person.click_button("Update")
        assert there.world.account("alice").expires_at == end_of("2027-03-31")
        person.sees("▌ 2027-03-31")
        await person.fill("expires", "")
        await person.click_button("Update")
        assert there.world.account("alice").expires_at is None
        person.sees("▌ never")


async def test_the_owner_is_warned_on_the_first_page_and_the_next_person_is_not() -> None:
    async with SCENES["sign_in"].played() as (person, there):
        ends = there.world.clock() + 86400
        there.world.add("gina", expires_at=ends)
        there.world.add("hans")
        await person.sign_in("gina", PASSWORD)
        told = "⚠ Your account expires at the end of 2027-01-16 (UTC)."
        person.sees(told)
        person.app.router.sign_out()
        await person.settle()
        await person.sign_in("hans", PASSWORD)
        person.sees_nothing_of("expires at the end")


async def test_an_unused_account_is_enabled_again() -> None:
    async with SCENES["account_unused"].played() as (person, there):
        person.sees("✗ unused: no sign-in for 90 days")
        await person.click_button("Enable Account")
        person.sees("● enabled")
        assert there.world.account("dave").enabled_at == there.world.clock()


async def test_an_account_can_be_removed() -> None:
    async with SCENES["account"].played() as (person, there):
        await person.click_button("Remove")
        await person.click_button("Remove")
        person.screen(UsersPage)
        person.sees("6 users")
        assert person.toasts == ["The account alice was removed."]
        assert there.world.accounts.get("alice") is None


async def test_any_action_on_a_removed_account_leads_to_the_list_and_says_why() -> None:
    """To the row that took its place. What was changed there cannot be saved any more."""
    async with SCENES["users"].played() as (person, there):
        for acts in (["Update"], ["Disable Account"] * 2, ["Reset Password"] * 2):
            table = person.app.screen.query_one(UserTable)
            is_local = [row.origin is Origin.LOCAL for row in table.rows]
            await person.press("home", *["down"] * is_local.index(True, 1))
            gone, following = (row.username for row in table.rows[table.cursor :][:2])
            await person.press("enter")
            with there.world.accounts.change() as change:
                change.remove(gone)
            if acts == ["Update"]:
                await person.fill("display_name", "Robert")
            for act in acts:
                await person.click_button(act)
            person.screen(UsersPage)
            sentence = f"The account {gone} was removed or renamed in the meantime."
            assert person.toasts[-1] == sentence
            assert person.app.screen.query_one(UserTable).username == following


async def test_an_ldap_account_offers_no_password_and_no_roles() -> None:
    async with SCENES["account_ldap"].played() as (person, _):
        assert person.buttons == ["Enable", "Update", "Sessions", "Disable Account", "Remove"]
        person.sees("ldap")


async def test_unsaved_changes_are_not_discarded_without_asking() -> None:
    async with SCENES["account_pending"].played() as (person, there):
        await person.click_button("Disable Account")
        person.screen(AccountPage)
        person.sees("✗ Your changes are not saved yet. Press Update first.")
        person.sees("● required, press Update")
        await person.press("escape")
        person.screen(ConfirmScreen)
        person.sees("Discard your changes to alice?")
        await person.press("escape")
        person.sees("● required, press Update")
        await person.click_button("Update")
        assert there.world.account("alice").mfa_required
        await person.press("escape")
        person.screen(UsersPage)


async def test_unsaved_changes_can_be_discarded() -> None:
    async with SCENES["account_pending"].played() as (person, there):
        await person.press("escape")
        await person.click_button("Discard")
        person.screen(UsersPage)
        assert not there.world.account("alice").mfa_required


async def test_title_status_and_what_was_refused_stay_while_the_form_scrolls() -> None:
    async with SCENES["account_devices"].played((60, 20)) as (person, _):
        person.sees("Remove", "Users and Roles > alice", "Status           ● enabled")
        await person.press("home")
        person.sees("Display name", "Users and Roles > alice", "Status           ● enabled")
        await person.click_button("Enable")
        await person.press("end")
        await person.click_button("Disable MFA")
        person.sees("✗ Your changes are not saved yet. Press Update first.")
