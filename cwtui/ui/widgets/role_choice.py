"""Checkboxes for the roles of an account, and below them what is wrong with the choice."""

from collections.abc import Iterable

from textual.app import ComposeResult
from textual.containers import Vertical
from textual.widgets import Static

from cwtui.accounts import roles
from cwtui.accounts.text import visible
from cwtui.ui.widgets.choices import Choice


class RoleChoice(Vertical):
    DEFAULT_CSS = """
    RoleChoice {
        height: auto;
        width: 1fr;
        & > .message { color: $error; text-style: $error-text-style; display: none; }
        &.-wrong > .message { display: block; }
    }
    """

    def __init__(self, held: Iterable[str]) -> None:
        # The rules report a wrong choice with this name.
        super().__init__(id="roles")
        self._held = frozenset(held)

    def compose(self) -> ComposeResult:
        for role in roles.BUILT_IN:
            yield Choice(role, role in self._held, name=role)
        yield Static("", classes="message", markup=False)

    @property
    def chosen(self) -> tuple[str, ...]:
        return tuple(box.name or "" for box in self.query(Choice) if box.value)

    def show_error(self, sentence: str) -> None:
        """Show the error until the choice changes, and focus the first checkbox."""
        self.add_class("-wrong")
        self.query_one(".message", Static).update(f"✗ {visible(sentence)}")
        self.query(Choice).first().focus()

    def clear_error(self) -> None:
        self.remove_class("-wrong")

    def on_checkbox_changed(self) -> None:
        self.clear_error()
