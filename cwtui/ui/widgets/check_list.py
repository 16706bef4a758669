"""Checkboxes of which several can be chosen, and below them what is wrong with the choice."""

from collections.abc import Container, Iterable, Mapping

from textual.app import ComposeResult
from textual.containers import Vertical
from textual.widgets import Static

from cwtui.accounts import roles
from cwtui.accounts.roles import Permission
from cwtui.accounts.text import visible
from cwtui.language import _
from cwtui.ui.widgets.choices import Choice


class CheckList(Vertical):
    """`offered` has the label of each choice by its name. Rules report errors for `field`."""

    DEFAULT_CSS = """
    CheckList {
        height: auto;
        width: 1fr;
        & > .message { color: $error; text-style: $error-text-style; display: none; }
        &.-wrong > .message { display: block; }
    }
    """

    def __init__(self, field: str, offered: Mapping[str, str], held: Iterable[str]) -> None:
        super().__init__(id=field)
        self._held = frozenset(held)
        self._offered = offered

    def compose(self) -> ComposeResult:
        for name, label in self._offered.items():
            yield Choice(label, name in self._held, name=name)
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


class RoleChoice(CheckList):
    """The roles of an account, chosen from those that the person may give."""

    def __init__(self, held: Iterable[str], grantable: Iterable[str]) -> None:
        super().__init__("roles", {name: name for name in grantable}, held)


class PermissionChoice(CheckList):
    """What a role permits, chosen from what the person may do."""

    def __init__(self, held: Iterable[Permission], grantable: Container[Permission]) -> None:
        labels = {
            one.value: f"{one}: {_(roles.MEANING[one])}" for one in Permission if one in grantable
        }
        super().__init__("permissions", labels, held)
