"""A button that is drawn as a word in brackets if there are no shades of colour."""

from rich.cells import cell_len
from textual import widgets
from textual.content import Content
from textual.geometry import Size


# Textual's style sheet has 57 rules for variants that we do not use; the login screen would wait
# for all of them.
class Button(widgets.Button, inherit_css=False):
    """Textual's button, with the looks that app.tcss has for it.

    In 16 colours, or none, it reads `[ Save ]`.
    """

    def get_content_width(self, container: Size, viewport: Size) -> int:  # noqa: ARG002  Textual's
        return max(map(cell_len, self.render().plain.splitlines()), default=1)

    def render(self) -> Content:
        label = self.shown_label()
        return Content.assemble("[ ", label, " ]") if self.app.native_ansi_color else label

    def shown_label(self) -> Content:
        """Return the label as there is room for it."""
        return Content.from_text(self.label, markup=False)
