"""Sign-ins with FreeRADIUS's radclient, and with pam_radius_auth through pamtester."""

import socket
from collections.abc import Iterator
from pathlib import Path

import pyotp
import pytest

from cwtui.dialogue.asking import CODE
from tests.cli.accounts import put
from tests.cli.commands import PASSWORD, Host
from tests.programs import as_root, cannot_run, require
from tests.radius import wire
from tests.radius.serving import Radius, pamtester, serving, signing
from tests.service.service import enrolled, new_host

PAM_RADIUS = "security/pam_radius_auth.so"


@pytest.fixture(scope="module")
def host(tmp_path_factory: pytest.TempPathFactory) -> Host:
    require("radclient")
    host = new_host(tmp_path_factory.mktemp("radius") / "host")
    assert host.run("settings", "set", "password_limit", "2").status == 0
    return host


@pytest.fixture(scope="module")
def erin(host: Host) -> tuple[str, list[str]]:
    """An account with the key and the backup codes that are returned."""
    return enrolled(host, "erin")


@pytest.fixture(scope="module")
def radius(host: Host) -> Iterator[Radius]:
    with serving(host) as radius:
        yield radius


def test_radclient_signs_in(radius: Radius, erin: tuple[str, list[str]]) -> None:
    key, backup_codes = erin
    put(radius.host, "gone", enabled=False)
    account = {"User-Name": "erin", "Calling-Station-Id": "203.0.113.7"}
    password = {**account, "User-Password": PASSWORD}

    assert (
        radius.radclient({"User-Name": "alice", "User-Password": PASSWORD}).code == "Access-Accept"
    )
    wrong = radius.radclient({"User-Name": "alice", "User-Password": "wrong"})
    assert wrong.code == "Access-Reject"
    assert wrong.message.startswith("Username or password is wrong.")
    assert radius.radclient({"User-Name": "gone", "User-Password": PASSWORD}).message == (
        "Your account is disabled. Ask an admin to enable it."
    )

    # Used here, unless it was already used at the enrolment a moment ago.
    used = pyotp.TOTP(key).now()
    asked = radius.radclient(password)
    assert (asked.code, asked.message) == ("Access-Challenge", CODE)
    radius.radclient({**account, "User-Password": used, "State": asked.state})
    asked = radius.radclient(password)
    again = radius.radclient({**account, "User-Password": used, "State": asked.state})
    assert again.code == "Access-Challenge"
    assert again.message.startswith("This code")
    right = radius.radclient({**account, "User-Password": backup_codes[0], "State": again.state})
    assert right.code == "Access-Accept"
    assert right.message.startswith("You used a backup code. 9 unused backup codes left.")
    events = [event for event in radius.host.audit if event["event"] == "sign_in.complete"]
    assert events[-1]["source"] == "203.0.113.7 through 127.0.0.1"
    assert events[-1]["reason"] == "password, backup code, door=radius"


def test_radclient_gets_no_answer_without_a_right_signature(radius: Radius) -> None:
    right = {"User-Name": "alice", "User-Password": PASSWORD}
    before = len(radius.host.audit)
    dropped = dropped_by(radius)
    assert radius.radclient(right, signed=False).code == ""
    assert radius.radclient(right, secret="another-secret-than-ours").code == ""
    assert len(radius.host.audit) == before
    assert dropped_by(radius) == dropped + 2


def dropped_by(radius: Radius) -> int:
    status = radius.radclient({}, command="status")
    assert status.code == "Access-Accept"
    return int(status.message.rpartition("dropped ")[2])


def test_a_repeated_packet_is_one_attempt_and_many_must_wait(radius: Radius) -> None:
    put(radius.host, "bob")
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client:
        client.connect(("127.0.0.1", radius.port))
        client.settimeout(10)

        def ask(packet: bytes) -> str:
            client.send(packet)
            return wire.reply(client.recv(5000), packet).message

        packet = wire.asked(b"wrong", b"bob", id_=0)
        told = {ask(packet) for _ in range(3)}
        assert told == {"Username or password is wrong. 1 attempt left."}
        assert "No attempts left for now." in ask(wire.asked(b"wrong", b"bob", id_=1))
        assert ask(wire.asked(PASSWORD.encode(), b"bob", id_=9)).startswith("Too many failed")


@as_root
def test_pam_radius_asks_for_the_code(
    radius: Radius, erin: tuple[str, list[str]], tmp_path: Path
) -> None:
    require("pamtester")
    if not any(Path("/usr/lib").glob(f"*/{PAM_RADIUS}")):
        cannot_run("libpam-radius-auth is not installed")
    require("unshare")
    _, codes = erin
    with signing(radius.port) as port:
        status, shown = pamtester(tmp_path, port, "erin", PASSWORD, codes[1])
        assert status == 0, shown
        assert CODE in shown
        assert pamtester(tmp_path, port, "erin", PASSWORD, codes[1])[0] == 1  # it is used
    # Debian 12's module sends no Message-Authenticator, so it gets no answer.
    assert pamtester(tmp_path, radius.port, "alice", PASSWORD)[0] == 1
