"""A line that leads to no server: it keeps what leaves us, and answers that nothing was found."""

from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from cwtui.directory import link
from cwtui.directory.config import DirectoryConfig
from cwtui.directory.servers import Server
from cwtui.directory.transport import Deadline
from tests.directory.people import PEOPLE, ROLES
from tests.servers import ber


class MemoryLine:
    def __init__(self) -> None:
        self.deadline: Deadline
        self.searches: list[ber.Node] = []
        self.binds: list[ber.Node] = []
        self._answer = b""

    def sendall(self, data: bytes) -> None:
        request = ber.request(data)
        if request.operation.tag == ber.BIND:
            self.binds.append(request.operation)
            self._answer = ber.result(request.id, ber.BOUND)
        elif request.operation.tag == ber.SEARCH:
            self.searches.append(request.operation)
            self._answer = ber.result(request.id, ber.DONE)

    def recv(self, size: int) -> bytes:
        answer, self._answer = self._answer[:size], self._answer[size:]
        return answer

    def close(self) -> None:
        pass


@contextmanager
def open_link(
    monkeypatch: pytest.MonkeyPatch, settings: DirectoryConfig | None = None
) -> Iterator[tuple[link.Link, MemoryLine]]:
    line = MemoryLine()
    monkeypatch.setattr(link, "connect", lambda _server, _deadline: line)
    settings = settings or DirectoryConfig(servers=("ldaps://none",), base=PEOPLE, roles=ROLES)
    nowhere = Server("ldap://none", "none", 389, "none")
    with link.Link(nowhere, settings, Deadline(lambda: 0.0, 60)) as opened:
        yield opened, line
