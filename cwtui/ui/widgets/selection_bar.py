"""What is selected in a list, and what can be done with it, in one line above the list."""

from textual.app import ComposeResult
from textual.containers import Horizontal
from textual.widgets import Static

from cwtui.accounts.bulk.selections import Selection
from cwtui.language import _, grouped
from cwtui.ui.widgets.buttons import Button


class SelectionBar(Horizontal):
    """Buttons that need a selection are shown only if there is one."""

    DEFAULT_CSS = """
    SelectionBar {
        height: 1;
        & > Static { width: auto; padding: 0 2 0 0; color: $text-muted; }
        & > Button { padding: 0 1; margin-right: 1; }
        & > Button:ansi, & > Button:focus:ansi { padding: 0; }
    }
    """

    def compose(self) -> ComposeResult:
        yield Static("", id="selected", markup=False)
        yield Button(_("Change"), id="change-selected", compact=True)
        yield Button(_("Select All"), id="select-all", compact=True)
        yield Button(_("Clear"), id="clear-selection", compact=True)
        yield Static(_("Space selects one."), id="how-to-select", markup=False)

    def show(self, selection: Selection, matching: int | None, *, may_add: bool) -> None:
        """Show how many are selected, where so many match the view if that is known.

        Without `may_add`, nobody can select more now, or act on those.
        """
        is_empty = selection.is_empty
        is_all = selection.view is not None and not selection.names
        self.query_one("#select-all").display = may_add and not is_all
        self.query_one("#change-selected").display = may_add and not is_empty
        for needs_selection in ("#selected", "#clear-selection"):
            self.query_one(needs_selection).display = not is_empty
        self.query_one("#how-to-select").display = may_add and is_empty
        self.query_one("#selected", Static).update(_counted(selection, matching))


def _counted(selection: Selection, matching: int | None) -> str:
    if selection.view is None:
        return _selected(len(selection.names))
    if matching is None:
        return _("All selected")
    return _selected(selection.size(matching))


def _selected(number: int) -> str:
    return _("{number} selected", number=grouped(number))
