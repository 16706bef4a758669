"""Ports for the servers of tests: no other test, and no client, takes one meanwhile."""

import functools
import itertools
import os
import socket
from collections.abc import Iterator
from typing import Final

_PORTS: Final = range(15_000, 32_000)
"""Below those that Linux gives to clients (ip_local_port_range)."""
_BLOCK: Final = 100
_HELD: Final[list[socket.socket]] = []


def free_port(kind: socket.SocketKind = socket.SOCK_STREAM) -> int:
    """Return a port on loopback that this process alone hands out, and not again soon."""
    return next(port for port in _own(os.getpid()) if _bound(port, kind))


@functools.cache
def _own(process: int) -> Iterator[int]:
    """Ports of this process, over and over. It holds the first one of their block until it ends."""
    blocks = _PORTS[::_BLOCK]
    for count in range(len(blocks)):
        first = blocks[(process + count) % len(blocks)]
        held = socket.socket()
        try:
            held.bind(("127.0.0.1", first))
        except OSError:
            held.close()
            continue
        _HELD.append(held)
        return itertools.cycle(range(first + 1, first + _BLOCK))
    raise AssertionError("no ports are left")


def _bound(port: int, kind: socket.SocketKind) -> bool:
    with socket.socket(type=kind) as probe:
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True
