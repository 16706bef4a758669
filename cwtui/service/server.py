"""Accepts connections, and gives each conversation a thread."""

import errno
import selectors
import socket
import time
from collections.abc import Sequence
from contextlib import AbstractContextManager, nullcontext, suppress
from dataclasses import dataclass, field
from threading import Event, Semaphore, Thread
from typing import Final, Protocol

from cwtui.accounts.ports import Ports
from cwtui.dialogue.conversation import Gone
from cwtui.host import crash, processes
from cwtui.language import _
from cwtui.service import packets, peers, process, service_log, sockets
from cwtui.service.figures import Figures
from cwtui.service.host_sessions import HostSessions
from cwtui.service.packets import BadPacket, Phase, Verdict
from cwtui.service.peers import Peer
from cwtui.service.remote import RemotePerson, receive, send
from cwtui.service.room import Full, Room

_REQUEST_SECONDS: Final = 10.0
"""How long a client may take for its request."""
_END_SECONDS: Final = 20.0
"""How long conversations may go on after the signal to end."""
_TOO_MANY_FILES: Final = frozenset({errno.EMFILE, errno.ENFILE})
_RAISE_LIMITS: Final = "Raise LimitNOFILE= or TasksMax= of the service."
_LAST_SECONDS: Final = 3.0
"""How long it may then take to remove sessions of the host from the list of open ones."""


class Answers(Protocol):
    """The doors."""

    @property
    def ports(self) -> Ports: ...

    @property
    def sessions(self) -> HostSessions: ...

    def answer(self, request: packets.Request, peer: Peer, person: RemotePerson) -> Verdict:
        """Talk to the person, and return the verdict. Raises Gone."""


