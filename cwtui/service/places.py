"""Where the person is who asks the service: an address, or a terminal of this host."""

from typing import Final

from cwtui.accounts import text
from cwtui.accounts.recent_proofs import Place
from cwtui.accounts.text import UNKNOWN_ADDRESS
from cwtui.host.source import normal_address
from cwtui.service import peers
from cwtui.service.packets import Request
from cwtui.service.peers import Peer

_LENGTH: Final = 100
"""The most characters of what a client says, in places and in the audit log."""
_UNKNOWN: Final = "unknown"
"""What sshd writes, in capitals, if the client has no address."""


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
    session = peers.login_session(peer.pid)
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


def shown(value: str) -> str:
    """Return what a client says as it is shown and written: visible, and not too long."""
    return text.visible(value)[:_LENGTH]
