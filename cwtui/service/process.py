"""What every process of the service does: log, end after a signal, limit checks at once."""

import contextlib
import os
import signal
import socket
import sys
from collections.abc import Iterator
from typing import Final

from cwtui.accounts.ports import Ports
from cwtui.host import upgrade

_TURNS: Final = (os.cpu_count() or 1) + 1
"""Passwords that are checked at once: one more than processors, as some wait for the disk."""
_TURNS_OF_DIRECTORY: Final = 32
"""The same if passwords are checked by an LDAP server, which may be slow."""


def turns(ports: Ports) -> int:
    """Return how many passwords this process checks at once.

    The services for PAM and for RADIUS each count their own: neither can use up the other's turns.
    """
    return _TURNS if ports.directory is None else _TURNS_OF_DIRECTORY


def log(sentence: str) -> None:
    with contextlib.suppress(OSError):
        sys.stderr.write(f"{sentence}\n")


def was_upgraded() -> bool:
    """Whether to end for another version of cwtui.

    systemd starts that one. If there is no systemd, say that somebody has to.
    """
    if not (upgrade.is_there() or upgrade.is_superseded()):
        return False
    if not os.environ.get("NOTIFY_SOCKET"):
        log("cwtui was upgraded. Start the service again.")
    return True


@contextlib.contextmanager
def ending_signals() -> Iterator[socket.socket]:
    """Yield a socket that becomes readable when a signal asks to end."""
    ours, waking = socket.socketpair()
    waking.setblocking(False)
    ends = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)
    before = {one: signal.signal(one, lambda *_: None) for one in ends}
    woken_before = signal.set_wakeup_fd(waking.fileno())
    try:
        yield ours
    finally:
        signal.set_wakeup_fd(woken_before)
        for one, handler in before.items():
            signal.signal(one, handler)
        ours.close()
        waking.close()
