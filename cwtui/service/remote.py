"""A conversation with a person at the other end of a socket."""

import socket
import time
from threading import Semaphore
from typing import Final

from cwtui.accounts.secret import Secret
from cwtui.dialogue.conversation import Gone, Room
from cwtui.service import packets
from cwtui.service.packets import BadPacket, Shown

ANSWER_SECONDS: Final = 600.0
"""How long to wait for one answer. Somebody may have to install an app first."""
TOTAL_SECONDS: Final = 1800.0
"""How long a whole conversation may last."""
_SEND_SECONDS: Final = 10.0


def receive(connection: socket.socket, most: int, seconds: float) -> bytes:
    """Return one packet of at most `most` bytes. Raises Gone and BadPacket."""
    try:
        connection.settimeout(max(seconds, 0.001))
        content, _, flags, _ = connection.recvmsg(most)
    except OSError:  # also a time-out
        raise Gone from None
    if flags & socket.MSG_TRUNC:
        raise BadPacket
    if not content:
        raise Gone
    return content


def send(connection: socket.socket, packet: bytes) -> None:
    """Send one packet. Raises Gone."""
    try:
        connection.settimeout(_SEND_SECONDS)
        connection.send(packet, socket.MSG_NOSIGNAL)
    except OSError:
        raise Gone from None


class RemotePerson:
    """The conversation that `dialogue` has over a socket. All methods raise Gone."""

    room: Room | None = None

    def __init__(self, connection: socket.socket, turns: Semaphore) -> None:
        """`turns` limits how many passwords are checked at once.

        In a crowd the first ones then get their answer soon, instead of all of them late.
        """
        self._connection = connection
        self._turns = turns
        self._has_turn = False
        self._until = time.monotonic() + TOTAL_SECONDS

    def ask(self, prompt: str) -> str:
        return self._ask(Shown.QUESTION, prompt)

    def ask_secret(self, prompt: str) -> Secret:
        answer = Secret(self._ask(Shown.SECRET, prompt))
        self._turns.acquire()
        self._has_turn = True
        return answer

    def end_turn(self) -> None:
        """Let another password be checked. Call it when the conversation is over."""
        if self._has_turn:
            self._has_turn = False
            self._turns.release()

    def tell(self, text: str) -> None:
        self.end_turn()
        send(self._connection, packets.shown(Shown.TEXT, text))

    def warn(self, text: str) -> None:
        self.end_turn()
        send(self._connection, packets.shown(Shown.ERROR, text))

    def _ask(self, kind: Shown, prompt: str) -> str:
        self.end_turn()
        send(self._connection, packets.shown(kind, prompt))
        left = min(ANSWER_SECONDS, self._until - time.monotonic())
        try:
            return packets.answered(receive(self._connection, packets.MOST_ANSWER, left))
        except BadPacket:
            raise Gone from None
