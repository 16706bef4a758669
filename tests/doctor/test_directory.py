"""What the directory answers, step by step."""

from pathlib import Path

import pytest
from msgspec.structs import replace

from cwtui import services
from cwtui.accounts.directory_port import (
    CannotReachDirectory,
    CannotSearchDirectory,
    NoDirectoryUser,
    Step,
    Tell,
)
from cwtui.accounts.errors import CannotCheck
from cwtui.accounts.roles import Permission
from cwtui.accounts.settings import OrganizationSettings
from cwtui.config import Config, ServiceConfig
from cwtui.directory.config import DirectoryConfig
from cwtui.doctor import directory
from cwtui.doctor.findings import Level
from cwtui.doctor.subject import Accounts
from tests.doctor.hosts import machine, subject, with_pam


class Answers:
    """A directory that tells these steps, then raises this error."""

    def __init__(self, error: Exception | None, *steps: Step) -> None:
        self._error, self._steps = error, steps

    def explain(self, username: str, password: None, tell: Tell) -> None:
        assert (username, password) == ("cwtui-doctor", None)
        for step in self._steps:
            tell(step)
        if self._error is not None:
            raise self._error


@pytest.mark.parametrize(
    ("error", "levels"),
    [
        (None, [Level.OK, Level.WARNING, Level.PROBLEM]),
        (NoDirectoryUser(), [Level.OK, Level.WARNING, Level.PROBLEM]),
        (CannotSearchDirectory(), [Level.NOTE, Level.OK, Level.WARNING, Level.PROBLEM]),
        (CannotReachDirectory(("no answer",)), [Level.PROBLEM]),
        (CannotCheck("The bind password is wrong."), [Level.PROBLEM]),
    ],
)
def test_the_steps_of_a_directory_test_are_reported(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    error: Exception | None,
    levels: list[Level],
) -> None:
    steps = (
        Step("server", True, "It answers."),
        Step("tls", False, "It is not encrypted."),
        Step("entry", False, "No entry matches."),
        Step("group", False, "A group does not exist."),
    )
    monkeypatch.setattr(services, "directory", lambda _: Answers(error, *steps))
    config = Config(
        directory=DirectoryConfig(
            servers=("ldaps://ldap.example.com",), base="dc=x", roles={"minimum-access": ("cn=a",)}
        )
    )
    found = directory.findings(subject(machine(tmp_path), config))
    assert [one.level for one in found] == levels
    # At a door, a code may be enough without the directory.
    asking = with_pam({"sudo": "auth required pam_cwtui.so mode=code\n"})
    there = subject(machine(tmp_path, asking), config)
    (note, *_) = directory.findings(there)
    assert "until the next sync" in note.sentence
    asked = replace(config, service=ServiceConfig(ask_directory=True))
    found = directory.findings(subject(machine(tmp_path, asking), asked))
    assert [one.level for one in found] == levels


def test_roles_that_the_directory_gives_must_exist(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(services, "directory", lambda _: Answers(None))
    there = OrganizationSettings(custom_roles={"desk": (Permission.READ_USERS,)})
    given: dict[str, tuple[str, ...]] = {
        "desk": ("cn=a",),
        "minimum-access": ("cn=b",),
        "dekc": ("cn=c",),
    }
    config = Config(
        directory=DirectoryConfig(servers=("ldaps://ldap.example.com",), base="dc=x", roles=given)
    )
    found = subject(machine(tmp_path), config)
    monkeypatch.setattr(type(found), "accounts", Accounts((), 0, there, ()))
    [warning] = directory.findings(found)
    assert warning.level is Level.WARNING
    assert warning.sentence.endswith("from them: dekc.")
