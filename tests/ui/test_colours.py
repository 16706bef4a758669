"""The screens look the same in 256 colours, which most people see over OpenSSH."""

from typing import Final

import pytest
from rich.color import Color, ColorSystem
from textual.screen import ModalScreen

from cwtui.ui import theme
from tests.ui.harness import Person
from tests.ui.scenes import SCENES

STEP: Final = 10
"""The step between greys in the xterm 256 palette; rich rounds some down."""
SHOWN: Final = ("sign_in_wrong", "settings_after_stop", "users", "create_user_wrong", "help")
"""Scenes with every coloured element: fields, buttons, errors, warnings, rows, a dialog."""


def colours(person: Person) -> set[Color]:
    """The colours on the screen; for a dialog, without the dimmed page around it."""
    screen = person.app.screen
    is_dialog = isinstance(screen, ModalScreen)
    shown = (screen.query_one("#dialog") if is_dialog else screen).region
    strips = person.strips[shown.y : shown.bottom]
    styles = [part.style for strip in strips for part in strip.crop(shown.x, shown.right)]
    pairs = [(style.color, style.bgcolor) for style in styles if style is not None]
    return {colour for pair in pairs for colour in pair if colour and not colour.is_default}


def shift(colour: Color) -> int:
    """The distance to the nearest of 256 colours, in the most different channel (0 to 255)."""
    seen = colour.downgrade(ColorSystem.EIGHT_BIT).get_truecolor()
    return max(abs(a - b) for a, b in zip(seen, colour.get_truecolor(), strict=True))


@pytest.mark.parametrize("name", [theme.DARK.name, theme.LIGHT.name])
@pytest.mark.parametrize("scene", SHOWN)
async def test_256_colours_look_like_true_colour(scene: str, name: str) -> None:
    async with SCENES[scene].played(None, name) as (person, _):
        used = colours(person)
    assert len(used) > 3
    assert {colour.name: shift(colour) for colour in used if shift(colour) > STEP} == {}
