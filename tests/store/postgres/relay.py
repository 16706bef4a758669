"""A relay between cwtui and a database, which can lose or hold back what passes."""

import socket
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from queue import SimpleQueue
from threading import Event, Thread
from typing import Self

_BLOCK = 1 << 16


class Relay:
    """Listens in a folder of its own, and passes everything on to the server's socket."""

    def __init__(self, folder: Path, server: Path) -> None:
        self.folder = folder
        self._server = server / ".s.PGSQL.5432"
        self._listening = socket.socket(socket.AF_UNIX)
        self._door = folder / ".s.PGSQL.5432"
        self._listening.bind(str(self._door))
        self._listening.listen()
        self._ends: list[socket.socket] = []
        self._threads: list[Thread] = []
        self.before: bytes | None = None
        """Lose the connection before a message that contains this is passed on."""
        self.after: bytes | None = None
        """Lose the connection when such a message was answered, before the answer is passed on."""
        self.seconds = 0.0
        """How much later what is asked arrives."""
        self._goes_on = Event()
        self._goes_on.set()
        self._lost_answer = False
        self._start(self._accept)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.release()
        self._listening.shutdown(socket.SHUT_RDWR)
        self.cut()
        while self._threads:
            self._threads.pop().join(20)
        self._listening.close()
        for end in self._ends:
            end.close()

    def cut(self) -> None:
        """Lose all connections."""
        self._end(*self._ends)

    def close(self) -> None:
        """Lose all connections, and let nobody connect until `open`."""
        self._door.rename(self._door.with_suffix(".closed"))
        self.cut()

    def open(self) -> None:
        self._door.with_suffix(".closed").rename(self._door)

    def hold(self) -> None:
        """Pass nothing on until `release`."""
        self._goes_on.clear()

    def release(self) -> None:
        self._goes_on.set()

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                theirs, _ = self._listening.accept()
                ours = socket.socket(socket.AF_UNIX)
                ours.connect(str(self._server))
                self._ends += [theirs, ours]
                self._start(self._asked, theirs, ours)
                self._start(self._answered, ours, theirs)

    def _start(self, work: Callable[..., None], *ends: object) -> None:
        thread = Thread(target=work, args=ends, daemon=True)
        self._threads.append(thread)
        thread.start()

    def _asked(self, theirs: socket.socket, ours: socket.socket) -> None:
        late: SimpleQueue[tuple[float, bytes]] = SimpleQueue()
        self._start(self._arrives, late, ours)
        with suppress(OSError):
            while data := theirs.recv(_BLOCK):
                self._goes_on.wait(20)
                if self.before is not None and self.before in data:
                    self.before = None
                    break
                if self.after is not None and self.after in data:
                    self.after = None
                    self._lost_answer = True
                if self.seconds:
                    # What follows it closely arrives just as closely.
                    late.put((time.monotonic() + self.seconds, data))
                else:
                    ours.sendall(data)
        late.put((0.0, b""))
        self._end(theirs, ours)

    def _arrives(self, late: SimpleQueue[tuple[float, bytes]], ours: socket.socket) -> None:
        with suppress(OSError):
            while True:
                at, data = late.get()
                if not data:
                    return
                time.sleep(max(0.0, at - time.monotonic()))
                ours.sendall(data)

    def _answered(self, ours: socket.socket, theirs: socket.socket) -> None:
        with suppress(OSError):
            while data := ours.recv(_BLOCK):
                self._goes_on.wait(20)
                if self._lost_answer:
                    self._lost_answer = False
                    break
                theirs.sendall(data)
        self._end(theirs, ours)

    @staticmethod
    def _end(*ends: socket.socket) -> None:
        for end in ends:
            with suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)
