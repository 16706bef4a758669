"""F1: the keys of the screen below, what can be done there, and a link to the manual."""

from collections.abc import Callable, Iterator, Sequence
from typing import Any, ClassVar

from rich.table import Table
from rich.text import Text
from textual.app import App, ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical, VerticalScroll
from textual.widgets import Static

from cwtui.accounts.roles import Permission
from cwtui.language import N_, _
from cwtui.ui.screens.account_screen import AccountScreen
from cwtui.ui.screens.dialogs.key_table import Key, Part, parts
from cwtui.ui.screens.dialogs.reader import Reader
from cwtui.ui.screens.steady import SteadyScreen
from cwtui.ui.widgets.buttons import Button

_KEY_COLUMNS = 19


class HelpScreen(Reader):
    """The help of one screen. `topic` is the part of the manual for that screen."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("f1,question_mark,q", "dismiss", N_("Close")),
        Binding("m", "manual", N_("Manual")),
    ]

    def __init__(
        self,
        text: str,
        keys: Sequence[Part] = (),
        shown_key: Callable[[str], str] = str,
        topic: str = "account",
        columns: int = 0,
    ) -> None:
        super().__init__(classes="-beside" if columns else None)
        self._columns = columns
        """How many columns at the right it covers; 0: as many as it needs."""
        self._text = text
        self._keys = keys
        self._shown_key = shown_key
        self._topic = topic

    def compose(self) -> ComposeResult:
        with Vertical(id="dialog", classes="reader") as dialog:
            if self._columns:
                dialog.styles.width = self._columns
            with VerticalScroll(id="text", classes="with-buttons", can_focus=False):
                yield from self._parts()
                yield Static(self._text, id="help", markup=False)
            with Horizontal(classes="buttons"):
                yield Button(_("Close"), id="close", compact=True)
                yield Button(_("Manual"), id="manual", compact=True)

    def _parts(self) -> ComposeResult:
        for part in self._keys:
            yield Static(Text(_(part.title), "bold"), markup=False)
            yield Static(self._key_table(part), classes="keys", markup=False)

    def _key_table(self, part: Part) -> Table:
        """Return a line for each key. What it does is wrapped beside the key, or below it."""
        table = Table.grid(padding=(0, 1, 0, 0))
        if not self._columns:
            table.add_column(width=_KEY_COLUMNS)
        for key in part.keys:
            names, does = ", ".join(map(self._shown_key, key.names)), _(key.does)
            if self._columns:
                table.add_row(Text(f"{names}: {does}"))
            else:
                table.add_row(Text(names), Text(does))
        return table

    def pressed(self, button: str) -> None:
        if button == "manual":
            self.action_manual()
        else:
            self.dismiss()

    def action_manual(self) -> None:
        """Open the list of topics that `cwtui help` shows."""
        from cwtui.ui.screens.dialogs.manual import ManualScreen

        if self.is_active:
            self.app.push_screen(ManualScreen(self._topic))


def open_help(app: App[Any], quits: str) -> None:
    """Open the help of the screen in front, if it has any. `quits` is the key that quits."""
    screen = app.screen
    if not isinstance(screen, SteadyScreen) or not screen.help_text:
        return
    keys = parts(screen, {"quit": quits}, _palette(app, screen))

    def shown_key(name: str) -> str:
        return app.get_key_display(Binding(name, ""))

    columns = screen.columns_for_help
    app.push_screen(HelpScreen(screen.help_text, keys, shown_key, screen.MANUAL, columns))


def _palette(app: App[Any], screen: SteadyScreen[Any]) -> Iterator[Key]:
    """Yield the key that opens the command palette, if it opens here, and what it finds."""
    if isinstance(screen, AccountScreen) and screen.NEEDS_SESSION:
        session = screen.context.session
        sees_users = session is not None and Permission.READ_USERS in session.permissions
        found = N_("Find a command or user") if sees_users else N_("Find a command")
        yield Key((app.COMMAND_PALETTE_BINDING,), found)
