"""A real terminal for tests: a command in a pty and the screen it draws."""

import os
import select
import signal
import time
import warnings
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Self

import pexpect

from tests.console.emulator import Emulator, Screen
from tests.console.forked import Forked
from tests.running import stat_of

ROOT: Final = Path(__file__).parents[2]

KEYS: Final = {
    "enter": "\r",
    "escape": "\x1b",
    "tab": "\t",
    "shift+tab": "\x1b[Z",
    "backspace": "\x7f",
    "delete": "\x1b[3~",
    "up": "\x1b[A",
    "down": "\x1b[B",
    "right": "\x1b[C",
    "left": "\x1b[D",
    "shift+up": "\x1b[1;2A",
    "shift+down": "\x1b[1;2B",
    "home": "\x1b[H",
    "end": "\x1b[F",
    "pageup": "\x1b[5~",
    "pagedown": "\x1b[6~",
    "f1": "\x1bOP",
    "f5": "\x1b[15~",
    **{f"ctrl+{letter}": chr(ord(letter) - 96) for letter in "abcdefghijklmnopqrstuvwxyz"},
}


class NotSeenError(AssertionError):
    """The expected output did not appear."""


def _spawned(
    command: Sequence[str], environ: Mapping[str, str], folder: Path, size: tuple[int, int]
) -> Any:
    program, *arguments = command
    with warnings.catch_warnings():
        # Python 3.12 on warns when a process with threads (xdist's) forks for a pty.
        warnings.simplefilter("ignore", DeprecationWarning)
        return pexpect.spawn(
            program, arguments, env=environ, cwd=str(folder), dimensions=size, timeout=0
        )


