"""What the command palette offers. Imported late, because the login screen has no palette."""

import asyncio
from collections.abc import Iterator
from functools import partial
from typing import Any, Protocol

from textual.app import App
from textual.screen import Screen

from cwtui.accounts import administration, roles
from cwtui.accounts.listing import AccountRow, Filter
from cwtui.accounts.roles import Permission
from cwtui.config import quit_key
from cwtui.ui import sections
from cwtui.ui.context import Context
from cwtui.ui.screens.account_screen import AccountScreen
from cwtui.ui.screens.dialogs.palette import Command, Users


class OpensPages(Protocol):
    """The part of the router that is needed here."""

    def open_section(self, name: str) -> None:
        """Open the section of that name."""

    def open_account(self, username: str) -> None:
        """Open one account's page."""

    def open_sub_page(self, page: sections.SubPage) -> None:
        """Open a page below a section."""

    def sign_out(self) -> None:
        """End the session."""


def commands(app: App[Any], context: Context, router: OpensPages) -> Iterator[Command]:
    """Yield the sections, the page's own commands, and the commands of the application."""
    if context.session is None:
        return
    for name, title in sections.allowed(context.session.roles):
        yield Command(title, partial(router.open_section, name))
    page = app.screen
    for node, binding, enabled, _ in page.active_bindings.values():
        is_here = node is page and binding.show and enabled
        if is_here and binding.key != "escape" and binding.action != "app.help":  # listed below
            run = partial(app.call_later, app.run_action, binding.action, page)
            yield Command(binding.description, run, app.get_key_display(binding))
    yield Command("Colours", partial(app.run_action, "next_theme"), "F3")
    yield Command("Display", partial(router.open_sub_page, sections.SubPage.DISPLAY))
    yield Command("Help", partial(app.run_action, "help"), "F1")
    yield Command("Sign Out", router.sign_out)
    yield Command("Quit", partial(_quit, app, page), quit_key.shown(context.config.keys.quit))


def _quit(app: App[Any], page: Screen[Any]) -> None:
    """Quit. It was chosen by its name from a list, so ask only about unsaved changes."""
    leave = partial(app.call_later, app.run_action, "leave")
    if isinstance(page, AccountScreen):
        page.leave(leave)
    else:
        leave()


def users(context: Context, router: OpensPages) -> Users | None:
    """Return how the palette finds users, or None if the person may not manage users."""
    session = context.session
    if session is None or Permission.MANAGE_USERS not in roles.permissions(session.roles):
        return None

    async def read() -> list[AccountRow]:
        ports = await context.connected()
        found = await asyncio.to_thread(administration.list_users, ports, session, Filter())
        return found.rows

    return Users(read, router.open_account)
