"""A person at a terminal, line by line: no colours, no cursor movements, nothing drawn again."""

import os
import select
import sys
import termios
import textwrap
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from types import TracebackType
from typing import Final, Self

from cwtui.accounts.secret import Secret
from cwtui.dialogue.conversation import Gone

TERMINAL: Final = Path("/dev/tty")
_LONGEST: Final = 4096
"""Bytes of a line; the kernel's line editing has no more either."""
_END_OF_INPUT: Final = b""


class TerminalPerson:
    """The conversation at a terminal. Its methods raise Gone after `seconds` without a line.

    None waits forever. Use it in a `with` statement. A terminal that takes no output counts as one
    that gives no input.
    """

    def __init__(self, seconds: float | None, path: Path = TERMINAL) -> None:
        """Open the terminal. Raises OSError if this process has none."""
        self.seconds = seconds
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
            os.write(self._waking, b"x")

    @property
    def room(self) -> tuple[int, int]:
        try:
            columns, rows = os.get_terminal_size(self._descriptor)
        except OSError:
            columns, rows = 0, 0
        if sys.stdout.encoding.lower() != "utf-8":
            return 0, 0
        return columns or 80, (rows or 24) - 2

    def ask(self, prompt: str) -> str:
        self._write(prompt)
        return self._line()

    def ask_secret(self, prompt: str) -> Secret:
        self._write(prompt)
        with self._without_echo():
            line = self._line()
        self._write("\n")
        return Secret(line)

    def tell(self, text: str) -> None:
        self._write("\n".join(self._wrapped(text)) + "\n")

    def warn(self, text: str) -> None:
        self.tell(text)

    def _wrapped(self, text: str) -> Iterator[str]:
        """Yield lines that fit. Those of a drawing do, or cannot be helped."""
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
        content = text.encode(sys.stdout.encoding or "ascii", errors="replace")
        while content:
            self._wait([], [self._descriptor])
            try:
                content = content[os.write(self._descriptor, content) :]
            except BlockingIOError:
                continue
            except OSError:
                raise Gone from None

    def _line(self) -> str:
        """Return one line without its end. Raises Gone at the end of input."""
        line = b""
        while not line.endswith(b"\n"):
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
        text = line[:-1].decode(errors="surrogateescape")
        return text.removesuffix("\r")

    def _wait(self, reading: list[int], writing: list[int]) -> None:
        """Wait until the terminal is ready. Raises Gone."""
        readable, writable, _ = select.select([*reading, self._woken], writing, [], self.seconds)
        if self._woken in readable or not (readable or writable):
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
