"""What Textual alone costs: the widgets of the login screen with nothing behind them."""

from typing import ClassVar

from textual.app import App, ComposeResult
from textual.binding import BindingType
from textual.containers import Center, Vertical, VerticalScroll
from textual.widgets import Button, Footer, Input, Static


class BareApp(App[None]):
    ENABLE_COMMAND_PALETTE = False
    CSS = """
    #entry { align: center middle; height: 1fr; }
    #column { width: 46; height: auto; }
    .field { height: auto; }
    .head { text-align: center; }
    .gap { margin-bottom: 1; }
    Button { width: 100%; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        ("f1", "help", "Help"),
        ("f2", "reveal", "Show / hide"),
        ("ctrl+q", "quit", "Quit"),
    ]

    def compose(self) -> ComposeResult:
        with VerticalScroll(id="entry", can_focus=False), Center(), Vertical(id="column"):
            yield Static("Connectware", classes="head")
            yield Static("this host", classes="head gap")
            yield Static("Sign in to Your Account", classes="gap")
            for label in ("Username", "Password"):
                with Vertical(classes="field"):
                    yield Static(label)
                    yield Input(compact=True, password=label == "Password")
                    yield Static("")
            yield Static("")
            yield Button("Sign In", variant="primary", compact=True)
        yield Footer(compact=True, show_command_palette=False)
        yield Static("", classes="too-small")


def main() -> None:
    BareApp().run()
