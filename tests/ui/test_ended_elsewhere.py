"""Sessions that end because somebody else changed the account."""

from collections.abc import Callable

import pytest

from cwtui.accounts import roles
from cwtui.ui.screens.dialogs.help import HelpScreen
from cwtui.ui.screens.entry.sign_in import SignInScreen
from tests.accounts.world import World
from tests.ui.plants import ADMIN
from tests.ui.scenes import SCENES


def removed(world: World) -> None:
    with world.accounts.change() as change:
        change.remove(ADMIN)


def disabled(world: World) -> None:
    world.put(world.account(ADMIN).changed_ending_sessions(enabled=False))


def demoted(world: World) -> None:
    world.put(world.account(ADMIN).changed_ending_sessions(roles=(roles.MINIMUM,)))


def password_changed(world: World) -> None:
    world.put(world.account(ADMIN).changed_ending_sessions())


CHANGED = (
    "Your password, roles, status, MFA or SSH keys were changed elsewhere, or you were signed out "
    "everywhere."
)


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        (removed, "✗ Your account was removed or renamed. Sign in again, or ask an admin."),
        (disabled, "✗ Your account was disabled. Ask an admin to enable it."),
        (demoted, "✗ Your roles were changed. Sign in again to use your new roles."),
        (
            password_changed,
            f"✗ {CHANGED} Sign in again.",
        ),
    ],
)
async def test_a_session_ended_elsewhere_stops_at_the_next_action(
    change: Callable[[World], None], sentence: str
) -> None:
    async with SCENES["account"].played() as (person, there):
        change(there.world)
        await person.press("f1")
        person.screen(HelpScreen)
        await person.press("escape", "escape")
        person.screen(SignInScreen)
        assert person.notice == sentence
        assert person.app.context.session is None
        person.sees_nothing_of("alice", "Users and Roles")


@pytest.mark.parametrize(
    ("scene", "act"),
    [("account", "Update"), ("create_user", "Create User"), ("organization", "Save Settings")],
)
async def test_losing_a_role_stops_the_session_at_the_next_action(scene: str, act: str) -> None:
    async with SCENES[scene].played() as (person, there):
        account = there.world.account(ADMIN)
        there.world.put(account.changed_ending_sessions(roles=(roles.MINIMUM,)))
        if scene == "create_user":
            await person.fill("username", "grace")
        await person.click_button(act)
        person.screen(SignInScreen)
        assert person.notice.startswith("✗ Your roles were changed.")
        assert there.world.accounts.get("grace") is None
