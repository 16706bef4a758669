"""Open sessions, as far as anything is known of them: cwtui keeps no list."""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from cwtui.accounts.text import counted
from cwtui.doctor.findings import Area, Finding, Level
from cwtui.doctor.machine import Machine, name_of
from cwtui.doctor.subject import Subject

_AREA: Final = Area.SESSIONS
_MOST_PROCESSES: Final = 20_000
_LONGEST: Final = 4096


def findings(subject: Subject) -> Iterator[Finding]:
    owner = subject.owner if subject.owner is not None else subject.machine.euid
    running = [words for words in _commands(subject.machine, owner) if is_application(words)]
    yield Finding(
        _AREA,
        Level.OK,
        f"{name_of(owner)} runs {counted(len(running), 'application')} of cwtui now, each with one "
        "terminal. Who is signed in there is known only to them; the audit log has each sign-in.",
    )


def is_application(words: list[str]) -> bool:
    """Whether this command line opens the application: cwtui with nothing but options."""
    for at, word in enumerate(words[:8]):
        if word == "-m" and words[at + 1 : at + 2] == ["cwtui"]:
            rest = words[at + 2 :]
        elif Path(word).name == "cwtui":
            rest = words[at + 1 :]
        else:
            continue
        return _has_no_command(rest)
    return False


def _has_no_command(words: list[str]) -> bool:
    takes_value = False
    for word in words:
        if takes_value:
            takes_value = False
        elif word in {"--config", "--store"}:
            takes_value = True
        elif word != "--kiosk" and not word.startswith(("--config=", "--store=")):
            return False
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
