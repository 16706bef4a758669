"""Where PAM asks the service, and where the service is."""

import socket
from pathlib import Path

from cwtui.config import Config, ServiceConfig
from cwtui.doctor import pam, service
from cwtui.doctor.findings import Level
from tests.doctor.hosts import machine, said, subject, with_pam

ASKS = "auth required pam_cwtui.so mode=code\naccount required pam_cwtui.so\n"
OTHER = Config(service=ServiceConfig(socket="/run/other/pam", gate_socket="/nosuch/gate"))


def test_a_door_that_asks_somewhere_else_lets_nobody_in(tmp_path: Path) -> None:
    there = subject(machine(tmp_path, with_pam({"sudo": ASKS})), OTHER)
    (problem,) = said(pam.findings(there), Level.PROBLEM)
    assert problem == (
        "sudo asks the service at /run/cwtui/pam, where none listens, so cwtui lets nobody in "
        "there: service.socket is /run/other/pam."
    )
    # No door asks at the socket of the configuration.
    (one,) = service.findings(there)
    assert one.level is Level.OK
    place = tmp_path / "run/cwtui/pam"
    place.parent.mkdir(parents=True)
    place.touch()
    (problem,) = said(pam.findings(there), Level.PROBLEM)
    assert "at /run/cwtui/pam, which is not a socket, so" in problem


def test_a_door_may_ask_another_service_that_listens(tmp_path: Path) -> None:
    """One that systemd has given another socket, for example."""
    there = subject(machine(tmp_path, with_pam({"sudo": ASKS})), OTHER)
    place = tmp_path / "run/cwtui/pam"
    place.parent.mkdir(parents=True)
    with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as listening:
        listening.bind(str(place))
        assert not said(pam.findings(there), Level.PROBLEM)
        (warning,) = said(pam.findings(there), Level.WARNING)
    assert "where one listens, but service.socket is /run/other/pam" in warning
