"""What must be true whatever keys were pressed."""

from textual.screen import Screen
from textual.widgets import Button, Static

from cwtui.accounts.settings import Mfa
from cwtui.ui import sections
from cwtui.ui.after_code import SECONDS
from cwtui.ui.room import MIN_COLUMNS, MIN_ROWS
from cwtui.ui.screens.account_screen import AccountScreen
from cwtui.ui.screens.entry.backup_codes import BackupCodesScreen
from cwtui.ui.screens.entry.check_saved import CheckSavedScreen
from cwtui.ui.screens.entry.first_run import FirstRunScreen
from cwtui.ui.screens.entry.sign_in import SignInScreen
from cwtui.ui.screens.pages.page import Page
from cwtui.ui.spelling.cells import cells_of
from cwtui.ui.widgets.navigation import Navigation
from tests.secrets.screens import SHOWING
from tests.ui.harness import Person
from tests.ui.plants import ADMIN
from tests.walk.town import Town


def check_rest(person: Person, town: Town) -> None:
    """Check that an idle screen is complete, waits for nothing, and leaks nothing."""
    check_whole(person)
    _check_secrets(person, town)


def check_whole(person: Person) -> None:
    """Check that a screen is open and not blank, and that its focused widget is focusable."""
    app = person.app
    stack, screen = app.screen_stack, app.screen
    assert not person.is_busy, "a screen is asking, and nothing runs"
    assert len(list(screen.children)) > 0, f"{type(screen).__name__} is blank: {stack}"
    kinds = [type(one) for one in stack[1:]]
    assert len(set(kinds)) == len(kinds), f"screens pile up: {stack}"
    assert all(len(below.children) for below in stack[1:]), f"a blank screen: {stack}"
    if isinstance(screen, Page):
        assert app.context.session is not None, "a page without a session"
    _check_focus(person, screen)


def _check_focus(person: Person, screen: Screen[object]) -> None:
    focused = screen.focused
    if focused is not None:
        assert focused.is_attached, f"the focus is on {focused}, which is gone"
        assert focused.focusable, f"the focus is on {focused}, which cannot have it"
        assert focused.screen is screen, f"the focus is on {focused} of another screen"
    width, height = person.app.size
    # Nothing has the focus while the terminal window is in the background.
    has_room = width >= MIN_COLUMNS and height >= MIN_ROWS and person.app.app_focus
    if has_room and isinstance(screen, AccountScreen):
        assert focused is not None, f"nothing of {type(screen).__name__} has the focus"


def check_picture(person: Person) -> None:
    """Check that the updates drawn so far show the same as the whole screen drawn anew."""
    shown = person.app._painted._wanted
    for y, strip in enumerate(person.strips):
        assert shown.get(y) == cells_of(strip.discard_meta().simplify()), (
            f"row {y} is not as it was drawn last:\n{person.text}"
        )


def _check_secrets(person: Person, town: Town) -> None:
    app = person.app
    if not SHOWING.isdisjoint(type(screen).__name__ for screen in app.screen_stack):
        return
    statics = [
        str(static.content) for screen in app.screen_stack for static in screen.query(Static)
    ]
    names = [str(button.label) for screen in app.screen_stack for button in screen.query(Button)]
    where = "\n".join([*statics, *names, *person.toasts, town.audit_log])
    seen = [secret for secret in town.secrets() if secret in where]
    if not seen:
        return
    # A walk also types passwords into other fields, whose stored values may be shown.
    kept = repr(town.world.accounts._committed) + repr(app.context.users_filter)
    for secret in seen:
        assert secret in kept, f"{secret!r} stands where it must not"


async def check_ways(person: Person, town: Town, username: str) -> None:
    """Check that every section can be reached from here with the keyboard alone."""
    await person.resize(80, 24)
    await come_back(person)
    if isinstance(person.app.screen, FirstRunScreen):
        return  # there is nobody yet
    if not isinstance(person.app.screen, Page):
        username = ADMIN
        town.make_whole(username)
        town.world.settings(mfa=Mfa.OPTIONAL)  # or the admin must enrol a device first
        person.app.router.back_to_sign_in()
        await person.settle()
        await person.sign_in(username, town.password(username))
        await come_back(person)
    session = person.app.context.session
    assert session is not None, f"signing in as {username} leads to:\n{person.text}"
    allowed = session.permissions
    for section, (title, permission) in sections.SECTIONS.items():
        if permission is not None and permission not in allowed:
            continue
        await _open(person, section)
        if person.app.context.session is None:
            return  # ended by what somebody else did
        page = person.app.screen
        assert isinstance(page, Page), f"{title} is not reached:\n{person.text}"
        assert section == page.SECTION, f"{title} is not reached:\n{person.text}"
        check_rest(person, town)
        check_picture(person)


async def come_back(person: Person) -> None:
    """Leave whatever is open with the keys that the screens offer."""
    for _ in range(12):
        person.stopwatch.forward(SECONDS)  # or Enter after a code would be ignored
        screen = person.app.screen
        if isinstance(screen, SignInScreen | FirstRunScreen) or not person.running:
            return
        if isinstance(screen, BackupCodesScreen):
            screen.query_one("#primary", Button).focus()
            await person.settle()
            # The first key shows the codes again if they are hidden.
            await person.press("enter", "enter")
            continue
        if isinstance(screen, CheckSavedScreen):
            screen.query_one("#skip", Button).focus()
            await person.settle()
            await person.press("enter")
            continue
        if isinstance(screen, Page) and isinstance(screen.focused, Navigation):
            return
        await person.press("escape")
        await _agree(person)
    assert isinstance(person.app.screen, Page), f"there is no way back:\n{person.text}"


async def _agree(person: Person) -> None:
    """Answer the question whether to leave, if there is one."""
    for answer in person.app.screen.query(Button):
        if str(answer.label) in {"Discard", "Leave", "Sign Out"}:
            answer.focus()
            await person.press("enter")
            return


async def _open(person: Person, section: str) -> None:
    await come_back(person)
    panels = list(person.app.screen.query(Navigation))
    if not panels:
        return
    index = panels[0].get_option_index(section)
    await person.press("home")
    for _ in range(12):
        if panels[0].highlighted == index:
            break
        await person.press("down")
    await person.press("enter")
    await _agree(person)
