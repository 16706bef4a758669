"""Checkboxes for the roles of an account."""

from collections.abc import Iterable

from textual.app import ComposeResult
from textual.containers import Vertical

from cwtui.accounts import roles
from cwtui.ui.widgets.choices import Choice


class RoleChoice(Vertical):
    DEFAULT_CSS = "RoleChoice { height: auto; width: 1fr; }"

    def __init__(self, held: Iterable[str]) -> None:
        super().__init__()
        self._held = frozenset(held)

    def compose(self) -> ComposeResult:
        for role in roles.BUILT_IN:
            yield Choice(role, role in self._held, name=role)

    @property
    def chosen(self) -> tuple[str, ...]:
        return tuple(box.name or "" for box in self.query(Choice) if box.value)
