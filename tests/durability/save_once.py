"""Saves, each in a process of its own that waits until it is traced.

    python -m tests.durability.save_once

Each line of its input is FOLDER NAME. It forks, which is quicker than to import everything for
each save, and prints the new process's number. That begins at an empty line, and prints a sentence
if the save was refused. At its end there is a line "ended STATUS".
"""

import ctypes
import os
import sys
from pathlib import Path
from typing import Final, NoReturn

from cwtui.accounts.errors import CannotCheck
from tests.durability.saves import SAVES, config_in

_SET_PTRACER: Final = 0x59616D61
"""PR_SET_PTRACER from linux/prctl.h: on some systems a process says who may trace it."""
_ANY: Final = ctypes.c_ulong(-1)


def main() -> None:
    for line in sys.stdin:
        folder, _, name = line.rstrip("\n").partition(" ")
        begins, begin = os.pipe()
        pid = os.fork()
        if pid == 0:
            os.close(begin)
            _save(Path(folder), name, begins)
        _say(pid)
        os.close(begins)
        sys.stdin.readline()
        os.write(begin, b".")
        os.close(begin)
        _, status = os.waitpid(pid, 0)
        _say(f"ended {os.waitstatus_to_exitcode(status)}")


def _save(folder: Path, name: str, begins: int) -> NoReturn:
    os.dup2(sys.stdout.fileno(), sys.stderr.fileno())  # nothing may be said there
    ctypes.CDLL(None).prctl(_SET_PTRACER, _ANY, 0, 0, 0)
    if not os.read(begins, 1):
        sys.exit("The test ended.")
    try:
        SAVES[name].act(config_in(folder))
    except CannotCheck as refusal:
        _say(refusal)
    os._exit(0)


def _say(what: object) -> None:
    print(what, flush=True)  # noqa: T201  how it reports


if __name__ == "__main__":
    main()
