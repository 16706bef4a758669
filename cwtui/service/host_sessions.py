"""Lists the sessions of the host's doors, such as sshd's, for as long as their processes live.

PAM tells when one begins and ends, but not if its process is killed, so that is looked for. What
was begun before the service started is not known.
"""

import socket
from contextlib import suppress
from dataclasses import dataclass, field
from threading import Lock
from typing import Final

from cwtui.accounts.errors import CannotCheck
from cwtui.accounts.model import OpenSession
from cwtui.accounts.ports import OpenSessions, Ports
from cwtui.service import peers

_MOST: Final = 4096
"""Sessions that are listed at once."""


@dataclass
class _Begun:
    """A session, when its process began, and whether it is listed."""

    session: OpenSession
    process_began: str
    is_listed: bool = False


@dataclass
class HostSessions:
    """The sessions of all doors of this host. Several threads may use it.

    `begun` and `ended` wait for no store: `tend` does what they ask, every few seconds.
    """

    host: str = field(default_factory=socket.gethostname)
    _begun: dict[tuple[str, str, int], _Begun] = field(default_factory=dict, init=False)
    _ended: list[str] = field(default_factory=list, init=False)
    """The ids of sessions that are still listed."""
    _listed_in: OpenSessions | None = field(default=None, init=False)
    _lock: Lock = field(default_factory=Lock, init=False)

    def begun(self, ports: Ports, username: str, source: str, door: str, pid: int) -> None:
        """Note that somebody has passed a door. `pid` is the process that lives as long."""
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
            if len(self._begun) < _MOST:
                self._end(username, door, pid)
                began = peers.began(pid)
                self._begun[username, door, pid] = _Begun(session, began)

    def ended(self, username: str, door: str, pid: int) -> None:
        """Note that the session of this process has ended."""
        with self._lock:
            self._end(username, door, pid)

    def _end(self, username: str, door: str, pid: int) -> None:
        found = self._begun.pop((username, door, pid), None)
        if found is not None and found.is_listed:
            self._ended.append(found.session.id)

    def tend(self, ports: Ports) -> None:
        """Bring the list up to date. If it cannot be written, the next call tries again."""
        with self._lock:
            if self._listed_in is not ports.sessions:
                # After a time without the database, for example.
                self._listed_in = ports.sessions
                self._ended.clear()
                for one in self._begun.values():
                    one.is_listed = False
            for key, one in [*self._begun.items()]:
                if not peers.is_alive(one.session.pid, one.process_began):
                    self._end(*key)
            found, ended = [*self._begun.values()], [*self._ended]
            self._ended.clear()
        with suppress(CannotCheck):
            for id_ in ended:
                ports.sessions.end(id_)
            for one in found:
                if one.is_listed:
                    ports.sessions.look(one.session.id, one.session.active_at)
                else:
                    ports.sessions.begin(one.session)
                    self._is_listed(one)

    def _is_listed(self, one: _Begun) -> None:
        with self._lock:
            one.is_listed = True
            if one not in self._begun.values():  # it ended meanwhile
                self._ended.append(one.session.id)

    def end_all(self, ports: Ports) -> None:
        """Take all of them off the list, as nobody will tend it."""
        with self._lock:
            for key in [*self._begun]:
                self._end(*key)
        self.tend(ports)
