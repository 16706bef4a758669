"""Events that close a screen, sent twice at once, close nothing beneath it."""

from collections.abc import Callable
from functools import partial
from typing import Any, Final

import pytest
from textual.widgets import Button

from cwtui.ui.screens.pages.page import Page
from tests.ui.harness import Person
from tests.ui.scenes import SCENES
from tests.ui.test_frame import impression
from tests.walk.checks import check_whole
from tests.walk.events import click

Act = Callable[[Person], None]

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
async def test_each_key_and_button_pressed_twice_leaves_a_working_screen(name: str) -> None:
    """The next one is pressed in the same scene if it looks as before, at once or after Esc."""
    todo: dict[str, Act] | None = None
    while todo is None or todo:
        async with SCENES[name].played() as (person, there):
            todo = _acts(name, person) if todo is None else todo
            start, focused = impression(person), person.focus
            while todo:
                act, before = next(iter(todo)), there.world.accounts.commits
                try:
                    await _twice(person, partial(todo.pop(act), person))
                except AssertionError as error:
                    error.add_note(f"after {act}, twice")
                    raise
                commits = there.world.accounts.commits
                assert commits <= before + 1, f"{act} is done twice"
                if not todo or commits > before or not await _as_before(person, start, focused):
                    break


def _acts(name: str, person: Person) -> dict[str, Act]:
    """What a person could do twice: press a key or a button, or click on or outside of a dialog."""
    acts: dict[str, Act] = {}
    if name in DIALOGS:
        first = [one.region for one in person.app.screen.query(Button)][:1]
        for x, y in ((0, 0), *((one.x + 1, one.y) for one in first)):
            acts[f"a click at {x}, {y}"] = partial(_click_twice, x=x, y=y)
    for key in ("escape", "enter"):
        acts[key] = partial(_press_key_twice, key=key)
    for label in person.buttons:
        if person.button(label).region.area:
            acts[f"[{label}]"] = partial(_press_button_twice, label=label)
    return acts


@pytest.mark.parametrize(("name", "below"), DIALOGS.items())
async def test_dismissing_a_dialog_twice_closes_it_once(name: str, below: str) -> None:
    async with SCENES[name].played() as (person, _):
        screen = person.app.screen
        screen.dismiss()
        screen.dismiss()
        await person.settle()
        assert type(person.app.screen).__name__ in {below, "AccountPage"}
        check_whole(person)


def _is_on(person: Person, kind: type[object]) -> bool:
    """Whether the application runs and shows a screen of this kind."""
    return person.running and type(person.app.screen) is kind


async def _as_before(person: Person, start: tuple[Any, ...], focused: str) -> bool:
    """Whether Esc leads back to the same picture, if there is another screen."""
    if impression(person) == start:
        return True
    if not person.running or person.app.screen is start[1]:
        return False
    await person.press("escape")
    if not _is_on(person, type(start[1])):
        return False
    for widget in person.app.screen.focus_chain:
        if person.focus != focused:
            person.app.screen.set_focus(widget)
    await person.settle()
    return person.focus == focused and impression(person)[0] == start[0]


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


def _press_key_twice(person: Person, key: str) -> None:
    person.send(key, key)


def _press_button_twice(person: Person, label: str) -> None:
    button = person.button(label)
    for _ in range(2):
        button.post_message(Button.Pressed(button))


def _click_twice(person: Person, x: int, y: int) -> None:
    for _ in range(2):
        click(x, y).send(person.app)
