"""A small application that shows a QR code beside 33 columns of text.

    python -m tests.console.qr_app STYLE THEME...

t: the other theme of the same kind. q: the application of the next theme, or the end.
"""

import sys

from textual.app import App, ComposeResult
from textual.containers import Horizontal
from textual.widgets import Static

from cwtui.accounts.credentials.totp import uris
from cwtui.accounts.secret import Secret
from cwtui.qr import Drawing, DrawingStyle, Size, fit
from cwtui.ui.widgets.qr_code import QrCode

SECRET = Secret("GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ")
USERNAME = "alice.longername@plant-7.example.com"
ISSUER = "Connectware (plant-7)"
TEXT_COLUMNS = 33


class QrApp(App[None]):
    CSS = f"Static {{ width: {TEXT_COLUMNS}; }}"
    BINDINGS = [("b", "blank"), ("s", "show"), ("t", "turn"), ("q", "quit")]

    def __init__(self, theme: str, style: DrawingStyle) -> None:
        # Textual chooses what NO_COLOR does here, before it knows the theme.
        super().__init__(ansi_color=theme.startswith("ansi-"))
        self.theme = theme
        self._style = style

    def compose(self) -> ComposeResult:
        with Horizontal():
            yield Static("Scan the QR code", markup=False)
            yield QrCode(self._drawing())

    def action_blank(self) -> None:
        self.query_one(QrCode).remove()
        self.query_one(Static).update("hidden")

    def action_show(self) -> None:
        self.query_one(Horizontal).mount(QrCode(self._drawing()))
        self.query_one(Static).update("shown")

    def action_turn(self) -> None:
        kind, _, brightness = self.theme.partition("-")
        self.theme = f"{kind}-light" if brightness == "dark" else f"{kind}-dark"
        self.query_one(Static).update(f"now {self.theme}")

    def _drawing(self) -> Drawing:
        room = Size(self.size.width - TEXT_COLUMNS, self.size.height)
        found = fit(uris(SECRET, USERNAME, ISSUER), room, self._style)
        if not isinstance(found, Drawing):
            raise TypeError(found)
        return found


if __name__ == "__main__":
    for theme in sys.argv[2:]:
        QrApp(theme, DrawingStyle[sys.argv[1]]).run()
