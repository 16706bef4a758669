"""A PostgreSQL server for the whole run, which ends with it, however that ends.

    python -m tests.servers.postgres FOLDER DESCRIPTOR

A process keeps the server. The descriptor is a pidfd of the process whose tests use it. Databases
are lost with it, so it does not wait for the disk.
"""

import os
import pwd
import select
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import traceback
import uuid
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Final

from tests.programs import cannot_run, find

_START_SECONDS: Final = 60
_RUN: Final = os.environ.get("PYTEST_XDIST_TESTRUNUID") or uuid.uuid4().hex
_WHERE: Final = Path("/usr/lib/postgresql")
TEMPLATE: Final = "with_store"
"""A database with an empty store, of which tests get copies."""
PRISTINE: Final = "pristine"
"""A cluster that was never used, beside that of the run's server."""

_SETTINGS: Final = {
    "fsync": "off",
    "full_page_writes": "off",
    "synchronous_commit": "off",
    "listen_addresses": "",
    "max_connections": "60",
    "shared_buffers": "32MB",
    "autovacuum": "off",
    "wal_level": "minimal",
    "max_wal_senders": "0",
}


@dataclass(frozen=True)
class Postgres:
    """A running server. Its socket is in the folder, and everyone is let in as anyone."""

    folder: Path

    def url(self, database: str, user: str = "postgres") -> str:
        return f"postgresql://{user}@/{database}?host={self.folder}"

    def emptied_store(self) -> str:
        """The URL of this process's own database, with a store that is as it was created."""
        name = f"of_{os.getpid()}"
        if name in _MADE:
            self.execute(EMPTIED, name)
        else:
            _MADE.add(name)
            self.execute(f"CREATE DATABASE {name} TEMPLATE {TEMPLATE} STRATEGY file_copy")
        return self.url(name)

    @contextmanager
    def database(self, template: str = "template0") -> Iterator[str]:
        """The URL of a new database, which is dropped at the end."""
        name = f"t_{uuid.uuid4().hex}"
        self.execute(f"CREATE DATABASE {name} TEMPLATE {template} STRATEGY file_copy")
        try:
            yield self.url(name)
        finally:
            self.execute(f"DROP DATABASE {name} WITH (FORCE)")

    def execute(self, statement: str, database: str = "postgres") -> None:
        """Run a statement as the superuser."""
        import psycopg  # late, because every process that runs tests imports this module

        with psycopg.connect(self.url(database), autocommit=True) as connection:
            connection.execute(statement.encode())


_MADE: Final = set[str]()
"""The databases of this process."""
EMPTIED: Final = """
    TRUNCATE cwtui.account, cwtui.record, cwtui.audit, cwtui.act, cwtui.session;
    UPDATE cwtui.audit_head SET n = 0, previous = '', hash = repeat('0', 64),
        first_n = 1, first_previous = repeat('0', 64);
    UPDATE cwtui.organization SET settings = '{}', needed_keys = '[]', accounts = 0;
"""


def program(name: str) -> str | None:
    """The path of a program of the newest version that is installed."""
    found = sorted(_WHERE.glob(f"*/bin/{name}"), key=lambda path: int(path.parts[-3]))
    return str(found[-1]) if found else find(name)


def of_run() -> Path:
    """The folder of the server that all tests of this run share."""
    return Path(tempfile.gettempdir()) / f"cwtui-postgres-{_RUN}"


def begin(folder: Path, process: int) -> None:
    """Start a server for the lifetime of the process, unless it was started. Does not wait."""
    if _missing():
        return
    with suppress(FileExistsError):
        folder.mkdir(mode=0o755)
        watched = os.pidfd_open(process)
        # It detaches at once, so that nobody has to wait for its end.
        command = ["setsid", "--fork", sys.executable, "-m", __name__, folder, watched]
        with (folder / "output").open("wb") as output:
            subprocess.run(
                list(map(str, command)),
                check=True,
                pass_fds=[watched],
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
            )
        os.close(watched)


def wait(folder: Path) -> Postgres:
    """The server in this folder, as soon as it answers.

    If something is missing, the test fails in CI and is skipped elsewhere.
    """
    reason = _missing()
    if reason:
        cannot_run(reason)
    until = time.monotonic() + _START_SECONDS
    while time.monotonic() < until and not (folder / "failed").exists():
        if (folder / "ready").exists():
            return Postgres(folder)
        time.sleep(0.05)
    raise AssertionError((folder / "output").read_text(errors="replace")[-5000:])


