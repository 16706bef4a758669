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
        "account profile mfa 2fa otp totp two-factor multi-factor authentication second factor "
        "one-time code token enable disable password passwd change add replace remove rename "
        "device devices lost phone tablet authenticator app qr code backup codes regenerate "
        "last sign-in"
    ),
    sections.USERS: N_(
        "accounts people mfa 2fa required password reset unlock locked lockout enable disable "
        "remove delete roles admins ldap directory invite invitation expired unused"
    ),
    sections.ROLES: N_("permissions rights groups create copy remove role help desk"),
    sections.ORGANIZATION: N_(
        "mfa 2fa required password rules policy minimum length issuer failed attempts lock lockout "
        "wait limit unused invitations"
    ),
    sections.AUDIT_LOG: N_("events history logs sign-ins logins failed"),
}
"""What people look for in each section; all in small letters."""
_OWN: Final = {
    sections.SubPage.SSH_KEYS: (N_("SSH Keys"), N_("ssh public key add remove")),
    sections.SubPage.OPEN_SESSIONS: (
        N_("Open Sessions"),
        N_("session signed in sign out everywhere end devices"),
    ),
    sections.SubPage.DISPLAY: (
        N_("Display"),
        N_("language english deutsch time zone timezone clock mouse theme preferences"),
    ),
}
"""Pages below Settings that everybody has: titles, and what people look for there."""
_CREATE_USER: Final = N_("Create User")
_NEW_USER: Final = N_("add new user account invite onboarding")


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
    for sub_page, (title, searched) in _OWN.items():
        opened = partial(router.open_sub_page, sub_page)
        yield Command(_(title), opened, words=_found_by(searched))
    next_theme = partial(app.run_action, "next_theme")
    yield Command(_("Colours"), next_theme, "F3", _found_by(N_("theme dark light")))
    help_words = _found_by(N_("manual keys shortcuts"))
    yield Command(_("Help"), partial(app.run_action, "help"), "F1", help_words)
    out_words = _found_by(N_("log out logout log off signout lock screen"))
    yield Command(_("Sign Out"), router.sign_out, words=out_words)
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
