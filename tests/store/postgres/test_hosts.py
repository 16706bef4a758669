"""Two hosts with networks and clocks of their own, eight processes, one database."""

import threading
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Final, NamedTuple

import msgspec
import pytest

from cwtui import cut_off
from cwtui.accounts import organization
from cwtui.accounts.audit import reading as audit_reading
from cwtui.accounts.audit.events import EventType
from cwtui.accounts.audit.lines import START, decode
from cwtui.accounts.errors import CannotCheck
from cwtui.config import CutOffConfig
from cwtui.service.figures import Figures
from cwtui.service.packets import Phase, Request, Verdict
from cwtui.service.peers import Peer
from cwtui.store.postgres import connections, opening, trips
from tests import soak
from tests.accounts.world import OPERATOR, PASSWORD
from tests.dialogue.scripted import Scripted
from tests.servers import networks, own_postgres
from tests.servers.networks import Network, joined_hosts
from tests.servers.own_postgres import OwnPostgres
from tests.servers.postgres import Postgres
from tests.store.postgres import people
from tests.store.postgres.host import Plan
from tests.store.postgres.test_lost_connections import ACTS
from tests.store.processes import Worker

CLOCKS: Final = (0.0, -420.0)
"""How far the clock of each host is ahead of the database's."""
EACH: Final = 4
"""Processes of a host."""
ALL: Final = EACH * len(CLOCKS)
ROUNDS: Final = soak.times(2, in_a_soak=6)
LIMIT: Final = 10
"""Of wrong attempts, more than there are processes."""
MODULE: Final = "tests.store.postgres.host"


class Hosts(NamedTuple):
    server: OwnPostgres
    server_network: Network
    networks: list[Network]

    def urls(self, database: str = own_postgres.DATABASE) -> list[str]:
        # They are on this machine, in networks that nobody else is in.
        return [
            f"postgresql://postgres@{host.address}/{database}?sslmode=disable"
            for host in self.networks
        ]


@pytest.fixture(scope="module")
def hosts(postgres_server: Postgres) -> Iterator[Hosts]:
    settings = {"listen_addresses": "*", "max_connections": "40"}
    with (
        joined_hosts(len(CLOCKS)) as (network, others),
        own_postgres.own_server(postgres_server, settings, network.command()) as server,
    ):
        yield Hosts(server, network, others)


def test_each_code_lets_in_one_process_of_two_hosts(hosts: Hosts, tmp_path: Path) -> None:
    """Guesses on both count together, and a host whose clock is wrong is told."""
    config = people.config_of(hosts.server.url, tmp_path)
    ports = people.made(config)
    limits = dict.fromkeys(("password_limit", "code_limit"), str(LIMIT))
    organization.update_settings(ports, OPERATOR, limits)
    until, rounds = time.monotonic() + soak.seconds(usually=0.0), 0
    while True:
        with_code = [f"{kind}-{rounds + number}" for number in range(ROUNDS) for kind in "cb"]
        guessed = [f"guessed-{rounds}-{what}" for what in ("passwords", "codes")]
        organization.update_settings(ports, OPERATOR, {"code_limit": "10"})
        device = people.add(ports, [*with_code, *guessed])
        at = ports.now() + 25.0  # so that it is valid for at least a minute
        plan = Plan(
            url="",
            folder=str(tmp_path),
            code=device.code(at),
            backup_code=device.codes[rounds % 10].reveal(),
            steps=[
                *(({"c": "code", "b": "backup_code"}[name[0]], name) for name in with_code),
                *((f"guess {name.rpartition('-')[2]}", name) for name in guessed),
            ],
            processes=EACH,
        )
        *said, of_passwords, of_codes, found = run(hosts, plan, tmp_path)
        for one in said:
            assert Counter(one) == {"SignedIn": 1, "refused": ALL - 1}
        for one in (of_passwords, of_codes):
            assert sum(int(line.split()[0]) for line in one) == LIMIT
            # Both hosts name the same end of the wait, whatever their clocks show. It may be
            # rounded to another second if it was not written down yet.
            ends = [int(ending) for line in one for ending in line.split()[1].split(",")]
            assert max(ends) - min(ends) <= 1
        assert sum("The clock of this host is" in line for line in found) == EACH
        assert sum("420 seconds behind" in line for line in found) == EACH
        rounds += ROUNDS
        if time.monotonic() >= until:
            break
    print(f"{2 * rounds} codes, each used by {ALL} processes of two hosts")  # noqa: T201  figures


