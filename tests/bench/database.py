"""The store in PostgreSQL: trips, sign-ins per second, and how its costs grow with accounts.

Each statement is compared with the same one sent by psycopg alone.
"""

import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from functools import partial
from itertools import count, islice
from pathlib import Path
from statistics import median
from typing import Any, Final

import psycopg
import pytest

from cwtui.accounts.account_words import ALL_ACCOUNTS, AccountQuery, Facts, account_words
from cwtui.accounts.filter_language import parse
from cwtui.accounts.listing import BY_USERNAME
from cwtui.accounts.model import Account
from cwtui.store.accounts import TinyAccountStore
from cwtui.store.postgres import opening
from cwtui.store.postgres.connections import Connections
from cwtui.store.postgres.opening import Parts
from cwtui.store.postgres.trips import Answer, Statement
from tests.bench import crowd, sizes, warm
from tests.bench.engines import FIRST
from tests.bench.measuring import Bench, medians, seconds
from tests.bench.people import user
from tests.bench.signing_in import bcrypt_check
from tests.bench.table import (
    Least,
    Most,
    Row,
    duration,
    megabytes,
    milliseconds,
    number,
    per_second,
)
from tests.console.terminal import ROOT
from tests.servers import own_postgres, postgres
from tests.servers.own_postgres import OwnPostgres
from tests.store.postgres.relay import Relay

LATENCY: Final = 0.02
"""Seconds that each question takes longer."""
_AT_ONCE: Final = 20_000
"""Accounts that are added at once."""
_BATCH: Final = 20
_BATCH_SECONDS: Final = 0.2
_ROUNDS: Final = 3
_DIRECTLY: Final = "the same by psycopg"
_BCRYPT: Final = "one bcrypt check"
_FILTERS: Final = ("role:admin", "000", "!mfa:enabled created:>90d")
_NOW: Final = 1_800_000_000.0
_READER: Final = """
import re, sys
from pathlib import Path
from cwtui.accounts.account_words import ALL_ACCOUNTS
from cwtui.accounts.listing import BY_USERNAME
from cwtui.store.postgres import opening
parts = opening.parts(sys.argv[1])
rows = parts.accounts.page(ALL_ACCOUNTS, BY_USERNAME, limit=20)
parts.accounts.page(ALL_ACCOUNTS, BY_USERNAME, after=rows[-1], limit=20)
parts.accounts.get(sys.argv[2]), parts.accounts.count(ALL_ACCOUNTS)
print(re.search(r"VmHWM:\\s+(\\d+)", Path("/proc/self/status").read_text())[1])
"""


def rows(bench: Bench) -> Iterator[Row]:
    if postgres.is_missing():
        return
    with _server() as server:
        yield from sign_ins(bench, server)
        yield from growth(bench, server)


@contextmanager
def _server() -> Iterator[OwnPostgres]:
    """A server that syncs each commit to disk, with an empty store."""
    settings = {**own_postgres.DURABLE, "shared_buffers": "256MB", "autovacuum": "on"}
    with own_postgres.own_folder() as folder:
        postgres.make_cluster(folder)
        server = OwnPostgres(folder, settings)
        try:
            server.start()
            server.create()
            yield server
        finally:
            server.end()


