"""A host whose processes do the same as those of another host, at the same moment.

    python -m tests.store.postgres.host NETWORK PLAN CLOCK

NETWORK is the path of its network, PLAN a file, CLOCK the seconds by which its clock is ahead. It
forks its processes, which say "ready", wait for a byte for each step of the plan, and say what
happened. At the end each says what a check of the store finds.
"""

import os
import sys
import time
from pathlib import Path
from typing import NoReturn

import msgspec


class Plan(msgspec.Struct):
    """Each step is KIND and a user."""

    url: str
    folder: str
    code: str
    backup_code: str
    steps: list[tuple[str, str]]
    processes: int


def main(network: str, path: Path, ahead: float) -> None:
    plan = msgspec.json.decode(path.read_bytes(), type=Plan)
    right = time.time
    time.time = lambda: right() + ahead  # before cwtui takes it
    from cwtui import services
    from tests.servers import networks
    from tests.store.postgres import steps

    services.load_rest()
    networks.enter(network)
    # Each has a pipe of its own: with one for all, who is ready first would go on for another.
    pipes = [os.pipe() for _ in range(plan.processes)]
    for number, (go_on, _) in enumerate(pipes):
        if os.fork() == 0:
            for _, end in pipes:
                os.close(end)
            _live(steps.Steps, plan, number, go_on)
    while told := os.read(sys.stdin.fileno(), 1):
        _, end = pipes[0]
        os.write(end, told)
        pipes.append(pipes.pop(0))


def _live(steps: type, plan: Plan, number: int, go_on: int) -> NoReturn:
    try:
        own = steps(plan, number)
        said = "ready"
        for kind, name in plan.steps:
            act = own.prepared(kind, name)
            _say(said)
            if not os.read(go_on, 1):
                os._exit(1)
            said = act()
        _say(said)
        os.read(go_on, 1)  # the others say what they did first
        _say(own.findings())
    except BaseException as error:  # noqa: BLE001  told, whatever it is
        _say(f"wrong {error!r}")
    os._exit(0)


def _say(line: str) -> None:
    os.write(sys.stdout.fileno(), f"{line}\n".encode())


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]), float(sys.argv[3]))
