"""Read PAM's configuration, as pam.d(5) describes it."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, TypeAlias

from cwtui.host.untrusted_files import read_regular
from cwtui.language import _

FOLDERS: Final = ("/etc/pam.d", "/usr/lib/pam.d")
"""Where services have their files; the first that has one counts."""
_OTHER: Final = "other"
_MOST: Final = 1 << 16
_DEEPEST: Final = 16
"""How deep files may include each other (PAM_SUBSTACK_MAX_LEVEL)."""
_MOST_FILES: Final = 300
_WORD: Final = re.compile(r"\[(?:[^\]\\]|\\.)*\]|\S+")
_SERVICE: Final = re.compile(r"(?!.*\.(dpkg|rpm|bak|orig|old|ucf))[\w.-]+")
"""Names of services, and not of copies that packages or editors leave."""
KINDS: Final = ("auth", "account", "password", "session")


@dataclass(frozen=True)
class Module:
    """One line that runs a module. `control` is in lower case."""

    kind: str
    control: str
    path: str
    arguments: tuple[str, ...]
    file: str
    may_be_missing: bool = False
    """The line begins with a hyphen: PAM passes over a module that is not installed."""

    @property
    def name(self) -> str:
        """The module's file name, such as pam_unix.so."""
        return Path(self.path).name


@dataclass(frozen=True)
class Substack:
    """The lines of another file, which can end only themselves."""

    steps: "tuple[Step, ...]"


Step: TypeAlias = Module | Substack


@dataclass(frozen=True)
class Service:
    """The lines for one service, by kind. `faults` are why PAM would refuse everybody."""

    name: str
    steps: dict[str, tuple[Step, ...]]
    faults: tuple[str, ...] = ()
    unreadable: tuple[str, ...] = ()

    def modules(self, kind: str) -> list[Module]:
        """Return all modules of this kind, also those of substacks."""
        return list(_modules(self.steps.get(kind, ())))


def _modules(steps: tuple[Step, ...]) -> Iterator[Module]:
    for step in steps:
        if isinstance(step, Module):
            yield step
        else:
            yield from _modules(step.steps)


@dataclass
class PamFiles:
    """The files below `root`."""

    root: Path
    included: set[str] = field(default_factory=set, init=False)
    """The names of files that others include; they may be no services themselves."""
    _read: dict[Path, list[str]] = field(default_factory=dict, init=False)

    def names(self) -> list[str]:
        """Return the names of the services that have a file, sorted."""
        found: set[str] = set()
        for folder in FOLDERS:
            try:
                found.update(path.name for path in (self.root / folder[1:]).iterdir())
            except OSError:
                continue
        return sorted(name for name in found if _SERVICE.fullmatch(name))[:_MOST_FILES]

    def service(self, name: str) -> Service:
        """Return what PAM does for this service. A service without a file is `other`."""
        faults: list[str] = []
        unreadable: list[str] = []
        file = self._find(name) or self._find(_OTHER)
        steps: dict[str, tuple[Step, ...]] = {}
        if file is None:
            faults.append(
                _("there is no file for {name} in {folder}", name=name, folder=FOLDERS[0])
            )
        else:
            for kind in KINDS:
                steps[kind] = tuple(self._steps(file, kind, 0, faults, unreadable))
        return Service(name, steps, tuple(dict.fromkeys(faults)), tuple(dict.fromkeys(unreadable)))

    def _find(self, name: str) -> Path | None:
        paths = (self.root / folder[1:] / name for folder in FOLDERS)
        return next((path for path in paths if path.exists()), None)

    def _steps(
        self, file: Path, kind: str, depth: int, faults: list[str], unreadable: list[str]
    ) -> Iterator[Step]:
        for words in self._lines(file, unreadable):
            if words[0].lower() == "@include":
                included = words[1] if len(words) > 1 else ""
                yield from self._included(file, included, kind, depth, faults, unreadable)
                continue
            if words[0].lower().removeprefix("-") != kind:
                continue
            if len(words) < 3:  # noqa: PLR2004  kind, control, module
                faults.append(_("a line of {file} is incomplete", file=file))
                continue
            control, path, *arguments = words[1].lower(), *words[2:]
            if control == "include":
                yield from self._included(file, path, kind, depth, faults, unreadable)
            elif control == "substack":
                inner = self._included(file, path, kind, depth, faults, unreadable)
                yield Substack(tuple(inner))
            else:
                given = tuple(_unbracketed(argument) for argument in arguments)
                may_be_missing = words[0].startswith("-")
                yield Module(kind, control, path, given, file.name, may_be_missing)

    def _included(
        self,
        file: Path,
        name: str,
        kind: str,
        depth: int,
        faults: list[str],
        unreadable: list[str],
    ) -> Iterator[Step]:
        found = self.root / name[1:] if name.startswith("/") else self._find(name)
        if not name or found is None or not found.exists():
            included = name or _("nothing")
            faults.append(
                _("{file} includes {included}, which does not exist", file=file, included=included)
            )
        elif depth == _DEEPEST:
            faults.append(_("{file} includes files that include each other", file=file))
        else:
            self.included.add(found.name)
            yield from self._steps(found, kind, depth + 1, faults, unreadable)

    def _lines(self, file: Path, unreadable: list[str]) -> Iterator[list[str]]:
        if file not in self._read:
            self._read[file] = []
            try:
                content = read_regular(file, _MOST).decode(errors="replace")
            except OSError:
                unreadable.append(str(file))
                return
            joined = content.replace("\\\n", " ")
            self._read[file] = [line.partition("#")[0].strip() for line in joined.splitlines()]
        for line in self._read[file]:
            if line:
                yield _WORD.findall(line)


def _unbracketed(argument: str) -> str:
    if argument.startswith("[") and argument.endswith("]"):
        return argument[1:-1].replace("\\]", "]")
    return argument
