"""The looks in which every screen is drawn: one after the other, without opening it anew."""

from collections.abc import AsyncIterator, Sequence
from typing import Final

from textual.filter import NoColor
from textual.strip import Strip

from cwtui.ui import theme
from tests.ui.harness import Person

LOOKS: Final = ("light", "16", "none")
"""Besides the dark one, in which a screen is opened."""
_THEMES: Final = {
    "light": theme.LIGHT.name,
    "16": theme.SIXTEEN_DARK.name,
    "none": theme.SIXTEEN_DARK.name,
}


async def looks(person: Person) -> AsyncIterator[tuple[str, list[Strip]]]:
    """The rows of the screen in each of them. To go on from there, `undo` them."""
    for look in LOOKS:
        if look == "none":
            # What Textual does with NO_COLOR when it starts.
            person.app.no_color = True
            person.app._filters.append(NoColor())
            person.app.refresh_css(animate=False)
        person.app.theme = _THEMES[look]
        await person.settle()
        yield look, person.strips


async def undo(person: Person) -> None:
    """Go back to the dark look."""
    person.app.no_color = False
    person.app._filters.pop()
    person.app.theme = theme.DARK.name
    await person.settle()


def golden(look: str, before: Sequence[str], strips: Sequence[Strip]) -> str:
    """The rows whose text is another one than before, and below each row what stands out in it."""
    lines = [look]
    for number, (text, strip) in enumerate(zip(before, strips, strict=True)):
        marks = "".join(_marks(strip)).rstrip()
        if marks or strip.text.rstrip() != text.rstrip():
            lines += [f"{number:2} {strip.text.rstrip()}", *([f"   {marks}"] if marks else [])]
    return "\n".join(lines) + "\n"


def _marks(strip: Strip) -> list[str]:
    """A letter under each cell that is reversed, underlined or bold."""
    marks = []
    for segment in strip:
        style = segment.style
        mark = " "
        if style is not None:
            mark = "b" if style.bold else mark
            mark = "_" if style.underline else mark
            mark = "r" if style.reverse else mark
        marks.append(mark * segment.cell_length)
    return marks
