"""Saves that are killed before each of their calls: python -m tests.durability.killed ...

Its arguments are TEMPLATE FOLDER. The first line of its input is a backup code, and each further
one the name of a save; it prints how often that was killed, or what is wrong. It forks, which is
unsafe in a process with threads.
"""

import os
import signal
import sys
from pathlib import Path

from cwtui.accounts.errors import CannotCheck
from cwtui.accounts.secret import Secret
from cwtui.config import Config
from tests import reserves, soak
from tests.durability.faults import Call, Faults, Kind
from tests.durability.saves import Save, few_files, save_of
from tests.durability.stage import Stage


def main(template: Path, folder: Path) -> None:
    code = Secret(sys.stdin.readline().strip())
    for line in sys.stdin:
        save = save_of(line.strip(), code)
        try:
            print(_kills(Stage(template, folder, save)), flush=True)  # noqa: T201  how it reports
        except (AssertionError, CannotCheck) as wrong:
            print(repr(wrong), flush=True)  # noqa: T201  how it reports


def _kills(stage: Stage) -> int:
    points = stage.clean.points(Kind.KILLED, every=soak.times(0, in_a_soak=1) == 1)
    for point in points:
        config = stage.fresh()
        is_killed = _killed(stage.save, config, point)
        stage.check(config, "killed" if is_killed else "", f"killed before {point}")
    return len(points)


def _killed(save: Save, config: Config, point: Call) -> bool:
    pid = os.fork()
    if pid == 0:
        try:
            with Faults(point, Kind.KILLED).injected():
                save.act(config)
        finally:
            os._exit(1)
    _, status = os.waitpid(pid, 0)
    return os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGKILL


if __name__ == "__main__":
    with few_files(), reserves.small():
        main(Path(sys.argv[1]), Path(sys.argv[2]))
