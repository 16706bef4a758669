"""Where things stand: header, navigation, footer, toasts, empty lists and buttons."""

from typing import Any
from unittest.mock import patch

import pytest
from rich.color import Color
from textual.widgets._toast import Toast

from cwtui.ui.screens.dialogs.help import HelpScreen
from cwtui.ui.screens.dialogs.palette import Palette
from cwtui.ui.screens.pages.roles import RolesPage
from cwtui.ui.screens.pages.users import UsersPage
from cwtui.ui.widgets.host_time import HostTime
from cwtui.ui.widgets.key_bar import KeyBar
from tests.ui.scenes import SCENES


@pytest.mark.parametrize("name", ["sign_in", "settings"])
async def test_the_header_has_the_time_of_this_host(name: str) -> None:
    async with SCENES[name].played() as (person, there):
        person.sees("08:00 UTC")
        time = person.app.screen.query_one(HostTime)
        (timer,) = time._timers
        assert timer._interval == pytest.approx(60, abs=1)
        there.world.clock.forward(59)
        time._tick()
        await person.settle()
        person.sees("08:00 UTC")
        there.world.clock.forward(1)
        time._tick()
        await person.settle()
        person.sees("08:01 UTC")


async def test_below_80_columns_the_navigation_panel_is_folded_away() -> None:
    async with SCENES["users"].played((79, 24)) as (person, _):
        person.sees_nothing_of("Sign Out")
        await person.press("escape")
        person.sees("Sign Out")
        assert person.focus == "Navigation"
        await person.press("tab")
        person.sees_nothing_of("Sign Out")
        await person.click("Menu")
        await person.press("down", "enter")
        person.screen(RolesPage)
        person.sees_nothing_of("Sign Out")
        await person.resize(80, 24)
        person.sees("Sign Out")
        person.sees_nothing_of("▸ Menu")


async def test_the_footer_drops_whole_keys_from_the_right() -> None:
    async with SCENES["users"].played() as (person, _):
        keys = [key for key, _ in person.footer]
        assert keys == ["Enter", "Esc", "/", "N", "F1", "Ctrl+Q", "Ctrl+P"]
        for columns, left in ((78, 7), (77, 6), (62, 6), (61, 5), (60, 5)):
            await person.resize(columns, 24)
            assert [key for key, _ in person.footer] == keys[:left], columns
            for key, description in person.footer:
                person.sees(f"{key} {description}")


@pytest.mark.parametrize("name", ["change_password", "create_user"])
async def test_moving_the_focus_draws_only_other_keys_anew(name: str) -> None:
    refresh, drawn = KeyBar.refresh, list[KeyBar]()

    def refreshed(self: KeyBar, **what: Any) -> Any:
        drawn.append(self)
        return refresh(self, **what)

    async with SCENES[name].played() as (person, _):
        same = set()
        with patch.object(KeyBar, "refresh", refreshed):
            for _ in range(6):
                shown, focused = person.footer, type(person.app.focused)
                drawn.clear()
                await person.press("tab")
                if person.footer == shown:
                    assert not drawn
                    same.add((focused, type(person.app.focused)))
                else:
                    assert drawn
        assert len(same) > 1  # also from one kind of widget to another


async def test_a_click_on_a_key_in_the_footer_presses_it() -> None:
    async with SCENES["users"].played() as (person, _):
        for words, opens in (("F1", HelpScreen), ("Help", HelpScreen), ("▏Ctrl+P", Palette)):
            await person.click(words)
            person.screen(opens)
            await person.press("escape")
        await person.click_row(
            "F1 Help", x=person.rows[-1].index("F1 Help") - 1
        )  # between two keys
        person.screen(UsersPage)


async def test_the_key_under_the_mouse_is_marked() -> None:
    async with SCENES["users"].played() as (person, _):

        def papers() -> dict[str, set[Color | None]]:
            row = person.strips[-1]
            starts = {words: row.text.index(words) for words in ("Esc Menu", "F1 Help")}
            return {
                words: {part.style.bgcolor for part in row.crop(at, at + len(words)) if part.style}
                for words, at in starts.items()
            }

        before = papers()
        for words, other in (("Esc Menu", "F1 Help"), ("F1 Help", "Esc Menu")):
            await person.point_at(person.rows[-1].index(words), person.app.size.height - 1)
            assert papers()[words] != before[words]
            assert papers()[other] == before[other]
        await person.point_at(0, 0)
        assert papers() == before


async def test_an_empty_list_says_why_and_what_to_do() -> None:
    async with SCENES["users_none_match"].played() as (person, _):
        person.sees("No user matches this filter. Press Esc to clear it.")
        await person.press("escape")
        person.screen(UsersPage)
        person.sees_nothing_of("No user matches")


async def test_a_toast_covers_the_header_alone() -> None:
    async with SCENES["account_updated"].played() as (person, _):
        page = person.app.screen
        for size in ((60, 20), (80, 24), (120, 40)):
            await person.resize(*size)
            (toast,) = page.query(Toast)
            assert toast.region.area
            assert toast.region.bottom <= page.query_one("#title").region.y
            assert toast.region.right == size[0]  # nothing of the header beside it


async def test_an_account_says_what_waits_for_update() -> None:
    async with SCENES["account"].played() as (person, _):
        person.sees_nothing_of("Not saved yet")
        await person.fill("display_name", "Alice")
        person.sees("◐ Not saved yet: Display name")
        await person.click("[ ] connectware-admin")
        person.sees("◐ Not saved yet: Display name, Roles")
        await person.click_button("Enable")
        person.sees("◐ Not saved yet: Display name, Roles, MFA (Required)")
        row = next(row for row in person.rows if "MFA (Required)   " in row)
        assert row.index("● required, press Update") < row.index("Disable")


async def test_dangerous_buttons_stand_apart() -> None:
    async with SCENES["account"].played() as (person, _):
        others = [person.button(label) for label in ("Update", "Reset Password", "Disable MFA")]
        for label in ("Disable Account", "Remove"):
            button = person.button(label)
            assert button.has_class("danger")
            assert button.region.y - max(other.region.y for other in others) > 2
        assert not any(other.has_class("danger") for other in others)


async def test_focus_looks_other_than_the_primary_button() -> None:
    async with SCENES["account"].played() as (person, _):
        primary, other = person.button("Update"), person.button("Enable")
        other.focus()
        await person.settle()
        assert other.styles.background != primary.styles.background
        unfocused = primary.styles.background
        primary.focus()
        await person.settle()
        assert primary.styles.background == unfocused
        assert primary.styles.border_left[0] == "outer"
        assert other.styles.border_left[0] == "blank"
