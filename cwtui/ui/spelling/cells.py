"""The cells of a row, as they are seen: a blank shows its background only."""

from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache
from itertools import groupby
from typing import Final, TypeAlias

from rich.cells import cell_len
from rich.segment import Segment
from rich.style import Style

Cell: TypeAlias = tuple[str, Style | None]
"""A character, or none in the second half of a wide one, and how it looks."""
Run: TypeAlias = tuple[int, int]
"""From which cell of a row to which."""

DEFAULT_BLANK: Final[Cell] = (" ", None)
UNKNOWN: Final[Cell] = ("", Style.from_meta({"unknown": True}))
"""Nothing that is drawn is equal to it."""
BLANK: Final = " "
_NOTHING: Final = Style.null()
LEAST_ERASED: Final = 4
"""Writing fewer blanks than this takes fewer bytes than erasing them."""


def cells_of(segments: Iterable[Segment]) -> list[Cell]:
    """Return the cells of a row. The style of a blank is reduced to what is seen of it."""
    cells: list[Cell] = []
    for text, style in _joined(segments):
        blank = of_blanks(style)
        if not text.isascii():
            cells += _of_characters(text, style, blank)
        elif blank is style:
            cells += [(character, style) for character in text]
        else:
            cells += [(each, blank if each == BLANK else style) for each in text]
    return cells


def _joined(segments: Iterable[Segment]) -> Iterator[tuple[str, Style | None]]:
    """Yield texts and how they look. What looks alike is one text: characters may combine."""
    texts = list[str]()
    style: Style | None = None
    for text, given, _ in segments:
        before, style = style, _seen(given)
        if style is not before and texts:
            yield "".join(texts), before
            texts.clear()
        texts.append(text)
    yield "".join(texts), style


def _of_characters(text: str, style: Style | None, blank: Style | None) -> list[Cell]:
    cells: list[Cell] = []
    for each in text:
        width = cell_len(each)
        if width:
            cells.append((each, blank if each == BLANK else style))
            cells += [("", style)] * (width - 1)
        elif cells:
            last = max(at for at, cell in enumerate(cells) if cell[0])
            cells[last] = cells[last][0] + each, style
    if len(cells) == (length := cell_len(text)):
        return cells
    # Characters that are narrower together than one by one.
    return [(text, style), *[("", style)] * (length - 1)] if length else []


@lru_cache(maxsize=1024)
def _seen(style: Style | None) -> Style | None:
    """Return what is seen of the style. Styles that look the same are one object."""
    return _named(style.clear_meta_and_links()) if style is not None else None


@lru_cache(maxsize=1024)
def _named(style: Style) -> Style | None:
    """Return the style without the terminal's own colours: it has them if it names none."""
    ink, paper = (
        None if colour is None or colour.is_default else colour
        for colour in (style.color, style.bgcolor)
    )
    if ink is not style.color or paper is not style.bgcolor:
        style = style.without_color + Style(color=ink, bgcolor=paper)
    return None if style == _NOTHING else style


@lru_cache(maxsize=1024)
def of_blanks(style: Style | None) -> Style | None:
    if style is None or style.underline or style.reverse or style.strike or style.overline:
        return style
    if style.underline2 or style.frame or style.encircle:
        return style
    paper = style.bgcolor
    return None if paper is None or paper.is_default else Style(bgcolor=paper)


def groups(skipped: Sequence[bool], start: int) -> Iterator[tuple[int, list[bool]]]:
    """Yield the groups that are not skipped, each with its first cell, counted from `start`."""
    at = start
    for is_skipped, group in groupby(skipped):
        same = list(group)
        if not is_skipped:
            yield at, same
        at += len(same)


def end_of_blanks(cells: Sequence[Cell], start: int, end: int) -> int:
    style = cells[start][1]
    at = start + 1
    while at < end and cells[at][0] == BLANK and cells[at][1] is style:
        at += 1
    return at


def end_of_text(cells: Sequence[Cell], start: int, end: int) -> int:
    """Return where text of one style ends, including a few blanks that look the same in it."""
    style = cells[start][1]
    blank = of_blanks(style)
    at = start + 1
    while at < end:
        character, other = cells[at]
        if character != BLANK:
            if other is not style:
                break
            at += 1
            continue
        stop = end_of_blanks(cells, at, end)
        is_followed = stop < end and cells[stop][0] != BLANK and cells[stop][1] is style
        if other is not blank or stop - at >= LEAST_ERASED or not is_followed:
            break
        at = stop
    return at
