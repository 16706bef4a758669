"""Misbehaving servers: silent, dripping, or disconnecting."""

import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from threading import Event, Thread
from typing import Final

SEARCH: Final = 0x63
"""The first byte of a search request's operation, in LDAP (RFC 4511 section 4.5.1)."""

LONG_MESSAGE: Final = b"\x30\x82\xff\xff"
"""The head of an LDAP message of 64 KB."""

LONG_RECORD: Final = b"\x16\x03\x03\x40\x00"
"""The head of a TLS record of 16 KB, with a handshake in it (RFC 8446 section 5.1)."""


@contextmanager
def silent() -> Iterator[int]:
    """The port of a server that accepts connections and sends nothing."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        port: int = listening.getsockname()[1]
        yield port


@contextmanager
def answering(answer: Callable[[socket.socket], None]) -> Iterator[int]:
    """The port of a server that handles each connection like this, in its own thread."""
    with socket.create_server(("127.0.0.1", 0)) as listening:

        def serve() -> None:
            with suppress(OSError):
                while True:
                    connection, _ = listening.accept()
                    Thread(target=treat, args=(connection,), daemon=True).start()

        def treat(connection: socket.socket) -> None:
            with connection, suppress(OSError):
                answer(connection)

        serving = Thread(target=serve, daemon=True)
        serving.start()
        yield listening.getsockname()[1]
        # Wake up accept(), which closing alone would not do.
        listening.shutdown(socket.SHUT_RDWR)
        serving.join()


@contextmanager
def dripping(head: bytes) -> Iterator[int]:
    """Sends the head of a long message, then a byte now and then, so it is never quite silent."""
    over = Event()

    def drip(connection: socket.socket) -> None:
        connection.sendall(head)
        while not over.wait(0.05):
            connection.sendall(b"\0")

    with answering(drip) as port:
        yield port
        over.set()


@contextmanager
def cut_in_search(to_port: int, then: Callable[[], None] | None = None) -> Iterator[int]:
    """Forwards everything to the server at that port until a plain search, then disconnects.

    The search reaches the server, `then` is called, and half of the answer comes back.
    """

    def proxy(client: socket.socket) -> None:
        with socket.create_connection(("127.0.0.1", to_port)) as server:
            while request := client.recv(65536):
                server.sendall(request)
                is_search = SEARCH in request[:12]
                answer = server.recv(65536)
                client.sendall(answer[: len(answer) // 2] if is_search else answer)
                if is_search:
                    if then is not None:
                        then()
                    return

    with answering(proxy) as port:
        yield port
