"""What the services for PAM and for RADIUS share as processes: how they end, and their limits."""

import contextlib
import os
import resource
import signal
import socket
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Final

from cwtui.accounts.ports import Ports
from cwtui.host import upgrade
from cwtui.service.service_log import log

_HASHES_AT_ONCE: Final = (os.cpu_count() or 1) + 1
"""Passwords that are checked at once: one more than processors, as some wait for the disk."""
_BINDS_AT_ONCE: Final = 32
"""The same if passwords are checked by an LDAP server, which may be slow."""
_MOST_FILES: Final = 16_384
_SECONDS_BETWEEN_CHECKS: Final = 15.0
"""How often to check whether cwtui was upgraded."""


def passwords_at_once(ports: Ports) -> int:
    """Return how many passwords this process checks at once.

    The services for PAM and for RADIUS each count their own: neither can keep the other waiting.
    """
    return _HASHES_AT_ONCE if ports.directory is None else _BINDS_AT_ONCE


@dataclass
class UpgradeCheck:
    """Checks regularly whether cwtui was upgraded, also if another request always comes soon."""

    elapsed: Callable[[], float] = time.monotonic
    """A clock, in seconds."""
    _next: float = field(default=0, init=False)

    def seconds_left(self) -> float:
        """Return how long to wait for requests before the next check."""
        return max(0.0, self._next - self.elapsed())

    def should_end(self, *, is_idle: bool) -> bool:
        """Check if the process is idle, and return whether it should end now. The log says why.

        systemd starts the new version. Without systemd, the log asks for it.
        """
        self._next = self.elapsed() + _SECONDS_BETWEEN_CHECKS
        if not is_idle or not (upgrade.is_there() or upgrade.is_superseded()):
            return False
        log(
            "cwtui was upgraded, so the service ends. systemd starts the new version."
            if os.environ.get("NOTIFY_SOCKET")
            else "cwtui was upgraded, so the service ends. Start it again."
        )
        return True


def say_why_it_ends(ending: socket.socket) -> None:
    """Log which signal has made the socket of `ending_signals` readable."""
    number = ending.recv(1)[0]
    log(f"The service ends: it got {signal.Signals(number).name}.")


def allow_many_files() -> None:
    """Raise the limit of open files to what the host allows; systemd's default is 1024.

    Each conversation and each listed session needs one or two.
    """
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    most = _MOST_FILES if hard == resource.RLIM_INFINITY else min(hard, _MOST_FILES)
    if soft != resource.RLIM_INFINITY and soft < most:
        with contextlib.suppress(OSError, ValueError):
            resource.setrlimit(resource.RLIMIT_NOFILE, (most, hard))


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
