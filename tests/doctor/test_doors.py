"""For whom a door asks: the conditions of pam_succeed_if."""

from pathlib import Path

import pytest

from cwtui.doctor.doors import condition
from cwtui.doctor.machine import UnixUser
from cwtui.doctor.programs import Answer
from tests.doctor.hosts import machine

ALICE = UnixUser("alice", 1000, 1000, "/home/alice", "/bin/bash")


@pytest.mark.parametrize(
    ("words", "holds"),
    [
        ("quiet uid = 0", False),
        ("uid >= 1000", True),
        ("uid >= 1000 user != alice", False),
        ("user ingroup people", True),
        ("user notingroup people:others", False),
        ("user in bob:alice quiet_success", True),
        ("shell =~ */bash", True),
        ("rhost = 192.0.2.1", None),
        ("uid >= many", None),
        ("uid >=", None),
        ("uid >= 0x10", None),
        ("uid >= 010", None),
        ("uid >= +10", None),
        ("uid >= \u0669", None),
        ("user = alice rhost = 192.0.2.1", None),
        ("user = bob rhost = 192.0.2.1", False),
    ],
)
def test_conditions_of_pam_succeed_if_are_evaluated(
    tmp_path: Path, words: str, holds: bool | None
) -> None:
    found = machine(tmp_path, programs={"id": Answer(0, "alice people\n", "")})
    assert condition(tuple(words.split()), ALICE, found, "sshd") is holds
