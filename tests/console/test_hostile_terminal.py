"""Hostile terminals (DESIGN 4.4, 4.6): any bytes, any size, floods and lost connections."""

import signal
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest

from cwtui.ui.terminal.driver import LOST_PASTE, NOT_UTF8, TOO_MUCH
from tests.console import cwtui_terminal as cwtui
from tests.console.busy_cwtui import BUSY
from tests.console.cwtui_terminal import PASSWORD, login, shows, still_works
from tests.console.terminal import Terminal
from tests.running import wait_gone
from tests.soak import times
from tests.ui.terminal_answers import ANSWERS

MEGABYTE = 1 << 20
MOST_MEMORY = 120 * MEGABYTE
"""An open login screen uses 50 MB."""


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return cwtui.with_admin(tmp_path_factory.mktemp("hostile"), PASSWORD)


# Bytes and answers

BYTES = {
    "Latin-1": "Müller".encode("latin-1"),
    "noise": bytes(range(0x80, 0x100)),
    "NUL": b"\0" * 100,
    "8-bit controls": b"\x84\x85\x8d\x9b\x9c",
    "X10 mouse beyond column 95": b"\x1b[M \x84!",
    "X10 mouse, cut off": b"\x1b[M ",
    "beyond Unicode": b"\x1b[1114112u",
    "a surrogate": b"\x1b[55296u\x1b[97;;55296u",
    "key 0": b"\x1b[0u\x1b[;;;u",
    "huge": b"\x1b[99999999999999999999u\x1b[" + b"9" * 5000 + b"u",
    "colons": b"\x1b[1:2:3;4:5u\x1b[:::;:::;:::u",
    "mouse far away": b"\x1b[<0;99999;99999M\x1b[<9999999999;1;1M\x1b[<0;-3;-3M\x1b[<0;;M",
    "mouse drawn out": b"\x1b[<32;9999;1M\x1b[<0;9999;9999m",
    "8 buttons": b"".join(b"\x1b[<%d;1;1M" % (number | 32) for number in range(256)),
    "modes": b"\x1b[?2048;2$y\x1b[?2048;1$y\x1b[?2026;4$y\x1b[?99999999;1$y",
    "window reports": b"\x1b[48;0;0;0;0t\x1b[48;20000;20000;0;0t\x1b[48;1;1;0;0t\x1b[48;24;80;;t",
    "joiners": "\u200d\u200b\u2066\u202e\u061c\ufeff\u0301\ufdd0\uffff\ue000".encode(),
    "an end without a beginning": b"\x1b[201~\x1b\\",
}


def test_no_bytes_harm_the_login_screen(home: Path) -> None:
    """One after the other on one screen, each beginning with empty fields."""
    with login(home, forked=True) as terminal:
        for part in (
            _sequences_split_by_a_slow_line_stay_whole,
            _an_unfinished_paste_is_given_up,
            _text_that_is_not_utf8_is_reported_once,  # before other such text
            _late_terminal_answers_are_not_typed,
            _no_bytes_crash_it_or_count_as_typed,
        ):
            part(terminal)
            terminal.send("ctrl+u")
            terminal.wait_until(lambda: not cwtui.typed_username(terminal), what="an empty field")


def _no_bytes_crash_it_or_count_as_typed(terminal: Terminal) -> None:
    for name, data in BYTES.items():
        terminal.send_bytes(b"a" + data + b"\x1b[201~b")
        terminal.wait_until(lambda: cwtui.typed_username(terminal).endswith("b"), what=name)
        left = cwtui.typed_username(terminal)
        assert left.startswith(("a", "á")), name
        assert left.isascii() or name == "joiners", (name, left)
        assert len(left) <= 9, (name, left)
        terminal.send("ctrl+u")
        terminal.wait_until(lambda: not cwtui.typed_username(terminal), what=f"{name}, gone")
    still_works(terminal)


def _late_terminal_answers_are_not_typed(terminal: Terminal) -> None:
    for name, answer in ANSWERS.items():
        terminal.send_bytes(answer + b"x")
        terminal.wait_until(lambda: bool(cwtui.typed_username(terminal)), what=name)
        assert cwtui.typed_username(terminal) == "x", name
        terminal.send("ctrl+u")
        terminal.wait_until(lambda: not cwtui.typed_username(terminal), what=f"{name}, gone")


SPLIT = {
    "DA1": ((b"\x1b[?6", b"2;4cab"), "ab"),
    "OSC": ((b"\x1b", b"]11;rgb:1/2", b"/3\x1b", b"\\ab"), "ab"),
    "arrow": ((b"b\x1b", b"[", b"Da"), "ab"),
    "paste": ((b"\x1b[20", b"0~a\x1b[2", b"01~b"), "ab"),
    "character": (("ü".encode()[:1], "ü".encode()[1:] + b"b"), "üb"),
}


