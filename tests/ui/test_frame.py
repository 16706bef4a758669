"""Common to all screens: footer, help, palette, navigation, small terminals, themes."""

import importlib
import os
import pkgutil
import re
import subprocess
import sys
from functools import partial
from itertools import pairwise
from typing import Any

import pytest
from textual.widget import Widget

from cwtui.ui import screens, theme
from cwtui.ui.screens.account_screen import AccountScreen
from cwtui.ui.screens.dialogs.help import HelpScreen
from cwtui.ui.screens.dialogs.manual import ManualScreen, TopicScreen
from cwtui.ui.screens.dialogs.palette import Palette
from cwtui.ui.screens.dialogs.quitting import QuitScreen
from cwtui.ui.screens.entry.sign_in import SignInScreen
from cwtui.ui.screens.pages.organization import OrganizationPage
from cwtui.ui.screens.pages.roles import RolesPage
from cwtui.ui.screens.pages.settings import SettingsPage
from cwtui.ui.screens.pages.users import UsersPage
from cwtui.ui.screens.steady import SteadyScreen
from cwtui.ui.widgets.key_bar import KeyBar
from cwtui.ui.widgets.qr_code import QrCode
from tests.ui.harness import Person
from tests.ui.scenes import SCENES

WITH_FOOTER = (
    "sign_in_wrong",
    "one_time_code",
    "backup_code",
    "unacknowledged_codes",
    "backup_codes",
    "settings",
    "change_password",
    "users",
    "users_filtered",
    "account",
    "organization",
)


def impression(person: Person) -> tuple[object, ...]:
    """What a person could notice: text, colours, focus and clipboard."""
    # A screen that was left no longer counts.
    looks = [[(segment.text, segment.style) for segment in strip] for strip in person.strips]
    return looks, person.app.screen, person.app.screen.focused, len(person.clipboard)


@pytest.mark.parametrize("name", WITH_FOOTER)
async def test_the_footer_shows_only_keys_that_work(name: str) -> None:
    todo: list[str] | None = None
    while todo is None or todo:
        async with SCENES[name].played() as (person, _):
            if person.app.screen.query("SecretInput:focus"):
                await person.write("something to be shown")
            start, look = person.screen(AccountScreen), impression(person)[0]
            if todo is None:
                offered = [key.name for key in start.query_one(KeyBar).shown]
                assert len(set(offered)) == len(offered)
                assert "ctrl+q" in offered
                todo = [key for key in offered if key != "ctrl+q"]
            # Continue until a key leads elsewhere and Esc does not lead back to the same picture.
            # Then start again with the remaining keys.
            while todo and person.app.screen is start:
                key, focused, before = todo.pop(0), start.focused, impression(person)
                await person.press(key)
                assert impression(person) != before, f"{key} does nothing on {name}"
                if person.app.screen is not start:
                    await person.press("escape")
                    if impression(person)[0] == look:
                        start = person.screen(type(start))
                else:
                    start.set_focus(focused)
                    await person.settle()
            if not todo:
                at_rest = person.screen(AccountScreen).RESTING
                await person.press("ctrl+q")
                if not at_rest:
                    person.screen(QuitScreen)
                    await person.press("y")
                assert not person.running


@pytest.mark.parametrize("name", ["sign_in", "account"])
async def test_f1_opens_the_help_and_it_closes_again(name: str) -> None:
    async with SCENES[name].played() as (person, _):
        screen = person.app.screen
        assert isinstance(screen, SteadyScreen)
        for opening, closing in (("f1", "escape"), ("f1", "f1"), ("f1", "enter")):
            await person.press(opening)
            person.screen(HelpScreen)
            person.sees(screen.help_text)
            await person.press(closing)
            assert person.app.screen is screen


def own_kinds(kind: type[SteadyScreen[Any]]) -> set[type[SteadyScreen[Any]]]:
    """The kinds of screens that can open: those that no other kind of cwtui is based on."""
    based = {one for one in kind.__subclasses__() if one.__module__.startswith("cwtui.")}
    return {leaf for one in based for leaf in own_kinds(one)} or {kind}


def test_every_screen_but_help_and_search_has_a_help_text() -> None:
    for module in pkgutil.walk_packages(screens.__path__, f"{screens.__name__}."):
        importlib.import_module(module.name)
    kinds = own_kinds(SteadyScreen)
    assert {SignInScreen, SettingsPage, QuitScreen} <= kinds
    without = {kind for kind in kinds if not (kind.HELP or kind.HELP_WITH)}
    assert without == {HelpScreen, ManualScreen, TopicScreen, Palette}