class Terminal:
    """A command that runs as if in a person's terminal. Use it in a `with` statement.

    Output is read only while a method waits for something. All of it is kept in `raw`.
    """

    MOST_AT_ONCE = 1 << 16
    """How many bytes are read at once."""

    def __init__(
        self,
        command: Sequence[str],
        home: Path,
        *,
        columns: int = 80,
        rows: int = 24,
        term: str = "xterm-256color",
        colorterm: str | None = "truecolor",
        no_color: bool = False,
        env: Mapping[str, str] | None = None,
        cwd: Path = ROOT,
        forked: bool = False,
    ) -> None:
        """Start it. With `forked`, in a process that has loaded cwtui already (see forked.py)."""
        self.raw = bytearray()
        self._emulator = Emulator(columns, rows)
        self._ended = False
        self._lines: list[str] = []
        self._lines_of: tuple[int, int, int] | None = None
        variables = {
            "PATH": os.environ["PATH"],
            "LANG": "C.UTF-8",
            "HOME": str(home),
            "XDG_CONFIG_HOME": str(home / "config"),
            "XDG_DATA_HOME": str(home / "data"),
            "XDG_STATE_HOME": str(home / "state"),
            "XDG_CACHE_HOME": str(home / "cache"),
            "TERM": term,
            "TEXTUAL_ANIMATIONS": "none",
            **({"COLORTERM": colorterm} if colorterm else {}),
            **({"NO_COLOR": "1"} if no_color else {}),
            **(env or {}),
        }
        start = Forked if forked else _spawned
        self._child: Any = start(command, variables, cwd, (rows, columns))

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    @property
    def pid(self) -> int:
        return int(self._child.pid)

    @property
    def screen(self) -> Screen:
        return self._emulator.screen

    @property
    def lines(self) -> list[str]:
        """The rows of the screen without trailing spaces."""
        now = len(self.raw), self.screen.columns, self.screen.lines
        if now != self._lines_of:
            self._lines = [line.rstrip() for line in self.screen.display]
            self._lines_of = now
        return self._lines.copy()

    @property
    def text(self) -> str:
        return "\n".join(self.lines)

    def send(self, *keys: str) -> None:
        """Press keys by name ("tab", "ctrl+q") or as one character."""
        for key in keys:
            self._child.send(KEYS.get(key, key).encode())

    def click(self, label: str, *, beside: int = 0, shift: bool = False) -> None:
        """Click on the last of these words, or so many cells beside their beginning."""
        (*_, y) = [y for y, line in enumerate(self.lines) if label in line]
        x = self.lines[y].index(label) + (beside or len(label) // 2)
        button = 4 if shift else 0
        self.type("".join(f"\x1b[<{button};{x + 1};{y + 1}{end}" for end in "Mm"))

    def type(self, text: str) -> None:
        """Type text, all at once."""
        self._child.send(text.encode())

    def send_bytes(self, *parts: bytes, gap: float = 0.0) -> None:
        """Send raw bytes, with `gap` seconds between the parts."""
        for number, part in enumerate(parts):
            if number:
                self.watch(gap)
            self._child.send(part)

    def flood(self, data: bytes, timeout: float = 60) -> int:
        """Send as much as is accepted within `timeout`, reading meanwhile; return the amount."""
        terminal = int(self._child.fileno())
        os.set_blocking(terminal, False)
        deadline = time.monotonic() + timeout
        sent = 0
        while sent < len(data) and time.monotonic() < deadline and self.alive:
            try:
                sent += os.write(terminal, data[sent : sent + 4096])
            except BlockingIOError:
                self._read(0.05)
            else:
                self._read(0)
        os.set_blocking(terminal, True)
        return sent

    def watch(self, seconds: float) -> None:
        """Read for that long."""
        deadline = time.monotonic() + seconds
        while (left := deadline - time.monotonic()) > 0:
            self._read(left)

    @property
    def peak_memory(self) -> int:
        """The command's peak memory in bytes so far (VmHWM)."""
        status = Path(f"/proc/{self.pid}/status").read_text("ascii")
        return int(status.partition("VmHWM:")[2].split()[0]) * 1024

    def paste(self, text: str) -> None:
        """Paste text as a terminal with bracketed paste does."""
        self.type(f"\x1b[200~{text}\x1b[201~")

    def resize(self, columns: int, rows: int) -> None:
        self.screen.resize(rows, columns)
        self._child.setwinsize(rows, columns)

    def wait_until(
        self, predicate: Callable[[], bool], timeout: float = 20, what: str = "the condition"
    ) -> None:
        """Read until the predicate is true, or raise NotSeenError with the screen."""
        deadline = time.monotonic() + timeout
        while not predicate():
            if self._ended or time.monotonic() > deadline:
                why = "the command ended" if self._ended else f"{timeout} s went by"
                raise NotSeenError(f"{what}: not seen when {why}. The screen:\n{self.text}")
            self._read(0.05)

    def wait_for(self, text: str, timeout: float = 20) -> None:
        """Read until the text is on the screen."""
        self.wait_until(lambda: text in self.text, timeout, repr(text))

    def wait_until_still(self, quiet: float = 0.3, timeout: float = 20) -> None:
        """Read until output stops and the command sleeps, so that the screen is complete."""
        deadline = time.monotonic() + timeout
        while self._read(quiet) or self._is_working():
            if time.monotonic() > deadline:
                raise NotSeenError(f"a still screen: not seen when {timeout} s went by")

    def _is_working(self) -> bool:
        """Whether a thread of the command is running or ready to run."""
        states = [stat_of(path)[0] for path in Path(f"/proc/{self.pid}/task").glob("*/stat")]
        return "R" in states

    def wait_exit(self, timeout: float = 20) -> int:
        """Read until the command ends; return its exit status, or minus the signal number."""
        deadline = time.monotonic() + timeout
        while self.alive:
            if time.monotonic() > deadline:
                raise NotSeenError(f"the end: not seen when {timeout} s went by\n{self.text}")
            self._read(0.05)
        while self._read(0):
            pass
        if self._child.signalstatus is not None:
            return -int(self._child.signalstatus)
        return int(self._child.exitstatus)

    @property
    def alive(self) -> bool:
        return bool(self._child.isalive())

    def kill(self, number: signal.Signals) -> None:
        """Send a signal to the command alone."""
        os.kill(self.pid, number)

    def hang_up(self) -> None:
        """Drop the connection: the pty closes and the kernel sends SIGHUP."""
        if isinstance(self._child, Forked):
            self._child.hang_up()
        elif not self._child.closed:
            self._child.ptyproc.fileobj.close()
            self._child.closed = self._child.ptyproc.closed = True
        self._ended = True

    def close(self) -> None:
        """End the command, whatever it does, and the pty."""
        if self.alive:
            self.kill(signal.SIGKILL)
        self.hang_up()
        while self.alive:
            time.sleep(0.01)

    def _read(self, timeout: float) -> bool:
        """Feed new output to the screen; False if there was none."""
        if self._ended:
            time.sleep(timeout)
            return False
        terminal = int(self._child.fileno())
        poll = select.poll()  # select knows no descriptors above 1,023
        poll.register(terminal, select.POLLIN)
        if not poll.poll(timeout * 1000):
            return False
        # Linux reports the end as an error.
        data = b""
        with suppress(OSError):
            data = os.read(terminal, self.MOST_AT_ONCE)
        if not data:
            self._ended = True
            return False
        self.raw += data
        self._emulator.feed(data)
        return True
