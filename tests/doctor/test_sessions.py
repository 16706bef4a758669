"""How many sessions the doctor finds, and when it cannot tell."""

import os
from pathlib import Path

import pytest

from cwtui.config import Config, StoreConfig
from cwtui.doctor import sessions
from cwtui.doctor.findings import Finding, Level
from cwtui.store.open_sessions import FileOpenSessions
from tests.doctor.hosts import machine, subject
from tests.store.test_open_sessions_contract import opened


@pytest.fixture
def config(tmp_path: Path) -> Config:
    folder = tmp_path / "store"
    folder.mkdir(mode=0o700)
    return Config(store=StoreConfig(url=str(folder)))


def found(tmp_path: Path, config: Config) -> Finding:
    (one,) = sessions.findings(subject(machine(tmp_path / "root", euid=os.geteuid()), config))
    return one


def test_open_sessions_are_counted(tmp_path: Path, config: Config) -> None:
    assert found(tmp_path, config).sentence == "No session is open."
    there = FileOpenSessions(config.layout.sessions)
    there.begin(opened(1))
    assert found(tmp_path, config).sentence.startswith("1 session of 1 account is open.")
    there.begin(opened(2))
    there.begin(opened(3, "bob"))
    assert found(tmp_path, config).sentence.startswith("3 sessions of 2 accounts are open.")
    for number in (1, 2, 3):
        there.end(opened(number).id)
    assert found(tmp_path, config).level is Level.OK


def test_a_list_that_cannot_be_read_is_unknown(tmp_path: Path, config: Config) -> None:
    there = FileOpenSessions(config.layout.sessions)
    there.begin(opened(1))
    config.layout.sessions.chmod(0o755)
    assert found(tmp_path, config).level is Level.UNKNOWN
    there.end(opened(1).id)


def test_the_list_of_another_unix_user_is_not_looked_at(tmp_path: Path, config: Config) -> None:
    others = subject(machine(tmp_path / "root", euid=os.geteuid() + 1), config)
    (one,) = sessions.findings(others)
    assert one.level is Level.UNKNOWN
    assert one.sentence.startswith("The list of open sessions belongs to")
