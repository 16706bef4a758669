"""A pooler that gives each transaction any connection, of which it has only one."""

import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from threading import Thread

import psycopg
import pytest

from cwtui.store.postgres import opening
from cwtui.store.postgres.trips import Connection
from tests.accounts.steps import last_step
from tests.programs import require
from tests.servers.postgres import Postgres, give, unprivileged
from tests.store.postgres.test_lost_connections import ACTS, log, state, use_step
from tests.store.postgres.test_trips import PREPARED, sent
from tests.store.samples import PLAIN

THREADS, TIMES = 5, 4
CONFIGURATION = """
[databases]
* = host={server} user=postgres
[pgbouncer]
listen_port = 6432
unix_socket_dir = {folder}
auth_type = any
pool_mode = transaction
default_pool_size = 1
query_wait_timeout = 10
"""


@pytest.fixture
def pooled(url: str, postgres_server: Postgres) -> Iterator[str]:
    """The URL of the empty store, through pgbouncer."""
    program = require("pgbouncer")
    with tempfile.TemporaryDirectory() as made:
        folder = Path(made)
        folder.chmod(0o755)
        file = folder / "pgbouncer.ini"
        file.write_text(CONFIGURATION.format(server=postgres_server.folder, folder=folder))
        give(folder, file)
        command = [*unprivileged(), program, "-q", str(file)]
        with subprocess.Popen(command, stderr=subprocess.DEVNULL) as pooler:
            through = url.replace(f"host={postgres_server.folder}", f"host={folder}&port=6432")
            until = time.monotonic() + 20
            while time.monotonic() < until:
                with suppress(psycopg.OperationalError):
                    psycopg.connect(through).close()
                    break
                time.sleep(0.02)
            try:
                yield through
            finally:
                pooler.kill()


@pytest.mark.parametrize("is_known", [True, False])
def test_many_threads_share_one_connection_of_the_server(
    pooled: str, monkeypatch: pytest.MonkeyPatch, *, is_known: bool
) -> None:
    """What is prepared for one is not for another, also if the pooler looks like a server."""
    if not is_known:
        monkeypatch.setattr(Connection, "_is_direct", True)
    for act in ACTS:
        act(opening.parts(pooled))
    assert state(opening.parts(pooled)) == (True, 1, 2)

    def work() -> None:
        parts = opening.parts(pooled)
        for _ in range(TIMES):
            with parts.accounts.change() as change:
                bob = change.get(PLAIN.username)
                assert bob is not None
                use_step(parts)
                log(parts)
                change.put(bob.changed(session_epoch=bob.session_epoch + 1))
            use_step(parts)
            log(parts)

    threads = [Thread(target=work) for _ in range(THREADS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    parts = opening.parts(pooled)
    after = parts.accounts.get(PLAIN.username)
    assert after is not None
    assert after.session_epoch == THREADS * TIMES
    assert last_step(parts.records.get(PLAIN.username)) == 1 + 2 * THREADS * TIMES
    assert state(parts)[2] == 2 + 2 * THREADS * TIMES
    assert bool(sent(parts, PREPARED)[0]) is not is_known
