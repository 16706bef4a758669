"""A standby takes over while people sign in, and the server's disk fills."""

import subprocess
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

import psycopg
import pytest

from cwtui.accounts import sign_in
from cwtui.accounts.audit.lines import START
from cwtui.accounts.errors import CannotCheck
from cwtui.accounts.sign_in_states import SignedIn
from cwtui.store.postgres import opening, trips
from cwtui.store.postgres.opening import Parts
from tests.durability import nursery
from tests.durability.small_disk import fill, make_room, small_disk
from tests.servers import own_postgres, postgres
from tests.servers.own_postgres import OwnPostgres
from tests.servers.postgres import Postgres
from tests.store.postgres import acknowledged, people, writers
from tests.store.postgres.test_lost_connections import ACTS, log, state
from tests.store.processes import Worker

BEFORE, AFTER = 40, 40
"""Acts before and after the failover."""
BOUND = 20.0
"""Seconds after the promotion within which everyone goes on, on a busy machine too."""
MODULE = "tests.store.postgres.writers"
CANCEL = "SELECT pg_cancel_backend(pid) FROM pg_stat_activity WHERE wait_event = 'SyncRep'"


@contextmanager
def standby_of(primary: OwnPostgres) -> Iterator[OwnPostgres]:
    """A running standby, for which the primary waits at each commit."""
    with own_postgres.own_folder() as folder:
        command = [postgres.program("pg_basebackup"), "-h", primary.folder, "-U", "postgres"]
        command += ["-D", folder / "data", "-R", "--checkpoint=fast", "--no-sync"]
        subprocess.run([*postgres.unprivileged(), *map(str, command)], check=True, cwd="/")
        standby = OwnPostgres(folder, own_postgres.REPLICATED)
        try:
            standby.start()
            primary.execute("ALTER SYSTEM SET synchronous_standby_names = '*'")
            primary.execute("SELECT pg_reload_conf()")
            yield standby
        finally:
            standby.end()


def test_everyone_goes_on_when_a_standby_takes_over(
    postgres_server: Postgres, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Sign-ins, and writers; what was acknowledged is on the standby."""
    said = tmp_path / nursery.ACKNOWLEDGED
    said.touch()
    with ExitStack() as stack:
        primary = stack.enter_context(
            own_postgres.own_server(postgres_server, own_postgres.REPLICATED)
        )
        device = people.add(people.made(people.config_of(primary.url, tmp_path)), ["alice"])
        writers.prepare(primary.url)
        standby = stack.enter_context(standby_of(primary))
        confirm_nothing_without(standby, primary.url, monkeypatch)
        both = primary.url.replace(
            f"host={primary.folder}", f"host={primary.folder},{standby.folder}"
        )
        ports = people.connected(people.config_of(both, tmp_path))
        state = people.asked_for_code(ports, "alice", "10.0.0.1")
        with Worker(both, tmp_path, "no", module=MODULE) as worker:
            assert worker.line() == "started"
            _wait_for_acts(said, BEFORE)
            code = device.codes[0].reveal()
            assert isinstance(sign_in.with_backup_code(ports, state, code), SignedIn)
            state = people.asked_for_code(ports, "alice", "10.0.0.1")
            primary.kill()
            with pytest.raises(
                CannotCheck, match=r"Cannot reach the database [^ ]+: connection to server"
            ):
                sign_in.with_backup_code(ports, state, device.codes[1].reveal())
            standby.execute("SELECT pg_promote()")
            promoted = time.monotonic()
            done = acknowledged.read(tmp_path).acknowledged
            # The same sign-in goes on: its user was only told to try again.
            signed_in = sign_in.with_backup_code(ports, state, device.codes[1].reveal())
            assert isinstance(signed_in, SignedIn)
            assert signed_in.backup_codes_left == 8
            _wait_for_done(tmp_path, done + AFTER)
            took = time.monotonic() - promoted
            worker.finish()
        found = acknowledged.read(tmp_path)
        # Writers are killed at the end, each perhaps in the middle of an act.
        acknowledged.check(opening.parts(standby.url), found, len(writers.WRITERS))
    print(f"{AFTER} acts within {took:.1f} s after the promotion")  # noqa: T201  figures
    assert took < BOUND


def _wait_for_acts(said: Path, count: int) -> None:
    while len(said.read_bytes().splitlines()) < count:
        time.sleep(0.02)


def _wait_for_done(folder: Path, count: int) -> None:
    while acknowledged.read(folder).acknowledged < count:
        time.sleep(0.05)


def confirm_nothing_without(
    standby: OwnPostgres, url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without its standby the primary confirms nothing, and everyone is told so in bounded time."""
    parts = opening.parts(url)
    for act in ACTS:
        act(parts)
    with monkeypatch.context() as patch:
        patch.setattr(trips, "ANSWER_SECONDS", 0.2)
        patch.setattr("cwtui.store.postgres.access._LOOKED_UP_FOR", 0.5)
        standby.kill()
        for act in ACTS:
            begun = time.monotonic()
            with pytest.raises(CannotCheck):
                act(parts)
            assert time.monotonic() - begun < BOUND
    events = len(list(parts.audit.lines(START)))
    # An operator lets the server stop waiting. It says so only in a warning.
    with psycopg.connect(url, autocommit=True) as operator, ThreadPoolExecutor(1) as pool:
        for act in ACTS:
            done = pool.submit(act, parts)
            while not done.done():
                operator.execute(CANCEL)
                time.sleep(0.01)
            assert "standby" in str(done.exception())
    standby.start()
    for act in ACTS:
        act(parts)
    # Those that nobody heard of are there as well, or not; none is there twice.
    assert 4 <= len(list(parts.audit.lines(START))) - events <= 4 + 2


@pytest.fixture
def full(postgres_server: Postgres) -> Iterator[tuple[OwnPostgres, Path]]:
    """A server on a small disk of its own, and that disk."""
    with (
        own_postgres.own_folder() as folder,
        small_disk("tmpfs", folder / "data", megabytes=96) as disk,
    ):
        postgres.copy_cluster(postgres_server.folder, disk)
        holder = disk.parts[2]
        before = ["nsenter", f"--mount=/proc/{holder}/ns/mnt"]
        server = OwnPostgres(folder, own_postgres.DURABLE, before)
        try:
            server.start()
            server.create()
            yield server, disk
        finally:
            server.end()


def log_until_refused(parts: Parts) -> tuple[int, str]:
    """Add events, and return how many were, and what is said then."""
    for done in range(1000):
        try:
            log(parts)
        except CannotCheck as error:
            return done, str(error)
    message = "never refused"
    raise AssertionError(message)


def test_a_full_disk_of_the_server_is_told_and_loses_nothing(
    full: tuple[OwnPostgres, Path],
) -> None:
    server, disk = full
    parts = opening.parts(server.url)
    for act in ACTS:
        act(parts)
    before = state(parts)
    fill(disk)
    # Until the last free page of a table is used.
    done, sentence = log_until_refused(parts)
    assert "no space left" in sentence
    assert state(parts) == (*before[:2], before[2] + done)
    # Without a new file for its log, the server ends.
    with suppress(psycopg.OperationalError):
        server.execute("SELECT pg_switch_wal()")
    done += log_until_refused(parts)[0]
    make_room(disk)
    server.kill()
    server.start()
    assert state(parts)[:2] == before[:2]
    assert before[2] + done <= state(parts)[2] <= before[2] + done + 1
    for act in ACTS:
        act(parts)
