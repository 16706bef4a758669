"""Changes draw what they touch, not the whole screen, and the terminal shows all of them."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from unittest.mock import patch

import pytest
from rich.console import RenderableType
from textual._compositor import Compositor, CompositorUpdate, LayoutUpdate
from textual.css.stylesheet import Stylesheet
from textual.dom import DOMNode
from textual.screen import Screen
from textual.widget import Widget
from textual.widgets import Button, Static

from cwtui.ui.app import AccountApp
from tests.ui.harness import Person
from tests.ui.scenes import SCENES
from tests.ui.speed import drawn_as_in_a_terminal
from tests.walk.checks import check_picture


@contextmanager
def drawing(person: Person) -> Iterator[list[CompositorUpdate]]:
    """What is drawn in the block, after a picture of the whole screen."""
    display, drawn = AccountApp._display, list[CompositorUpdate]()

    def displayed(self: AccountApp, screen: Screen[object], one: RenderableType | None) -> None:
        if isinstance(one, CompositorUpdate):
            drawn.append(one)
        display(self, screen, one)

    with drawn_as_in_a_terminal(), patch.object(AccountApp, "_display", displayed):
        person.app.screen.refresh()
        person.app.screen._on_timer_update()
        check_picture(person)
        drawn.clear()
        yield drawn


@contextmanager
def laying_out() -> Iterator[list[Screen[object]]]:
    """Which screens are laid out in the block, each as often as that happens."""
    arrange, laid_out = Compositor._arrange_root, list[Screen[object]]()

    def arranged(self: Compositor, root: Widget, *arguments: Any, **named: Any) -> Any:
        laid_out.append(root.screen)
        return arrange(self, root, *arguments, **named)

    with patch.object(Compositor, "_arrange_root", arranged):
        yield laid_out


@pytest.mark.parametrize("name", ["settings", "users", "account", "organization", "sign_in"])
async def test_a_screen_that_opens_is_laid_out_once(name: str) -> None:
    with laying_out() as laid_out:
        async with SCENES[name].played() as (person, _):
            assert laid_out.count(person.app.screen) == 1


@pytest.mark.parametrize("name", ["settings", "sign_in"])
async def test_a_screen_that_opens_is_drawn_as_a_whole_once(name: str) -> None:
    display, drawn = AccountApp._display, list[Screen[object]]()

    def displayed(self: AccountApp, screen: Screen[object], one: RenderableType | None) -> None:
        if isinstance(one, LayoutUpdate):
            drawn.append(screen)
        display(self, screen, one)

    with drawn_as_in_a_terminal(), patch.object(AccountApp, "_display", displayed):
        async with SCENES[name].played() as (person, _):
            assert drawn.count(person.app.screen) == 1


async def test_a_screen_that_opens_is_not_styled_again() -> None:
    update, styled = AccountApp.update_styles, list[DOMNode]()

    def updated(self: AccountApp, node: DOMNode, animate: bool = True) -> None:
        styled.append(node)
        update(self, node, animate=animate)

    with patch.object(AccountApp, "update_styles", updated):
        async with SCENES["settings"].played() as (person, _):
            assert styled
            assert person.app.screen not in styled


async def test_a_new_widget_is_not_styled_before_it_is_mounted() -> None:
    apply, styled = Stylesheet.apply, list[DOMNode]()

    def applied(self: Stylesheet, node: DOMNode, **how: Any) -> None:
        styled.append(node)
        apply(self, node, **how)

    with patch.object(Stylesheet, "apply", applied):
        async with SCENES["sign_in"].played() as (person, _):
            (button,) = person.app.screen.query(Button)
            assert styled.count(button) == 1


async def test_moving_the_focus_lays_out_nothing() -> None:
    async with SCENES["account"].played() as (person, _):
        with laying_out() as laid_out:
            await person.press("tab", "tab", "shift+tab")
            assert not laid_out


@pytest.mark.parametrize("name", ["sign_in", "account"])
async def test_moving_the_focus_draws_no_whole_screen(name: str) -> None:
    async with SCENES[name].played() as (person, _):
        with drawing(person) as drawn:
            for key in ("tab", "tab", "shift+tab"):
                await person.press(key)
                check_picture(person)
            assert drawn
            assert not [one for one in drawn if isinstance(one, LayoutUpdate)]


async def test_a_change_on_a_covered_screen_draws_nothing() -> None:
    async with SCENES["settings"].played() as (person, _):
        with drawing(person) as drawn:
            person.app.screen_stack[0].refresh()
            await person.settle()
            assert not drawn


async def test_a_change_behind_a_dialog_is_drawn() -> None:
    async with SCENES["confirm_disable_mfa"].played() as (person, _):
        with drawing(person) as drawn:
            page = person.app.screen_stack[-2]
            page.query_one("#title", Static).update("changed behind")
            await person.settle()
            assert drawn
            check_picture(person)
            person.sees("changed behind")
