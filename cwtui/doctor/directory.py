"""The LDAP directory: the steps of `cwtui directory test`, for one person."""

from collections.abc import Iterable, Iterator
from functools import partial
from typing import Final

from cwtui import services
from cwtui.accounts.directory_port import (
    CannotReachDirectory,
    CannotSearchDirectory,
    DirectoryRefused,
    Step,
)
from cwtui.accounts.errors import AccountsError
from cwtui.accounts.model import Origin
from cwtui.accounts.roles import BUILT_IN
from cwtui.accounts.text import listed
from cwtui.config.errors import ConfigError
from cwtui.doctor.doors import doors
from cwtui.doctor.findings import NAMED, Area, Finding, Level
from cwtui.doctor.subject import Subject
from cwtui.language import _

_AREA: Final = Area.DIRECTORY
_found = partial(Finding, _AREA)
_NOBODY: Final = "cwtui-doctor"
"""A name to search for if no account comes from the directory: it need not exist."""


def findings(subject: Subject) -> Iterator[Finding]:
    config = subject.config
    if isinstance(config, ConfigError):
        yield _found(
            Level.UNKNOWN,
            _("Without a configuration, it is not known whether there is a directory."),
        )
        return
    if config.directory is None:
        yield _found(Level.OK, _("No directory is configured; all accounts are local."))
        return
    if doors(subject) and not config.service.ask_directory:
        yield _found(
            Level.NOTE,
            _(
                "Doors of this host do not ask the directory where it checks no password. So "
                "people who are only disabled there get in by SSH key and code until the next "
                "sync."
            ),
            _(
                "Run {command} often, or set service.ask_directory.",
                command=subject.by_owner("directory sync"),
            ),
        )
    yield from _missing_roles(subject, config.directory.roles)
    name = _somebody(subject)
    steps: list[Step] = []
    try:
        services.directory(config).explain(name, None, steps.append)
    except CannotReachDirectory as error:
        yield _found(
            Level.PROBLEM,
            _(
                "No directory server can be used, so people from it cannot sign in: {reasons}.",
                reasons="; ".join(error.reasons),
            ),
            _by_name(subject),
        )
        return
    except DirectoryRefused:
        pass  # the search was answered
    except CannotSearchDirectory:
        yield _found(
            Level.NOTE,
            _("There is no bind account, so the directory was reached, but not searched."),
        )
    except AccountsError as error:
        if subject.is_others:  # its files, such as the bind password, are its owner's
            command = subject.again(_AREA.value, uid=subject.owner or 0)
            yield _found(Level.UNKNOWN, str(error), _("Run: {command}", command=command))
        else:
            yield _found(Level.PROBLEM, str(error), _by_name(subject))
        return
    yield from (
        _of_step(step, subject) for step in steps if step.what in {"server", "tls", "bind", "group"}
    )


def _missing_roles(subject: Subject, named: Iterable[str]) -> Iterator[Finding]:
    """Yield a warning for roles that the configuration names, and that do not exist."""
    if subject.accounts is None:
        return  # another area says so
    there = {*BUILT_IN, *subject.accounts.settings.custom_roles}
    missing = [role for role in named if role not in there]
    if missing:
        yield _found(
            Level.WARNING,
            _(
                "[directory.roles] names roles that do not exist, so nobody gets permissions from "
                "them: {names}.",
                names=listed(missing, NAMED),
            ),
            _(
                "Create them, or correct the configuration. To see all roles: {command}",
                command=subject.by_owner("role list"),
            ),
        )


def _of_step(step: Step, subject: Subject) -> Finding:
    if step.ok:
        return _found(Level.OK, step.sentence)
    # Another server answered, and an unencrypted connection is one that the configuration allows.
    level = Level.PROBLEM if step.what == "group" else Level.WARNING
    return _found(level, step.sentence, _by_name(subject) if step.what == "group" else "")


def _by_name(subject: Subject) -> str:
    return _(
        "To see what it says about a person: {command}",
        command=subject.by_owner("directory test USER"),
    )


def _somebody(subject: Subject) -> str:
    rows = subject.accounts.rows if subject.accounts is not None else ()
    return next((row.username for row in rows if row.origin is Origin.LDAP), _NOBODY)