@dataclass
class Server:
    """Serves until a signal ends it, or until it is idle after an upgrade of cwtui."""

    doors: Answers
    listening: Sequence[socket.socket]
    room: Room
    """How many conversations there may be at once. Others wait in the queue of the socket."""
    figures: Figures
    made: Sequence[sockets.Made] = ()
    """The sockets that the service made, and removes at the end; not systemd's."""
    _turns: Semaphore = field(init=False)
    _is_ending: Event = field(default_factory=Event, init=False)
    _upgrade: process.UpgradeCheck = field(default_factory=process.UpgradeCheck, init=False)

    def __post_init__(self) -> None:
        self._turns = Semaphore(process.passwords_at_once(self.doors.ports))

    def run(self) -> None:
        """Serve. Returns when it should end."""
        Thread(target=self._tend_sessions, name="open sessions", daemon=True).start()
        with process.ending_signals() as ending, selectors.DefaultSelector() as selector:
            for one in (*self.listening, ending):
                one.setblocking(False)
                selector.register(one, selectors.EVENT_READ)
            sockets.notify("READY=1")
            while not self._is_over(selector, ending):
                pass
            sockets.notify("STOPPING=1")
        self._finish()

    def _is_over(self, selector: selectors.BaseSelector, ending: socket.socket) -> bool:
        """Accept what is waiting, or return True at the end."""
        has_room = self.room.wait_for_room(1)
        wait = self._upgrade.seconds_left() if has_room else 0
        ready = [key.fileobj for key, _ in selector.select(wait)]
        if ending in ready:
            process.say_why_it_ends(ending)
            return True
        if not has_room:
            return False
        if not ready:
            return self._upgrade.should_end(is_idle=self.room.is_empty())
        for one in ready:
            if isinstance(one, socket.socket):
                self._accept(one)
        return False

    def _accept(self, listening: socket.socket) -> None:
        try:
            connection, _ = listening.accept()
        except OSError as error:  # the client has left, or there are too many open files
            if error.errno in _TOO_MANY_FILES:
                service_log.log_once(f"Sign-ins wait: {error.strerror}. {_RAISE_LIMITS}")
            time.sleep(0.01)
            return
        try:
            peer = peers.peer_of(connection)
        except OSError:
            connection.close()
            return
        try:
            self.room.enter(peer)
        except Full:
            who = peer.name or f"uid {peer.uid}"
            # A local user may have thousands of ids (subuid(5)).
            service_log.log_once(
                f"A sign-in of the Unix user {who} was refused: too many are open already.", "full"
            )
            connection.close()
            return
        thread = Thread(target=self._converse, args=(connection, peer), daemon=True)
        try:
            thread.start()
        except RuntimeError as error:  # there can be no more threads
            service_log.log_once(f"A sign-in was refused: {error}. {_RAISE_LIMITS}")
            self.room.leave(peer)
            connection.close()

    def _converse(self, connection: socket.socket, peer: Peer) -> None:
        try:
            with connection:
                self._answer(connection, peer)
        except Exception as error:  # noqa: BLE001  outermost layer of a thread
            crash.keep(crash.places(error))
            service_log.log(f"An unexpected error occurred ({type(error).__name__}).")
        finally:
            self.room.leave(peer)

    def _answer(self, connection: socket.socket, peer: Peer) -> None:
        began = time.thread_time()
        try:
            packet = receive(connection, packets.MOST_REQUEST, _REQUEST_SECONDS)
            request = packets.request(packet)
        except (BadPacket, Gone):
            return
        person = RemotePerson(connection, self._turns)
        verdict: Verdict | None = None
        try:
            verdict = self._in_room(request, peer, person)
        except Gone:
            pass
        finally:
            person.end_turn()
        outcome = "left" if verdict is None else verdict.name.lower()
        self.figures.count(request.phase, outcome, time.thread_time() - began)
        if verdict is not None:
            with suppress(Gone):
                send(connection, packets.verdict(verdict))

    def _in_room(self, request: packets.Request, peer: Peer, person: RemotePerson) -> Verdict:
        """Return the verdict. People may have a few prompts open: of su and sudo, and of gates."""
        try:
            with self.counted(request, peer):
                return self._verdict(request, peer, person)
        except Full:
            person.warn(_("Too many sign-ins are open. End one first."))
            return Verdict.TOO_MANY

    def counted(self, request: packets.Request, peer: Peer) -> AbstractContextManager[None]:
        """Count this conversation for whoever has begun it. Entering it raises Full."""
        remote = request.get("rhost")
        if request.phase is Phase.GATE:
            return self.room.sharing(peer, remote or processes.login_session(peer.pid))
        user = peers.invoker(request)
        if request.phase is Phase.AUTH and not remote and user not in {"", "root"}:
            return self.room.asking(user)
        return nullcontext()

    def _verdict(self, request: packets.Request, peer: Peer, person: RemotePerson) -> Verdict:
        try:
            return self.doors.answer(request, peer, person)
        except Gone:
            raise
        except Exception as error:  # noqa: BLE001  outermost layer of a conversation
            kept = crash.keep(crash.places(error))
            service_log.log(f"An unexpected error occurred ({type(error).__name__}): {kept}")
            return Verdict.CANNOT_CHECK

    def _tend_sessions(self) -> None:
        due = 0.0
        while not self._is_ending.is_set():
            self.doors.sessions.wait(max(due - time.monotonic(), 0))
            ports = self.doors.ports
            is_due = time.monotonic() >= due
            if is_due:
                due = time.monotonic() + ports.sessions.look_seconds
            self.doors.sessions.tend(ports, look=is_due)

    def _finish(self) -> None:
        """Let conversations end, for a while. Those that go on are refused by the end."""
        for made in self.made:
            made.remove()
        for one in self.listening:
            one.close()
        if not self.room.is_empty():
            service_log.log(f"It waits for open sign-ins, for {_END_SECONDS:.0f} seconds at most.")
        self.room.wait_until_empty(_END_SECONDS)
        self._is_ending.set()
        self.doors.sessions.wake()
        # A database that does not answer must not delay the end.
        last = Thread(target=self.doors.sessions.end_all, args=(self.doors.ports,), daemon=True)
        last.start()
        last.join(_LAST_SECONDS)
