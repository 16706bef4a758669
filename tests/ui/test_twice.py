"""Events that close a screen, sent twice at once, close nothing beneath it."""

from collections.abc import Callable
from functools import partial
from typing import Final

import pytest
from textual.widgets import Button

from cwtui.ui.screens.pages.page import Page
from tests.ui.harness import Person, label_of
from tests.ui.scenes import SCENES
from tests.walk.checks import check_whole
from tests.walk.events import click

DIALOGS: Final = {
    "audit_event": "AuditLogPage",
    "command_palette": "SettingsPage",
    "confirm_disable_mfa": "AccountPage",
    "help": "SignInScreen",
    "help_account": "AccountPage",
    "initial_password": "CreateUserPage",
    "proof": "AccountPage",
}
"""Each dialog and the screen beneath it."""
LEADING_ON: Final = (
    *("sign_in", "one_time_code", "backup_code", "new_password", "unacknowledged_codes"),
    *("register_device", "backup_codes", "settings_enabled", "change_password", "disable_mfa"),
    *("users", "account_pending", "create_user", "organization", "audit_log", "first_run"),
)


@pytest.mark.parametrize("name", [*DIALOGS, *LEADING_ON])
@pytest.mark.parametrize("key", ["escape", "enter"])
async def test_pressing_a_key_twice_leaves_a_working_screen(name: str, key: str) -> None:
    async with SCENES[name].played() as (person, _):
        await _twice(person, lambda: person.send(key, key))


@pytest.mark.parametrize("name", [*DIALOGS, *LEADING_ON])
async def test_pressing_a_button_twice_leaves_a_working_screen(name: str) -> None:
    todo: list[str] | None = None
    while todo is None or todo:
        async with SCENES[name].played() as (person, there):
            if todo is None:
                todo = [label for label in person.buttons if person.button(label).region.area]
                if not todo:
                    return
            label, before = todo.pop(0), there.world.accounts.commits
            await _twice(person, partial(_press_twice, person.button(label)))
            assert there.world.accounts.commits <= before + 1, f"{label} is done twice"


@pytest.mark.parametrize("name", DIALOGS)
async def test_clicking_twice_keeps_the_screen_below(name: str) -> None:
    # A button, and outside of the dialog.
    for inside in (True, False):
        async with SCENES[name].played() as (person, _):
            buttons = [one.region for one in person.app.screen.query(Button)]
            if inside and not buttons:
                continue
            place = (buttons[0].x + 1, buttons[0].y) if inside else (0, 0)
            await _twice(person, partial(_click_twice, person, *place))


@pytest.mark.parametrize(("name", "below"), DIALOGS.items())
async def test_dismissing_a_dialog_twice_closes_it_once(name: str, below: str) -> None:
    async with SCENES[name].played() as (person, _):
        screen = person.app.screen
        screen.dismiss()
        screen.dismiss()
        await person.settle()
        assert type(person.app.screen).__name__ in {below, "AccountPage"}
        check_whole(person)


async def _twice(person: Person, do: Callable[[], None]) -> None:
    in_session = any(isinstance(screen, Page) for screen in person.app.screen_stack)
    do()
    await person.settle()
    assert person.running, person.app._exception
    check_whole(person)
    if in_session and person.app.context.session is not None:
        assert any(isinstance(screen, Page) for screen in person.app.screen_stack) or (
            type(person.app.screen).__name__ in {"RegisterDeviceScreen", "BackupCodesScreen"}
        )


def _press_twice(button: Button) -> None:
    assert label_of(button)
    for _ in range(2):
        button.post_message(Button.Pressed(button))


def _click_twice(person: Person, x: int, y: int) -> None:
    for _ in range(2):
        click(x, y).send(person.app)
