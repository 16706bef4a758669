"""With a single permission, each page offers all that it allows, and nothing else."""

from typing import Final

import pytest
from textual.widgets import OptionList

from cwtui.accounts import roles
from cwtui.accounts.roles import Permission
from cwtui.ui import sections
from cwtui.ui.screens.dialogs.palette import Palette
from cwtui.ui.screens.steady import SteadyScreen
from cwtui.ui.widgets.buttons import Button
from cwtui.ui.widgets.check_list import CheckList
from cwtui.ui.widgets.choices import Choice
from cwtui.ui.widgets.navigation import Navigation
from tests.ui.harness import Person, at_work
from tests.ui.plants import sessions_plant

PERSON: Final = "dora"
DESK: Final = (Permission.READ_USERS, Permission.RESET_MFA)
ON_EVERY_PAGE: Final = {"Back", "Menu", "Help", "Quit", "Commands", "Filter", "Load again"}
ALWAYS: Final = [
    *("Settings", "SSH Keys", "Open Sessions", "Colours", "Display", "Help", "Sign Out", "Quit"),
]
"""What the palette offers to everybody."""
ROLES: Final = ["minimum-access", "one"]
"""The roles that a user may get from somebody who manages users and nothing else."""

READING: Final = {
    "palette": ["Users and Roles"],
    "menu": [sections.USERS],
    "users": ["Open"],
    "alice": ["Sessions"],
    "sessions": [],
    "admin": ["Sessions"],
    PERSON: [],
}
OFFERED: Final[dict[Permission, dict[str, list[str]]]] = {
    Permission.READ_USERS: READING,
    Permission.MANAGE_USERS: READING
    | {
        "palette": ["Users and Roles", "Create User"],
        "users": ["Create User", "Change", "Select All", "Clear", "Open"],
        "acts": [
            *("Require MFA", "Stop Requiring MFA", "Enable Account", "Disable Account"),
            *("Add Role …", "Remove Role …", "Unlock", "Reset Password", "Invite", "Remove"),
        ],
        "Add Role …": ROLES,
        # To remove an account with MFA would also remove its MFA.
        "alice": ["Enable", "Update", "Reset Password", "Sessions", "Disable Account", *ROLES],
        "sessions": ["Sign Out Everywhere", "Open"],
        PERSON: ["Enable", "Update", "Disable Account", "Remove", *ROLES],
        sections.SubPage.CREATE_USER: ["Create User", *ROLES],
    },
    Permission.RESET_MFA: READING
    | {
        "users": ["Change", "Select All", "Clear", "Open"],
        "acts": ["Disable MFA", "Unlock"],
        "alice": ["Disable MFA", "Sessions"],
    },
    Permission.MANAGE_ROLES: {
        "palette": ["Roles"],
        "menu": [sections.ROLES],
        sections.ROLES: ["Create Role", *roles.BUILT_IN, "desk", "one"],
        "one": ["Update", "Copy Permissions", "Remove Role", "manage-roles"],
        "desk": [],
        roles.ADMIN: [],
        sections.SubPage.CREATE_ROLE: ["Create Role", "manage-roles"],
    },
    Permission.MANAGE_ORGANIZATION: {
        "palette": ["Organization"],
        "menu": [sections.ORGANIZATION],
        sections.ORGANIZATION: ["Save Settings"],
    },
    Permission.READ_AUDIT_LOG: {
        "palette": ["Audit Log"],
        "menu": [sections.AUDIT_LOG],
        sections.AUDIT_LOG: ["Open", "Load new"],
    },
}

NAMED_IN_HELP: Final = {
    "Create User": "N creates a user",
    "Change": "Then press C",
    "Unlock": "Unlock clears",
    **{label: label for label in ("Disable MFA", "Reset Password", "Disable Account")},
    **{label: label for label in ("Copy Permissions", "Remove Role", "Sign Out Everywhere")},
    "Update": "Update",
}
"""What help calls the keys and buttons of pages."""


@pytest.mark.parametrize("permission", Permission)
async def test_a_single_permission_is_offered_whole_and_alone(permission: Permission) -> None:
    there = sessions_plant()
    held = roles.chosen_permissions([permission])
    there.world.settings(custom_roles={"one": held, "desk": DESK})
    there.world.add(PERSON, roles=("one",))
    async with at_work(there.world.ports, there.world.clock, in_session=True) as person:
        person.app.context.session = there.world.session(PERSON)
        person.app.router.open_section(sections.SETTINGS)
        await person.settle()
        found = await everywhere(person)
        for place in OFFERED[permission]:
            if place not in found:
                await go_to(person, place)
                found[place] = offered(person)
    assert found == OFFERED[permission]


async def everywhere(person: Person) -> dict[str, list[str]]:
    """What the palette and the menu offer, and bulk acts where the menu leads to the users."""
    menu = [option.id for option in person.app.screen.query_one(Navigation).options]
    found = {"menu": [one for one in menu if one in sections.SECTIONS and one != "settings"]}
    await person.press("ctrl+p")
    commands = person.screen(Palette)._shown
    found["palette"] = [one.title for one in commands if one.title not in ALWAYS]
    await person.press("escape")
    if sections.USERS in found["menu"]:
        await go_to(person, sections.USERS)
        await person.press("space")
        found["users"] = offered(person)
        await person.press("c")
        found |= acts(person)
        if "Add Role …" in found.get("acts", ()):
            await person.press(*["down"] * found["acts"].index("Add Role …"), "enter")
            found["Add Role …"] = acts(person)["acts"]
            await person.press("escape")
        if person.app.screen.is_modal:
            await person.press("escape")
    return found


def acts(person: Person) -> dict[str, list[str]]:
    """What a dialog lists, if there is one."""
    if not person.app.screen.is_modal:
        return {}
    return {"acts": [str(one.prompt) for one in person.app.screen.query_one(OptionList).options]}


async def go_to(person: Person, place: str) -> None:
    """Open a section, a page below one, a role, an account, or the sessions of alice."""
    router = person.app.router
    match place:
        case _ if place in sections.SECTIONS:
            router.open_section(place)
        case sections.SubPage():
            router.open_sub_page(place)
        case "one" | "desk" | roles.ADMIN:
            await go_to(person, sections.ROLES)
            await person.click_button(place)
        case "sessions":
            await go_to(person, "alice")
            await person.click_button("Sessions")
        case _:
            router.open_account(place)
    await person.settle()


def offered(person: Person) -> list[str]:
    """The buttons and choices of the page, and the keys in its footer that others lack."""
    page = person.app.screen
    buttons = [str(button.label) for button in page.query("#page Button").results(Button)]
    lists = page.query(CheckList)
    choices = [one.name or "" for list_ in lists for one in list_.query(Choice)]
    keys = [does for _, does in person.footer if does not in ON_EVERY_PAGE]
    found = [*dict.fromkeys((*buttons, *choices, *keys))]
    assert isinstance(page, SteadyScreen)
    named = {label for label in NAMED_IN_HELP if NAMED_IN_HELP[label] in page.help_text}
    assert named <= {*found}, page.help_text
    return found
