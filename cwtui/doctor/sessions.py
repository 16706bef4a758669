"""How many sessions are open, as the store lists them."""

from collections.abc import Iterator
from typing import Final

from cwtui import services
from cwtui.accounts.errors import CannotCheck
from cwtui.config.errors import ConfigError
from cwtui.doctor.findings import Area, Finding, Level
from cwtui.doctor.store import of_others
from cwtui.doctor.subject import Subject
from cwtui.hints import again
from cwtui.language import _, ngettext

_AREA: Final = Area.SESSIONS


def findings(subject: Subject) -> Iterator[Finding]:
    config = subject.config
    if isinstance(config, ConfigError):
        yield Finding(
            _AREA, Level.UNKNOWN, _("Without a configuration, open sessions cannot be listed.")
        )
        return
    if subject.is_others:
        yield of_others(_AREA, subject, _("The list of open sessions"))
        return
    try:
        found = services.open_sessions(config).all()
    except CannotCheck as error:
        yield Finding(
            _AREA, Level.UNKNOWN, _("Open sessions cannot be listed. {error}", error=error)
        )
        return
    people = len({one.username for one in found})
    if not found:
        yield Finding(_AREA, Level.OK, _("No session is open."))
        return
    yield Finding(
        _AREA,
        Level.OK,
        ngettext(
            "{number} session of {accounts} is open. To see them: {command}",
            "{number} sessions of {accounts} are open. To see them: {command}",
            len(found),
            command=again("session list"),
            accounts=ngettext("{number} account", "{number} accounts", people),
        ),
    )
