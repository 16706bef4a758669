"""A list of users in which several can be selected, to do the same with all of them."""

from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.widgets import Static

from cwtui.accounts.bulk.acts import Act
from cwtui.accounts.bulk.selections import Selection
from cwtui.accounts.listing import View
from cwtui.accounts.roles import CustomRoles, Permission
from cwtui.language import N_, _
from cwtui.ui.messages import OpenBatch
from cwtui.ui.screens.pages.list_page import ListPage
from cwtui.ui.widgets.selection_bar import SelectionBar
from cwtui.ui.widgets.user_table import UserTable

NOTHING = Selection()
_TO_ACT = {Permission.MANAGE_USERS, Permission.RESET_MFA}


class SelectingPage(ListPage):
    """Shows a selection, and leads to what can be done with it."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("c", "change_selected", N_("Change")),
        Binding("a", "select_all", N_("Select all that match"), show=False),
        Binding("escape", "clear_selection", N_("Clear")),
        Binding("escape", "back", N_("Menu")),
    ]

    view: View
    """What is listed."""
    matching: int | None = None
    """How many users match the filter, once it is known."""

    @property
    def selection(self) -> Selection:
        return self.context.users_selection or NOTHING

    @property
    def may_select(self) -> bool:
        """Whether the person could do anything with what is selected."""
        return not _TO_ACT.isdisjoint(self.session.permissions)

    def custom_roles(self) -> CustomRoles:
        """Return the roles that can be given besides the built-in ones."""
        raise NotImplementedError

    def selection_bar(self) -> ComposeResult:
        if self.may_select:
            yield SelectionBar()

    def on_mount(self) -> None:
        self.show_selection()

    def show_selection(self) -> None:
        """Show how many are selected. Keys and buttons follow."""
        for bar in self.query(SelectionBar):
            bar.show(self.selection, self.matching, may_add=not self.filter_is_wrong)
        self._share_line()
        self.refresh_bindings()

    def say_about_filter(self) -> None:
        super().say_about_filter()
        for table in self.query(UserTable):
            if table.keeps_selection is not self.filter_is_wrong:
                # Nobody acts on rows that are not those that were asked for.
                table.keeps_selection = self.filter_is_wrong
                self.show_selection()

    def say(self, sentence: str, *, wrong: bool = False) -> None:
        super().say(sentence, wrong=wrong)
        self._share_line()

    def _share_line(self) -> None:
        """Show what is said in the line of the bar if nothing is selected, or else above it."""
        bars, lines = self.query(SelectionBar), self.query("#status-line").results(Static)
        for bar, line in zip(bars, lines, strict=False):
            line.display = bool(line.content)
            bar.display = not line.display or not self.selection.is_empty

    def on_user_table_selected(self, message: UserTable.Selected) -> None:
        self.context.users_selection = message.selection
        self.show_selection()

    def forget_view(self) -> None:
        """Another filter is listed: nobody can see any more what `all that match` were."""
        if self.selection.view is not None:
            self.query_one(UserTable).select(NOTHING)

    # Keys and buttons

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        match action:
            case "select_all":
                return self.may_select and not self.filter_is_wrong
            case "clear_selection":
                return not self.selection.is_empty and isinstance(self.focused, UserTable)
            case "change_selected":
                is_some = self.may_select and not self.selection.is_empty
                return is_some and not self.filter_is_wrong
            case _:
                return super().check_action(action, parameters)

    def pressed(self, button: str) -> None:
        match button:
            case "select-all":
                self.action_select_all()
            case "clear-selection":
                self.action_clear_selection()
            case "change-selected":
                self.action_change_selected()
            case _:
                super().pressed(button)

    def action_leave_field(self, direction: str) -> None:
        """Down leads from the filter to the list, not to the bar between them."""
        if direction == "down":
            self.query_one(UserTable).focus()
        else:
            super().action_leave_field(direction)

    def action_select_all(self) -> None:
        """Select all that match the filter, also those that are not in the table."""
        if self.matching == 0:
            self.say(f"✗ {_('There is nobody to select.')}", wrong=True)
        else:
            self._select(Selection(view=View(self.view.filter)))

    def action_clear_selection(self) -> None:
        self._select(NOTHING)

    def _select(self, selection: Selection) -> None:
        table = self.query_one(UserTable)
        # First, as the button that was pressed may not be there afterwards.
        self.set_focus(table)
        table.select(selection)

    def action_change_selected(self) -> None:
        """Ask what to do with the selected users, and open the page that does it."""
        from cwtui.ui.screens.dialogs.acts import ActsScreen

        if not self.may_act:
            return
        selection = self.selection

        def chosen(act: Act | None) -> None:
            if act is not None:
                self.lead_away(OpenBatch(act, selection))

        held = self.session.permissions
        size = None if self.matching is None else selection.size(self.matching)
        if size == 0:
            self.say(f"✗ {_('Nobody is selected.')}", wrong=True)
            return
        acts = ActsScreen(size, held, self.custom_roles(), kiosk=self.context.kiosk)
        self.app.push_screen(acts, chosen)
