"""Enter after a code that submitted itself, which many people press by habit."""

import pytest
from textual import events
from textual.widgets import Button

from cwtui.accounts.audit.events import EventType
from cwtui.ui.after_code import SECONDS, AfterCode
from cwtui.ui.screens.entry.backup_codes import BackupCodesScreen
from cwtui.ui.screens.entry.check_saved import CheckSavedScreen
from cwtui.ui.screens.entry.unacknowledged import UnacknowledgedScreen
from cwtui.ui.screens.pages.settings import SettingsPage
from cwtui.ui.screens.steady import SteadyScreen
from tests.accounts.world import Clock
from tests.ui.harness import code_at, key_event
from tests.ui.scenes import SCENES
from tests.ui.ways import offered

ENTER, TAB = key_event("enter"), key_event("tab")


def test_enter_is_ignored_until_another_key_or_a_second_after_the_answer() -> None:
    clock = Clock()
    after_code = AfterCode(clock)
    assert not after_code.ignores(ENTER)
    after_code.submitted()
    clock.forward(60)
    assert after_code.ignores(ENTER), "the answer is not there yet"
    after_code.answered()
    clock.forward(SECONDS - 0.01)
    assert after_code.ignores(ENTER)
    clock.forward(0.01)
    assert not after_code.ignores(ENTER)
    after_code.answered()  # another screen, reached with Enter alone
    assert after_code.ignores(ENTER)
    assert not after_code.ignores(TAB)
    assert not after_code.ignores(ENTER)
    after_code.submitted()
    after_code.answered()
    assert not after_code.ignores(events.Paste("123456"))
    assert not after_code.ignores(ENTER)


async def test_enter_after_a_code_answers_no_unseen_question() -> None:
    """The sign-in after an interrupted enrolment: neither codes are replaced nor confirmed."""
    async with SCENES["sign_in"].played() as (person, there):
        before = there.world.account("bob").second_factor
        await person.sign_in("bob")
        person.send(*there.code("bob"), "enter", "enter")
        await person.settle()
        await person.press("enter")
        person.screen(UnacknowledgedScreen)
        assert there.world.account("bob").second_factor == before
        # Later, Enter does the harmless thing.
        assert person.focus == "Ask me next time"
        person.stopwatch.forward(SECONDS)
        await person.press("enter")
        person.screen(SettingsPage)
        assert there.world.account("bob").second_factor == before
        assert EventType.BACKUP_CODES_ACKNOWLEDGE not in there.world.event_types()


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("one_time_code", "This code is wrong. 4 attempts left."),
        ("register_device", "This is not the current code."),
    ],
)
async def test_enter_after_a_wrong_code_keeps_the_reason(name: str, reason: str) -> None:
    """Also long after it: on a slow line, people see the answer later."""
    async with SCENES[name].played() as (person, there):
        person.send(*there.wrong_code("alice"), "enter")
        await person.settle()
        await person.press("enter", "enter")
        assert person.error("code").startswith(reason)
        person.stopwatch.forward(2 * SECONDS)
        await person.press("enter")
        assert person.error("code").startswith(reason)
        await person.press("1", "enter")
        assert person.error("code") == "A one-time code has 6 digits; you typed 1."


async def test_enter_after_the_first_code_confirms_no_unseen_backup_codes() -> None:
    async with SCENES["register_device"].played() as (person, there):
        await person.write(code_at(offered(person), there.world.clock()))
        person.screen(BackupCodesScreen)
        await person.press("enter")
        assert person.clipboard == []
        await person.press("tab", "tab", "tab")
        assert person.focus == "I have saved my backup codes"
        await person.press("enter")
        person.screen(CheckSavedScreen)


CONSEQUENTIAL = {
    "I have saved my backup codes",
    "I have the codes of 2027-01-15 08:00 UTC",
    "Show New Backup Codes",
    "Disable Multi-Factor Authentication",
    "Regenerate Backup Codes",
    "Reset Password",
    "Disable MFA",
    "Quit",
}


def check_harmless_focus(screen: object) -> None:
    """Check that Enter on a screen that just appeared presses no dangerous button."""
    assert isinstance(screen, SteadyScreen)
    focused = screen.focused
    if isinstance(focused, Button):
        assert not focused.has_class("danger"), focused.label
        assert str(focused.label) not in CONSEQUENTIAL
