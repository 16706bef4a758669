"""How long a line is busy with what was written to it."""

import os
import pty
import termios
from collections.abc import Iterator
from pathlib import Path

import pytest

from cwtui.ui.terminal.line import Line


@pytest.fixture
def terminal() -> Iterator[int]:
    ours, theirs = pty.openpty()
    yield theirs
    os.close(ours)
    os.close(theirs)


def at(terminal: int, speed: int) -> Line:
    """The line with this speed, as a constant of termios."""
    attributes = termios.tcgetattr(terminal)
    attributes[4] = attributes[5] = speed
    termios.tcsetattr(terminal, termios.TCSANOW, attributes)
    return Line(terminal)


def test_a_slow_line_is_busy_until_it_has_sent_everything(terminal: int) -> None:
    line = at(terminal, termios.B9600)
    assert line.most_at_once == 96
    assert line.seconds_until_free(100.0) == 0
    line.sends("x" * 480, 100.0)
    line.sends("ü" * 240, 100.0)
    assert 0.9 < line.seconds_until_free(100.0) < 1.0
    assert 0.4 < line.seconds_until_free(100.5) < 0.5
    assert line.seconds_until_free(101.0) == 0
    line.sends("x" * 96, 200.0)
    assert 0.05 < line.seconds_until_free(200.0) < 0.1


def test_a_window_is_never_busy(terminal: int) -> None:
    line = at(terminal, termios.B38400)
    line.sends("x" * 10_000, 100.0)
    assert line.most_at_once is None
    assert line.seconds_until_free(100.0) == 0


def test_an_output_that_is_no_terminal_counts_as_fast() -> None:
    with Path(os.devnull).open() as nothing:
        assert Line(nothing.fileno()).most_at_once is None
