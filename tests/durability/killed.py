"""A save that is killed before each of its calls: python -m tests.durability.killed ...

Its arguments are TEMPLATE FOLDER NAME, its input is a backup code. It forks, which is unsafe in a
process with threads, and prints how often; damage raises AssertionError.
"""

import os
import signal
import sys
from pathlib import Path

from cwtui.accounts.secret import Secret
from cwtui.config import Config
from tests import soak
from tests.durability.faults import Call, Faults, Kind
from tests.durability.saves import SAVES, SIGN_IN, Save, a_small_reserve, few_files, sign_in_save
from tests.durability.stage import Stage


def main(template: Path, folder: Path, name: str) -> None:
    save = sign_in_save(Secret(sys.stdin.read())) if name == SIGN_IN else SAVES[name]
    stage = Stage(template, folder, save)
    points = stage.clean.points(Kind.KILLED, every=soak.times(0, in_a_soak=1) == 1)
    for point in points:
        config = stage.fresh()
        is_killed = _killed(save, config, point)
        stage.check(config, "killed" if is_killed else "", f"killed before {point}")
    print(len(points))  # noqa: T201  how it reports


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
    with few_files(), a_small_reserve():
        main(Path(sys.argv[1]), Path(sys.argv[2]), sys.argv[3])
