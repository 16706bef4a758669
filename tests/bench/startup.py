"""How long starting takes."""

import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from time import perf_counter

from tests.bench.measuring import BARE, CWTUI, Bench, medians, seconds
from tests.bench.table import Most, Row, milliseconds
from tests.console.terminal import Terminal


def rows(bench: Bench) -> Iterator[Row]:
    home = bench.few.home
    ours, theirs = medians(
        bench.scale.rounds,
        lambda: first_paint(CWTUI, home),
        lambda: first_paint(BARE, home),
    )
    yield Row(
        "first paint of the login screen",
        ours,
        milliseconds,
        "bare Textual app, same widgets",
        theirs,
        Most(1.05),
    )
    ours, theirs = medians(
        bench.scale.rounds * 2,
        lambda: seconds(lambda: run([*CWTUI, "--version"])),
        lambda: seconds(lambda: run([sys.executable, "-c", "import click"])),
    )
    yield Row("cwtui --version", ours, milliseconds, 'python -c "import click"', theirs, Most(1.3))


def first_paint(command: Sequence[str], home: Path) -> float:
    """From the start of the process until the primary button is on the screen."""
    started = perf_counter()
    with Terminal(command, home) as terminal:
        terminal.wait_for("Sign In")
        return perf_counter() - started


def run(command: Sequence[str]) -> None:
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
