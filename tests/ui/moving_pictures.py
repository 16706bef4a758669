"""Random pictures of a screen, of which each is the one before with rows that moved."""

from collections.abc import Iterable
from typing import Final, TypeAlias

from hypothesis import strategies as st
from rich.segment import Segment
from rich.style import Style
from textual._compositor import LayoutUpdate
from textual.geometry import Region, Size
from textual.strip import Strip

SIZE: Final = Size(40, 9)
Picture: TypeAlias = list[tuple[int, int]]
"""The number of the text of each row, and that of what stands to the left of it."""
_PAPER: Final = (None, Style(bgcolor="color(234)"), Style(bgcolor="blue"))
_TEXT: Final = (Style(color="red"), Style(bold=True, color="#102030"), Style(reverse=True))
_LEFT: Final = ("", "▸ Users", "漢字", "Sign Out")
_KINDS: Final = (
    "{0}. user-{0:05} local enabled",
    "{0} 漢字 ● {0} e\N{COMBINING ACUTE ACCENT} never",
    "",
    "│ one of many rows {0} │",
)
_WIDTH: Final = 10
_MOST: Final = 10**4


def _row(text: int, left: int, paper: Style | None, size: Size) -> Strip:
    panel = [Segment(_LEFT[left].ljust(_WIDTH), _PAPER[1])]
    words = _KINDS[text % len(_KINDS)].format(text)
    style = _TEXT[text % len(_TEXT)] + paper if paper else _TEXT[text % len(_TEXT)]
    strip = Strip([*panel, Segment(words, style), Segment(" " * size.width, paper)])
    return strip.crop(0, size.width)


def update(picture: Picture, paper: int = 0, size: Size = SIZE) -> LayoutUpdate:
    rows: list[Iterable[Strip]] = [
        [_row(text, left, _PAPER[paper], size)] for text, left in picture[: size.height]
    ]
    return LayoutUpdate(rows, Region(0, 0, size.width, len(rows)))


@st.composite
def moving(draw: st.DrawFn) -> list[LayoutUpdate]:
    """Some pictures, one after the other."""
    number, left = st.integers(0, _MOST), st.integers(0, len(_LEFT) - 1)
    height = SIZE.height
    texts = [draw(number) for _ in range(height)]
    lefts = [draw(left) for _ in range(height)]
    paper = draw(st.integers(0, len(_PAPER) - 1))
    pictures = [update([*zip(texts, lefts, strict=True)], paper)]
    for _ in range(draw(st.integers(1, 4))):
        top, bottom = draw(st.integers(0, 3)), draw(st.integers(height - 3, height))
        fresh = [draw(number) for _ in range(draw(st.integers(1, 3)))]
        moved = texts[top:bottom]
        is_up = draw(st.booleans())
        moved = [*moved[len(fresh) :], *fresh] if is_up else [*fresh, *moved[: -len(fresh)]]
        texts[top:bottom] = moved
        if draw(st.booleans()):  # a row within it goes, so that others move the other way
            texts.insert(
                draw(st.integers(0, height - 1)), texts.pop(draw(st.integers(0, height - 1)))
            )
        pictures.append(update([*zip(texts, lefts, strict=True)], paper))
    return pictures
