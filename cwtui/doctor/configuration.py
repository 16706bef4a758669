"""The configuration file: whether it is there and valid, and what in it deserves a look."""

import os
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Final

from cwtui.accounts.errors import KeyringMissing
from cwtui.config import CONFIG_VARIABLE, STORE_VARIABLE, Config, PasswordsConfig
from cwtui.config.errors import ConfigError
from cwtui.doctor.findings import Area, Finding, Level
from cwtui.doctor.subject import Subject
from cwtui.language import _

_AREA: Final = Area.CONFIGURATION
_found = partial(Finding, _AREA)


def findings(subject: Subject) -> Iterator[Finding]:
    config = subject.config
    if isinstance(config, ConfigError):
        unreadable = _is_unreadable(Path(subject.config_path))
        yield _found(Level.UNKNOWN if unreadable else Level.PROBLEM, str(config))
        return
    path = Path(subject.config_path)
    if path.exists():
        yield _found(Level.OK, _("{path} is valid.", path=path))
    else:
        yield _found(
            Level.NOTE,
            _("There is no file {path}, so every setting has its default.", path=path),
            _("To change one, see: cwtui help configuration"),
        )
    yield from _variables(subject)
    yield from _settings(config, subject)


def _is_unreadable(path: Path) -> bool:
    """Whether this Unix user may not read the file."""
    try:
        path.stat()
        return not os.access(path, os.R_OK, effective_ids=True)
    except PermissionError:
        return True
    except OSError:
        return False


def _variables(subject: Subject) -> Iterator[Finding]:
    for name in (CONFIG_VARIABLE, STORE_VARIABLE):
        if subject.machine.environ.get(name):
            yield _found(
                Level.NOTE,
                _("{name} is set, so this is not what a service or another shell uses.", name=name),
                _(
                    "To look at the same as they do, unset {name} and name the file with --config.",
                    name=name,
                ),
            )


def _settings(config: Config, subject: Subject) -> Iterator[Finding]:
    usual = PasswordsConfig().bcrypt_cost
    if config.passwords.bcrypt_cost < usual:
        yield _found(
            Level.WARNING,
            _(
                "passwords.bcrypt_cost is {bcrypt_cost}, so stolen password hashes are guessed "
                "faster.",
                bcrypt_cost=config.passwords.bcrypt_cost,
            ),
            _("Use {usual}, which is the default, or more.", usual=usual),
        )
    for door in sorted(config.service.fresh_minutes):
        if door not in subject.pam:
            yield _found(
                Level.WARNING,
                _(
                    "service.fresh_minutes names {door}, but PAM has no service of that name "
                    "that asks cwtui.",
                    door=door,
                ),
                _("Use the name of the file in /etc/pam.d, such as sudo."),
            )
    syslog = config.audit.syslog
    if syslog and not Path(syslog).is_socket():
        yield _found(
            Level.WARNING,
            _(
                "audit.syslog is {syslog}, but there is no such socket, so events are not copied.",
                syslog=syslog,
            ),
            _("Start the log daemon, or correct the path."),
        )


def keyring_place(config: Config) -> str:
    """Return where the keyring is, for a sentence."""
    try:
        place = str(config.keyring_file)
    except KeyringMissing:
        place = _("the credential {credential}", credential=config.keyring.credential)
    if config.keyring.in_database:
        return _("The database's keyring, encrypted under {place},", place=place)
    return place
