"""Measure against the budgets of the design: python -m tests.bench [OPTIONS] [NAME ...].

It prints one table and never fails on time. With names, such as database, only what these modules
measure.
"""

import argparse
import gc
import tempfile
from dataclasses import replace
from pathlib import Path
from typing import Final

from tests.bench import (
    audit_page,
    bulk,
    crowd,
    database,
    importing,
    reading,
    serving,
    signing_in,
    sizes,
    slow_lines,
    ssh_sessions,
    startup,
    table,
    terminals,
    users_page,
    warm,
)
from tests.bench.measuring import QUICK, Scale, make_bench

BENCHMARKS = (
    startup.rows,
    signing_in.rows,
    warm.rows,
    crowd.rows,
    serving.rows,
    ssh_sessions.rows,
    reading.rows,
    sizes.rows,
    database.rows,
    importing.rows,
    bulk.rows,
    users_page.rows,
    audit_page.rows,
    terminals.rows,
    slow_lines.rows,
)


BY_NAME: Final = {rows.__module__.rpartition(".")[2]: rows for rows in BENCHMARKS}


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.bench", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help=" ".join(BY_NAME))
    parser.add_argument("--quick", action="store_true", help="few accounts, few rounds")
    parser.add_argument("--idle", type=float, metavar="SECONDS", help="how long to watch idling")
    given = parser.parse_args()
    unknown = sorted(set(given.names) - BY_NAME.keys())
    if unknown:
        parser.error(f"there is no {unknown[0]}")
    chosen = [BY_NAME[name] for name in given.names] or BENCHMARKS
    scale = QUICK if given.quick else Scale()
    if given.idle is not None:
        scale = replace(scale, idle_seconds=given.idle)
    with tempfile.TemporaryDirectory() as folder:
        bench = make_bench(Path(folder), scale)
        print(table.head())
        for rows in chosen:
            for row in rows(bench):
                print(table.line(row), flush=True)
            gc.collect()  # stores and applications are part of cycles, and keep files open


if __name__ == "__main__":
    main()
