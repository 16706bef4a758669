"""One of several processes that sign people in: python -m tests.bench.crowd_worker HOME COST URL.

With an empty HOME it makes bcrypt checks instead. With a URL, the store is in that database. Prints
a line when it is ready. Reads numbers of users from standard input, which the processes share, and
prints when it was done with the last.
"""

import os
import sys
from collections.abc import Callable
from pathlib import Path
from time import perf_counter

LENGTH = 8
"""Bytes of a number, with its end of line, so that no process reads a part of one."""


def main(home: str, cost: int, url: str) -> None:
    one = signing_in(Path(home), cost, url) if home else checking(cost)
    print("ready", flush=True)
    while number := os.read(sys.stdin.fileno(), LENGTH):
        one(int(number))
    print(perf_counter())


def signing_in(home: Path, cost: int, url: str) -> Callable[[int], object]:
    from cwtui import services
    from tests.bench import warm
    from tests.bench.people import user

    ports = warm.connect(home, cost, url)
    services.load_rest()  # the applications do so while the username is typed
    return lambda number: warm.sign_in_with_mfa(ports, user(number))


def checking(cost: int) -> Callable[[int], object]:
    import bcrypt

    password = b"x" * 64
    hashed = bcrypt.hashpw(password, bcrypt.gensalt(cost))
    return lambda _: bcrypt.checkpw(password, hashed)


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), sys.argv[3])
