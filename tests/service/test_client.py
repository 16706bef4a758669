"""Whom the clients of the service take for it."""

import os
import socket
from pathlib import Path

import pytest

from cwtui.accounts.errors import CannotCheck
from cwtui.service import client, packets
from cwtui.service.client import NotThere
from cwtui.service.packets import Phase, Request, Verdict
from cwtui.service.peers import Peer
from tests.dialogue.scripted import Scripted


@pytest.mark.parametrize(
    ("uid", "mode", "trusted"),
    [
        (os.geteuid(), 0o755, True),
        (0, 0o755, True),
        (os.geteuid() + 1, 0o755, False),
        (os.geteuid(), 0o775, False),
        (os.geteuid(), 0o1777, False),
    ],
)
def test_only_root_or_the_owner_of_a_closed_folder_may_be_the_service(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, uid: int, mode: int, trusted: bool
) -> None:
    """Otherwise whoever comes first to a folder such as /tmp would open all gates."""
    path = tmp_path / "run" / "gate"
    path.parent.mkdir()
    path.parent.chmod(mode)
    monkeypatch.setattr("cwtui.service.peers.peer_of", lambda _: Peer(1, uid))
    with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as listening:
        listening.bind(str(path))
        listening.listen()
        if trusted:
            with client._connected(path) as connection, listening.accept()[0] as far:
                far.send(packets.verdict(Verdict.ACCEPTED))
                assert client._received(connection, 5) is Verdict.ACCEPTED
            return
        with pytest.raises(CannotCheck, match="may be somebody else's") as raised:
            client.converse(path, Request(Phase.GATE, {}), Scripted())
        assert not isinstance(raised.value, NotThere)  # then the store would be asked
