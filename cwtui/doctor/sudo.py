"""sudo: whom it asks for a code, and whom it does not."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Final

from cwtui.accounts.text import listed
from cwtui.doctor.doors import door
from cwtui.doctor.findings import NAMED, Area, Finding, Level
from cwtui.doctor.machine import Machine
from cwtui.doctor.subject import Subject
from cwtui.host.untrusted_files import read_regular
from cwtui.language import _

_AREA: Final = Area.SUDO
_found = partial(Finding, _AREA)
_MOST: Final = 1 << 18
_MOST_FILES: Final = 100
_USUAL_MINUTES: Final = 15.0
"""sudo's own default of timestamp_timeout."""
_OTHERS_PASSWORD: Final = ("rootpw", "runaspw", "targetpw")


@dataclass
class Sudoers:
    """What matters of sudoers(5). `unreadable` are files that this user cannot read."""

    unasked: list[str] = field(default_factory=list)
    """Users, and groups with %, that have NOPASSWD."""
    minutes: float = _USUAL_MINUTES
    authenticates: bool = True
    others_password: str = ""
    unreadable: list[str] = field(default_factory=list)


def read(machine: Machine) -> Sudoers:
    """Read /etc/sudoers and the folders that it includes."""
    found = Sudoers()
    waiting = [machine.path("/etc/sudoers")]
    seen: set[Path] = set()
    while waiting and len(seen) < _MOST_FILES:
        path = waiting.pop(0)
        if path in seen:
            continue
        seen.add(path)
        try:
            content = read_regular(path, _MOST).decode(errors="replace")
            waiting += _note(content, found, machine)
        except OSError:
            found.unreadable.append(str(path))
    return found


def _note(content: str, found: Sudoers, machine: Machine) -> list[Path]:
    """Take note of a file's lines, and return the files that it includes. Raises OSError."""
    included: list[Path] = []
    for line in content.replace("\\\n", " ").splitlines():
        words = line.split()
        if not words:
            continue
        if words[0] in {"@includedir", "#includedir"} and len(words) > 1:
            folder = machine.path(words[1])
            # As sudo does: names with a dot or with ~ at the end are left out.
            names = sorted(folder.iterdir()) if folder.exists() else []
            included += [one for one in names if "." not in one.name and one.name[-1] != "~"]
        elif words[0] in {"@include", "#include"} and len(words) > 1:
            included.append(machine.path(words[1]))
        elif words[0].startswith("Defaults"):
            _note_defaults(line.partition("#")[0], found)
        elif not words[0].startswith("#") and re.search(r"\bNOPASSWD\s*:", line):
            found.unasked.append(words[0])
    return included


def _note_defaults(line: str, found: Sudoers) -> None:
    for word in re.split(r"[\s,]+", line):
        name, _, value = word.partition("=")
        if name == "timestamp_timeout" and re.fullmatch(r"-?[0-9]{1,6}(\.[0-9]{1,6})?", value):
            found.minutes = float(value)
        elif name == "!authenticate":
            found.authenticates = False
        elif name in _OTHERS_PASSWORD:
            found.others_password = name


def findings(subject: Subject) -> Iterator[Finding]:
    asking = [
        name
        for name in ("sudo", "sudo-i")
        if (one := door(subject, name)) is not None and one.cwtui_in("auth")
    ]
    if not asking:
        yield _found(Level.NOTE, _("sudo does not ask cwtui."))
        return
    if "sudo-i" not in asking and "sudo-i" in subject.pam:
        yield _found(
            Level.WARNING,
            _("sudo asks cwtui, but sudo -i does not."),
            _("Change /etc/pam.d/sudo-i in the same way."),
        )
    sudoers = read(subject.machine)
    if sudoers.unreadable:
        yield _found(
            Level.UNKNOWN,
            _("{files} cannot be read.", files=listed(sudoers.unreadable, NAMED)),
            ""
            if subject.machine.is_root
            else _("Run as root: {command}", command=subject.again(_AREA.value)),
        )
    found = [*judged(sudoers)]
    yield from found
    if not (found or sudoers.unreadable):
        yield _found(Level.OK, _("sudo asks cwtui about everybody who uses it."))


def judged(sudoers: Sudoers) -> Iterator[Finding]:
    if not sudoers.authenticates:
        yield _found(
            Level.PROBLEM,
            _("sudo asks nobody for anything: sudoers has !authenticate."),
            _("Remove it with visudo."),
        )
    if sudoers.unasked:
        names: Sequence[str] = list(dict.fromkeys(sudoers.unasked))
        yield _found(
            Level.WARNING,
            _(
                "sudo does not ask {names} for anything: sudoers has NOPASSWD for them.",
                names=listed(names, NAMED),
            ),
            _("Remove NOPASSWD with visudo, unless they are programs."),
        )
    if sudoers.others_password:
        yield _found(
            Level.PROBLEM,
            _(
                "sudo asks for another account's password ({option}), and cwtui has none for it.",
                option=sudoers.others_password,
            ),
            _(
                "Remove {option} from sudoers with visudo.",
                option=sudoers.others_password,
            ),
        )
    if sudoers.minutes and not sudoers.unreadable:
        yield _found(
            Level.NOTE,
            _("After a code, sudo itself does not ask again at all in the same terminal.")
            if sudoers.minutes < 0
            else _(
                "After a code, sudo itself does not ask again for {minutes} minutes in the same "
                "terminal.",
                minutes=f"{sudoers.minutes:g}",
            ),
            _(
                "To let cwtui decide: Defaults timestamp_timeout=0, and fresh_minutes in cwtui's "
                "configuration."
            ),
        )
