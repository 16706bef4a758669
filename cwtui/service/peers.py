"""Who is at the other end of a socket, as the kernel says."""

import os
import pwd
import socket
import struct
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from cwtui.accounts.text import whole_number
from cwtui.service.packets import Request

_CREDENTIALS: Final = struct.Struct("3i")
_UID_DIGITS: Final = 10


@dataclass(frozen=True)
class Peer:
    """A process that has connected: its id and its effective user (SO_PEERCRED, unix(7))."""

    pid: int
    uid: int

    @property
    def is_trusted(self) -> bool:
        """Whether it may speak for others: root, or the Unix user that owns the store."""
        return self.uid in {0, os.geteuid()}

    @property
    def name(self) -> str:
        """The name of its Unix user; empty if it has none."""
        return _name_of(self.uid)


def peer_of(connection: socket.socket) -> Peer:
    """Return who has connected. Raises OSError."""
    size = _CREDENTIALS.size
    pid, uid, _ = _CREDENTIALS.unpack(
        connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, size)
    )
    return Peer(pid, uid)


def invoker(request: Request) -> str:
    """Return the local Unix user who has begun a conversation of root, such as su's.

    Some programs do not name that user, but the real uid of their process says who it is. Empty if
    that is root's too: then nobody is signed in there yet, as at login.
    """
    uid = whole_number(request.get("uid"), _UID_DIGITS)
    return request.get("ruser") or (uid and (_name_of(uid) or f"uid {uid}")) or ""


def ids_of(names: Iterable[str]) -> frozenset[int]:
    """Return the uids of these Unix users, as far as they exist."""
    return frozenset(uid for uid in map(_id_of, names) if uid is not None)


def is_root(name: str) -> bool:
    """Whether this Unix user is root, by whichever name."""
    return _id_of(name) == 0


def _id_of(name: str) -> int | None:
    try:
        return pwd.getpwnam(name).pw_uid
    except (KeyError, ValueError):
        return None


def _name_of(uid: int) -> str:
    try:
        return pwd.getpwuid(uid).pw_name
    except (KeyError, OverflowError):
        return ""
