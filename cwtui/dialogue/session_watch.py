"""Lists the session of a dialogue as open, and ends the dialogue if others ask that of it."""

from collections.abc import Callable
from contextlib import suppress
from contextvars import copy_context
from functools import partial
from threading import Event, Thread

from cwtui.accounts import open_sessions
from cwtui.accounts.errors import CannotCheck, SessionEnded
from cwtui.accounts.open_sessions import Process
from cwtui.accounts.ports import Ports
from cwtui.accounts.session import Session


class SessionWatch:
    """Watches a session in a thread of its own, until `stop`.

    `idle` returns for how many seconds the person has done nothing. `wake` is called, in that
    thread, when the session is to end.
    """

    def __init__(
        self, ports: Ports, session: Session, idle: Callable[[], float], wake: Callable[[], None]
    ) -> None:
        self._ports = ports
        self._session = session
        self._idle = idle
        self._wake = wake
        self._is_over = Event()
        self.ended: SessionEnded | None = None
        """Why the session is to end, if anybody has asked that."""

    def begin(self, process: Process) -> None:
        """List the session, and begin to watch. Raises CannotCheck if it cannot be listed."""
        open_sessions.begin(self._ports, self._session, process)
        # In the context of this thread, so that the reason is in the person's language.
        look = partial(copy_context().run, self._look)
        Thread(target=look, name="session watch", daemon=True).start()

    def stop(self) -> None:
        self._is_over.set()

    def _look(self) -> None:
        while not self._is_over.wait(self._ports.sessions.look_seconds):
            # If it cannot be read, what the person does next says so.
            with suppress(CannotCheck):
                try:
                    open_sessions.look(self._ports, self._session, self._idle())
                except SessionEnded as ended:
                    self.ended = ended
                    self._wake()
                    return
