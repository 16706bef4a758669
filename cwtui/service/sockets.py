"""The sockets that the service listens on: given by systemd, or made here."""

import fcntl
import os
import socket
import stat
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from cwtui.accounts.errors import CannotCheck, Refused
from cwtui.accounts.text import whole_number
from cwtui.host.locks import lock_of
from cwtui.host.reasons import reason_of
from cwtui.host.untrusted_files import open_regular
from cwtui.language import _

PAM_MODE: Final = 0o600
GATE_MODE: Final = 0o666
"""Everybody may knock at the gate; the service asks the kernel who it is."""
_FIRST_DESCRIPTOR: Final = 3
"""SD_LISTEN_FDS_START of sd_listen_fds(3)."""
_DIGITS: Final = 3
_BACKLOG: Final = 256
_LONGEST: Final = 107
"""Bytes of a socket's path (unix(7))."""


def given_by_systemd() -> list[socket.socket]:
    """Return the sockets of a socket unit (sd_listen_fds(3)); none without one.

    Raises CannotCheck for sockets of another type.
    """
    environ = os.environ
    pid = environ.pop("LISTEN_PID", "")
    count = whole_number(environ.pop("LISTEN_FDS", ""), _DIGITS)
    if pid != str(os.getpid()) or count is None:
        return []
    found = [
        socket.socket(fileno=descriptor)
        for descriptor in range(_FIRST_DESCRIPTOR, _FIRST_DESCRIPTOR + count)
    ]
    for one in found:
        if (one.family, one.type) != (socket.AF_UNIX, socket.SOCK_SEQPACKET):
            raise CannotCheck(_("systemd gave a socket that is not ListenSequentialPacket=."))
        one.set_inheritable(False)
    return found


@dataclass(frozen=True)
class Made:
    """A socket that was made here, and the lock that lets no other service have its path."""

    path: Path
    socket: socket.socket
    lock: int

    def remove(self) -> None:
        """Close the socket and remove its file. From then on another service may have the path."""
        self.path.unlink(missing_ok=True)
        self.socket.close()
        os.close(self.lock)


def listen(path: Path, mode: int) -> Made:
    """Return a new socket at this path. One that a killed process left there is replaced.

    Raises Refused if a process listens there, and CannotCheck.
    """
    if len(os.fsencode(path)) > _LONGEST:
        raise CannotCheck(
            _("{path} is too long for a socket: at most {most} bytes.", path=path, most=_LONGEST)
        )
    lock = _locked(path)
    try:
        _remove_stale(path)
        return Made(path, _bound(path, mode), lock)
    except BaseException:
        os.close(lock)
        raise


def _locked(path: Path) -> int:
    """Lock this path until the process ends, and return the lock. Raises Refused and CannotCheck.

    Without it, two services could find the same stale socket, and one could remove the socket that
    the other has just made.
    """
    try:
        lock = open_regular(lock_of(path), os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW)
    except OSError as error:
        raise _cannot_listen(path, error) from None
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        os.close(lock)
        if isinstance(error, BlockingIOError):
            raise _is_running(path) from None
        raise _cannot_listen(path, error) from None
    return lock


def _bound(path: Path, mode: int) -> socket.socket:
    made = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    before = os.umask(0o777 & ~mode)
    try:
        made.bind(str(path))
        made.listen(_BACKLOG)
    except OSError as error:
        made.close()
        raise _cannot_listen(path, error) from None
    finally:
        os.umask(before)
    return made


def _cannot_listen(path: Path, error: OSError) -> CannotCheck:
    return CannotCheck(
        _(
            "Cannot listen on {path}: {reason}. The folder must exist and "
            "belong to the Unix user that owns the store.",
            path=path,
            reason=reason_of(error),
        )
    )


def _is_running(path: Path) -> Refused:
    return Refused(
        _(
            "A service is running already: it listens on {path}. End that one first, or use "
            "another path.",
            path=path,
        )
    )


def _remove_stale(path: Path) -> None:
    try:
        found = path.lstat()
    except OSError:
        return
    if not stat.S_ISSOCK(found.st_mode):
        raise Refused(
            _("{path} exists and is not a socket. Remove it, or use another path.", path=path)
        )
    with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as one:
        one.settimeout(1)
        try:
            one.connect(str(path))
        except ConnectionRefusedError:
            with suppress(FileNotFoundError):
                path.unlink()
            return
        except OSError:
            return
    raise _is_running(path)


def notify(state: str) -> None:
    """Tell systemd about this service, as in sd_notify(3); nothing without systemd."""
    address = os.environ.get("NOTIFY_SOCKET", "")
    if not address:
        return
    address = f"\0{address[1:]}" if address.startswith("@") else address
    with (
        suppress(OSError),
        socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as one,
    ):
        one.settimeout(1)
        one.sendto(state.encode(), address)
