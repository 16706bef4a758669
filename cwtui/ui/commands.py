"""What the command palette offers. Imported late, because the login screen has no palette."""

import asyncio
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any, Final, Protocol

from textual.app import App
from textual.screen import Screen

from cwtui.accounts import user_list
from cwtui.accounts.bulk import sentences
from cwtui.accounts.bulk.acts import Act, ResetPassword
from cwtui.accounts.listing import Names
from cwtui.accounts.roles import Permission
from cwtui.accounts.session import Session
from cwtui.config import quit_key
from cwtui.language import N_, _
from cwtui.ui import sections
from cwtui.ui.context import Context
from cwtui.ui.messages import Ending
from cwtui.ui.screens.account_screen import AccountScreen
from cwtui.ui.screens.dialogs.acts import offers
from cwtui.ui.screens.dialogs.palette import MOST_USERS, Command, Users

_WORDS: Final = {
    sections.SETTINGS: N_(
        "account mfa 2fa two-factor multi-factor authentication enable disable "
        "password change password add device replace device remove device rename device "
        "devices lost phone tablet authenticator app qr code backup codes regenerate "
        "ssh keys public key open sessions sign out everywhere"
    ),
    sections.USERS: N_(
        "accounts mfa required password reset password unlock locked disable mfa roles admins ldap"
    ),
    sections.ROLES: N_("permissions create role copy permissions help desk remove role"),
    sections.ORGANIZATION: N_(
        "mfa required password rules minimum length issuer failed attempts wait limit"
    ),
    sections.AUDIT_LOG: N_("events history sign-ins failed"),
}
"""What people look for in each section; all in small letters."""
_CREATE_USER: Final = N_("Create User")
_NEW_USER: Final = N_("add user new user account onboarding")


class OpensPages(Protocol):
    """The part of the router that is needed here."""

    def open_section(self, name: str) -> None:
        """Open the section of that name."""

    def open_account(self, username: str) -> None:
        """Open one account's page."""

    def open_batch(self, act: Act, username: str) -> None:
        """Open the page that does this with one account."""

    def open_sub_page(self, page: sections.SubPage) -> None:
        """Open a page below a section."""

    def sign_out(self) -> None:
        """End the session."""


def commands(app: App[Any], context: Context, router: OpensPages) -> Iterator[Command]:
    """Yield the sections, the page's own commands, and the commands of the application."""
    if context.session is None:
        return
    for name, title in sections.allowed(context.session.permissions):
        yield Command(title, partial(router.open_section, name), words=_found_by(_WORDS[name]))
    page = app.screen
    of_page = [
        binding
        for node, binding, enabled, _ in page.active_bindings.values()
        # Help is listed below.
        if node is page and binding.show and enabled
        if binding.key != "escape" and binding.action != "app.help"
    ]
    for binding in of_page:
        yield Command(
            _(binding.description),
            partial(app.call_later, app.run_action, binding.action, page),
            app.get_key_display(binding),
            _found_by(_NEW_USER) if binding.description == _CREATE_USER else "",
        )
    may_create = Permission.MANAGE_USERS in context.session.permissions
    if may_create and _CREATE_USER not in {binding.description for binding in of_page}:
        create = partial(router.open_sub_page, sections.SubPage.CREATE_USER)
        yield Command(_(_CREATE_USER), create, words=_found_by(_NEW_USER))
    next_theme = partial(app.run_action, "next_theme")
    yield Command(_("Colours"), next_theme, "F3", _found_by(N_("theme dark light")))
    display = partial(router.open_sub_page, sections.SubPage.DISPLAY)
    display_words = _found_by(N_("time zone timezone clock mouse theme preferences"))
    yield Command(_("Display"), display, words=display_words)
    yield Command(_("Help"), partial(app.run_action, "help"), "F1", _found_by(N_("manual keys")))
    yield Command(_("Sign Out"), router.sign_out, words=_found_by(N_("log out logout log off")))
    quit_shown = quit_key.shown(context.config.keys.quit)
    yield Command(
        _("Quit"), partial(_quit, app, page), quit_shown, _found_by(N_("exit leave close"))
    )


def _found_by(words: str) -> str:
    """Return the words in the person's language and in English, in which many look for them."""
    return " ".join(dict.fromkeys((_(words), words)))


def _quit(app: App[Any], page: Screen[Any]) -> None:
    """Quit. It was chosen by its name from a list, so ask only about unsaved changes."""
    leave = partial(app.call_later, app.run_action, "leave")
    if isinstance(page, AccountScreen):
        page.leave(leave, Ending.QUIT)
    else:
        leave()


def users(context: Context, router: OpensPages) -> Users | None:
    """Return how the palette finds users, or None if the person may not see users."""
    session = context.session
    if session is None or Permission.READ_USERS not in session.permissions:
        return None

    async def named(text: str) -> Names | None:
        ports = await context.connected()
        return await asyncio.to_thread(user_list.user_named, ports, session, text)

    async def find(text: str, search: user_list.UserSearch) -> list[Names]:
        ports = await context.connected()
        find_users = user_list.find_users
        return await asyncio.to_thread(find_users, ports, session, text, MOST_USERS, search)

    return Users(named, find, router.open_account, dict(_acts(session, context, router)))


def _acts(
    session: Session, context: Context, router: OpensPages
) -> Iterator[tuple[str, Callable[[str], None]]]:
    """Yield what can be done with one user, by its title."""
    for act in offers(session.permissions, kiosk=context.kiosk):
        if isinstance(act, ResetPassword):
            # The account's page shows the initial password, so that it needs no file.
            yield sentences.title(act), router.open_account
        elif isinstance(act, Act):
            yield sentences.title(act), partial(router.open_batch, act)
