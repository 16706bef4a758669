"""`cwtui session`: what it lists, and what it ends."""

import json
from pathlib import Path

import pytest

from cwtui.accounts import open_sessions
from cwtui.accounts.errors import SessionEnded
from cwtui.accounts.open_sessions import Process
from cwtui.accounts.ports import Ports
from cwtui.accounts.session import Session, open_session
from tests.cli.commands import Host


def begun(host: Host, source: str = "10.0.0.1", door: str = "cwtui") -> tuple[Ports, Session]:
    """A session of this process, as the application begins one."""
    ports = host.ports()
    account = ports.accounts.get("admin")
    assert account is not None
    session = open_session(ports, account, source, ports.now())
    open_sessions.begin(ports, session, Process(door, "jump-1", 4711))
    return ports, session


def test_open_sessions_are_listed(host: Host) -> None:
    nobody = host.run("session", "list")
    assert (nobody.status, nobody.out, nobody.err) == (0, "", "No session is open.\n")
    ports, session = begun(host)
    head, row = host.run("session", "list", "--user", "admin").out.splitlines()
    assert head.split() == ["USER", "FROM", "DOOR", "SINCE", "(UTC)", "IDLE", "ID"]
    assert row.split()[:3] == ["admin", "10.0.0.1", "cwtui"]
    assert row.split()[-2:] == ["now", session.id]
    (fields,) = json.loads(host.run("session", "list", "--json").out)
    assert fields["id"] == session.id
    assert (fields["username"], fields["source"]) == ("admin", "10.0.0.1")
    assert (fields["door"], fields["host"], fields["pid"]) == ("cwtui", "jump-1", 4711)
    assert not fields["ending"]
    ports.sessions.end(session.id)
    assert json.loads(host.run("session", "list", "--json").out) == []
    assert host.run("session", "list", "--user", "nobody").status != 0


def test_a_session_is_ended_by_its_id(host: Host) -> None:
    ports, session = begun(host)
    ended = host.run("session", "end", session.id)
    assert ended.status == 0
    assert ended.err == f"The session {session.id} of admin ends within 2 seconds.\n"
    with pytest.raises(SessionEnded):
        open_sessions.look(ports, session, 0)
    assert "ending" in host.run("session", "list").out
    event = json.loads(host.run("audit", "--json", "--event", "session").out.splitlines()[-1])
    assert event["event"] == "session.end_asked"
    assert event["actor"].startswith("operator:")
    assert event["subject"] == "admin"


def test_an_account_is_signed_out_everywhere(host: Host) -> None:
    ports, session = begun(host)
    done = host.run("session", "end", "--user", "admin")
    assert (done.status, done.err) == (0, "admin is signed out everywhere.\n")
    with pytest.raises(SessionEnded):
        open_sessions.own(ports, session)


def test_a_script_that_ends_sessions_can_be_repeated(host: Host) -> None:
    _, session = begun(host)
    first = host.run("session", "end", "--user", "admin", "--json")
    assert (first.status, first.json["changed"]) == (0, True)
    assert [(one["id"], one["ending"]) for one in first.json["sessions"]] == [(session.id, True)]
    assert host.run("session", "end", "--user", "admin", "--json").json["sessions"] == []
    _, other = begun(host)
    gone = "0" * 12
    ended = host.run("session", "end", gone, other.id, "--json")
    assert (ended.status, ended.json["changed"]) == (4, True)
    assert [(one["id"], one["ending"]) for one in ended.json["sessions"]] == [(other.id, True)]
    assert f"There is no open session {gone}." in ended.err


@pytest.mark.parametrize(
    ("arguments", "status"),
    [
        ((), 2),
        (("0123456789ab", "--user", "admin"), 2),
        (("../accounts.json",), 2),
        (("0123456789ab",), 4),
    ],
)
def test_ending_a_session_that_cannot_be_ended_is_refused(
    host: Host, arguments: tuple[str, ...], status: int
) -> None:
    assert host.run("session", "end", *arguments).status == status


def test_a_list_that_cannot_be_read_is_not_empty(host: Host, tmp_path: Path) -> None:
    ports, session = begun(host)
    (folder,) = tmp_path.rglob("sessions")
    folder.chmod(0o755)
    result = host.run("session", "list")
    assert (result.status, result.out) == (3, "")
    assert host.run("session", "end", session.id).status == 3
    ports.sessions.end(session.id)