def run(hosts: Hosts, plan: Plan, folder: Path) -> Iterator[list[str]]:
    """What the processes of both hosts say after each step, and what a check finds there."""
    workers = list[Worker]()
    for number, (network, url, ahead) in enumerate(
        zip(hosts.networks, hosts.urls(), CLOCKS, strict=True)
    ):
        path = folder / f"plan-{number}.json"
        path.write_bytes(msgspec.json.encode(msgspec.structs.replace(plan, url=url)))
        workers.append(Worker(network.path, path, ahead, module=MODULE))
    try:
        assert _lines(workers) == ["ready"] * ALL
        for _ in plan.steps:
            _go_on(workers)
            yield _lines(workers)
        _go_on(workers)
        yield _lines(workers)
    finally:
        for worker in workers:
            worker.__exit__()


def _go_on(workers: list[Worker]) -> None:
    for worker in workers:
        worker.process.stdin.write("." * EACH)
        worker.process.stdin.flush()


def _lines(workers: list[Worker]) -> list[str]:
    return [worker.line() for worker in workers for _ in range(EACH)]


def test_a_host_whose_network_is_cut_waits_only_so_long(
    hosts: Hosts, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It fails closed, and goes on by itself when the network is back."""
    monkeypatch.setattr("cwtui.store.postgres.access._LOOKED_UP_FOR", 0.3)
    monkeypatch.setitem(connections._ALWAYS, "connect_timeout", 2)
    took, was_cut = list[float](), list[bool]()

    def work() -> None:
        networks.enter(hosts.networks[0].path)
        parts = opening.parts(hosts.urls()[0])
        for is_cut in (False, True, False):
            hosts.server_network.ip(f"link set host0 {'down' if is_cut else 'up'}")
            monkeypatch.setattr(trips, "ANSWER_SECONDS", 0.3 if is_cut else 8.0)
            for act in ACTS:
                begun = time.monotonic()
                try:
                    act(parts)
                except CannotCheck:
                    was_cut.append(is_cut)
                    took.append(time.monotonic() - begun)

    with ThreadPoolExecutor(1) as thread:
        thread.submit(work).result()
    assert was_cut == [True] * len(ACTS)
    assert max(took) < 10


def test_cut_off_hosts_let_their_people_in_and_tell_of_a_code_used_on_both(
    hosts: Hosts, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(trips, "ANSWER_SECONDS", 1.0)
    monkeypatch.setitem(connections._ALWAYS, "connect_timeout", 2)
    hosts.server.execute("CREATE DATABASE of_copies", "postgres")
    near = Postgres(hosts.server.folder).url("of_copies")
    database = people.made(people.config_of(near, tmp_path))
    device = people.add(database, ["alice"])
    monkeypatch.setattr(cut_off, "host_name", lambda: threading.current_thread().name)
    online, codes = threading.Barrier(2, timeout=60), [code.reveal() for code in device.codes]

    def work(number: int) -> list[Verdict]:
        networks.enter(hosts.networks[number].path)
        config = msgspec.structs.replace(
            people.config_of(hosts.urls("of_copies")[number], tmp_path),
            cut_off=CutOffConfig(7, str(tmp_path / f"copies-{number}")),
        )
        doors = cut_off.doors(config, Figures(0.0))

        def sign_in(code: str) -> Verdict:
            person = Scripted([PASSWORD, code])
            fields = {"user": "alice", "service": "sshd", "mode": "full", "rhost": "203.0.113.7"}
            return doors.answer(Request(Phase.AUTH, fields), Peer(1, 0), person)

        found = [sign_in(codes[number])]
        doors.cut_off.look_after()
        online.wait()
        hosts.server_network.ip(f"link set host{number} down")
        # A backup code that nobody has used, on both; and none that the other host has used.
        found.append(sign_in(codes[2]))
        online.wait()
        hosts.server_network.ip(f"link set host{number} up")
        until = time.monotonic() + 60
        while doors.cut_off.is_cut_off and time.monotonic() < until:
            doors.cut_off.look_after()
        doors.cut_off.end()
        return found

    with ThreadPoolExecutor(2) as threads:
        assert [*threads.map(work, range(2))] == [[Verdict.ACCEPTED] * 2] * 2
    account = database.accounts.get("alice")
    assert account is not None
    assert account.second_factor is not None
    assert len(account.second_factor.backup_codes.hashes) == 7
    written = [decode(line.content) for line in database.audit.lines(START)]
    events = Counter(one.event for one in written if one is not None)
    assert events[EventType.CUT_OFF_END] == 2
    assert events[EventType.CUT_OFF_USED_TWICE] == 1
    assert audit_reading.verify(database, OPERATOR).findings == []
