"""Lists the sessions of the host's doors, such as sshd's, for as long as their processes live.

PAM tells when one begins and ends, but not if its process is killed, so that is watched. What was
begun before the service started is not known.
"""

import os
import select
import socket
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass, field
from threading import Lock
from typing import Final

from cwtui.accounts.errors import CannotCheck
from cwtui.accounts.model import OpenSession
from cwtui.accounts.ports import OpenSessions, Ports
from cwtui.host import processes

_MOST: Final = 4096
"""Sessions that are listed at once."""
_FLAGS: Final = os.EFD_CLOEXEC | os.EFD_NONBLOCK


@dataclass
class _Begun:
    """A session, whether it is listed, and its process.

    That is known by a descriptor (pidfd_open(2)) or, if there is none, by when it began.
    """

    session: OpenSession
    process: int | None
    process_began: str
    is_listed: bool = False

    def has_ended(self) -> bool:
        """Whether the process has ended."""
        if self.process is None:
            return not processes.is_alive(self.session.pid, self.process_began)
        return bool(_readable([self.process], 0))


@dataclass
class HostSessions:
    """The sessions of all doors of this host. Several threads may use it.

    `begun` and `ended` wait for no store: one thread does what they ask, with `wait` and `tend`.
    """

    host: str = field(default_factory=socket.gethostname)
    _begun: dict[tuple[str, str, int], _Begun] = field(default_factory=dict, init=False)
    _ended: list[_Begun] = field(default_factory=list, init=False)
    """Sessions that are still listed, or whose process still has a descriptor."""
    _listed_in: OpenSessions | None = field(default=None, init=False)
    _lock: Lock = field(default_factory=Lock, init=False)
    _tending: Lock = field(default_factory=Lock, init=False)
    _waking: int = field(default_factory=lambda: os.eventfd(0, _FLAGS), init=False)
    """A counter that ends `wait` (eventfd(2))."""

    def begun(self, ports: Ports, username: str, source: str, door: str, pid: int) -> None:
        """Note that somebody has passed a door. `pid` is the process that lives as long.

        It is 0 for a process in a container that this one does not see. That is not listed, as
        nobody would notice its end.
        """
        now = ports.now()
        session = OpenSession(
            id=ports.random(6).hex(),
            username=username,
            source=source,
            door=door,
            host=self.host,
            pid=pid,
            started_at=now,
            active_at=now,
        )
        with self._lock:
            if pid > 0 and len(self._begun) < _MOST:
                self._end(username, door, pid)
                began = processes.began(pid)
                self._begun[username, door, pid] = _Begun(session, _descriptor(pid), began)
        self.wake()

    def ended(self, username: str, door: str, pid: int) -> None:
        """Note that the session of this process has ended."""
        with self._lock:
            self._end(username, door, pid)
        self.wake()

    def _end(self, username: str, door: str, pid: int) -> None:
        found = self._begun.pop((username, door, pid), None)
        if found is not None:
            self._ended.append(found)

    def wake(self) -> None:
        """End `wait`."""
        os.eventfd_write(self._waking, 1)

    def wait(self, seconds: float) -> None:
        """Wait until the list may have to change: somebody came, or left, or their process ended.

        At most for so long. Without descriptors for processes, their end is not noticed here.
        """
        with self._lock:
            processes = [one.process for one in self._begun.values() if one.process is not None]
        if self._waking in _readable([self._waking, *processes], seconds):
            os.eventfd_read(self._waking)

    def tend(self, ports: Ports, *, look: bool = True) -> None:
        """Bring the list up to date. If it cannot be written, the next call tries again.

        `look`: also look whether those on the list are still on it, and say that they are.
        """
        with self._tending:
            self._tend(ports, look=look)

    def _tend(self, ports: Ports, *, look: bool) -> None:
        with self._lock:
            if self._listed_in is not ports.sessions:
                # After a time without the database, for example.
                self._listed_in = ports.sessions
                for one in (*self._begun.values(), *self._ended):
                    one.is_listed = False
            for key, one in [*self._begun.items()]:
                if one.has_ended():
                    self._end(*key)
            found, ended = [*self._begun.values()], [*self._ended]
            self._ended.clear()
        try:
            while ended:
                self._take_off(ports, ended[-1])
                ended.pop()
            for one in found:
                if not one.is_listed:
                    ports.sessions.begin(one.session)
                    one.is_listed = True
                elif look:
                    ports.sessions.look(one.session.id, one.session.active_at)
        except CannotCheck:
            with self._lock:
                self._ended += ended

    def _take_off(self, ports: Ports, one: _Begun) -> None:
        if one.is_listed:
            ports.sessions.end(one.session.id)
            one.is_listed = False
        if one.process is not None:
            os.close(one.process)
            one.process = None

    def end_all(self, ports: Ports) -> None:
        """Take all of them off the list, as nobody will tend it."""
        with self._lock:
            for key in [*self._begun]:
                self._end(*key)
        self.tend(ports)


def _descriptor(pid: int) -> int | None:
    """Return a descriptor of the process; None if the kernel gives none."""
    with suppress(OSError):
        return os.pidfd_open(pid)
    return None


def _readable(descriptors: Iterable[int], seconds: float) -> list[int]:
    """Return which of these can be read, at the latest after so many seconds.

    A process's can be once it has ended.
    """
    poll = select.poll()
    for descriptor in descriptors:
        poll.register(descriptor, select.POLLIN)
    return [descriptor for descriptor, _ in poll.poll(seconds * 1000)]
