"""Run other programs and read what they print: without a shell, and bounded in time and size."""

import os
import selectors
import signal
import subprocess
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Final

from cwtui.host.reasons import reason_of
from cwtui.host.trust import why_untrusted
from cwtui.language import _, grouped

SECONDS: Final = 5.0
"""How long one program may take."""
MOST: Final = 1 << 20
"""The maximum length of its output in bytes."""
_FOLDERS: Final = (
    "/usr/sbin",
    "/usr/bin",
    "/sbin",
    "/bin",
    "/usr/local/sbin",
    "/usr/local/bin",
    "/run/current-system/sw/bin",
)
"""Not PATH: somebody else could have set it."""
_ENVIRONMENT: Final = {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL": "C"}
_PIECE: Final = 1 << 16


class CannotRun(Exception):
    """The program gave no usable answer. The message says why, without a full stop."""


class NotInstalled(CannotRun):
    """There is no such program, or others could have replaced it."""


@dataclass(frozen=True)
class Answer:
    """What a program printed, and its exit status."""

    status: int
    out: str
    err: str


def path_of(name: str) -> Path:
    """Return the path of the program. Raises NotInstalled."""
    found = [Path(folder, name) for folder in _FOLDERS if os.access(f"{folder}/{name}", os.X_OK)]
    if not found:
        raise NotInstalled(_("{name} is not installed", name=name))
    trusted = [path for path in found if why_untrusted(path) is None]
    if not trusted:
        raise NotInstalled(_("others could have replaced {path}, so it was not run", path=found[0]))
    return trusted[0]


def run(name: str, arguments: Sequence[str] = (), seconds: float = SECONDS) -> Answer:
    """Run the program to its end. Raises NotInstalled and CannotRun."""
    path = path_of(name)
    try:
        process = subprocess.Popen(
            [str(path), *arguments],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env=_ENVIRONMENT,
            cwd="/",
            start_new_session=True,
        )
    except OSError as error:
        raise CannotRun(
            _("{path} cannot be run: {reason}", path=path, reason=reason_of(error))
        ) from None
    with process:
        try:
            out, err = _read(process, time.monotonic() + seconds)
            status = process.wait(max(0.1, seconds))
        except subprocess.TimeoutExpired:
            raise CannotRun(_("{path} does not end", path=path)) from None
        except _TooSlow:
            raise CannotRun(
                _("{path} took longer than {seconds} seconds", path=path, seconds=f"{seconds:g}")
            ) from None
        except _TooLong:
            raise CannotRun(
                _("{path} printed more than {number} bytes", path=path, number=grouped(MOST))
            ) from None
        finally:
            with suppress(ProcessLookupError):  # also what it started
                os.killpg(process.pid, signal.SIGKILL)
    return Answer(status, out.decode(errors="replace"), err.decode(errors="replace"))


class _TooSlow(Exception):
    pass


class _TooLong(Exception):
    pass


def _read(process: "subprocess.Popen[bytes]", until: float) -> tuple[bytes, bytes]:
    """Return standard output and standard error, once both are closed."""
    streams: list[IO[bytes]] = [one for one in (process.stdout, process.stderr) if one is not None]
    read = {stream: bytearray() for stream in streams}
    with selectors.DefaultSelector() as selector:
        for stream in streams:
            selector.register(stream, selectors.EVENT_READ, stream)
        while selector.get_map():
            ready = selector.select(max(0.0, until - time.monotonic()))
            if not ready:
                raise _TooSlow
            for key, _ in ready:
                piece = os.read(key.fd, _PIECE)
                if not piece:
                    selector.unregister(key.fileobj)
                read[key.data] += piece
                if len(read[key.data]) > MOST:
                    raise _TooLong
    out, err = (bytes(read[stream]) for stream in streams)
    return out, err
