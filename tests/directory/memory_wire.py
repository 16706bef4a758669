"""A connection without a server: it records what is sent and gives prepared answers."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest

from cwtui.directory import channel
from cwtui.directory.config import DirectoryConfig
from cwtui.directory.servers import Server
from cwtui.directory.transport import Deadline
from tests.directory.people import direct
from tests.servers import ber


def nothing_found(request: ber.Request) -> bytes:
    tag = ber.BOUND if request.operation.tag == ber.BIND else ber.DONE
    return ber.result(request.id, tag)


class MemoryWire:
    """`answer` makes the bytes of the reply to a request."""

    def __init__(self) -> None:
        self.answer: Callable[[ber.Request], bytes] = nothing_found
        self.deadline: Deadline
        self.allowance = 0
        self.searches: list[ber.Node] = []
        self._coming = b""

    def sendall(self, data: bytes) -> None:
        request = ber.request(data)
        if request.operation.tag == ber.SEARCH:
            self.searches.append(request.operation)
        self._coming = self.answer(request)

    def recv(self, size: int) -> bytes:
        data, self._coming = self._coming[:size], self._coming[size:]
        return data

    def close(self) -> None:
        pass


@contextmanager
def open_channel(
    monkeypatch: pytest.MonkeyPatch, settings: DirectoryConfig | None = None
) -> Iterator[tuple[channel.Channel, MemoryWire]]:
    wire = MemoryWire()
    monkeypatch.setattr(channel, "connect", lambda _server, _deadline: wire)
    settings = settings or direct("ldaps://none")
    nowhere = Server("ldap://none", "none", 389, "none")
    with channel.Channel(nowhere, settings, Deadline(lambda: 0.0, 60)) as opened:
        yield opened, wire