def _sequences_split_by_a_slow_line_stay_whole(terminal: Terminal) -> None:
    for name, (parts, typed) in SPLIT.items():
        terminal.send_bytes(*parts, gap=0.4)
        expected = partial(lambda text: cwtui.typed_username(terminal) == text, typed)
        terminal.wait_until(expected, what=f"{typed} ({name})")
        assert not shows(terminal, NOT_UTF8), name
        terminal.send_bytes(b"\x05\x15")  # to the end, and delete all before it
        terminal.wait_until(lambda: not cwtui.typed_username(terminal), what=f"{name}, gone")


def _an_unfinished_paste_is_given_up(terminal: Terminal) -> None:
    terminal.send_bytes(b"\x1b[200~lost")
    terminal.wait_until(lambda: shows(terminal, LOST_PASTE), what=LOST_PASTE)
    terminal.send_bytes(b"adm")
    terminal.wait_until(lambda: cwtui.typed_username(terminal) == "adm", what="adm")


def _text_that_is_not_utf8_is_reported_once(terminal: Terminal) -> None:
    terminal.send_bytes(b"M\xfcller\x1b[3")
    terminal.wait_until(lambda: shows(terminal, NOT_UTF8), what=NOT_UTF8)
    terminal.send_bytes(b"~")
    terminal.wait_until(lambda: cwtui.typed_username(terminal) == "Mller", what="Mller")
    terminal.send_bytes(b"\xe4\xf6\xfc\x15adm")
    terminal.wait_until(lambda: cwtui.typed_username(terminal) == "adm", what="adm")
    assert terminal.text.count("does not send") == 1


def test_text_that_is_not_utf8_is_reported_on_pages_too(home: Path) -> None:
    with login(home, forked=True) as terminal:
        terminal.type(f"admin\t{PASSWORD}\r")
        terminal.wait_for("Multi-Factor Authentication")
        terminal.wait_until_still()
        terminal.send_bytes(b"\x1b[M \xc4\xa1\xfc")
        terminal.wait_until(lambda: shows(terminal, NOT_UTF8), what=NOT_UTF8)


# Sizes


@pytest.mark.parametrize("size", [20000, 65535])
def test_a_huge_window_is_drawn_only_in_part(home: Path, size: int) -> None:
    with login(home) as terminal:
        terminal._child.setwinsize(size, size)
        terminal.watch(2)
        assert terminal.peak_memory < MOST_MEMORY
        pid = terminal.pid
        terminal.hang_up()
        wait_gone(pid, 10)


@pytest.mark.parametrize(
    ("columns", "rows"), [("20000", "20000"), ("9" * 5000, "²"), ("60", "20"), ("-1", "0")]
)
def test_the_kernels_size_overrides_environment_variables(
    home: Path, columns: str, rows: str
) -> None:
    with login(home, env={"COLUMNS": columns, "LINES": rows, "ESCDELAY": "1" + "0" * 400}) as seen:
        assert seen.peak_memory < MOST_MEMORY
        assert "Ctrl+Q" in seen.lines[-1].replace("^q", "Ctrl+Q")


def test_window_reports_the_kernel_contradicts_are_ignored(home: Path) -> None:
    with login(home, forked=True) as terminal:
        terminal.send_bytes(b"\x1b[?2048;2$y\x1b[48;20000;20000;0;0t\x1b[48;1;1;1;1t")
        still_works(terminal)
        assert terminal.peak_memory < MOST_MEMORY
        # Later sizes from the kernel still count.
        terminal.resize(70, 22)
        terminal.wait_until(lambda: "F1" in terminal.lines[-1], what="the last of 22 rows")


def test_window_reports_count_if_the_kernel_knows_no_size(home: Path) -> None:
    """As on a serial line."""
    with cwtui.forked(home, columns=0, rows=0) as terminal:
        terminal.screen.resize(30, 100)
        terminal.wait_for("Sign in to Your Account")
        terminal.wait_until_still()
        assert "F1" in terminal.lines[23]
        terminal.send_bytes(b"\x1b[?2048;2$y\x1b[48;30;100;600;1000t")
        terminal.wait_until(lambda: "F1" in terminal.lines[29], what="the last of 30 rows")
        terminal.send_bytes(b"\x1b[48;20000;20000;0;0t\x1b[48;0;0;0;0t\x1b[48;30;100;600;1000t")
        still_works(terminal)
        assert terminal.peak_memory < MOST_MEMORY


