"""A PostgreSQL server of a test's own, which can be killed, restarted and replicated."""

import shutil
import signal
import subprocess
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final

from cwtui.store.postgres import opening
from tests.running import wait_gone
from tests.servers import postgres
from tests.servers.postgres import Postgres

DATABASE: Final = "accounts"
DURABLE: Final = {"fsync": "on", "full_page_writes": "on", "synchronous_commit": "on"}
"""Settings of a server that keeps what it acknowledged."""
REPLICATED: Final = {**DURABLE, "wal_level": "replica", "max_wal_senders": "4"}
_STOPPED_SECONDS: Final = 20.0
_STARTS: Final = 200


class OwnPostgres:
    """Its socket is in a folder of its own. `before` begins its command."""

    def __init__(
        self,
        folder: Path,
        settings: Mapping[str, str],
        before: Sequence[str] = (),
        data: Path | None = None,
    ) -> None:
        self.folder = folder
        self.data = data or folder / "data"
        self._settings, self._before = dict(settings), before
        self._server: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        return Postgres(self.folder).url(DATABASE)

    @property
    def process(self) -> int:
        assert self._server is not None
        return self._server.pid

    def start(self) -> None:
        """Start it, and wait until it answers."""
        for _ in range(_STARTS):
            with (self.folder / "log").open("ab") as log:
                self._server = postgres.start(
                    self.folder, self.data, self._settings, self._before, log.fileno()
                )
            # After a kill it refuses to start as long as its old processes are there.
            with suppress(AssertionError):
                postgres.wait_until_it_answers(Postgres(self.folder).url("postgres"), self._server)
                return
        raise AssertionError(self.log()[-5000:])

    def create(self) -> None:
        """Create the database, with an empty store."""
        self.execute(f"CREATE DATABASE {DATABASE} STRATEGY file_copy", "postgres")
        opening.create(self.url)

    def log(self) -> str:
        return (self.folder / "log").read_text(errors="replace")

    def execute(self, statement: str, database: str = DATABASE) -> None:
        Postgres(self.folder).execute(statement, database)

    def backends(self) -> list[int]:
        """The processes that serve clients, and the server's own."""
        children = Path(f"/proc/{self.process}/task/{self.process}/children")
        try:
            return list(map(int, children.read_text().split()))
        except OSError:
            return []

    def kill(self) -> None:
        """Kill it, and wait until its other processes have noticed that and ended."""
        if self._server is None:
            return
        children = self.backends()
        self._server.kill()
        self._wait_for_end(children)

    def end(self) -> None:
        """End it as when power fails, and wait for all of its processes."""
        if self._server is None or self._server.poll() is not None:
            return
        children = self.backends()
        postgres.stop(self._server)
        self._wait_for_end(children)

    def _wait_for_end(self, children: list[int]) -> None:
        assert self._server is not None
        self._server.wait(_STOPPED_SECONDS)
        for child in children:
            wait_gone(child, _STOPPED_SECONDS)

    def stop_slowly(self, how: signal.Signals) -> None:
        """Send it a signal, and wait until it has ended."""
        assert self._server is not None
        self._server.send_signal(how)
        self._server.wait(_STOPPED_SECONDS)


@contextmanager
def own_folder() -> Iterator[Path]:
    """A folder whose path is short enough for a socket in it, and that the server may use."""
    folder = Path(tempfile.mkdtemp(prefix="cwtui-pg-"))
    folder.chmod(0o755)
    postgres.give(folder)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def own_server(
    run: Postgres, settings: Mapping[str, str] = DURABLE, before: Sequence[str] = ()
) -> Iterator[OwnPostgres]:
    """A running server with an empty store. `run`: that of the whole run, whose files it copies."""
    with own_folder() as folder:
        postgres.copy_cluster(run.folder, folder / "data")
        server = OwnPostgres(folder, settings, before)
        try:
            server.start()
            server.create()
            yield server
        finally:
            server.end()