# The navigation panel


async def test_the_navigation_panel_works_by_keyboard() -> None:
    async with SCENES["settings"].played() as (person, _):
        person.sees("User Management")
        for keys, kind in (
            (("escape", "down", "enter"), UsersPage),
            (("escape", "down", "enter"), RolesPage),
            (("escape", "down", "enter"), OrganizationPage),
            (("escape", "home", "enter"), SettingsPage),
        ):
            await person.press(*keys)
            person.screen(kind)
        await person.press("escape", "end", "enter")
        person.screen(SignInScreen)
        assert person.notice == "✓ You are signed out."


async def test_the_navigation_panel_works_by_mouse() -> None:
    async with SCENES["settings"].played() as (person, _):
        for section, kind in (
            ("Users and Roles", UsersPage),
            ("Organization", OrganizationPage),
            ("Settings", SettingsPage),
        ):
            await person.click(section)
            person.screen(kind)
        await person.click("Sign Out")
        person.screen(SignInScreen)


# The command palette


async def test_the_palette_lists_and_runs_our_commands() -> None:
    async with SCENES["command_palette"].played() as (person, _):
        for command in ("Settings", "Users and Roles", "Organization", "Sign Out", "Quit", "Help"):
            person.sees(command)
        await person.write("organ")
        await person.press("enter", "enter")
        person.screen(OrganizationPage)
        await person.press("ctrl+p")
        await person.write("sign out")
        await person.press("enter", "enter")
        person.screen(SignInScreen)


# Sizes


@pytest.mark.parametrize("name", ["sign_in", "register_device", "users", "organization"])
async def test_below_60x20_a_message_says_what_is_needed(name: str) -> None:
    async with SCENES[name].played() as (person, _):
        before = person.text
        for columns, rows in ((59, 24), (80, 19), (20, 5)):
            await person.resize(columns, rows)
            person.sees(f"This one is {columns}x{rows}: make it larger.")
            assert "Connectware" not in person.text
        await person.resize(80, 24)
        assert person.text == before


def is_seen(person: Person, widget: Widget) -> bool:
    seen = widget.region.intersection(person.app.screen.region)
    return seen.height >= 1 and seen.width > 1


@pytest.mark.parametrize("name", ["backup_codes", "users", "account"])
async def test_at_60x20_everything_can_be_reached(name: str) -> None:
    async with SCENES[name].played() as (person, _):
        await person.resize(60, 20)
        for widget in person.app.screen.focus_chain:
            person.app.screen.set_focus(widget)
            await person.settle()
            # Textual scrolls there after drawing once more.
            await person.until(partial(is_seen, person, widget))


# Themes


def in_words(text: str) -> list[str]:
    """The words without field bars and button brackets, which depend on the theme."""
    return re.sub(r"\[ (?=\w)|(?<=\w) \]|[▌▐]", " ", text).split()


@pytest.mark.parametrize("name", ["sign_in_wrong", "account_pending", "users", "organization"])
async def test_every_theme_shows_the_same_words(name: str) -> None:
    async with SCENES[name].played() as (person, _):
        words = in_words(person.text)
        for theme_name in theme.THEMES[1:]:
            person.app.theme = theme_name
            await person.settle()
            assert in_words(person.text) == words


async def test_f3_cycles_through_all_themes_and_names_each() -> None:
    async with SCENES["sign_in"].played() as (person, _):
        seen, named = [], []
        for _theme in theme.THEMES:
            await person.press("f3")
            seen.append(person.app.theme)
            named += person.toasts
            person.sees(*person.toasts)
        assert seen == [*theme.THEMES[1:], theme.THEMES[0]]
        assert named == [
            "Colours: light",
            "Colours: the terminal's 16, dark",
            "Colours: the terminal's 16, light",
            "Colours: dark",
        ]


@pytest.mark.parametrize("theme_name", [theme.SIXTEEN_DARK.name, theme.SIXTEEN_LIGHT.name])
async def test_sixteen_colour_themes_use_only_terminal_colours(theme_name: str) -> None:
    async with SCENES["account"].played(theme_name=theme_name) as (person, _):
        colours = {
            colour
            for strip in person.strips
            for segment in strip
            if segment.style is not None
            for colour in (segment.style.color, segment.style.bgcolor)
            if colour is not None
        }
        assert all(colour.triplet is None for colour in colours)


