"""A host that is cut off from PostgreSQL, and comes back, also if that is interrupted."""

from collections import Counter
from pathlib import Path

import msgspec
import pytest

from cwtui import cut_off
from cwtui.accounts.audit.events import EventType
from cwtui.accounts.audit.lines import START, Record, decode
from cwtui.accounts.cut_off import State
from cwtui.accounts.errors import CannotCheck, StoreUnreachable
from cwtui.accounts.ports import Ports
from cwtui.config import Config, CutOffConfig
from cwtui.service.figures import Figures
from cwtui.service.packets import Phase, Request, Verdict
from cwtui.store.local_copies import FileCopies
from cwtui.store.postgres import opening
from tests.accounts.world import NOW, PASSWORD
from tests.dialogue.scripted import Scripted
from tests.servers.postgres import Postgres
from tests.service.cut_off import ROOT, CutOffHost
from tests.store.postgres import people
from tests.store.postgres.relay import Relay

WAY = {"user": "alice", "service": "sshd", "mode": "full", "rhost": "203.0.113.7"}


class Killed(BaseException):
    """The process is gone."""


def events_of(ports: Ports) -> list[Record]:
    found = [decode(line.content) for line in ports.audit.lines(START)]
    return [one for one in found if one is not None]


@pytest.fixture
def config(url: str, tmp_path: Path) -> Config:
    return replace_cut_off(people.config_of(url, tmp_path), tmp_path / "copies")


def replace_cut_off(config: Config, folder: Path) -> Config:
    return msgspec.structs.replace(config, cut_off=CutOffConfig(7, str(folder)))


@pytest.fixture
def database(config: Config) -> Ports:
    return people.made(config)


@pytest.mark.parametrize("reason", ["nobody listens", "wrong name", "refused", "hot standby"])
def test_a_host_is_cut_off_only_if_the_server_does_not_answer(
    postgres_server: Postgres, reason: str, tmp_path: Path
) -> None:
    url = postgres_server.url("nowhere" if reason == "refused" else "postgres")
    if reason == "nobody listens":
        url = f"postgresql://postgres@/accounts?host={tmp_path}"
    if reason == "wrong name":
        url = "postgresql://postgres@db.invalid/accounts"
    if reason == "hot standby":
        url += "&target_session_attrs=standby"
    with pytest.raises(CannotCheck) as raised:
        opening.is_there(url)
    is_silent = reason in {"nobody listens", "wrong name"}
    assert isinstance(raised.value, StoreUnreachable) is is_silent


def test_the_service_goes_on_with_copies_and_comes_back(
    config: Config, database: Ports, relay: Relay, postgres_server: Postgres
) -> None:
    """Also if it was started while the database could not be reached."""
    far = config.store.url.replace(str(postgres_server.folder), str(relay.folder))
    config = msgspec.structs.replace(config, store=msgspec.structs.replace(config.store, url=far))
    device = people.add(database, ["alice"])

    def sign_in(*answers: str) -> Verdict:
        return doors.answer(Request(Phase.AUTH, WAY), ROOT, Scripted([*answers]))

    doors = cut_off.doors(config, Figures(NOW))
    code = device.code(database.now())
    assert sign_in(PASSWORD, code) is Verdict.ACCEPTED
    doors.cut_off.look_after(confirm=False)
    relay.close()
    assert sign_in(PASSWORD, device.codes[0].reveal()) is Verdict.ACCEPTED
    doors.cut_off.end()
    doors = cut_off.doors(config, Figures(NOW))
    assert doors.cut_off.is_cut_off
    assert sign_in(PASSWORD, device.codes[1].reveal()) is Verdict.ACCEPTED
    before = len(events_of(database))
    relay.open()
    doors.cut_off.look_after()
    assert not doors.cut_off.is_cut_off
    found = Counter(event.event for event in events_of(database)[before:])
    assert found[EventType.SIGN_IN_BACKUP_CODE] == found[EventType.SIGN_IN] == 2
    assert found[EventType.CUT_OFF_END] == 1
    account = database.accounts.get("alice")
    assert account is not None
    assert account.second_factor is not None
    assert len(account.second_factor.backup_codes.hashes) == 8
    doors.cut_off.end()
    # Without the setting, nothing is left.
    off = msgspec.structs.replace(config, cut_off=CutOffConfig(0, config.cut_off.folder))
    cut_off.give_up(off)
    assert not config.copies_folder.exists()
    assert cut_off.about(config) is None


