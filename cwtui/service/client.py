"""The client's side of a conversation with the service."""

import socket
import stat
import struct
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from cwtui.accounts.errors import CannotCheck, Refused
from cwtui.accounts.secret import Secret
from cwtui.dialogue.conversation import Conversation, Gone, Room
from cwtui.host.reasons import reason_of
from cwtui.language import N_, _
from cwtui.service import packets, peers
from cwtui.service.packets import BadPacket, Phase, Request, Shown, Verdict
from cwtui.service.remote import receive, send

SECONDS: Final = 90.0
"""How long the service may take to answer; PAM's module waits as long."""
_CONNECT_SECONDS: Final = 5
_TOO_LONG: Final = N_("This is too long, or contains a character that is not allowed.")
_BROKEN: Final = N_("The sign-in service has stopped answering. Try again.")


def converse(
    path: Path, request: Request, person: Conversation, seconds: float = SECONDS
) -> Verdict:
    """Carry the service's questions to the person, and return the verdict.

    `seconds` is how long the service may take for each packet.

    Raises CannotCheck if the service is not there or stops answering, Refused for an answer that
    cannot be sent, and Gone if the person left.
    """
    try:
        first = request.encoded()
    except BadPacket:
        raise Refused(_(_TOO_LONG)) from None
    with _connected(path) as connection:
        _send(connection, first)
        while True:
            received = _received(connection, seconds)
            if isinstance(received, Verdict):
                return received
            kind, text = received
            match kind:
                case Shown.TEXT:
                    person.tell(text)
                case Shown.ERROR:
                    person.warn(text)
                case Shown.QUESTION:
                    _answer(connection, person.ask(text))
                case Shown.SECRET:
                    _answer(connection, person.ask_secret(text).reveal())


def status(path: Path, seconds: float = SECONDS) -> str:
    """Return what the service has done, as JSON. Raises CannotCheck, CannotUseStore and Refused."""
    heard = _Listener()
    verdict = converse(path, Request(Phase.STATUS, {}), heard, seconds)
    if verdict is Verdict.CANNOT_CHECK:
        raise CannotUseStore(_("The sign-in service runs, but it cannot use the store."))
    if verdict is not Verdict.ACCEPTED:
        raise Refused(" ".join(heard.warnings) or _("The service refused this."))
    return "\n".join(heard.texts)


@dataclass
class _Listener:
    """Somebody who answers no questions."""

    texts: list[str] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)
    room: Room | None = None

    def ask(self, prompt: str) -> str:
        raise Gone(prompt)

    def ask_secret(self, prompt: str) -> Secret:
        raise Gone(prompt)

    def tell(self, text: str) -> None:
        self.texts.append(text)

    def warn(self, text: str) -> None:
        self.warnings.append(text)


class NotThere(CannotCheck):
    """Nobody listens on the socket."""


class CannotUseStore(CannotCheck):
    """The service runs, but can check nothing. It tells nobody why: that is in its log."""


@contextmanager
def _connected(path: Path) -> Iterator[socket.socket]:
    with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as connection:
        # The kernel's time limit waits while the queue is full; Python's does not.
        limit = struct.pack("ll", _CONNECT_SECONDS, 0)
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_SNDTIMEO, limit)
        try:
            connection.connect(str(path))
        except PermissionError:
            raise CannotCheck(
                _(
                    "You may not use the sign-in service at {path}. Run this as root or as the "
                    "Unix user that owns the store.",
                    path=path,
                )
            ) from None
        except OSError as error:
            raise NotThere(_gone(path, error)) from None
        _check_trusted(path, connection)
        yield connection


def _check_trusted(path: Path, connection: socket.socket) -> None:
    """Raise CannotCheck unless whoever listens may be the service, as PAM's module does.

    That is root or the owner of the socket, and only the owner of the folder can have put it there.
    """
    try:
        uid = peers.peer_of(connection).uid
        owner, mode = path.stat().st_uid, path.parent.stat().st_mode
    except OSError as error:
        raise NotThere(_gone(path, error)) from None
    if uid not in {0, owner} or mode & (stat.S_IWGRP | stat.S_IWOTH):
        raise CannotCheck(
            _(
                "What listens at {path} may be somebody else's: the folder must be one that only "
                "the Unix user of the service can write to.",
                path=path,
            )
        )


def _gone(path: Path, error: OSError) -> str:
    reason = reason_of(error, _("it does not answer"))
    return _("No sign-in service at {path}: {reason}.", path=path, reason=reason)


def _send(connection: socket.socket, packet: bytes) -> None:
    try:
        send(connection, packet)
    except Gone:
        raise CannotCheck(_(_BROKEN)) from None


def _answer(connection: socket.socket, typed: str) -> None:
    try:
        packet = packets.answer(typed)
    except BadPacket:
        raise Refused(_(_TOO_LONG)) from None
    _send(connection, packet)


def _received(connection: socket.socket, seconds: float) -> tuple[Shown, str] | Verdict:
    try:
        return packets.from_service(receive(connection, packets.MOST_SHOWN, seconds))
    except (Gone, BadPacket):
        raise CannotCheck(_(_BROKEN)) from None
