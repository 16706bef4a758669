"""Whether the service answers, and who may reach its sockets."""

import socket
import stat
from pathlib import Path

from msgspec.structs import replace

from cwtui import installation
from cwtui.accounts.errors import CannotCheck, Refused
from cwtui.config import Config, ServiceConfig
from cwtui.doctor import service
from cwtui.doctor.findings import Finding, Level
from cwtui.service.client import CannotUseStore
from tests.doctor.hosts import ASKS_CODE, machine, subject, with_pam
from tests.new_store import config_in

_DEFAULTS = Config()


def of_service(
    root: Path, path: Path, status: str | Exception, config: Config = _DEFAULTS, **pam: str
) -> list[Finding]:
    def ask(_: Path) -> str:
        if isinstance(status, Exception):
            raise status
        return status

    sockets = ServiceConfig(socket=str(path), gate_socket=str(path) + "-gate")
    config = replace(config, service=sockets)
    pam = {
        name: content.replace("pam_cwtui.so", f"pam_cwtui.so socket={path}")
        for name, content in pam.items()
    }
    return [*service.findings(subject(machine(root, with_pam(pam)), config), ask)]


def test_a_missing_service_matters_only_where_a_door_asks_it(tmp_path: Path) -> None:
    (one,) = of_service(tmp_path, tmp_path / "pam", "")
    assert one.level is Level.OK
    (one,) = of_service(tmp_path, tmp_path / "pam", "", sudo=ASKS_CODE)
    assert one.level is Level.PROBLEM
    assert one.sentence.endswith("so nobody gets in at sudo.")


def test_an_answer_of_the_service_is_reported(tmp_path: Path) -> None:
    path = tmp_path / "pam"
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(str(path))
        path.chmod(0o600)
        answer = '{"since": 0, "conversations": {"auth accepted": 2, "auth refused": 1}, "pid": 1}'
        (one,) = of_service(tmp_path, path, answer)
        assert one.sentence == (
            "The service answers. It has run since 1970-01-01 00:00 UTC, and was asked 3 times."
        )
        old = answer.replace("{", '{"version": "0.0.9 (Debian package 0.0.9-4)", ', 1)
        (one,) = of_service(tmp_path, path, old)
        assert one.level is Level.NOTE
        assert one.sentence.endswith("is still version 0.0.9 (Debian package 0.0.9-4).")
        for status, level in (
            ("{", Level.PROBLEM),
            (CannotCheck("Hangs."), Level.PROBLEM),
            (Refused("No."), Level.UNKNOWN),
        ):
            (one,) = of_service(tmp_path, path, status)
            assert one.level is level
    path.unlink()
    path.write_text("")
    (one,) = of_service(tmp_path, path, answer)
    assert one.sentence == f"{path} is not a socket."


def test_a_service_that_cannot_use_its_store_is_a_problem(tmp_path: Path) -> None:
    path, config = tmp_path / "pam", config_in(tmp_path)
    says = CannotUseStore("It cannot use it.")
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(str(path))
        path.chmod(0o600)
        (one,) = of_service(tmp_path, path, says, config)
        assert one.level is Level.PROBLEM
        assert one.sentence.startswith(f"There is no store in {config.folder}.")
        installation.set_up(config)
        (one,) = of_service(tmp_path, path, says, config)
        assert one.sentence == str(says)
        assert one.action.endswith("doctor store keyring")


def test_everybody_may_knock_at_the_gate(tmp_path: Path) -> None:
    path = tmp_path / "pam-gate"
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(str(path))
        for mode, level in ((0o600, Level.PROBLEM), (0o666, Level.OK)):
            path.chmod(mode)
            assert of_service(tmp_path, tmp_path / "pam", "")[0].level is level


def test_a_wrong_owner_or_mode_of_the_socket_is_reported() -> None:
    path, private = Path("/run/cwtui/pam"), stat.S_IFSOCK | 0o600
    assert not [*service.modes(path, 998, private, 0o755, 998)]
    assert not [*service.modes(path, 0, private, 0o755, 998)]
    (one,) = service.modes(path, 1000, private, 0o755, 998)
    assert "which does not own the store" in one.sentence
    (one,) = service.modes(path, 998, stat.S_IFSOCK | 0o666, 0o755, 998)
    assert one.level is Level.WARNING
    (one,) = service.modes(path, 998, private, 0o777, 998)
    assert one.level is Level.PROBLEM


def test_a_user_who_is_not_the_owner_is_told_how_to_become_it(tmp_path: Path) -> None:
    """root, who can start the service by hand, must not start its own."""
    root = subject(machine(tmp_path))
    root.owner = 998
    as_owner = "runuser -u connectware -- env HOME=/var/lib/connectware"
    assert root.by_owner("serve") == f"{as_owner} cwtui serve"
    root.owner = 0
    assert root.by_owner("serve") == "cwtui serve"
    assert subject(machine(tmp_path)).by_owner("serve") == "cwtui serve"
