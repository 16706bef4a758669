"""How many sessions are open, as the store lists them."""

from collections.abc import Iterator
from typing import Final

from cwtui import services
from cwtui.accounts.errors import CannotCheck
from cwtui.accounts.text import counted
from cwtui.config.errors import ConfigError
from cwtui.doctor.findings import Area, Finding, Level
from cwtui.doctor.store import of_others
from cwtui.doctor.subject import Subject

_AREA: Final = Area.SESSIONS


def findings(subject: Subject) -> Iterator[Finding]:
    config = subject.config
    if isinstance(config, ConfigError):
        yield Finding(
            _AREA, Level.UNKNOWN, "Without a configuration, open sessions cannot be listed."
        )
        return
    if subject.is_others:
        yield of_others(_AREA, subject, "The list of open sessions")
        return
    try:
        found = services.open_sessions(config).all()
    except CannotCheck as error:
        yield Finding(_AREA, Level.UNKNOWN, f"Open sessions cannot be listed. {error}")
        return
    people = len({one.username for one in found})
    if not found:
        yield Finding(_AREA, Level.OK, "No session is open.")
        return
    sessions, accounts = counted(len(found), "session"), counted(people, "account")
    yield Finding(
        _AREA,
        Level.OK,
        f"{sessions} of {accounts} {'is' if len(found) == 1 else 'are'} open. To see them: "
        "cwtui session list",
    )