@pytest.mark.parametrize(
    "name", ["sign_in_wrong", "account", "users", "organization", "confirm_disable_mfa"]
)
async def test_no_color_shows_no_colours_but_a_visible_focus(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    async with SCENES[name].played(theme_name="") as (person, _):
        screen = person.app.screen
        for strip in person.strips:
            for segment in strip:
                style = segment.style
                assert style is None or (
                    (style.color is None or style.color.is_default)
                    and (style.bgcolor is None or style.bgcolor.is_default)
                ), segment
        for widget, other in pairwise([*screen.focus_chain, screen.focus_chain[0]]):
            looks = []
            for focused in (widget, other):
                screen.set_focus(focused)
                await person.settle()
                x, y, width, height = widget.region
                rows = [strip.crop(x, x + width) for strip in person.strips[y : y + height]]
                looks.append([[(part.text, part.style) for part in row] for row in rows])
            assert looks[0] != looks[1], f"the focus of {widget} is not visible"


async def test_with_no_color_the_qr_code_is_black_on_white(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    async with SCENES["register_device"].played(theme_name="") as (person, _):
        region = person.app.screen.query_one(QrCode).region
        styles = [part.style for part in person.strips[2].crop(region.x, region.right)]
        assert all(style and style.color and style.color.triplet for style in styles)
        await person.press("f3")
        assert person.toasts == ["Colours: none, light"]


def test_a_terminal_with_few_colours_starts_in_sixteen() -> None:
    for term in ("linux", "vt100", "xterm", "screen"):
        assert theme.first_theme({"TERM": term}) == theme.SIXTEEN_DARK.name
    assert theme.first_theme({"TERM": "xterm", "COLORTERM": "truecolor"}) == theme.DARK.name
    assert theme.first_theme({"TERM": "xterm-256color"}) == theme.DARK.name


def test_a_slow_line_starts_in_sixteen_colours() -> None:
    environ = {"TERM": "xterm-256color", "COLORTERM": "truecolor"}
    assert theme.first_theme(environ, is_slow=True) == theme.SIXTEEN_DARK.name
    environ["COLORFGBG"] = "0;15"
    assert theme.first_theme(environ, is_slow=True) == theme.SIXTEEN_LIGHT.name


def test_dangerous_variables_are_removed_before_textual_loads() -> None:
    """DESIGN section 4, point 5."""
    program = (
        "import sys, os, cwtui.ui.app, textual.constants as c;"
        "print(sorted(n for n in os.environ if n.startswith('TEXTUAL')), c.PRESS, c.LOG_FILE,"
        " c.DEBUG, c.DRIVER, c.DEVTOOLS_HOST)"
    )
    environ = os.environ | {
        "TEXTUAL": "debug,devtools",
        "TEXTUAL_LOG": "/tmp/keys",
        "TEXTUAL_DEBUG": "1",
        "TEXTUAL_DRIVER": "os:abort",
        "TEXTUAL_PRESS": "ctrl+q",
        "TEXTUAL_DEVTOOLS_HOST": "example.com",
        "TEXTUAL_SCREENSHOT": "1",
        "TEXTUAL_COLOR_SYSTEM": "bogus",
        "TEXTUAL_ANIMATIONS": "none",
    }
    done = subprocess.run(
        [sys.executable, "-c", program], env=environ, capture_output=True, text=True, check=True
    )
    assert done.stdout.split() == ["['TEXTUAL_ANIMATIONS']", "None", "False", "None", "127.0.0.1"]


async def test_at_60x20_the_footer_shows_the_pages_keys() -> None:
    async with SCENES["users"].played((60, 20)) as (person, _):
        assert "N Create User" in person.rows[-1]
        assert "Commands" not in person.text
        before, laid_out = person.text, person.app.screen.query_one("#page").region
        await person.press("escape")
        person.sees("Sign Out")
        person.sees_nothing_of("alice", "Select All")  # cut off beside the menu
        assert person.app.screen.query_one("#page").region == laid_out
        await person.press("escape")
        assert person.text == before
    async with SCENES["organization"].played((60, 20)) as (person, _):
        person.sees("( ) off (x) optional ( ) required")
        person.sees("Connectware (plant-7)")
