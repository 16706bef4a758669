"""A button that is drawn as a word in brackets if there are no shades of colour."""

from typing import Any

from rich.cells import cell_len
from textual import widgets
from textual.content import Content
from textual.geometry import Size


class Button(widgets.Button):
    """Textual's button. In 16 colours, or none, it reads `[ Save ]`."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        # No padding between the button's edge and the brackets. Textual's CSS does not accept 0.
        self.styles.line_pad = 0

    def get_content_width(self, container: Size, viewport: Size) -> int:  # noqa: ARG002  Textual's
        return max(map(cell_len, self.render().plain.splitlines()), default=1)

    def render(self) -> Content:
        label = Content.from_text(self.label, markup=False)
        return Content.assemble("[ ", label, " ]") if self.app.native_ansi_color else label
