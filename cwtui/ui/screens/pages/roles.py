"""User Management > Roles: the list, the page of one role, and the page that creates one."""

import asyncio
from collections.abc import Container, Mapping, Sequence
from typing import TYPE_CHECKING, ClassVar, Final, NamedTuple

from textual.app import ComposeResult
from textual.containers import Horizontal
from textual.widgets import Static

from cwtui.accounts import custom_roles, roles
from cwtui.accounts.custom_roles import Role, RoleUpdated
from cwtui.accounts.errors import AccountsError, UnknownRole
from cwtui.accounts.roles import Permission
from cwtui.accounts.text import visible
from cwtui.language import N_, _, ngettext
from cwtui.ui.messages import OpenRolePage, OpenSection, OpenSubPage
from cwtui.ui.screens.pages.looking import LookingPage
from cwtui.ui.screens.pages.page import WITH_WIDE, PageBelow, row, save_row, value
from cwtui.ui.sections import ROLES, SubPage
from cwtui.ui.widgets.buttons import Button
from cwtui.ui.widgets.check_list import PermissionChoice
from cwtui.ui.widgets.fields import Field, TextInput
from cwtui.ui.widgets.subject_buttons import RoleButton

if TYPE_CHECKING:
    from cwtui.accounts.ports import Ports
    from cwtui.accounts.session import Session


_BUILT_IN: Final = N_("This role is built in.")
_BEYOND: Final = N_(
    "This role has permissions that you do not have, so you cannot change, copy or remove it."
)


class Listed(NamedTuple):
    """The roles when the accounts and settings had this version."""

    roles: Sequence[Role]
    version: object


def listed(ports: "Ports", session: "Session") -> Listed:
    """Read all roles. Raises NotPermitted, SessionEnded and CannotCheck."""
    version = ports.accounts.version()
    return Listed(custom_roles.list_roles(ports, session), version)


class RolesPage(LookingPage):
    SECTION = ROLES
    MANUAL = "admin"
    TITLE_TEXT = N_("Roles")
    AUTO_FOCUS = "#create-role"
    HORIZONTAL_BREAKPOINTS = WITH_WIDE
    HELP = N_("""\
A role is a named set of permissions. An account has one or more roles, and all their permissions.

The roles connectware-admin and minimum-access are built in. Create Role makes another one, for \
example for a help desk. The name of a role opens its page, to change, copy or remove it.

You can only give permissions that you have, and change only accounts that have no more than \
you.""")

    def __init__(self, listed: Listed) -> None:
        super().__init__()
        self._listed = listed

    def content(self) -> ComposeResult:
        yield Button(_("Create Role"), id="create-role", compact=True)
        for role in self._listed.roles:
            with Horizontal(classes="own-device long-names"):
                yield RoleButton(role.name, role.name)
                yield value(_held_by(role))
            yield Static(_permitted(role.permissions), classes="fingerprint", markup=False)

    async def show_news(self) -> None:
        ports = await self.context.connected()
        if await asyncio.to_thread(ports.accounts.version) == self._listed.version:
            return
        now = await asyncio.to_thread(listed, ports, self.session)
        if now.roles == self._listed.roles:
            self._listed = now
        elif self.may_show_news:
            self.lead_away(OpenSection(ROLES, resume=True))

    def pressed(self, button: str) -> None:
        if button == "create-role":
            self.lead_away(OpenSubPage(SubPage.CREATE_ROLE))
        else:
            self.lead_away(OpenRolePage(RoleButton.subject_of(button)))


class BelowRoles(PageBelow):
    """A page below the list of roles. Esc goes back to the list."""

    SECTION = ROLES
    MANUAL = "admin"

    def open_list(self) -> None:
        self.lead_away(OpenSection(ROLES, resume=True))

    def action_back(self) -> None:
        self.leave(self.open_list)

    def refuse(self, error: AccountsError) -> None:
        if isinstance(error, UnknownRole):
            # Nothing can be done here any more. The list shows which there are.
            self.notify(visible(error.gone), severity="error", markup=False)
            self.open_list()
        else:
            super().refuse(error)


