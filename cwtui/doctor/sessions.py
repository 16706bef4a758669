"""Open sessions, as far as anything is known of them: cwtui keeps no list."""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from cwtui.accounts.text import counted
from cwtui.doctor.findings import Area, Finding, Level
from cwtui.doctor.machine import Machine
from cwtui.doctor.subject import Subject

_AREA: Final = Area.SESSIONS
_MOST_PROCESSES: Final = 20_000
_LONGEST: Final = 4096
_BEFORE: Final = 8
"""How many words may come before cwtui: Python and its options."""
_WITH_VALUE: Final = ("--config", "--store")


def findings(subject: Subject) -> Iterator[Finding]:
    owner = subject.owner if subject.owner is not None else subject.machine.euid
    running = [words for words in _commands(subject.machine, owner) if is_application(words)]
    applications = (
        f"the application {counted(len(running), 'time')}" if running else "no application"
    )
    yield Finding(
        _AREA,
        Level.OK,
        f"The Unix user {subject.machine.name_of(owner)} runs {applications} now. Who is signed in "
        "there, nothing records; the audit log has each sign-in.",
    )


def is_application(words: list[str]) -> bool:
    """Whether this command line opens the application: cwtui with nothing but options."""
    for at, word in enumerate(words[:_BEFORE]):
        if word == "-m":
            return words[at + 1 : at + 2] == ["cwtui"] and _has_no_command(words[at + 2 :])
        if Path(word).name == "cwtui":
            return _has_no_command(words[at + 1 :])
    return False


def _has_no_command(words: list[str]) -> bool:
    takes_value = False
    for word in words:
        if not takes_value and not word.startswith("-"):
            return False
        takes_value = not takes_value and word in _WITH_VALUE
    return True


def _commands(machine: Machine, owner: int) -> Iterator[list[str]]:
    """Yield the command lines of the processes of this user."""
    proc = machine.path("/proc")
    try:
        names = [name for name in os.listdir(proc) if name.isdecimal()]  # noqa: PTH208  quick
    except OSError:
        return
    for name in names[:_MOST_PROCESSES]:
        if int(name) == os.getpid():
            continue
        try:
            if (proc / name).stat().st_uid == owner:
                with (proc / name / "cmdline").open("rb") as file:
                    content = file.read(_LONGEST)
                yield content.decode(errors="replace").rstrip("\0").split("\0")
        except OSError:  # it has ended
            continue
