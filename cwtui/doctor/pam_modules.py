"""PAM's modules: whether those that services name are there, and only root can change ours."""

import stat
from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import Final

from cwtui.doctor.doors import Door
from cwtui.doctor.findings import Area, Finding, Level
from cwtui.doctor.machine import Machine
from cwtui.doctor.subject import CWTUI, Subject
from cwtui.language import N_, _

_found = partial(Finding, Area.PAM)
_FOLDERS: Final = ("/lib", "/lib64", "/usr/lib", "/usr/lib64")


def misspelt(subject: Subject) -> Iterator[Finding]:
    """Yield lines of all services that name a module which is not there, such as pam_cwtiu.so."""
    modules = {
        (module.path, module.file)
        for service in subject.pam.values()
        for kind in service.steps
        for module in service.modules(kind)
        if not module.may_be_missing and module.name != CWTUI
    }
    if _file_of("pam_permit.so", subject.machine) is None:  # the modules are somewhere else
        return
    for path, file in sorted(modules):
        if _file_of(path, subject.machine) is None:
            yield _found(
                Level.PROBLEM,
                _(
                    "/etc/pam.d/{file} asks the module {path}, which is not installed. PAM "
                    "refuses people there if it is required.",
                    file=file,
                    path=path,
                ),
                _("Correct its name in /etc/pam.d/{file}, or install it.", file=file),
            )


def of_cwtui(asking: Sequence[Door], machine: Machine) -> Iterator[Finding]:
    """Yield what is wrong with the files of the module that these doors ask."""
    for path in sorted({module.path for one in asking for module in one.modules}):
        found = _file_of(path, machine)
        if found is None:
            yield _found(
                Level.PROBLEM,
                _(
                    "The module {path} is not installed, so PAM refuses everybody where it is "
                    "required.",
                    path=path,
                ),
                _("Install it: cwtui help doors says how."),
            )
            continue
        why = _why_unsafe(found, machine.system_uid)
        if why:
            yield _found(
                Level.PROBLEM,
                _(why, file=found),
                _("Check it, then run: chown root:root {found} && chmod 644 {found}", found=found),
            )


def _file_of(path: str, machine: Machine) -> Path | None:
    if path.startswith("/"):
        file = machine.path(path)
        return file if file.exists() else None
    for folder in _FOLDERS:
        base = machine.path(folder)
        for place in (base / "security" / path, *sorted(base.glob(f"*/security/{path}"))):
            if place.exists():
                return place
    return None


def _why_unsafe(file: Path, owner: int) -> str:
    try:
        found = file.stat()
    except OSError:
        return N_("{file} cannot be read, so somebody else could decide who gets in.")
    if found.st_uid != owner:
        return N_("{file} does not belong to root, so somebody else could decide who gets in.")
    if found.st_mode & (stat.S_IWGRP | stat.S_IWOTH):
        return N_("{file} can be written by others, so somebody else could decide who gets in.")
    return ""
