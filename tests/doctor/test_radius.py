"""RADIUS: secrets, addresses, and whether a process waits."""

import os
from pathlib import Path

import pytest

from cwtui.config import Config, StoreConfig
from cwtui.config.radius import RadiusConfig
from cwtui.doctor import radius
from cwtui.doctor.findings import Finding, Level
from tests.doctor.hosts import machine, said, subject

TABLE = "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid\n"
V6 = TABLE + "  2: 00000000000000000000000001000000:0714 0:0000 07 0:0 00:0 0 {uid} 0 1 2 0 0\n"
ROW = "  1: {address}:{port} 00000000:0000 07 0:0 00:0 0 {uid} 0 1 2 0 0\n"


def table(address: str = "0100007F", port: str = "0714", uid: int = 998) -> str:
    """What the kernel prints of a socket at 127.0.0.1, UDP port 1812."""
    return TABLE + ROW.format(address=address, port=port, uid=uid) + "  odd\n"


def looked(
    root: Path,
    clients: dict[str, str],
    udp: str = "",
    udp6: str = "",
    address: str = "127.0.0.1",
) -> list[Finding]:
    """What is found for these clients, whose secrets are files below `root`."""
    files = {name: str(root / file) for name, file in clients.items()}
    config = Config(
        store=StoreConfig(url=str(root / "store")),
        radius=RadiusConfig(clients=files, address=address),
    )
    tables = {"/proc/net/udp": udp, **({"/proc/net/udp6": udp6} if udp6 else {})}
    there = machine(root, tables if udp else {}, euid=os.geteuid())
    return [*radius.findings(subject(there, config))]


@pytest.fixture
def root(tmp_path: Path) -> Path:
    (tmp_path / "store").mkdir()
    for name, content in {"vpn": "a" * 32, "switch": "b" * 32, "short": "c"}.items():
        (tmp_path / name).write_text(f"{content}\n")
        (tmp_path / name).chmod(0o600)
    return tmp_path


def test_without_clients_there_is_nothing_to_look_at(root: Path) -> None:
    (one,) = looked(root, {})
    assert (one.level, one.sentence) == (Level.OK, "No RADIUS clients are configured.")


def test_a_host_without_faults_has_two_good_findings(root: Path) -> None:
    udp = table(uid=os.geteuid())
    found = looked(root, {"127.0.0.1": "vpn", "127.0.0.2": "switch"}, udp)
    assert [one.sentence for one in found] == [
        "The RADIUS clients 127.0.0.1, 127.0.0.2 have secrets.",
        "A process listens at 127.0.0.1, UDP port 1812.",
    ]
    assert {one.level for one in found} == {Level.OK}


def test_each_bad_secret_is_a_problem(root: Path) -> None:
    (root / "switch").chmod(0o644)
    clients = {"127.0.0.1": "short", "127.0.0.2": "switch", "127.0.0.3": "nosuch", "x": "vpn"}
    found = looked(root, clients, table(uid=os.geteuid()))
    problems = said(iter(found), Level.PROBLEM)
    parts = ("needs 16 to 128", "Other users can access", "no such file", "x is neither an address")
    assert len(problems) == len(parts)
    for problem, part in zip(problems, parts, strict=True):
        assert part in problem


def test_clients_that_share_a_secret_or_are_everybody(root: Path) -> None:
    clients = {"192.0.2.1": "vpn", "192.0.2.2": "vpn", "0.0.0.0/0": "switch"}
    found = looked(root, clients, table("090200C0", uid=os.geteuid()), address="192.0.2.9")
    shared, everybody = said(iter(found), Level.WARNING)
    assert shared.startswith("192.0.2.1, 192.0.2.2 have the same secret, in ")
    assert everybody.startswith("0.0.0.0/0 allows every address")
    again = looked(root, {"192.0.2.1": "vpn", "192.0.2.1/32": "switch"}, table())
    assert any("192.0.2.1/32 twice" in one for one in said(iter(again), Level.PROBLEM))


def test_clients_elsewhere_cannot_reach_this_host_alone(root: Path) -> None:
    found = looked(root, {"192.0.2.1": "vpn", "127.0.0.1": "switch"}, table(uid=os.geteuid()))
    (warning,) = said(iter(found), Level.WARNING)
    assert warning == "radius.address is 127.0.0.1, which other hosts cannot reach: 192.0.2.1."
    found = looked(root, {"127.0.0.1": "vpn"}, table(), address="vpn.example")
    assert "which is not an IP address" in said(iter(found), Level.PROBLEM)[0]


def test_only_a_process_of_the_right_user_at_the_port_counts(root: Path) -> None:
    owner, stranger = os.geteuid(), os.geteuid() + 4711
    clients = {"127.0.0.1": "vpn"}
    assert looked(root, clients)[-1].level is Level.UNKNOWN
    for udp, udp6, address, sentence in (
        (TABLE, "", "127.0.0.1", "No process listens at 127.0.0.1, UDP port 1812. RADIUS"),
        (table(port="0715", uid=owner), "", "127.0.0.1", "No process listens"),
        (
            table("020200C0", uid=owner),
            "",
            "127.0.0.1",
            "1812; a process listens at another address. RADIUS",
        ),
        (table(uid=stranger), "", "127.0.0.1", "and not cwtui, listens at UDP port 1812."),
        (table(), V6.format(uid=stranger), "::1", "and not cwtui, listens at"),
    ):
        (problem,) = said(iter(looked(root, clients, udp, udp6, address)), Level.PROBLEM)
        assert sentence in problem
    found = looked(root, clients, TABLE, V6.format(uid=owner), address="::1")
    assert found[-1].sentence == "A process listens at ::1, UDP port 1812."


def test_only_the_owner_of_the_store_can_look_at_secrets(root: Path) -> None:
    config = Config(
        store=StoreConfig(url=str(root / "store")),
        radius=RadiusConfig(clients={"127.0.0.1": str(root / "vpn")}),
    )
    there = machine(root, {"/proc/net/udp": table()}, euid=os.geteuid() + 1)
    (unknown,) = said(radius.findings(subject(there, config)), Level.UNKNOWN)
    assert unknown.startswith("The secret of each RADIUS client belongs to the Unix user")
