"""What an open application costs: bytes sent, memory, and CPU time when idle."""

import re
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

from tests.bench import visits
from tests.bench.measuring import Bench
from tests.bench.people import user
from tests.bench.table import Most, Row, kilobytes, megabytes, number, percent
from tests.console.terminal import Terminal

_BARE = "bare Textual app, same widgets"
_SETTLE_SECONDS = 1.0
_SPAN = 10.0
"""Bytes are counted in so many seconds, on average."""
_STYLE = re.compile(rb"\x1b\[[0-9;]*m")


def rows(bench: Bench) -> Iterator[Row]:
    yield from first_paint(bench.few.home)
    yield from enrolment(bench.few.home)
    yield from open_for_a_while(bench)


def first_paint(home: Path) -> Iterator[Row]:
    for colours, colorterm in (("true colour", "truecolor"), ("256 colours", None)):
        with visits.login(home, colorterm) as ours, visits.bare(home, colorterm) as theirs:
            yield Row(
                f"bytes of the first paint of the login screen, {colours}",
                len(ours.raw),
                kilobytes,
                _BARE,
                len(theirs.raw),
                Most(8 * 1024, kilobytes),
            )


def enrolment(home: Path) -> Iterator[Row]:
    terminal, written = visits.enrolment(home)
    with terminal:
        middle = terminal.lines[12].lstrip()[:30].encode()
    yield Row("bytes from the login screen to the enrolment's QR code", len(written), kilobytes)
    painted = _STYLE.sub(b"", written).count(middle)
    yield Row("  how often the QR code is painted", painted, number, most=Most(1, number))


def open_for_a_while(bench: Bench) -> Iterator[Row]:
    """All at once, so that a busy moment affects all and the wait is shorter."""
    home, accounts = bench.few.home, f"{bench.few.accounts:,} accounts"
    with ExitStack() as stack:
        bare, login, code, settings, users = (
            stack.enter_context(terminal)
            for terminal in (
                visits.bare(home),
                visits.login(home),
                visits.one_time_code(home, user(0)),
                visits.settings(home, user(1)),
                visits.users(home, user(2)),
            )
        )
        own = memory(bare)
        for what, terminal in (("signed in", settings), ("Users page", users)):
            title = f"memory, {what}, {accounts}"
            yield Row(title, memory(terminal), megabytes, _BARE, own, Most(2))
        watched = {"login screen": login, "one-time code": code, "Users page": users}
        yield from idle(bare, watched, bench.scale.idle_seconds)


def idle(bare: Terminal, watched: dict[str, Terminal], seconds: float) -> Iterator[Row]:
    time.sleep(_SETTLE_SECONDS)
    terminals = [bare, *watched.values()]
    drain(terminals)
    before = [(processor_seconds(one), len(one.raw)) for one in terminals]
    time.sleep(seconds)
    used = [processor_seconds(one) for one in terminals]
    drain(terminals)
    processor = [(now - then) / seconds for now, (then, _) in zip(used, before, strict=True)]
    written = [len(one.raw) - then for one, (_, then) in zip(terminals, before, strict=True)]
    for position, what in enumerate(watched, start=1):
        yield Row(
            f"idle for {seconds:g} s, {what}: processor",
            processor[position],
            percent,
            _BARE,
            processor[0],
            Most(0.005, percent),
        )
        in_ten = [count / seconds * _SPAN for count in (written[position], written[0])]
        budget = Most(100, number)
        yield Row(f"  bytes written in {_SPAN:g} s", in_ten[0], number, _BARE, in_ten[1], budget)


def drain(terminals: list[Terminal]) -> None:
    """Read what was written in the meantime."""
    for terminal in terminals:
        terminal.wait_until_still(quiet=0.05)


def processor_seconds(terminal: Terminal) -> float:
    """CPU time of all threads of the process; the kernel counts nanoseconds."""
    tasks = Path(f"/proc/{terminal.pid}/task").glob("*/schedstat")
    return sum(int(task.read_text("ascii").split()[0]) for task in tasks) / 1e9


def memory(terminal: Terminal) -> float:
    """The resident set in bytes; shared memory counts in full."""
    status = Path(f"/proc/{terminal.pid}/status").read_text("utf-8")
    found = re.search(r"^VmRSS:\s+(\d+) kB", status, re.MULTILINE)
    if found is None:
        raise LookupError(status)
    return int(found[1]) * 1024
