"""What is shown if the window is too small for a screen."""

from textual.widgets import Static

from cwtui.language import _
from cwtui.ui.room import MIN_COLUMNS, MIN_ROWS


class TooSmall(Static):
    """Shown instead of a screen that has no room. app.tcss shows it and hides the rest."""

    def __init__(self) -> None:
        super().__init__("", markup=False)

    def on_resize(self) -> None:
        width, height = self.app.size
        sentence = _(
            "cwtui needs a window of at least {least_width}x{least_height}. This one is "
            "{width}x{height}: make it larger.",
            least_width=MIN_COLUMNS,
            least_height=MIN_ROWS,
            width=width,
            height=height,
        )
        self.update(sentence)
