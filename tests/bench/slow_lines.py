"""What a serial line of 9600 baud carries: the bytes of each step as seconds on the line.

The terminal says its speed, so that cwtui writes as on such a line: in parts, and only the newest
state. How many bytes that takes hardly depends on the machine, and so do these times.
"""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from functools import partial
from typing import Final

from cwtui.ui.terminal.input import ESCAPE_SECONDS
from tests.bench import visits
from tests.bench.measuring import Bench
from tests.bench.people import user
from tests.bench.table import Most, Row, on_the_line
from tests.console.terminal import Terminal

_BYTES_A_SECOND: Final = 960
_QUIET: Final = 0.8
"""Longer than Esc waits, and than the pauses between two parts."""
_KEY: Final = Most(0.3, on_the_line)
_HELP: Final = Most(4.0, on_the_line)


def rows(bench: Bench) -> Iterator[Row]:
    home = bench.few.home
    with ExitStack() as stack:
        login = stack.enter_context(visits.login(home, None, **visits.SLOW))
        yield Row("9600 baud: first paint of the login screen", _line(len(login.raw)), on_the_line)
        yield from sign_in(login)
        settings = stack.enter_context(visits.settings(home, user(3), None, **visits.SLOW))
        yield Row("  help and back, Settings", _help(settings), on_the_line, most=_HELP)
        yield Row("  help scrolled by a line", _scrolled_help(settings), on_the_line, most=_KEY)
        users = stack.enter_context(visits.users(home, user(4), None, **visits.SLOW))
        yield from listing(users)
        enrolment, written = visits.enrolment(home, None, **visits.SLOW)
        stack.enter_context(enrolment)
        to_qr_code = _line(len(written))
        yield Row("  from login to the QR code", to_qr_code, on_the_line, most=Most(8, on_the_line))
        yield Row("  help and back, QR code", _help(enrolment), on_the_line, most=_HELP)


def sign_in(login: Terminal) -> Iterator[Row]:
    yield Row(
        "  a key in Username, the slowest of 5", _slowest(login, "alice"), on_the_line, most=_KEY
    )
    yield Row("  Tab", _step(login, partial(login.send, "tab")), on_the_line, most=_KEY)
    yield Row("  help and back, login screen", _help(login), on_the_line, most=_HELP)


def listing(users: Terminal) -> Iterator[Row]:
    yield Row(
        "  Down in the list of users",
        _step(users, partial(users.send, "down")),
        on_the_line,
        most=_KEY,
    )
    yield Row("  Page Down", _step(users, partial(users.send, "pagedown")), on_the_line)
    yield Row(
        "  Down where the list scrolls",
        _step(users, partial(users.send, "down")),
        on_the_line,
        most=_KEY,
    )
    yield Row(
        "  the key that leads to the filter",
        _step(users, partial(users.type, "/")),
        on_the_line,
        most=_KEY,
    )
    shown, done = _typed(users, "user-00012")
    yield Row(
        "  a key in the filter until it is shown, the slowest of 10", shown, on_the_line, most=_KEY
    )
    yield Row("  until its rows are shown too", done, on_the_line)
    yield Row("  help and back, Users", _help(users), on_the_line, most=_HELP)


def _slowest(terminal: Terminal, keys: str) -> float:
    return max(_step(terminal, partial(terminal.type, key)) for key in keys)


def _typed(users: Terminal, keys: str) -> tuple[float, float]:
    """The slowest key in the filter: until it is shown in the field, and until all is shown."""
    shown, done = 0.0, 0.0
    for count in range(1, len(keys) + 1):
        users.wait_until_still(_QUIET)
        before = len(users.raw)
        users.type(keys[count - 1])
        users.wait_until(partial(_is_typed, users, keys[:count]), what=keys[:count])
        shown = max(shown, _line(len(users.raw) - before))
        users.wait_until_still(_QUIET)
        done = max(done, _line(len(users.raw) - before))
    return shown, done


def _is_typed(users: Terminal, keys: str) -> bool:
    return f" {keys} " in users.text


def _help(terminal: Terminal) -> float:
    """Open help and close it with Esc, which waits for the rest of a sequence first."""
    opened = _step(terminal, partial(terminal.send, "f1"))
    return opened + ESCAPE_SECONDS + _step(terminal, partial(terminal.send, "escape"))


def _scrolled_help(terminal: Terminal) -> float:
    _step(terminal, partial(terminal.send, "f1"))
    scrolled = _step(terminal, partial(terminal.send, "down"))
    _step(terminal, partial(terminal.send, "escape"))
    return scrolled


def _step(terminal: Terminal, act: Callable[[], None]) -> float:
    """The seconds on the line of everything that is written because of the act."""
    terminal.wait_until_still(_QUIET)
    before = len(terminal.raw)
    act()
    terminal.wait_until_still(_QUIET)
    return _line(len(terminal.raw) - before)


def _line(count: int) -> float:
    return count / _BYTES_A_SECOND
