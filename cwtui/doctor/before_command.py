"""What sshd and the login shell do before a forced command, and what gets past it that way.

sshd starts the command as `SHELL -c COMMAND`. Tried: bash reads .bashrc if sshd started it, zsh
and fish always read their file, dash reads none, and so does bash if its name is sh. ~/.ssh/rc is
not run before a ForceCommand.
"""

from collections.abc import Callable, Iterator, Sequence
from fnmatch import fnmatchcase
from functools import partial
from pathlib import Path
from typing import Final

from cwtui.accounts.text import listed
from cwtui.doctor.findings import Area, Finding, Level
from cwtui.doctor.machine import Machine
from cwtui.doctor.sshd_commands import Asked
from cwtui.host.trust import why_place_untrusted
from cwtui.language import _

_warning: Final = partial(Finding, Area.SSHD, Level.WARNING)
_NAMED: Final = 3
_READ: Final = {
    "bash": ".bashrc",
    "csh": ".cshrc",
    "fish": ".config/fish/config.fish",
    "tcsh": ".tcshrc",
    "zsh": ".zshenv",
}
"""What shells read in the home folder before a command of sshd."""
_ENVIRONMENT: Final = ".ssh/environment"
_LOADING: Final = ("LD_PRELOAD", "LD_LIBRARY_PATH", "LD_AUDIT", "BASH_ENV", "ZDOTDIR")
"""Variables with which the dynamic linker or a shell loads a file that they name."""


def before_command(forced: Sequence[Asked], machine: Machine) -> Iterator[Finding]:
    """Yield how people with a forced command get past it."""
    yield from _shells(forced, machine)
    if found := _names(forced, partial(_has_environment, machine)):
        yield _warning(
            _(
                "sshd sets what stands in ~/{environment} before the ForceCommand of {found}, "
                "also LD_PRELOAD. Whoever can write there once gets past it.",
                environment=_ENVIRONMENT,
                found=found,
            ),
            _("Set PermitUserEnvironment no"),
        )
    for variable in _LOADING:
        if found := _names(forced, partial(_accepts, variable)):
            yield _warning(
                _(
                    "AcceptEnv lets clients set {variable}, which loads a file before the "
                    "ForceCommand of {found}.",
                    variable=variable,
                    found=found,
                ),
                _("Name only what is needed: AcceptEnv LANG LC_*"),
            )
            break


def _shells(forced: Sequence[Asked], machine: Machine) -> Iterator[Finding]:
    for shell, file in _READ.items():
        with_shell = [one for one in forced if Path(one.user.shell).name == shell]
        if found := [one for one in with_shell if _can_write(one, file, machine)]:
            yield _warning(
                _(
                    "{shell}, the login shell of {names}, reads ~/{file} before the "
                    "ForceCommand. Whoever can write there once gets past it.",
                    shell=shell,
                    names=_named(found),
                    file=file,
                ),
                _(
                    "chsh -s /bin/dash {name} (dash reads none), or let root own the home folder "
                    "and this file.",
                    name=found[0].name,
                ),
            )


def _has_environment(machine: Machine, one: Asked) -> bool:
    is_on = one.settings.get("permituserenvironment") not in {"", "no"}
    return is_on and _can_write(one, _ENVIRONMENT, machine)


def _can_write(one: Asked, file: str, machine: Machine) -> bool:
    """Whether others than root can write the file, or make it."""
    return why_place_untrusted(machine.path(one.user.home) / file) is not None


def _accepts(variable: str, one: Asked) -> bool:
    patterns = " ".join(one.settings.values.get("acceptenv", ())).split()
    return any(fnmatchcase(variable, pattern) for pattern in patterns)


def _names(forced: Sequence[Asked], holds: Callable[[Asked], bool]) -> str:
    found = [one for one in forced if holds(one)]
    return _named(found) if found else ""


def _named(found: Sequence[Asked]) -> str:
    return listed([one.name for one in found], _NAMED)
