"""Buttons can be read in every theme, also with the focus and under the mouse (WCAG 1.4.3)."""

from collections.abc import Iterator
from typing import Final

import pytest
from rich.color import Color, ColorType
from rich.style import Style
from textual.widgets import Button

from cwtui.ui import theme
from tests.ui.harness import Person
from tests.ui.reader import label_of
from tests.ui.scenes import SCENES

LEAST: Final = 4.5
XTERM: Final = (
    *("000000", "cd0000", "00cd00", "cdcd00", "0000ee", "cd00cd", "00cdcd", "e5e5e5"),
    *("7f7f7f", "ff0000", "00ff00", "ffff00", "5c5cff", "ff00ff", "00ffff", "ffffff"),
)
LINUX: Final = (
    *("000000", "aa0000", "00aa00", "aa5500", "0000aa", "aa00aa", "00aaaa", "aaaaaa"),
    *("555555", "ff5555", "55ff55", "ffff55", "5555ff", "ff55ff", "55ffff", "ffffff"),
)
"""What these terminals show for the 16 colours that have names only."""
BLACK, WHITE = 0, 7


def luminance(colour: str) -> float:
    """WCAG's relative luminance of rrggbb."""
    channels = (int(colour[at : at + 2], 16) / 255 for at in (0, 2, 4))
    red, green, blue = (
        one / 12.92 if one <= 0.04045 else ((one + 0.055) / 1.055) ** 2.4 for one in channels
    )
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    lighter, darker = sorted((luminance(one), luminance(other)), reverse=True)
    return (lighter + 0.05) / (darker + 0.05)


def shown(colour: Color | None, default: int, palette: tuple[str, ...]) -> str:
    """What the terminal shows for the colour, as rrggbb."""
    if colour is None or colour.type is ColorType.DEFAULT:
        return palette[default]
    if colour.number is not None and colour.number < len(palette):
        return palette[colour.number]
    return colour.get_truecolor().hex[1:]


def pair(style: Style, palette: tuple[str, ...], *, dark: bool) -> tuple[str, str]:
    ink, paper = (WHITE, BLACK) if dark else (BLACK, WHITE)
    text, ground = (
        shown(style.color, ink, palette),
        shown(style.bgcolor, paper, palette),
    )
    return (ground, text) if style.reverse else (text, ground)


def label_styles(person: Person, button: Button) -> Iterator[Style]:
    """The styles of the letters of the label as they are drawn."""
    region = button.region
    for strip in person.strips[region.y : region.bottom]:
        for segment in strip.crop(region.x, region.right):
            if segment.style is not None and any(map(str.isalpha, segment.text)):
                yield segment.style


@pytest.mark.parametrize("name", theme.THEMES)
async def test_every_button_has_enough_contrast_in_every_state(name: str) -> None:
    # The Linux console is black, so the light theme is not for it.
    palettes = (XTERM, LINUX) if name == theme.SIXTEEN_DARK.name else (XTERM,)
    weak, seen = {}, set()
    async with SCENES["account"].played((80, 30), name) as (person, _):
        assert person.app.native_ansi_color is name.startswith("connectware-16")
        for button in person.app.screen.query(Button):
            for focused in (False, True):
                for hovered in (False, True):
                    (button if focused else person.field("display_name").entry).focus()
                    x, y = button.region.offset
                    if not hovered:
                        x, y = 0, 0
                    await person.point_at(x + 4, y)
                    assert button.mouse_hover is hovered
                    assert button.has_focus is focused
                    for style in label_styles(person, button):
                        state = (label_of(button), focused, hovered)
                        seen.add(state)
                        for palette in palettes:
                            text, ground = pair(style, palette, dark=person.app.current_theme.dark)
                            if contrast(text, ground) < LEAST:
                                weak[state] = (text, ground, round(contrast(text, ground), 1))
    assert len(seen) == 4 * 7
    assert weak == {}
