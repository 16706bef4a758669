"""Roles, sessions and bulk acts by keyboard alone at 80x24, in both languages."""

import pytest
from textual.widget import Widget

from cwtui import language
from cwtui.accounts.roles import Permission
from cwtui.language import Language, _
from cwtui.ui.screens.dialogs.acts import ActsScreen
from cwtui.ui.screens.dialogs.dialog import ConfirmScreen
from cwtui.ui.screens.pages.batch import BatchPage
from cwtui.ui.screens.pages.roles import CreateRolePage, RolesPage
from cwtui.ui.screens.pages.sessions import UserSessionsPage
from cwtui.ui.screens.pages.settings import SettingsPage
from cwtui.ui.screens.pages.users import UsersPage
from cwtui.ui.widgets.buttons import Button
from cwtui.ui.widgets.check_list import PermissionChoice
from cwtui.ui.widgets.options import Options
from tests.language import german
from tests.ui.harness import SMALL, Person
from tests.ui.plants import LONG_NAME, Plant, sessions_plant
from tests.ui.reader import label_of
from tests.ui.scenes import Scene
from tests.ui.ways import signed_in


async def go_to(person: Person, label: str) -> None:
    """Press Tab until this button, field or checkbox has the focus."""
    screen = person.app.screen
    chain = screen.focus_chain
    labels = [_label(widget) for widget in chain]
    assert label in labels, f"Tab does not reach {label!r}:\n{person.text}"
    at = chain.index(screen.focused) if screen.focused in chain else -1
    person.send(*["tab"] * ((labels.index(label) - at) % len(chain)))
    await person.settle()
    assert screen.focused is not None
    assert _label(screen.focused) == label


def _label(widget: Widget) -> str | None:
    return label_of(widget) if isinstance(widget, Button) else widget.name


async def choose(person: Person, label: str) -> None:
    await go_to(person, label)
    await person.press("enter")


async def create_role(person: Person, there: Plant) -> None:
    await choose(person, _("Create Role"))
    person.screen(CreateRolePage)
    await person.write("night-shift")
    await choose(person, _("Create Role"))
    assert person.app.screen.query_one(PermissionChoice).has_class("-wrong")
    await go_to(person, Permission.RESET_MFA)
    await person.press("space")
    await choose(person, _("Create Role"))
    person.screen(RolesPage)
    assert permitted(there, "night-shift") == (Permission.READ_USERS, Permission.RESET_MFA)


async def edit_role(person: Person, there: Plant) -> None:
    await choose(person, "night-shift")
    await go_to(person, Permission.READ_AUDIT_LOG)
    await person.press("space", "escape")
    person.screen(ConfirmScreen)
    await person.press("escape")
    await choose(person, _("Update"))
    assert Permission.READ_AUDIT_LOG in permitted(there, "night-shift")


async def copy_role(person: Person, there: Plant) -> None:
    await choose(person, "night-shift")
    await choose(person, _("Copy Permissions"))
    await person.write("day-shift")
    await choose(person, _("Create Role"))
    assert permitted(there, "day-shift") == permitted(there, "night-shift")


async def remove_role(person: Person, there: Plant) -> None:
    await choose(person, "day-shift")
    await choose(person, _("Remove Role"))
    assert person.focus == _("Cancel")
    await choose(person, _("Remove Role"))
    person.screen(RolesPage)
    assert "day-shift" not in there.world.accounts.settings().custom_roles


async def end_session(person: Person, there: Plant) -> None:
    await person.press("/")
    await person.write("alice")
    await person.press("enter", "enter")
    await choose(person, _("Sessions"))
    person.screen(UserSessionsPage)
    await person.press("down", "enter")
    await choose(person, _("End Session"))
    assert [one.is_ending for one in there.world.sessions.all()] == [False, True, True]
    await person.press("escape", "escape")


async def disable_many(person: Person, there: Plant) -> None:
    await person.press("/", "ctrl+u")
    await person.write("status:enabled !role:admin")
    await person.press("enter", "a", "c")
    await choose_option(person, _("Disable Account"))
    person.screen(BatchPage)
    await choose(person, _("Disable Account"))
    for name in ("alice", LONG_NAME, "erin", "frank"):
        assert not there.world.account(name).enabled
    assert person.focus == "ReportTable"
    await person.press("escape")
    person.screen(UsersPage)


async def choose_option(person: Person, label: str) -> None:
    """Press Down until this entry of a list is highlighted, and Enter."""
    options = person.screen(ActsScreen).query_one(Options).options
    person.send(*["down"] * [str(one.prompt) for one in options].index(label), "enter")
    await person.settle()


def permitted(there: Plant, name: str) -> tuple[Permission, ...]:
    return there.world.accounts.settings().custom_roles[name]


@pytest.mark.parametrize("spoken", Language)
async def test_roles_sessions_and_bulk_acts_need_no_mouse(spoken: Language) -> None:
    with german(language.catalog_of(Language.GERMAN)):
        language.use(spoken)
        async with Scene(signed_in, sessions_plant).played() as (person, there):
            assert person.app.size == SMALL
            person.screen(SettingsPage)
            await person.press("escape", "down", "down", "enter")
            person.screen(RolesPage)
            for step in (create_role, edit_role, copy_role, remove_role):
                await step(person, there)
            await person.press("escape", "up", "enter")
            person.screen(UsersPage)
            await end_session(person, there)
            await disable_many(person, there)