def test_it_recovers_from_any_window_size(home: Path) -> None:
    with login(home, forked=True) as terminal:
        for columns, rows in [(1, 1), (2, 1), (1, 200), (640, 200), (0, 0), (80, 24)]:
            terminal._child.setwinsize(rows, columns)
            terminal.send_bytes(b"\x1b[<0;1;1M\x1b[<0;1;1m\x1b[<35;500;150M")
            terminal.watch(0.2)
        terminal.send_bytes(b"\x0c")
        terminal.wait_for("Sign in to Your Account")
        terminal.send("shift+tab", "shift+tab", "tab", "tab")
        assert terminal.alive


# Floods

FLOODS = {
    "keys": {
        "letters": b"a",
        "Esc": b"\x1b",
        "beginnings": b"\x1b[",
        "Latin-1": b"\xfc",
        "half characters": b"\xe4b",
        "arrows": b"\x1b[A\x1b[B",
    },
    "reports": {
        "a paste without end": b"\x1b[200~aaaaaaaaaa",
        "the mouse": b"\x1b[<35;10;10M\x1b[<35;11;10M",
        "window reports": b"\x1b[48;24;80;0;0t\x1b[48;25;81;0;0t",
        "an OSC without end": b"\x1b]11;" + b"a" * 5000,
        "focus": b"\x1b[I\x1b[O",
    },
    "clicks": {"clicks": b"\x1b[<0;40;10M\x1b[<0;40;10m"},
}


@pytest.mark.parametrize("kind", FLOODS)
def test_floods_are_survived_with_bounded_memory(home: Path, kind: str) -> None:
    size = times(MEGABYTE // 4, 5 * MEGABYTE)
    with login(home) as terminal:
        for name, part in FLOODS[kind].items():
            data = part * (size // len(part))
            assert terminal.flood(data, 120) == len(data), name
            if name in {"letters", "clicks"}:  # the first of their terminal
                # Without a limit of the queue, nothing is ignored, and all of it has its effect.
                terminal.wait_until(lambda: shows(terminal, TOO_MUCH), what=TOO_MUCH)
            # What is typed before the flood is over is dropped with it.
            terminal.wait_until_still(quiet=1.0)
            assert terminal.peak_memory < MOST_MEMORY, name
            if kind != "clicks":  # they may have pressed a button
                still_works(terminal)
        terminal.kill(signal.SIGTERM)
        assert terminal.wait_exit(10) == 1


ENDS: dict[str, Callable[[Terminal], None]] = {
    "SIGTERM": lambda terminal: terminal.kill(signal.SIGTERM),
    "SIGHUP": lambda terminal: terminal.kill(signal.SIGHUP),
    "Ctrl+Q": lambda terminal: terminal.send_bytes(b"\x11"),
    "the line drops": Terminal.hang_up,
}


@pytest.mark.parametrize("way", ENDS)
def test_a_flood_does_not_delay_quitting(home: Path, way: str) -> None:
    with login(home, forked=True) as terminal:
        terminal.flood(b"abc" * MEGABYTE, 1)
        pid = terminal.pid
        ENDS[way](terminal)
        if way != "the line drops":
            terminal.flood(b"abc" * MEGABYTE, 10)
            assert not terminal.alive
        wait_gone(pid, 10)


# Ending while the event loop is busy


def busy(home: Path) -> Terminal:
    config = str(home / "cwtui.toml")
    command = [sys.executable, "-m", "tests.console.busy_cwtui", "--config", config]
    terminal = Terminal(command, home, forked=True)
    terminal.wait_for("Sign in to Your Account")
    terminal.wait_until_still()
    terminal.send_bytes(b"\x1bOR")
    terminal.wait_until(lambda: BUSY in terminal.raw, what="its busy loop")
    return terminal


def test_a_signal_ends_a_busy_application(home: Path) -> None:
    with busy(home) as terminal:
        assert terminal.screen.alternate
        terminal.kill(signal.SIGTERM)
        assert terminal.wait_exit(10) == 1
        assert not terminal.screen.alternate
        assert not terminal.screen.has_private_mode(1000)


def test_a_dropped_connection_ends_a_busy_application(home: Path) -> None:
    with busy(home) as terminal:
        pid = terminal.pid
        terminal.hang_up()
        wait_gone(pid, 10)


def test_a_signal_ends_it_while_the_terminal_is_stopped(home: Path) -> None:
    """As with Ctrl+S: the terminal accepts nothing, so every write blocks."""
    with login(home, forked=True) as terminal:
        for number in range(200):
            terminal._child.setwinsize(24 + number % 2, 80 + number % 3)
            terminal._child.send(b"\x0c")
        pid = terminal.pid
        terminal.kill(signal.SIGTERM)
        wait_gone(pid, 10)