class CreateRolePage(BelowRoles):
    """`like` is the role whose permissions are copied, if any."""

    TITLE_TEXT = N_("Roles > Create Role")
    HELP = N_("""\
A name has lower-case letters, digits and hyphens, such as help-desk. It cannot be changed later.

Anyone who can change accounts must find them, so manage-users and reset-mfa include read-users.

You can only give permissions that you have.""")

    def __init__(self, like: Role | None = None) -> None:
        super().__init__()
        self._permissions = like.permissions if like is not None else ()

    def content(self) -> ComposeResult:
        yield Field("name", _("Name"), TextInput())
        yield from _permissions(self._permissions, self.session.permissions)
        yield Button(_("Create Role"), id="primary", variant="primary", compact=True)

    def unsaved(self) -> str:
        return _("the new role") if self.query_one("#name", Field).entry.value.strip() else ""

    def submit(self) -> None:
        name = self.query_one("#name", Field).entry.value
        chosen = self.query_one(PermissionChoice).chosen
        self.run_as_session(
            lambda ports, session: custom_roles.create_role(ports, session, name, chosen),
            self._created,
            _("Creating the role"),
        )

    def _created(self, role: Role) -> None:
        self.done(_("The role {name} was created.", name=role.name))
        self.open_list()


class RolePage(BelowRoles):
    LABELS: ClassVar[Mapping[str, str]] = {"permissions": N_("Permissions")}
    HELP = N_("Accounts with this role have these permissions. Built-in roles cannot be changed.")
    HELP_WITH: ClassVar[Mapping[str, str]] = {
        "#primary": N_("Update takes effect at once, and users with this role must sign in again."),
        "#copy": N_("Copy Permissions creates another role with the same permissions."),
        "#remove": N_("Remove Role is possible once no account has the role."),
    }

    def __init__(self, role: Role) -> None:
        super().__init__()
        self._role = role

    def heading(self) -> str:
        return _("Roles > {name}", name=self._role.name)

    def content(self) -> ComposeResult:
        yield row(_("Accounts"), value(_held_by(self._role)), gap=True)
        role, held = self._role, self.session.permissions
        may_give = roles.may_give(held, role.permissions)
        if role.is_built_in or not may_give:
            yield row(_("Permissions"), value(_permitted(role.permissions)))
            why = _(_BUILT_IN) if role.is_built_in else _(_BEYOND)
            yield Static(why, classes="text", markup=False)
        else:
            yield from _permissions(role.permissions, held)
            yield from save_row(_("Update"))
        if may_give and role.permissions:
            yield Button(_("Copy Permissions"), id="copy", compact=True)
        if may_give and not role.is_built_in:
            yield Button(_("Remove Role"), id="remove", classes="danger", compact=True)

    def _chosen(self) -> tuple[str, ...]:
        return tuple(one for choice in self.query(PermissionChoice) for one in choice.chosen)

    def pending(self) -> list[str]:
        is_changed = self.query(PermissionChoice) and self._chosen() != self._role.permissions
        return [_("Permissions")] if is_changed else []

    def unsaved(self) -> str:
        name = self._role.name
        return _("the new permissions of {name}", name=name) if self.pending() else ""

    def pressed(self, button: str) -> None:
        if button == "copy":
            self.leave(lambda: self.lead_away(OpenRolePage(self._role.name, copies=True)))
        elif button == "remove":
            self.leave(self._ask_first)
        else:
            super().pressed(button)

    def submit(self) -> None:
        name, seen, chosen = self._role.name, self._role.permissions, self._chosen()
        self.run_confirmed(
            lambda ports, session, agreed: custom_roles.update_role(
                ports, session, name, chosen, agreed, seen
            ),
            self._updated,
            _("Saving"),
        )

    def _updated(self, done: RoleUpdated) -> None:
        updated = _("The role {name} was updated.", name=done.role.name)
        self.done(updated if done.changed else _("Nothing was changed."))
        self.open_list()

    def _ask_first(self) -> None:
        question = _("Remove the role {name}?", name=self._role.name)
        self.confirm(question, _("Remove Role"), self._remove)

    def _remove(self) -> None:
        name, seen = self._role.name, self._role.permissions
        self.run_confirmed(
            lambda ports, session, agreed: custom_roles.remove_role(
                ports, session, name, agreed, seen
            ),
            self._removed,
            _("Removing"),
        )

    def _removed(self, _nothing: None) -> None:
        self.done(_("The role {name} was removed.", name=self._role.name))
        self.open_list()


def _permissions(chosen: Sequence[Permission], grantable: Container[Permission]) -> ComposeResult:
    yield Static(_("Permissions"), classes="section", markup=False)
    yield PermissionChoice(chosen, grantable)


def _held_by(role: Role) -> str:
    return ngettext("{number} account", "{number} accounts", role.accounts)


def _permitted(permissions: Sequence[Permission]) -> str:
    return ", ".join(permissions) or _("no permissions")
