"""A person at a terminal, line by line: no colours, no cursor movements, nothing drawn again."""

import os
import select
import termios
import textwrap
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from types import TracebackType
from typing import Final, Self

from cwtui.accounts.secret import Secret
from cwtui.dialogue.conversation import Cancelled, Drawing, Gone, Room

TERMINAL: Final = Path("/dev/tty")
_LONGEST: Final = 4096
"""Bytes of a line; the kernel's line editing has no more either."""
_END_OF_INPUT: Final = b""
_LEAVE: Final = b"x"
_CANCEL: Final = b"c"
_ANY_ROWS: Final = 1000
"""A printer has no last row, and a QR code of letters is higher than most windows."""


class TerminalPerson:
    """The conversation at a terminal. Its methods raise Gone after `seconds` without a line.

    None waits forever. Use it in a `with` statement. A terminal that takes no output counts as one
    that gives no input.
    """

    def __init__(
        self,
        seconds: float | None,
        path: Path = TERMINAL,
        *,
        drawing: Drawing = Drawing.UTF8,
        charset: str = "utf-8",
    ) -> None:
        """Open the terminal. Raises OSError if this process has none."""
        self.seconds = seconds
        self._drawing = drawing
        self._charset = charset
        self.heard_at = time.monotonic()
        """When the person last sent a line, in monotonic seconds."""
        self._has_left = False
        self._cancels = 0
        """How often the person has cancelled since the last line."""
        self._heeded = 0
        """How often a question has raised Cancelled since then."""
        flags = os.O_RDWR | os.O_NOCTTY | os.O_CLOEXEC | os.O_NONBLOCK
        self._descriptor = os.open(path, flags)
        self._woken, self._waking = os.pipe2(os.O_CLOEXEC | os.O_NONBLOCK)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        for descriptor in (self._descriptor, self._woken, self._waking):
            os.close(descriptor)

    def leave(self) -> None:
        """Let whatever is said or asked now or later raise Gone. For signal handlers.

        They must not raise it themselves: it could interrupt the writing of a session's end.
        """
        with suppress(BlockingIOError):
            os.write(self._waking, _LEAVE)

    def cancel(self) -> None:
        """Let the current question raise Cancelled, and Gone the second time in a row."""
        with suppress(BlockingIOError):
            os.write(self._waking, _CANCEL)

    @property
    def room(self) -> Room:
        try:
            columns, rows = os.get_terminal_size(self._descriptor)
        except OSError:
            columns, rows = 0, 0
        is_ascii = self._drawing is Drawing.ASCII
        return Room(columns or 80, _ANY_ROWS if is_ascii else (rows or 24) - 2, self._drawing)

    def ask(self, prompt: str) -> str:
        self._prompt(prompt)
        return self._line()

    def ask_secret(self, prompt: str) -> Secret:
        # What is typed as soon as the prompt appears must not be shown either.
        with self._without_echo():
            self._prompt(prompt)
            line = self._line()
        self._write("\n")
        return Secret(line)

    def _prompt(self, prompt: str) -> None:
        """Write the prompt, in lines that fit. A blank at its end stays."""
        ending = prompt[len(prompt.rstrip()) :]
        self._write("\n".join(self._wrapped(prompt.rstrip())) + ending)

    def tell(self, text: str) -> None:
        self._write("\n".join(self._wrapped(text)) + "\n")

    def warn(self, text: str) -> None:
        self.tell(text)

    def _wrapped(self, text: str) -> Iterator[str]:
        """Yield lines that fit. A line without spaces stays whole."""
        try:
            columns = os.get_terminal_size(self._descriptor).columns or 80
        except OSError:
            columns = 80
        for line in text.split("\n"):
            if len(line) <= columns or " " not in line:
                yield line
            else:
                yield from textwrap.wrap(
                    line, columns, break_long_words=False, break_on_hyphens=False
                )

    def _write(self, text: str) -> None:
        content = text.encode(self._charset, errors="replace")
        while content:
            self._wait([], [self._descriptor])
            try:
                content = content[os.write(self._descriptor, content) :]
            except BlockingIOError:
                continue
            except OSError:
                raise Gone from None

    def _line(self) -> str:
        """Return one line without its end. Raises Cancelled, and Gone at the end of input."""
        line = b""
        while not line.endswith(b"\n"):
            if self._cancels > self._heeded:
                self._heeded = self._cancels
                self._write("\n")
                raise Cancelled
            self._wait([self._descriptor], [])
            try:
                read = os.read(self._descriptor, _LONGEST)
            except BlockingIOError:
                continue
            except OSError:
                raise Gone from None
            if read == _END_OF_INPUT:
                raise Gone
            line += read
            if len(line) > _LONGEST:
                raise Gone
        self._cancels = self._heeded = 0
        self.heard_at = time.monotonic()
        text = line[:-1].decode(errors="surrogateescape")
        return text.removesuffix("\r")

    def _wait(self, reading: list[int], writing: list[int]) -> None:
        """Wait until the terminal is ready. Raises Gone."""
        readable, writable, _ = select.select([*reading, self._woken], writing, [], self.seconds)
        if self._woken in readable:
            asked = os.read(self._woken, _LONGEST)
            self._cancels += asked.count(_CANCEL)
            self._has_left = self._has_left or _LEAVE in asked or self._cancels > 1
        if self._has_left or not (readable or writable):
            raise Gone

    @contextmanager
    def _without_echo(self) -> Iterator[None]:
        before = termios.tcgetattr(self._descriptor)
        quiet = [*before]
        quiet[3] &= ~(termios.ECHO | termios.ECHONL)
        termios.tcsetattr(self._descriptor, termios.TCSANOW, quiet)
        try:
            yield
        finally:
            with suppress(termios.error):
                termios.tcsetattr(self._descriptor, termios.TCSANOW, before)
