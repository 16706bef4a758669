"""The sockets that the service makes itself."""

import socket
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Barrier

import pytest

from cwtui.accounts.errors import CannotCheck, Refused
from cwtui.service import sockets

SERVICES = 4


def test_of_services_that_find_one_stale_socket_exactly_one_serves(tmp_path: Path) -> None:
    path = tmp_path / "pam"
    barrier = Barrier(SERVICES)

    def start(_: int) -> sockets.Made | None:
        barrier.wait()
        try:
            return sockets.listen(path, sockets.PAM_MODE)
        except (Refused, CannotCheck):
            return None

    with ThreadPoolExecutor(SERVICES) as pool:
        for _ in range(100):
            stale = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
            stale.bind(str(path))
            stale.close()
            serving = [one for one in pool.map(start, range(SERVICES)) if one is not None]
            assert len(serving) == 1
            with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as client:
                client.connect(str(path))
            serving[0].remove()
            assert not path.exists()


def test_the_path_stays_taken_even_if_somebody_removes_the_socket(tmp_path: Path) -> None:
    path = tmp_path / "pam"
    made = sockets.listen(path, sockets.PAM_MODE)
    path.unlink()
    with pytest.raises(Refused, match="running already"):
        sockets.listen(path, sockets.PAM_MODE)
    made.remove()
    sockets.listen(path, sockets.PAM_MODE).remove()
