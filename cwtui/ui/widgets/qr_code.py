"""A QR code on the screen."""

import os
from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

from rich.segment import Segment
from rich.style import Style
from textual.filter import LineFilter
from textual.geometry import Size
from textual.strip import Strip
from textual.widget import Widget

from cwtui.ui.theme import is_monochrome

if TYPE_CHECKING:  # it loads the library that makes the codes
    from cwtui.qr import Drawing

BLACK_ON_WHITE: Final = Style(color="#000000", bgcolor="#ffffff")
WHITE_ON_BLACK: Final = Style(color="#ffffff", bgcolor="#000000")
REVERSED: Final = Style(reverse=True)
"""White, on a terminal without colours that writes white on black."""


class QrCode(Widget, can_focus=False):
    """A QR code in black and white, whatever the theme and NO_COLOR say.

    It is as large as the drawing. The screen must make sure that there is room for it.
    """

    ALLOW_SELECT = False
    DEFAULT_CSS = "QrCode { width: auto; height: auto; }"

    def __init__(
        self,
        drawing: "Drawing",
        *,
        id: str | None = None,  # noqa: A002  Textual's name
        classes: str | None = None,
    ) -> None:
        super().__init__(id=id, classes=classes)
        self._room = Size(drawing.size.columns, drawing.size.rows)
        white, black = BLACK_ON_WHITE, WHITE_ON_BLACK
        if is_monochrome(os.environ):
            white, black = REVERSED, Style.null()
        self._strips = [
            Strip(
                [Segment(r.text, black if r.inverted else white) for r in line],
                drawing.size.columns,
            )
            for line in drawing.lines
        ]

    def get_content_width(self, container: Size, viewport: Size) -> int:  # noqa: ARG002  Textual's signature
        return self._room.width

    def get_content_height(self, container: Size, viewport: Size, width: int) -> int:  # noqa: ARG002  Textual's signature
        return self._room.height

    def get_line_filters(self) -> Sequence[LineFilter]:
        # With NO_COLOR and ansi colours, Textual's filter removes all colours. On a dark terminal
        # the code would be white on black, which many authentication apps cannot read.
        return ()

    def render_line(self, y: int) -> Strip:
        if y < len(self._strips):
            return self._strips[y]
        return Strip.blank(self.size.width, self.visual_style.rich_style)
