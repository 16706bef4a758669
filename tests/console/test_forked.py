"""Programs that start in a process that has loaded cwtui do what a real start does."""

import os
import signal
from pathlib import Path

import pytest

from tests.console import cwtui_terminal as cwtui
from tests.console.terminal import Terminal


def looks(terminal: Terminal) -> tuple[str, bool, bool, set[str]]:
    """What is on the screen and the modes of the terminal."""
    terminal.wait_for("Sign in to Your Account")
    terminal.wait_until_still()
    assert os.getsid(terminal.pid) == terminal.pid
    colours = {cell.bg for row in terminal.screen.buffer.values() for cell in row.values()}
    screen = terminal.screen
    return cwtui.without_time(terminal), screen.alternate, screen.has_private_mode(1000), colours


@pytest.mark.parametrize("ends", [signal.SIGTERM, signal.SIGKILL])
def test_a_forked_start_shows_the_same_and_ends_the_same(
    tmp_path: Path, ends: signal.Signals
) -> None:
    home = cwtui.with_admin(tmp_path, cwtui.PASSWORD)
    with cwtui.opened(home) as real, cwtui.forked(home) as forked:
        assert looks(real) == looks(forked)
        for terminal in (real, forked):
            terminal.kill(ends)
        assert real.wait_exit() == forked.wait_exit()


@pytest.mark.parametrize("name", ["COLUMNS", "LC_ALL", "PYTHONDEVMODE", "TEXTUAL_LOG"])
def test_variables_that_count_while_loading_need_a_real_start(tmp_path: Path, name: str) -> None:
    with pytest.raises(ValueError, match=name):
        cwtui.forked(tmp_path, env={name: "1"})
