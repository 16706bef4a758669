"""The sockets that the service listens on: given by systemd, or made here."""

import os
import socket
import stat
from contextlib import suppress
from pathlib import Path
from typing import Final

from cwtui.accounts.errors import CannotCheck, Refused

PAM_MODE: Final = 0o600
GATE_MODE: Final = 0o666
"""Everybody may knock at the gate; the service asks the kernel who it is."""
_FIRST_DESCRIPTOR: Final = 3
"""SD_LISTEN_FDS_START of sd_listen_fds(3)."""
_BACKLOG: Final = 256
_LONGEST: Final = 107
"""Bytes of a socket's path (unix(7))."""


def given_by_systemd() -> list[socket.socket]:
    """Return the sockets of a socket unit (sd_listen_fds(3)); none without one.

    Raises CannotCheck for sockets of another type.
    """
    environ = os.environ
    pid, count = environ.pop("LISTEN_PID", ""), environ.pop("LISTEN_FDS", "")
    if pid != str(os.getpid()) or not count.isdigit():
        return []
    found = [
        socket.socket(fileno=descriptor)
        for descriptor in range(_FIRST_DESCRIPTOR, _FIRST_DESCRIPTOR + int(count))
    ]
    for one in found:
        if (one.family, one.type) != (socket.AF_UNIX, socket.SOCK_SEQPACKET):
            raise CannotCheck("systemd gave a socket that is not ListenSequentialPacket=.")
        one.set_inheritable(False)
    return found


def listen(path: Path, mode: int) -> socket.socket:
    """Return a new socket at this path. One that a killed process left there is replaced.

    Raises Refused if a process listens there, and CannotCheck.
    """
    if len(os.fsencode(path)) > _LONGEST:
        raise CannotCheck(f"{path} is too long for a socket: at most {_LONGEST} bytes.")
    _remove_stale(path)
    made = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    before = os.umask(0o777 & ~mode)
    try:
        made.bind(str(path))
        made.listen(_BACKLOG)
    except OSError as error:
        made.close()
        raise CannotCheck(
            f"Cannot listen on {path}: {(error.strerror or '').lower()}. The folder must exist and "
            "belong to the Unix user that owns the store."
        ) from None
    finally:
        os.umask(before)
    return made


def _remove_stale(path: Path) -> None:
    try:
        found = path.lstat()
    except OSError:
        return
    if not stat.S_ISSOCK(found.st_mode):
        raise Refused(f"{path} exists and is not a socket. Nothing was changed.")
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
    raise Refused(f"A service is running already: it listens on {path}.")


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
