"""Where the person is who asks the service: an address, or a terminal of this host."""

import re
from typing import Final

from cwtui.accounts import text
from cwtui.accounts.recent_proofs import Place
from cwtui.accounts.sources import UNKNOWN_ADDRESS
from cwtui.host import charset, processes
from cwtui.host.source import normal_address
from cwtui.service import peers
from cwtui.service.packets import Request
from cwtui.service.peers import Peer

_LENGTH: Final = 100
"""The most characters of what a client says, in places and in the audit log."""
_UNKNOWN: Final = "unknown"
"""What sshd writes, in capitals, if the client has no address."""

_SERIAL: Final = re.compile(r"tty[A-Za-z]|hvc|hvsi|xvc|console")
"""How Linux names serial lines and the consoles of virtual machines (devices.txt of the kernel).
Virtual consoles are tty1, tty2 and so on.
"""


def at_door(request: Request, peer: Peer) -> Place:
    """Return where the person is: a remote host, or a terminal here and who uses it."""
    remote = request.get("rhost")
    if remote:
        return Place(address_of(remote), is_certain=_is_certain(remote))
    return _here(request, shown(peers.invoker(request)), peer)


def _here(request: Request, user: str, peer: Peer) -> Place:
    """Return the place of somebody at a terminal of this host.

    A pseudo-terminal has another number each time. As a source it would be a new one, and
    the few that the throttle knows would soon be forgotten.
    """
    terminal = shown(request.get("tty")).removeprefix("/dev/")
    where = "this host" if terminal.startswith("pts/") or not terminal else terminal
    # /proc may hide the session (its option hidepid, ProtectProc= of systemd).
    session = processes.login_session(peer.pid)
    is_certain = bool(session and user)
    return Place(f"{where} {user}".strip(), f"{terminal} {session}", is_certain)


def at_gate(request: Request, peer: Peer) -> Place:
    """Return where the person at the gate is.

    The client of a gate says itself where it comes from. The name of its Unix user, which the
    kernel says, keeps it from passing for somebody else's place.
    """
    remote = address_of(request.get("rhost")) if request.get("rhost") else ""
    who = peer.name or f"uid {peer.uid}"
    if remote:
        return Place(f"{remote} {who}", is_certain=_is_certain(remote))
    return _here(request, who, peer)


def address_of(remote: str) -> str:
    """Return the address as `host.source` does, so that the same client is the same source."""
    if remote.casefold() == _UNKNOWN:
        return UNKNOWN_ADDRESS
    return normal_address(remote) or shown(remote)


def _is_certain(remote: str) -> bool:
    """Whether this names one host."""
    return remote.casefold() != _UNKNOWN and len(shown(remote)) < _LENGTH


def charset_of(request: Request) -> str:
    """Return the character set of the person's terminal.

    Our own clients say it. SSH has UTF-8 (RFC 4256), as the terminals of a desktop and the virtual
    consoles do. What is at the end of a serial line is unknown.
    """
    if said := request.get("charset"):
        return charset.usable(said)
    terminal = request.get("tty").removeprefix("/dev/")
    return "ascii" if _SERIAL.match(terminal) else charset.UTF_8


def shown(value: str) -> str:
    """Return what a client says as it is shown and written: visible, and not too long."""
    return text.visible(value)[:_LENGTH]
