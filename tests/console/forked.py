"""Programs that start without loading cwtui, in a pty or with pipes: see fork_server.py."""

import atexit
import fcntl
import json
import os
import signal
import socket
import struct
import subprocess
import sys
import termios
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Final

NUMBER: Final = struct.Struct("i")
"""A process id, or how the process ended."""
_ROOT: Final = Path(__file__).parents[2]
_START: Final = (sys.executable, "-m")
_READ_WHEN_LOADED: Final = ("COLUMNS", "LANG", "LC_", "LINES", "ESCDELAY", "PYTHON", "TEXTUAL")
"""How variables begin that count only for a real start."""
_ENVIRON: Final = {"LANG": "C.UTF-8", "TEXTUAL_ANIMATIONS": "none"}
"""The values of these for all programs."""


class Forked:
    """`python -m MODULE`, with as much of the interface of pexpect.spawn as tests need."""

    def __init__(
        self,
        command: Sequence[str],
        environ: Mapping[str, str],
        folder: Path,
        size: tuple[int, int],
    ) -> None:
        if tuple(command[:2]) != _START:
            raise ValueError(command)
        for name, value in environ.items():
            if name.startswith(_READ_WHEN_LOADED) and _ENVIRON.get(name) != value:
                raise ValueError(f"{name} needs a real start")
        self.exitstatus: int | None = None
        self.signalstatus: int | None = None
        self._terminal, inside = os.openpty()
        self.setwinsize(*size)
        self.pid, self._report = _started(command[2:], environ, folder, inside)
        self._report.setblocking(False)

    def fileno(self) -> int:
        return self._terminal

    def send(self, data: bytes) -> None:
        while data:
            data = data[os.write(self._terminal, data) :]

    def setwinsize(self, rows: int, columns: int) -> None:
        fcntl.ioctl(self._terminal, termios.TIOCSWINSZ, struct.pack("4H", rows, columns, 0, 0))

    def isalive(self) -> bool:
        if self._report.fileno() < 0:
            return False
        try:
            (code,) = NUMBER.unpack(self._report.recv(NUMBER.size))
        except BlockingIOError:
            return True
        self._report.close()
        self.exitstatus, self.signalstatus = (code, None) if code >= 0 else (None, -code)
        return False

    def hang_up(self) -> None:
        """Close the terminal, as a connection that drops."""
        if self._terminal >= 0:
            os.close(self._terminal)
            self._terminal = -1


class Piped:
    """`python -m MODULE`, with as much of the interface of subprocess.Popen as tests need."""

    def __init__(self, command: Sequence[str], folder: Path) -> None:
        """Start the module, which is the first word, in the environment of this process."""
        self.returncode: int | None = None
        its_input, to_input = os.pipe()
        from_output, its_output = os.pipe()
        self.stdin, self.stdout = os.fdopen(to_input, "w"), os.fdopen(from_output)
        self.pid, self._report = _started(command, os.environ, folder, its_input, its_output)

    def kill(self) -> None:
        if self.returncode is None:
            os.kill(self.pid, signal.SIGKILL)

    def wait(self, timeout: float) -> int:
        """Wait for its end; the exit status, or minus the signal number. Raises TimeoutError."""
        if self.returncode is None:
            self._report.settimeout(timeout)
            (self.returncode,) = NUMBER.unpack(self._report.recv(NUMBER.size))
            self._report.close()
        return self.returncode


def _started(
    command: Sequence[str], environ: Mapping[str, str], folder: Path, *descriptors: int
) -> tuple[int, socket.socket]:
    """Start the module; its process id, and the socket that later gets how it ended.

    One descriptor is a terminal, two are standard input and output. They are closed here.
    """
    ours, report = socket.socketpair()
    wanted = {"command": command, "environ": dict(environ), "folder": str(folder)}
    socket.send_fds(_server(), [json.dumps(wanted).encode()], [*descriptors, report.fileno()])
    for descriptor in descriptors:
        os.close(descriptor)
    report.close()
    (pid,) = NUMBER.unpack(ours.recv(NUMBER.size))
    return pid, ours


@cache
def _server() -> socket.socket:
    """The server of this process, which ends with it."""
    ours, its = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    with its:
        process = subprocess.Popen(
            [*_START, "tests.console.fork_server", str(its.fileno())],
            pass_fds=[its.fileno()],
            stdin=subprocess.DEVNULL,
            env={"PATH": os.environ["PATH"], **_ENVIRON},
            cwd=_ROOT,
            start_new_session=True,
        )

    def end() -> None:
        ours.close()
        process.wait()

    atexit.register(end)
    return ours