def sign_ins(bench: Bench, server: OwnPostgres) -> Iterator[Row]:
    """With the accounts and the keyring of the store in files."""
    cost, home = bench.scale.cost, bench.few.home
    names = iter(range(bench.few.accounts // 8, bench.few.accounts))
    _fill(server.url, _with_passwords(bench))
    server.execute("ANALYZE")
    with (
        tempfile.TemporaryDirectory() as folder,
        Relay(Path(folder), server.folder) as relay,
        pytest.MonkeyPatch.context() as patch,
    ):
        far = server.url.replace(str(server.folder), folder)
        trips = list[int]()
        _count(patch, trips)
        ports = warm.connect(home, cost, far)

        def once() -> float:
            name = user(next(names))
            return seconds(lambda: warm.sign_in_with_mfa(ports, name))

        once()
        trips.clear()
        near, check = medians(bench.scale.rounds, once, bcrypt_check(cost))
        each = len(trips) / bench.scale.rounds
        relay.seconds = LATENCY
        (slow,) = medians(min(bench.scale.rounds, _ROUNDS), once)
    yield Row("PostgreSQL: round trips of a sign-in with MFA", each, number, most=Most(4, number))
    yield Row("  a sign-in with MFA", near, milliseconds, _BCRYPT, check)
    what = f"  the same, {LATENCY * 1000:.0f} ms farther away"
    yield Row(what, slow, milliseconds, _BCRYPT, check)
    first = next(names)
    for processes in bench.scale.processes:
        work = processes * bench.scale.each
        ours, bound = list[float](), list[float]()
        for _ in range(min(bench.scale.rounds, _ROUNDS)):
            numbers = range(first, first + work)
            first += work
            ours.append(crowd.rate(home, cost, processes, numbers, server.url))
            bound.append(crowd.rate(None, cost, processes, numbers))
        yield Row(
            f"PostgreSQL: sign-ins with MFA, {processes} processes",
            median(ours),
            per_second,
            "bcrypt checks",
            median(bound),
            Least(0.95),
        )


def _count(patch: pytest.MonkeyPatch, trips: list[int]) -> None:
    """Note how many statements travel with each trip."""
    send = Connections.send

    def counted(
        self: Connections, connection: Any, statements: Sequence[Statement]
    ) -> list[Answer]:
        trips.append(len(statements))
        return send(self, connection, statements)

    patch.setattr(Connections, "send", counted)


def _with_passwords(bench: Bench) -> Iterator[Account]:
    """The accounts of the few, with passwords of the cost that is compared with."""
    kept = TinyAccountStore(bench.few.config.accounts_file)
    last = bench.few.accounts - 2
    warm.with_passwords(bench.few, range(last, last + 1), bench.scale.cost)
    model = kept.get(user(last))
    if model is None:
        raise LookupError(user(last))
    for name in kept.names():
        account = kept.get(name)
        if account is not None:
            yield account.changed(password=model.password)


def _fill(url: str, people: Iterator[Account]) -> None:
    with closing(opening.parts(url)) as parts:
        while some := list(islice(people, _AT_ONCE)):
            with parts.accounts.change() as change:
                change.put(*some)


def growth(bench: Bench, server: OwnPostgres) -> Iterator[Row]:
    (check,) = medians(bench.scale.rounds, bcrypt_check(bench.scale.cost))
    keyring = warm.connect(bench.few.home, bench.scale.cost).keyring
    memory: dict[int, float] = {}
    for accounts in bench.scale.sizes:
        server.execute(postgres.EMPTIED)
        taken = seconds(lambda: _fill(server.url, sizes.people(keyring, accounts)))  # noqa: B023  called at once
        yield Row(f"PostgreSQL: insert {accounts:,} accounts", taken, duration)
        server.execute("ANALYZE")
        yield from _of_size(bench, server.url, accounts, check)
        memory[accounts] = _memory(server.url)
    fewest, most = min(memory), max(memory)
    yield Row(
        f"PostgreSQL: memory of a process, {most:,} accounts",
        memory[most],
        megabytes,
        f"{fewest:,} accounts",
        memory[fewest],
        Most(1.1),
    )


def _of_size(bench: Bench, url: str, accounts: int, check: float) -> Iterator[Row]:
    numbers = count(accounts // 3)
    own = f"{accounts:,} accounts"
    with closing(opening.parts(url)) as parts, psycopg.connect(url, autocommit=True) as directly:

        def name() -> str:
            return user(next(numbers) % accounts)

        def opened() -> None:
            with closing(opening.parts(url)) as fresh:
                fresh.accounts.settings()
                fresh.accounts.get(name())

        def connected() -> None:
            with psycopg.connect(url, autocommit=True) as fresh:
                fresh.execute("SELECT document FROM cwtui.account WHERE username = %s", [name()])

        ours, theirs = medians(
            bench.scale.rounds, lambda: seconds(opened), lambda: seconds(connected)
        )
        yield Row(f"PostgreSQL: open, {own}", ours, duration, "a connection by psycopg", theirs)

        def update() -> None:
            with parts.accounts.change() as change:
                found = change.get(name())
                if found is None:
                    raise LookupError(own)
                change.put(found.changed(mfa_required=not found.mfa_required))

        (ours,) = medians(bench.scale.rounds, lambda: _each(update))
        yield Row(f"PostgreSQL: update, {own}", ours, duration, _BCRYPT, check)
        reads: dict[str, Callable[[Parts], object]] = {
            "get": lambda parts: parts.accounts.get(name()),
            f"first {FIRST} rows": partial(_page, query=ALL_ACCOUNTS),
        }
        for text in _FILTERS:
            query = parse(text, account_words(Facts()), _NOW)
            reads[f"first rows of {text}"] = partial(_page, query=query)
            reads[f"count {text}"] = partial(_count_of, query=query)
        for what, read in reads.items():
            statements = _statements(parts, read)
            ours, theirs = medians(
                bench.scale.rounds,
                lambda: _each(lambda: read(parts)),  # noqa: B023  called at once
                lambda: _each(lambda: _send(directly, statements)),  # noqa: B023  called at once
            )
            yield Row(f"PostgreSQL: {what}, {own}", ours, duration, _DIRECTLY, theirs)


def _page(parts: Parts, query: AccountQuery) -> object:
    return parts.accounts.page(query, BY_USERNAME, limit=FIRST)


def _count_of(parts: Parts, query: AccountQuery) -> object:
    return parts.accounts.count(query)


def _each(act: Callable[[], object]) -> float:
    """Return how long it takes, in the median of some times that together do not take long."""
    first = seconds(act)
    others = min(_BATCH, int(_BATCH_SECONDS / first)) - 1
    return median([first, *(seconds(act) for _ in range(others))])


def _statements(parts: Parts, read: Callable[[Parts], object]) -> list[Statement]:
    """The statements that it sends, without the one about the store as a whole."""
    sent = list[Statement]()
    send = Connections.send

    def noted(self: Connections, connection: Any, statements: Sequence[Statement]) -> list[Answer]:
        sent.extend(statements[1:])
        return send(self, connection, statements)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Connections, "send", noted)
        read(parts)
    return sent


def _send(connection: psycopg.Connection, statements: list[Statement]) -> None:
    for one in statements:
        connection.execute(one.sql.encode(), tuple(one.values), prepare=False).fetchall()


def _memory(url: str) -> float:
    """The most memory of a process that looked at lists and accounts, in bytes."""
    command = [sys.executable, "-c", _READER, url, user(1)]
    done = subprocess.run(command, check=True, stdout=subprocess.PIPE, cwd=ROOT)
    return int(done.stdout) * 1024
