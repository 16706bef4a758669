"""Asks what to do with the selected users."""

from collections.abc import Iterator, Sequence
from typing import ClassVar, Final, TypeAlias

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.widgets import OptionList, Static

from cwtui.accounts import roles
from cwtui.accounts.bulk import sentences
from cwtui.accounts.bulk.acts import (
    Act,
    AddRole,
    Change,
    DisableMfa,
    Remove,
    RemoveRole,
    ResetPassword,
    Unlock,
)
from cwtui.accounts.roles import CustomRoles, Permission
from cwtui.accounts.text import visible
from cwtui.accounts.updates import Update
from cwtui.language import N_, _, ngettext
from cwtui.ui.screens.dialogs.dialog import Dialog
from cwtui.ui.widgets.options import Options

_TITLES: Final = {AddRole: N_("Add Role"), RemoveRole: N_("Remove Role")}
Offer: TypeAlias = Act | type[AddRole | RemoveRole]
"""An act, or one that needs a role."""


def offers(held: frozenset[Permission], *, kiosk: bool) -> Iterator[Offer]:
    """Yield what somebody with these permissions can do with many users.

    In a kiosk there are no files, so that initial passwords could not be handed over.
    """
    manages = Permission.MANAGE_USERS in held
    if manages:
        yield from (Change(Update(mfa_required=True)), Change(Update(mfa_required=False)))
    if Permission.RESET_MFA in held:
        yield DisableMfa()
    if manages:
        yield from (Change(Update(enabled=True)), Change(Update(enabled=False)))
        yield from (AddRole, RemoveRole)
    if not held.isdisjoint(roles.TO_UNLOCK):
        yield Unlock()
    if manages:
        if not kiosk:
            yield from (ResetPassword(), ResetPassword(invited=True))
        yield Remove()


def _label(offer: Offer) -> str:
    if isinstance(offer, Act):
        return sentences.title(offer)
    return _("{act} …", act=_(_TITLES[offer]))


class ActsScreen(Dialog[Act]):
    """Returns the act, or None if the person goes back.

    `many` is how many users are selected; None: all, but nobody knows yet how many that are.
    """

    MANUAL = "admin"
    HELP = N_("""\
Choose what to do with all selected users. Nothing happens yet: the next page says for how many \
users it will be done, and who is left as they are and why.

Up and Down move, Enter chooses, and Esc goes back.""")
    AUTO_FOCUS = "Options"
    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape", "back", N_("Back"))]

    def __init__(
        self, many: int | None, held: frozenset[Permission], custom: CustomRoles, *, kiosk: bool
    ) -> None:
        super().__init__()
        self._many = many
        self._offers = list(offers(held, kiosk=kiosk))
        self._roles = roles.grantable(held, custom)
        self._of_role: type[AddRole | RemoveRole] | None = None
        """The act whose role is being chosen."""

    def compose(self) -> ComposeResult:
        with Vertical(id="dialog", classes="acts"):
            yield Static("", id="asked", markup=False)
            yield Options(markup=False, compact=True)
            yield Static(_("Enter chooses, Esc goes back."), classes="muted", markup=False)

    def on_mount(self) -> None:
        self._list_acts()

    def _list_acts(self) -> None:
        self._of_role = None
        asked = (
            _("Change all selected users")
            if self._many is None
            else ngettext("Change {number} user", "Change {number} users", self._many)
        )
        self._list(asked, [*map(_label, self._offers)])

    def _list(self, asked: str, labels: Sequence[str]) -> None:
        self.show_text("#asked", asked)
        options = self.query_one(Options)
        options.clear_options()
        options.add_options(map(visible, labels))
        options.highlighted = 0

    def action_back(self) -> None:
        if self._of_role is None:
            self.dismiss()
        else:
            self._list_acts()

    def on_option_list_option_selected(self, event: OptionList.OptionSelected) -> None:
        event.stop()
        if not self.may_act:
            return
        if self._of_role is not None:
            self.dismiss(self._of_role(self._roles[event.option_index]))
            return
        offer = self._offers[event.option_index]
        if isinstance(offer, Act):
            self.dismiss(offer)
        else:
            self._of_role = offer
            self._list(_label(offer), self._roles)