ASKED: Final = "asked"
"""The role that a server asks for a password."""


def is_missing() -> bool:
    return bool(_missing())


def _missing() -> str:
    for needed in ("setsid", "setpriv"):
        if find(needed) is None:
            return f"{needed} is not installed"
    return "" if program("initdb") and program("postgres") else "postgresql is not installed"


def make_cluster(folder: Path) -> None:
    """Make a cluster in this folder, and a copy of it for servers of single tests."""
    data = folder / "data"
    data.mkdir(mode=0o700)
    give(folder, data)
    command = [program("initdb"), "-D", data, "-U", "postgres", "-A", "trust", "--no-sync"]
    command += ["--no-locale", "-E", "UTF8", "--no-instructions"]
    subprocess.run(
        [*unprivileged(), *map(str, command)], check=True, cwd="/", stdout=subprocess.DEVNULL
    )
    hba = data / "pg_hba.conf"
    lines = [
        f"local all {ASKED} scram-sha-256\n",
        hba.read_text(),
        "host all,replication all samenet trust\n",
    ]
    hba.write_text("".join(lines))
    copy_cluster(folder, folder / PRISTINE)


def copy_cluster(folder: Path, target: Path) -> None:
    """Copy the cluster that was never used."""
    source = folder / PRISTINE
    source = source if source.exists() else folder / "data"
    subprocess.run(["cp", "-a", "--reflink=auto", f"{source}/.", target], check=True)


def start(
    folder: Path,
    data: Path,
    settings: Mapping[str, str] = MappingProxyType({}),
    before: Sequence[str] = (),
    log: int | None = None,
) -> "subprocess.Popen[bytes]":
    """Run a server, whose command follows `before`. It writes its log to `log`. Does not wait."""
    chosen = [f"-c{name}={value}" for name, value in {**_SETTINGS, **settings}.items()]
    command = [program("postgres"), "-D", data, f"-k{folder}", *chosen]
    # In its own process group, so that Ctrl+C ends the tests and they end the server.
    return subprocess.Popen(
        [*before, *unprivileged(), *map(str, command)], cwd="/", process_group=0, stderr=log
    )


def stop(server: "subprocess.Popen[bytes]") -> None:
    server.send_signal(signal.SIGQUIT)
    try:
        server.wait(20)
    except subprocess.TimeoutExpired:
        server.kill()
        server.wait(20)


def wait_until_it_answers(url: str, server: "subprocess.Popen[bytes]") -> None:
    import psycopg

    until = time.monotonic() + _START_SECONDS
    while True:
        try:
            psycopg.connect(url).close()
        except psycopg.OperationalError:
            assert server.poll() is None, "it ended while it started"
            assert time.monotonic() < until
            time.sleep(0.05)
        else:
            return


def unprivileged() -> list[str]:
    """What a command begins with: the server refuses to run as root. It ends with its parent."""
    to_user = ["--reuid=nobody", f"--regid={_user().pw_gid}", "--clear-groups"]
    return ["setpriv", "--pdeathsig", "QUIT", *(to_user if os.geteuid() == 0 else [])]


def give(*folders: Path) -> None:
    if os.geteuid() == 0:
        for folder in folders:
            os.chown(folder, _user().pw_uid, _user().pw_gid)


def _user() -> pwd.struct_passwd:
    return pwd.getpwnam("nobody")


def _keep(folder: Path, watched: int) -> None:
    from cwtui.store.postgres import opening

    make_cluster(folder)
    server = start(folder, folder / "data")
    try:
        postgres = Postgres(folder)
        wait_until_it_answers(postgres.url("postgres"), server)
        postgres.execute(f"CREATE DATABASE {TEMPLATE} TEMPLATE template0 STRATEGY file_copy")
        opening.create(postgres.url(TEMPLATE))
        (folder / "ready").touch()
        poll = select.poll()
        poll.register(watched, select.POLLIN)
        poll.poll()
    finally:
        stop(server)


def main(folder: Path, watched: int) -> None:
    try:
        _keep(folder, watched)
    except Exception:  # noqa: BLE001  whoever waits for it reads why
        traceback.print_exc()
        (folder / "failed").touch()
        time.sleep(5)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]))
