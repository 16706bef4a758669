"""Receives packets, and lets a few threads answer them."""

import queue
import selectors
import socket
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from ipaddress import IPv4Address
from threading import Thread
from typing import Final, NamedTuple, TypeAlias

from cwtui.accounts.errors import CannotCheck
from cwtui.host import crash
from cwtui.host.reasons import reason_of
from cwtui.language import N_, _
from cwtui.service import process, refusals, service_log, sockets
from cwtui.service.figures import Figures
from cwtui.service.radius import clients, packets
from cwtui.service.radius.clients import Address, Clients
from cwtui.service.radius.door import DOOR, Answer, Question, RadiusDoor
from cwtui.service.radius.drops import Drops
from cwtui.service.radius.packets import Code, Dropped, NotUtf8, Reason, SignedRequest
from cwtui.service.radius.replies import Key, Replies

Sender: TypeAlias = tuple[str, int]

MOST_WAITING: Final = 100
"""Requests in the queue. With one bcrypt each, the last one waits for a few seconds; later, its
client would ask again anyway."""
_MOST_TOLD: Final = 1000
_AT_ONCE: Final = 64
"""Packets that are read before the signals are looked at."""
_END_SECONDS: Final = 10.0
_ONLY_PAP: Final = N_("Only sign-ins with a plain password (PAP) are possible here.")
_NOT_UTF8: Final = N_("The password was not sent as UTF-8. Use another password or client.")


class _Job(NamedTuple):
    request: SignedRequest
    key: Key
    sender: Sender


