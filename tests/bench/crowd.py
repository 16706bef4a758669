"""Many processes at once: sign-ins per second, and memory."""

import os
import re
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from statistics import median
from time import perf_counter

from tests.bench import terminals, visits, warm
from tests.bench.crowd_worker import LENGTH
from tests.bench.measuring import Bench
from tests.bench.table import Least, Most, Row, megabytes, per_second
from tests.console.terminal import ROOT, Terminal

_ROUNDS = 3
_APPLICATIONS = 8
_BARE = "bare Textual app, same widgets"
_OPENING_SECONDS = 30.0


def rows(bench: Bench) -> Iterator[Row]:
    yield from sign_ins(bench)
    yield from login_screens(bench)


def sign_ins(bench: Bench) -> Iterator[Row]:
    cost, rounds = bench.scale.cost, min(bench.scale.rounds, _ROUNDS)
    first = 3 * bench.few.accounts // 8
    for processes in bench.scale.processes:
        count = processes * bench.scale.each
        ours, bound = list[float](), list[float]()
        for _ in range(rounds):
            numbers = range(first, first + count)
            first += count
            warm.with_passwords(bench.few, numbers, cost)
            ours.append(rate(bench.few.home, cost, processes, numbers))
            bound.append(rate(None, cost, processes, numbers))
        yield Row(
            f"sign-ins with MFA, {processes} processes",
            median(ours),
            per_second,
            "bcrypt checks",
            median(bound),
            Least(0.95),
        )


def rate(home: Path | None, cost: int, processes: int, numbers: range, url: str = "") -> float:
    """How many users these processes sign in per second; without a home, how many they check."""
    command = [
        *(sys.executable, "-m", "tests.bench.crowd_worker"),
        *(str(home) if home is not None else "", str(cost), url),
    ]
    read, write = os.pipe()
    with ExitStack() as stack:
        stack.callback(os.close, read)
        with os.fdopen(write, "wb") as work:
            workers = [
                stack.enter_context(
                    subprocess.Popen(command, stdin=read, stdout=subprocess.PIPE, cwd=ROOT)
                )
                for _ in range(processes)
            ]
            for worker in workers:
                _line(worker)
            started = perf_counter()
            work.write(b"".join(b"%0*d\n" % (LENGTH - 1, number) for number in numbers))
        ended = max(float(_line(worker)) for worker in workers)
    return len(numbers) / (ended - started)


def _line(worker: "subprocess.Popen[bytes]") -> bytes:
    if worker.stdout is None or not (line := worker.stdout.readline()):
        raise ChildProcessError(worker.args)
    return line


def login_screens(bench: Bench) -> Iterator[Row]:
    home, accounts = bench.many.home, f"{bench.many.accounts:,} accounts"
    with ExitStack() as stack:
        login = [stack.enter_context(visits.login(home)) for _ in range(_APPLICATIONS)]
        bare = [stack.enter_context(visits.bare(home)) for _ in range(_APPLICATIONS)]
        for terminal in login:
            wait_for_store(terminal, bench.many.config.accounts_file)
        yield Row(
            f"memory, login screen, {accounts}",
            terminals.memory(login[0]),
            megabytes,
            _BARE,
            terminals.memory(bare[0]),
            Most(50e6, megabytes),
        )
        yield Row(
            f"  {_APPLICATIONS} at once, shared memory counted once",
            sum(shared_out_memory(terminal.pid) for terminal in login),
            megabytes,
            f"{_APPLICATIONS} bare apps",
            sum(shared_out_memory(terminal.pid) for terminal in bare),
        )


def wait_for_store(terminal: Terminal, path: Path) -> None:
    """Wait until the application has opened its store."""
    until = perf_counter() + _OPENING_SECONDS
    opened = Path(f"/proc/{terminal.pid}/fd")
    while path not in (one.resolve() for one in opened.iterdir()):
        if perf_counter() > until:
            raise TimeoutError(path)
        time.sleep(0.05)
    terminal.wait_until_still()


def shared_out_memory(pid: int) -> float:
    """The proportional set in bytes: memory shared by several processes is divided among them."""
    rollup = Path(f"/proc/{pid}/smaps_rollup").read_text("utf-8")
    found = re.search(r"^Pss:\s+(\d+) kB", rollup, re.MULTILINE)
    if found is None:
        raise LookupError(rollup)
    return int(found[1]) * 1024
