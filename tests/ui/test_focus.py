"""Where the focus is after a page was left, and how arrow keys move it."""

import pytest
from textual.geometry import Region

from cwtui.ui.screens.neighbours import Direction, nearest
from cwtui.ui.screens.pages.confirm_code import DisableMfaPage
from cwtui.ui.screens.pages.display import DisplayPage
from cwtui.ui.screens.pages.settings import SettingsPage
from tests.ui.scenes import SCENES

FIELD = Region(20, 4, 40, 1)
LEFT, RIGHT = Region(20, 8, 12, 1), Region(40, 8, 12, 1)
BELOW = Region(22, 11, 30, 1)
PLACES = {"field": FIELD, "left": LEFT, "right": RIGHT, "below": BELOW}


@pytest.mark.parametrize(
    ("here", "direction", "there"),
    [
        ("field", Direction.DOWN, "left"),
        ("left", Direction.DOWN, "below"),
        ("right", Direction.UP, "field"),
        ("below", Direction.UP, "left"),
        ("left", Direction.RIGHT, "right"),
        ("right", Direction.LEFT, "left"),
        ("field", Direction.UP, None),
        ("below", Direction.DOWN, None),
        ("below", Direction.RIGHT, None),
    ],
)
def test_arrow_keys_go_to_the_nearest_widget(
    here: str, direction: Direction, there: str | None
) -> None:
    others = [name for name in PLACES if name != here]
    found = nearest([PLACES[name] for name in others], PLACES[here], direction)
    assert (None if found is None else others[found]) == there


async def test_the_focus_returns_to_the_button_that_opened_a_page() -> None:
    async with SCENES["settings_enabled"].played() as (person, _):
        assert person.focus == "Change Password"
        assert ("Esc", "Menu") in person.footer
        await person.press("up", *["down"] * 4, "enter")
        person.screen(DisableMfaPage)
        assert ("Esc", "Back") in person.footer
        await person.press("escape")
        person.screen(SettingsPage)
        assert person.focus == "Regenerate Backup Codes", "not the dangerous button"
        await person.press(*["down"] * 4, "enter")
        person.screen(DisplayPage)
        await person.press("escape")
        assert person.focus == "Change Display"
        await person.press("escape")
        assert person.focus == "Navigation"
        await person.press("escape")
        assert person.focus == "Change Display"
        await person.press("escape", "enter")
        assert person.focus == "Change Password", "the page was opened anew"


async def test_where_mfa_was_disabled_the_focus_is_on_what_took_its_place() -> None:
    async with SCENES["disable_mfa"].played() as (person, there):
        person.send(*there.code("alice"))
        await person.settle()
        person.screen(SettingsPage)
        person.sees("Multi-factor authentication was disabled.")
        assert person.focus == "Enable Multi-Factor Authentication"


@pytest.mark.parametrize("name", ["first_run", "unacknowledged_codes"])
async def test_arrow_keys_move_the_focus_during_a_sign_in(name: str) -> None:
    """In a window in which the screen scrolls."""
    async with SCENES[name].played((60, 20)) as (person, _):
        order = person.tab_order
        await person.press(*["up"] * len(order))
        visited = [person.focus]
        for _ in order[1:]:
            await person.press("down")
            visited.append(person.focus)
        assert visited == order
