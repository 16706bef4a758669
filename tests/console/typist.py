"""Runs cwtui in the terminal that shows it, and types for its user.

python -m ... HOME KEYS PASSWORD [TRANSCRIPT]: the keys are typed when the QR code is there. What
the terminal sends by itself is passed on. The transcript gets all that cwtui wrote.
"""

import fcntl
import os
import pty
import select
import sys
import termios
import tty
from pathlib import Path
from typing import Final

from tests.console.homes import command_line, variables

_LOGIN: Final = b"Username"
_ENROLMENT: Final = b"Register Device"


def main(home: str, keys: str, password: str, transcript: str = os.devnull) -> None:
    todo = [(_LOGIN, f"admin\t{password}\r"), (_ENROLMENT, keys)]
    size = fcntl.ioctl(0, termios.TIOCGWINSZ, bytes(8))
    tty.setraw(0)
    process, terminal = pty.fork()
    if not process:
        command = command_line(home)
        os.execve(command[0], command, {**os.environ, **variables(home)})  # noqa: S606  no shell needed
    fcntl.ioctl(terminal, termios.TIOCSWINSZ, size)
    written = b""
    while True:
        ready, _, _ = select.select([0, terminal], [], [])
        if 0 in ready:
            os.write(terminal, os.read(0, 4096))
        if terminal in ready:
            try:
                output = os.read(terminal, 65536)
            except OSError:
                return
            os.write(1, output)
            with Path(transcript).open("ab") as file:
                file.write(output)
            written += output
            if todo and todo[0][0] in written:
                _, typed = todo.pop(0)
                os.write(terminal, typed.encode())
                written = b""


if __name__ == "__main__":
    main(*sys.argv[1:])