@dataclass
class RadiusServer:
    """Serves until a signal ends it, or until it is idle after an upgrade of cwtui."""

    door: RadiusDoor
    clients: Clients
    listening: socket.socket
    figures: Figures
    log: Callable[[str], None] = service_log.log
    drops: Drops = field(init=False)
    _replies: Replies = field(default_factory=Replies, init=False)
    _told_of: set[str] = field(default_factory=set, init=False)
    """Clients whose method of signing in was logged, once each."""
    _jobs: "queue.Queue[_Job | None]" = field(init=False)
    _upgrade: process.UpgradeCheck = field(default_factory=process.UpgradeCheck, init=False)

    def __post_init__(self) -> None:
        self.drops = Drops(self.log)
        self._jobs = queue.Queue(MOST_WAITING)
        self.listening.setblocking(False)

    def run(self) -> None:
        """Serve. Returns when it should end."""
        workers = [
            Thread(target=self._work, daemon=True)
            for _ in range(process.passwords_at_once(self.door.ports))
        ]
        with process.ending_signals() as ending, selectors.DefaultSelector() as selector:
            for one in (self.listening, ending):
                one.setblocking(False)
                selector.register(one, selectors.EVENT_READ)
            for worker in workers:
                worker.start()
            sockets.notify("READY=1")
            while not self._is_over(selector, ending):
                pass
            sockets.notify("STOPPING=1")
        self._finish(workers)

    def _is_over(self, selector: selectors.BaseSelector, ending: socket.socket) -> bool:
        ready = [key.fileobj for key, _ in selector.select(self._upgrade.seconds_left())]
        if ending in ready:
            process.say_why_it_ends(ending)
            return True
        if not ready:
            return self._upgrade.should_end(is_idle=self._is_idle())
        self.receive()
        return False

    def _is_idle(self) -> bool:
        return not self._jobs.unfinished_tasks and not self.door.challenges.count(
            self.door.ports.now()
        )

    def receive(self) -> None:
        """Take what has arrived."""
        for _turn in range(_AT_ONCE):
            try:
                # One byte more than allowed shows that a packet is too long.
                packet, sender = self.listening.recvfrom(packets.MOST + 1)
            except OSError:  # nothing is left, or an earlier reply could not be delivered
                return
            self._take(packet, sender[:2])

    def _take(self, packet: bytes, sender: Sender) -> None:
        """Answer at once, queue or drop one packet. All senders can reach this."""
        try:
            address = clients.plain(sender[0])
            signed = self._signed(packet, address)
            request = signed.request
            key = Key(str(address), sender[1], request.id, request.authenticator)
            self._begin(_Job(signed, key, sender))
        except Dropped as dropped:
            self.drops.count(dropped.reason, sender[0], time.monotonic())

    def _signed(self, packet: bytes, address: Address) -> SignedRequest:
        secret = self.clients.secret_of(address)
        if secret is None:
            raise Dropped(Reason.UNKNOWN_CLIENT)
        return packets.request(packet).signed(secret)

    def _begin(self, job: _Job) -> None:
        """Queue a request of a client. Raises Dropped if too many are waiting."""
        if job.request.is_status:
            self._send(job.request.reply(Code.ACCESS_ACCEPT, self._status()), job.sender)
            return
        reply = self._replies.begin(job.key, time.monotonic())
        if reply is not None:
            if reply:
                self._send(reply, job.sender)
            return
        try:
            self._jobs.put_nowait(job)
        except queue.Full:
            self._replies.forget(job.key)  # the client will repeat it
            raise Dropped(Reason.BUSY) from None

    def _status(self) -> str:
        counted = self.figures.outcomes(DOOR)
        parts = [f"{name} {number:,}" for name, number in counted.items()]
        return ", ".join([*parts, f"dropped {self.drops.total:,}"])

    def _work(self) -> None:
        while (job := self._jobs.get()) is not None:
            self._handle(job)
            self._jobs.task_done()

    def _handle(self, job: _Job) -> None:
        began = time.thread_time()
        try:
            answer = self._answer(job)
        except Exception as error:  # noqa: BLE001  outermost layer of a request
            kept = crash.keep(crash.places(error))
            self.log(f"An unexpected error occurred ({type(error).__name__}): {kept}")
            answer = Answer(Code.ACCESS_REJECT, _(refusals.CANNOT_CHECK))
        reply = job.request.reply(answer.code, answer.message, answer.state)
        self._replies.finish(job.key, reply)
        self._send(reply, job.sender)
        outcome = answer.code.name.removeprefix("ACCESS_").lower()
        self.figures.count(DOOR, outcome, time.thread_time() - began)

    def _answer(self, job: _Job) -> Answer:
        request, client = job.request, job.key.address
        method = request.other_method
        if method:
            self._tell_of_method(client, method)
            return Answer(Code.ACCESS_REJECT, _(_ONLY_PAP))
        try:
            typed = request.password
        except NotUtf8:
            return Answer(Code.ACCESS_REJECT, _(_NOT_UTF8))
        if typed is None:
            return Answer(Code.ACCESS_REJECT, _(_ONLY_PAP))
        question = Question(client, request.calling_station, request.username, typed, request.state)
        return self.door.answer(question)

    def _tell_of_method(self, client: str, method: str) -> None:
        if client in self._told_of or len(self._told_of) >= _MOST_TOLD:
            return
        self._told_of.add(client)
        self.log(
            f"RADIUS: {client} asks with {method}, which needs a server that can read passwords. "
            "cwtui stores only hashes: set the client to PAP."
        )

    def _send(self, reply: bytes, sender: Sender) -> None:
        with suppress(OSError):  # the client repeats its request, and gets the same reply
            self.listening.sendto(reply, sender)

    def _finish(self, workers: list[Thread]) -> None:
        """Answer what is waiting, for a while."""
        until = time.monotonic() + _END_SECONDS
        for _worker in workers:
            with suppress(queue.Full):
                self._jobs.put(None, timeout=max(until - time.monotonic(), 0))
        for worker in workers:
            worker.join(max(until - time.monotonic(), 0))
        self.listening.close()


def listen(address: str, port: int) -> socket.socket:
    """Return a new socket at this address. Raises CannotCheck."""
    try:
        found = clients.plain(address)
    except ValueError:
        raise CannotCheck(
            _("radius.address must be an address, such as 127.0.0.1 or ::1.")
        ) from None
    made = socket.socket(
        socket.AF_INET if isinstance(found, IPv4Address) else socket.AF_INET6, socket.SOCK_DGRAM
    )
    try:
        made.bind((address, port))
    except OSError as error:
        made.close()
        raise CannotCheck(
            _(
                "Cannot listen on {address}, port {port}: {reason}.",
                address=address,
                port=port,
                reason=reason_of(error),
            )
        ) from None
    return made
