"""What a key press writes to a line of 9600 baud: 960 bytes take a second.

Counted from pictures, as on such a line: in the terminal's own 16 colours, and without what Textual
draws in between. tests/bench measures the same through a pty.
"""

from typing import Final

import pytest
from rich.color import ColorSystem
from textual._compositor import LayoutUpdate
from textual.geometry import Region

from cwtui.ui import theme
from cwtui.ui.painted import Painted
from cwtui.ui.spelling.abilities import abilities
from cwtui.ui.terminal.input import ESCAPE_SECONDS
from cwtui.ui.widgets.virtual_table import VirtualTable
from tests.ui.harness import Person
from tests.ui.scenes import SCENES, Scene
from tests.ui.test_lists import LISTS

BYTES_A_SECOND: Final = 960
KEY: Final = int(0.3 * BYTES_A_SECOND)
PAGE: Final = BYTES_A_SECOND
ALL_AT_ONCE: Final = 10**6
TERMS: Final = ("linux", "vt100")
KEYS: Final = {
    "sign_in": ("a", "l", "tab", "p", "a", "shift+tab", "f3"),
    "one_time_code": ("1", "2", "backspace", "tab", "tab"),
    "register_device": ("1", "2", "backspace", "tab", "shift+tab"),
    "backup_codes": ("tab", "tab", "shift+tab"),
    "check_saved": ("A", "B", "tab", "tab"),
    "settings_devices": ("down", "tab", "up"),
    "change_password": ("A", "b", "1", "tab", "A", "tab", "x"),
    "display": ("down", "tab", "space", "up"),
    "ssh_keys": ("down", "tab"),
    "navigation": ("down", "down", "up"),
    "account": ("tab", "down", "space", "right", "shift+tab"),
    "create_user": ("g", "r", "tab", "G", "tab", "space", "down"),
    "organization": ("tab", "1", "backspace", "down", "tab", "tab"),
    "proof": ("p", "a", "tab"),
    "confirm_disable_mfa": ("tab", "shift+tab"),
    "quitting": ("tab", "tab"),
    "command_palette": ("down", "down", "up"),
    "help_account": (*["down"] * 8, "up", "up"),
    "manual": ("down", "down", "up"),
    "manual_topic": (*["down"] * 8, "up", "up"),
    "users": (*["down"] * 18, *["up"] * 3, "/", "x"),
    "users_selected": ("space", "up", "space", "shift+up"),
    "batch_report": ("down", "up"),
    "acts": ("down", "down", "up"),
    "events": (*["down"] * 18, "up", "/"),
}
"""Keys of each scene, or list of 300 rows, that change a line or scroll by one."""
LONG: Final = frozenset({"x"})
"""The letter in the filter changes all rows. It is shown before them (tests/console)."""


class Line:
    """Counts what changes on the screen of a person, once for each type of terminal."""

    def __init__(self, person: Person) -> None:
        self._person = person
        self._painted = [Painted(abilities({"TERM": term})) for term in TERMS]
        self.sent()

    def sent(self, at_once: int = ALL_AT_ONCE) -> int:
        """How many bytes have to be written now, in the type that takes more.

        `at_once`: after so many, it looks again whether something else has to be written.
        """
        size = self._person.app.size
        picture = LayoutUpdate([[strip] for strip in self._person.strips], Region(0, 0, *size))
        return max(self._to(painted, picture, at_once) for painted in self._painted)

    def _to(self, painted: Painted, picture: LayoutUpdate, at_once: int) -> int:
        app = self._person.app
        painted.take(picture, app.size)
        text = painted.written(ColorSystem.STANDARD, at_once, app.first_rows)
        return len((text + painted.cursor(*app.cursor_position)).encode())


def scene(name: str) -> Scene:
    if name not in LISTS:
        return SCENES[name]
    begin, way = LISTS[name]
    return Scene(way, begin)


@pytest.mark.parametrize("name", KEYS)
async def test_no_key_takes_longer_than_a_third_of_a_second(name: str) -> None:
    async with scene(name).played(theme_name=theme.SIXTEEN_DARK.name) as (person, _):
        line = Line(person)
        for key in KEYS[name]:
            await person.press(key)
            sent = line.sent()
            assert 0 < sent <= KEY or key in LONG, f"{key}: {sent}\n{person.text}"


@pytest.mark.parametrize("name", ["users", "events"])
async def test_a_page_of_a_list_begins_where_the_cursor_is(name: str) -> None:
    """A page of new rows takes longer than a key may, and not more than help says."""
    async with scene(name).played(theme_name=theme.SIXTEEN_DARK.name) as (person, _):
        line = Line(person)
        for key in ("pagedown", "pagedown", "pageup", "end", "home"):
            await person.press(key)
            assert person.app.first_rows[0] == cursor_row(person)
            assert 0 < line.sent(at_once=1) <= KEY, key
            assert line.sent() <= PAGE, key


def cursor_row(person: Person) -> int:
    """The row of the screen in which the row with the cursor is."""
    (table,) = person.app.screen.query(VirtualTable)
    return table.region.y + 1 + table.cursor - round(table.scroll_y)


@pytest.mark.parametrize(
    ("name", "seconds"),
    [
        *(("sign_in", 4), ("settings_devices", 4), ("account", 4), ("organization", 4)),
        ("users", 4),  # the fullest page
        ("register_device", 2.2),  # the QR code stays
    ],
)
async def test_help_opens_and_closes_within_seconds(name: str, seconds: float) -> None:
    async with scene(name).played(theme_name=theme.SIXTEEN_DARK.name) as (person, _):
        line = Line(person)
        sent = 0.0
        for key in ("f1", "escape"):
            await person.press(key)
            sent += line.sent()
        assert ESCAPE_SECONDS + sent / BYTES_A_SECOND <= seconds
