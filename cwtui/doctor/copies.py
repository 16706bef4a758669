"""Local copies of people's sign-ins, for a host that is cut off from its database."""

import time
from collections.abc import Callable, Iterator
from functools import partial
from typing import Final

from cwtui.accounts.cut_off import About
from cwtui.accounts.errors import CannotCheck
from cwtui.accounts.times import utc_minute
from cwtui.config import Config
from cwtui.doctor.findings import Area, Finding, Level
from cwtui.doctor.subject import Subject
from cwtui.language import _, ngettext

_found = partial(Finding, Area.SERVICE)
_OLD: Final = 3600.0
"""Seconds after which copies of a host that is not cut off should have been brought up to date."""

LookAt = Callable[[Config], About | None]


def _look(config: Config) -> About | None:
    # Imported here, because most hosts have no database.
    from cwtui import cut_off

    return cut_off.about(config)


def findings(
    subject: Subject, look: LookAt = _look, now: Callable[[], float] = time.time
) -> Iterator[Finding]:
    """Yield what is wrong with the copies, if the operator wants some or there are any left."""
    config = subject.settings
    days = config.cut_off.days
    if not config.database:
        if days:
            yield _found(
                Level.NOTE, _("cut_off.days does nothing here, as the store is not in a database.")
            )
        return
    try:
        about = look(config)
    except CannotCheck as error:
        yield _found(Level.PROBLEM, str(error))
        return
    if about is None:
        if days:
            yield _found(Level.NOTE, _("There are no local copies yet: the service makes them."))
    elif about.since is not None:
        yield _found(
            Level.PROBLEM,
            ngettext(
                "This host is cut off from the database since {time}. {number} event waits to be "
                "written to its log, and {people} can sign in with local copies.",
                "This host is cut off from the database since {time}. {number} events wait to be "
                "written to its log, and {people} can sign in with local copies.",
                about.events,
                time=utc_minute(about.since),
                people=ngettext("{number} person", "{number} people", about.copies),
            ),
            _("Find out why the database cannot be reached, and keep the service running."),
        )
    elif not days:
        yield _found(
            Level.WARNING,
            ngettext(
                "There is {number} local copy, but cut_off.days is 0.",
                "There are {number} local copies, but cut_off.days is 0.",
                about.copies,
            ),
            _("Restart the service, which deletes them."),
        )
    elif about.confirmed is not None and about.confirmed < now() - _OLD:
        yield _found(
            Level.WARNING,
            _(
                "Local copies were not brought up to date since {time}. An account that was "
                "disabled since could get in here if the host is cut off.",
                time=utc_minute(about.confirmed),
            ),
            _("Keep the service running: systemctl start cwtui.service"),
        )
    else:
        yield _found(
            Level.OK,
            ngettext(
                "If the database cannot be reached, {number} person can sign in here with local "
                "copies.",
                "If the database cannot be reached, {number} people can sign in here with local "
                "copies.",
                about.copies,
            ),
        )