def cut_off_with_acts(database: Ports, folder: Path) -> tuple[CutOffHost, int]:
    """A host with what happened to two people during a cut, and how many events that are."""
    device = people.add(database, ["alice", "bob"])
    host = CutOffHost(database, folder)
    for name in ("alice", "bob"):
        code = device.codes[0].reveal()
        assert host.sign_in(PASSWORD, code, user=name)[0] is Verdict.ACCEPTED
    host.line.cut()
    for name in ("alice", "bob"):
        assert host.sign_in("wrong", PASSWORD, device.codes[1].reveal(), user=name)[0] is (
            Verdict.ACCEPTED
        )
    host.sign_in("wrong", user="nobody")
    host.line.mend()
    return host, host.copies.events


def check_all_is_there_once(database: Ports, host: CutOffHost, count: int) -> None:
    written = events_of(database)
    ours = [
        one for one in written if "while_cut_off=plant7" in one.reason and one.actor[:5] != "host:"
    ]
    marks = Counter(event.reason.rpartition("while_cut_off=")[2] for event in ours)
    assert len(marks) == count
    assert set(marks.values()) == {1}
    types = Counter(event.event for event in written)
    assert types[EventType.CUT_OFF_USED_TWICE] == 0
    assert types[EventType.CUT_OFF_END] == 1
    for name in ("alice", "bob"):
        account = database.accounts.get(name)
        assert account is not None
        assert account.second_factor is not None
        assert len(account.second_factor.backup_codes.hashes) == 8
        failed = database.records.get(name).failed
        assert failed is None or failed.count == 1
    assert host.copies.events == 0
    assert host.copies.state.since is None


def test_a_line_that_is_cut_again_at_any_moment_repeats_nothing(
    database: Ports, tmp_path: Path
) -> None:
    """The process goes on, and so do sign-ins with copies of those who are not being written."""
    host, count = cut_off_with_acts(database, tmp_path / "copies")
    calls = 0
    while host.cut_off.is_cut_off:
        host.line.cut(after=calls)
        host.cut_off.look_after()
        host.line.mend()
        calls += 1
        assert calls < 200
    assert calls > 6
    check_all_is_there_once(database, host, count)


def test_events_after_a_first_part_was_written_are_added_to_it(
    database: Ports, tmp_path: Path
) -> None:
    host, _ = cut_off_with_acts(database, tmp_path / "copies")
    host.line.cut()
    host.sign_in("wrong")
    calls = 0
    while "alice" not in host.copies.state.written:
        host.line.cut(after=calls)
        host.cut_off.look_after()
        calls += 1
    assert host.cut_off.is_cut_off
    host.line.cut()
    failed = database.records.get("alice").failed
    assert failed is not None
    assert failed.count == 1
    host.sign_in("wrong")
    host.back()
    failed = database.records.get("alice").failed
    assert failed is not None
    assert failed.count == 2
    account = database.accounts.get("alice")
    assert account is not None
    assert account.second_factor is not None
    assert len(account.second_factor.backup_codes.hashes) == 8
    types = Counter(event.event for event in events_of(database))
    assert types[EventType.CUT_OFF_USED_TWICE] == 0
    assert types[EventType.SIGN_IN] == 2 + 2


@pytest.mark.parametrize("moment", ["before", "after"])
def test_a_kill_at_any_moment_repeats_nothing(
    database: Ports, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, moment: str
) -> None:
    """Each process is killed when it saves its state for the second time: what is written next
    is known, but not whether it was."""
    host, count = cut_off_with_acts(database, tmp_path / "copies")
    kills, saves = 0, 0
    save = FileCopies.save

    def save_once(copies: FileCopies, state: State) -> None:
        nonlocal saves
        saves += 1
        if saves > 1 and moment == "before":
            raise Killed
        save(copies, state)
        if saves > 1:
            raise Killed

    while host.cut_off.is_cut_off:
        saves = 0
        with monkeypatch.context() as patched:
            patched.setattr(FileCopies, "save", save_once)
            try:
                host.cut_off.look_after()
            except Killed:
                kills += 1
        if host.cut_off.is_cut_off:
            # A new process, which cannot reach the database at first.
            host.line.cut()
            host.start()
            host.line.mend()
        assert kills < 100
    assert kills > 3
    check_all_is_there_once(database, host, count)
