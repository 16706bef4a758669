"""Whether environment variables can change what a command runs (python -I ignores them)."""

import re
import shlex
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from cwtui.doctor.machine import Machine
from cwtui.host.untrusted_files import read_regular

_MOST: Final = 1 << 16
_DEEPEST: Final = 4
"""How many scripts may start each other."""
_PYTHON: Final = re.compile(r"python[\d.]*")
_WITH_I: Final = re.compile(r"-[A-Za-z]*I[A-Za-z]*")


def is_open(command: Sequence[str], machine: Machine, depth: int = 0) -> bool:
    """Whether this command runs Python with what the environment says.

    Links and scripts are followed to the Python that they start. What is no Python, or cannot be
    read, is not open.
    """
    if not command or depth > _DEEPEST:
        return False
    if _is_python(command[0]):
        return not _is_isolated(command[1:])
    lines = _lines(command[0], machine)
    if not lines or not lines[0].startswith("#!"):
        return False
    interpreter = [word for word in lines[0][2:].split() if Path(word).name != "env"]
    if any(map(_is_python, interpreter)):
        return not _is_isolated(interpreter[1:])
    return any(is_open(started, machine, depth + 1) for started in map(_started, lines[1:]))


def _is_python(word: str) -> bool:
    return _PYTHON.fullmatch(Path(word).name) is not None


def _is_isolated(options: Sequence[str]) -> bool:
    """Whether -I is among the options of Python, which end with the program."""
    for option in options:
        if _WITH_I.fullmatch(option):
            return True
        if option in {"-m", "-c"} or not option.startswith("-"):
            return False
    return False


def _started(line: str) -> list[str]:
    """Return the command that a line of a shell script starts; empty if it starts none."""
    try:
        words = shlex.split(line, comments=True)
    except ValueError:
        return []
    words = words[1:] if words[:1] == ["exec"] else words
    return words if words and "/" in words[0] else []


def _lines(program: str, machine: Machine) -> list[str]:
    try:
        content = read_regular(machine.path(program), _MOST)
    except OSError:
        return []
    return content.decode(errors="replace").splitlines()
