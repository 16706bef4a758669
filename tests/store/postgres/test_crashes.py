"""kill -9 of clients and of the server, during thousands of acts."""

import os
import random
import signal
import time
from contextlib import suppress
from pathlib import Path

from cwtui.store.postgres import opening
from tests import soak
from tests.durability import nursery
from tests.servers import own_postgres
from tests.servers.own_postgres import OwnPostgres
from tests.servers.postgres import Postgres
from tests.store.postgres import acknowledged, writers
from tests.store.processes import Worker

MODULE = "tests.store.postgres.writers"
ACTS, SERVERS = 100, 4
"""The writers try at least so many, with about so many kills of the server."""


def test_kills_lose_nothing_that_was_acknowledged(
    postgres_server: Postgres, tmp_path: Path
) -> None:
    longest = soak.times(2 * ACTS // SERVERS, in_a_soak=500)  # acts in the life of the server
    chance = random.Random(13)  # noqa: S311  repeatable
    said = tmp_path / nursery.ACKNOWLEDGED
    said.touch()
    with own_postgres.own_server(postgres_server) as server:
        writers.prepare(server.url)
        kills, until = [0, 0], time.monotonic() + soak.seconds(usually=0.0)
        with Worker(server.url, tmp_path, "yes", module=MODULE) as worker:
            assert worker.line() == "started"
            wanted = 0
            while wanted < ACTS or time.monotonic() < until:
                wanted += chance.randrange(1, longest)
                while len(said.read_bytes().splitlines()) < wanted:
                    time.sleep(0.02)
                kills[0] += 1
                if kills[0] % 2:
                    server.kill()
                    server.start()
                else:
                    kills[1] += kill_a_backend(server, chance)
            clients = int(worker.finish())
        found = acknowledged.read(tmp_path)
        server.kill()
        server.start()
        acknowledged.check(opening.parts(server.url), found, clients)
    print(  # noqa: T201  the figures of a soak
        f"{clients} kills of clients, {kills[0]} of the server, {kills[1]} of them only of one of "
        f"its processes; {found.acknowledged} acts acknowledged, 0 missing; "
        f"{sum(map(len, found.undone.values()))} not done, "
        f"{sum(map(len, found.unknown.values()))} not known"
    )
    assert clients >= writers.KILLS
    assert found.acknowledged > ACTS // 2


def kill_a_backend(server: OwnPostgres, chance: random.Random) -> int:
    """Kill one of the server's processes; it ends all others then, and recovers."""
    found = server.backends()
    if not found:
        return 0
    with suppress(ProcessLookupError):
        os.kill(chance.choice(found), signal.SIGKILL)
    return 1
