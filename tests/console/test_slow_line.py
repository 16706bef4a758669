"""The screens on a line of 9600 baud, which are written in parts."""

import time
from pathlib import Path
from typing import Final

from tests.console import cwtui_terminal
from tests.console.seen import seen

SLOW: Final = ("sh", "-c", 'stty 9600; exec "$0" "$@"')
LOGIN_AND_HELP: Final = 2400
"""Bytes of the login screen and of its help."""


def test_a_slow_line_shows_the_same_in_the_end_and_a_key_before_the_rest(tmp_path: Path) -> None:
    home = cwtui_terminal.with_admin(tmp_path, cwtui_terminal.PASSWORD)
    with (
        cwtui_terminal.login(home, term="linux", colorterm=None, forked=True) as fast,
        cwtui_terminal.login(home, term="linux", colorterm=None, before=SLOW) as slow,
    ):
        for keys in ("al", "\x1bOP", "\x1b[B\x1b[B", "q"):
            fast.type(keys)
            slow.type(keys)
            fast.wait_until_still()
            slow.wait_until(lambda: seen(slow.screen) == seen(fast.screen), what=fast.text)
        before = len(slow.raw)
        slow.type("\x1bOP")
        slow.wait_for("On this screen")
        slow.type("q")
        time.sleep(0.2)
        slow.type("ice")
        slow.wait_until(lambda: cwtui_terminal.typed_username(slow) == "alice", what="alice")
        assert len(slow.raw) - before < LOGIN_AND_HELP / 2


def test_a_slow_line_gets_the_colours_of_the_terminal(tmp_path: Path) -> None:
    """Others take twice as many bytes."""
    home = cwtui_terminal.with_admin(tmp_path, cwtui_terminal.PASSWORD)
    with cwtui_terminal.login(home, before=SLOW) as slow:
        slow.wait_until_still()
        assert b"38;" not in slow.raw
        assert b"48;" not in slow.raw
