"""The benchmarks run. The times that they measure are not checked here."""

import gc
import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Final

import pytest

from tests import soak
from tests.bench import (
    crowd,
    database,
    slow_lines,
    ssh_sessions,
    table,
    terminals,
    users_page,
    visits,
)
from tests.bench.__main__ import BENCHMARKS
from tests.bench.measuring import Bench, Scale, make_bench, medians
from tests.bench.table import Least, Most, Row
from tests.console.terminal import Terminal
from tests.programs import find
from tests.servers.own_postgres import DATABASE, OwnPostgres
from tests.servers.postgres import Postgres

BLOCK: Final = 64 << 20
AT_WORK: Final = f"""\
import time
block = b"x" * {BLOCK}
print("ready", flush=True)
while True:
    time.sleep(0.2)
    print(".", end="", flush=True)
    sum(range(1_000_000))
"""
"""Keeps memory, and uses the processor and writes five times a second."""

TINY = Scale(
    few=80,
    many=120,
    listed=200,
    rounds=1,
    idle_seconds=0.1,
    sizes=(40, 80),
    updates=10,
    processes=(2,),
    each=4,
    crowd=2,
    sessions=1,
    cost=4,
)


@pytest.fixture(autouse=True)
def _garbage_of_this_test_alone() -> None:
    """Each measurement first collects garbage, which need not be looked for everywhere."""
    gc.collect()
    gc.freeze()


@pytest.fixture(scope="module")
def bench(tmp_path_factory: pytest.TempPathFactory) -> Bench:
    return make_bench(tmp_path_factory.mktemp("bench"), TINY)


SHORTER: Final = {
    crowd.rows: [crowd.sign_ins],
    database.rows: [],
    slow_lines.rows: [],
    ssh_sessions.rows: [ssh_sessions.rows] if soak.times(0, 1) and find("sshd") else [],
    terminals.rows: [],
    users_page.rows: [users_page.lists],
}
"""What is measured with many terminals or servers takes long; below, their parts are tested."""


@pytest.mark.parametrize(
    "benchmark",
    [part for each in BENCHMARKS for part in SHORTER.get(each, [each])],
    ids=lambda each: each.__module__.rpartition(".")[2],
)
def test_a_benchmark_returns_positive_measurements(
    bench: Bench, benchmark: Callable[[Bench], Iterator[Row]]
) -> None:
    rows = list(benchmark(bench))
    assert rows
    assert all(row.ours > 0 for row in rows)
    assert all(row.theirs is None or row.theirs > 0 for row in rows)


def test_the_store_in_a_database_is_measured(bench: Bench, postgres_server: Postgres) -> None:
    server = OwnPostgres(postgres_server.folder, {})
    quicker = replace(bench, scale=replace(TINY, sizes=(40,), processes=()))
    server.create()
    try:
        rows = [*database.sign_ins(quicker, server), *database.growth(quicker, server)]
    finally:
        postgres_server.execute(f"DROP DATABASE {DATABASE} WITH (FORCE)")
    trips, _, far, *_ = rows
    assert 1 < trips.ours < 10
    # Each trip takes at least that long, whatever else the machine does.
    assert far.ours > trips.ours * database.LATENCY
    assert all(row.ours > 0 for row in rows)


def test_bytes_of_the_first_paint_are_counted(bench: Bench) -> None:
    row = next(terminals.first_paint(bench.few.home))
    assert row.theirs is not None
    assert 500 < row.ours < 100_000
    assert 1_000 < row.theirs < 100_000


def test_keys_on_a_slow_line_are_measured_as_seconds_on_it(bench: Bench) -> None:
    with visits.login(bench.few.home, None, **visits.SLOW) as login:
        in_username, tab, help_and_back = slow_lines.sign_in(login)
    assert in_username.ours < 0.1
    assert 0.01 < tab.ours < 0.3
    assert 1 < help_and_back.ours < 4


def test_memory_and_cpu_time_of_running_programs_are_read(bench: Bench) -> None:
    at_work = Terminal([sys.executable, "-c", AT_WORK], bench.few.home)
    with visits.bare(bench.few.home) as idle, at_work:
        at_work.wait_for("ready")
        assert BLOCK < terminals.memory(at_work) < BLOCK + 40e6
        assert BLOCK < crowd.shared_out_memory(at_work.pid) < terminals.memory(at_work)
        [processor, written] = terminals.idle(idle, {"at work": at_work}, 1)
    assert processor.theirs is not None
    assert 0 <= processor.theirs < processor.ours < 1
    assert written.theirs == 0
    assert written.ours > 0


def test_a_ratio_is_met_up_to_its_budget() -> None:
    assert Row("a", 3.0, table.milliseconds, "b", 2.0, Most(1.5)).holds is True
    assert Row("a", 3.1, table.milliseconds, "b", 2.0, Most(1.5)).holds is False


def test_an_amount_is_met_whatever_the_reference() -> None:
    assert Row("a", 7.0, table.number, "b", 1.0, Most(8, table.number)).holds is True
    assert Row("a", 9.0, table.number, "b", 10.0, Most(8, table.number)).holds is False


def test_a_high_ratio_is_met_from_its_budget_on() -> None:
    assert Row("a", 1.9, table.per_second, "b", 2.0, Least(0.95)).holds is True
    assert Row("a", 1.8, table.per_second, "b", 2.0, Least(0.95)).holds is False


def test_without_a_budget_nothing_is_met_or_missed() -> None:
    assert Row("a", 1.0, table.number).holds is None


def test_a_line_shows_measurement_reference_ratio_and_budget() -> None:
    line = table.line(Row("first paint", 0.25, table.milliseconds, "bare", 0.2, Most(1.15)))
    assert " ".join(line.split()) == "first paint 250 ms bare 200 ms 1.25x 1.15x NO"
    line = table.line(Row("reading", 20e-6, table.duration, "SQLite", 10e-6))
    assert " ".join(line.split()) == "reading 20 µs SQLite 10 µs 2.00x"
    line = table.line(Row("sign-ins", 7.6, table.per_second, "bcrypt", 8.0, Least(0.95)))
    assert " ".join(line.split()) == "sign-ins 7.60 /s bcrypt 8.00 /s 0.95x >= 0.95x yes"


def test_measurements_for_medians_take_turns() -> None:
    called: list[str] = []

    def measure(name: str, seconds: float) -> float:
        called.append(name)
        return seconds

    found = medians(3, lambda: measure("a", 1), lambda: measure("b", 2))
    assert called == ["a", "b", "a", "b", "a", "b"]
    assert found == [1, 2]
