"""The audit log: whether it can be written, how long it is, and how far back it goes."""

import os
from collections.abc import Iterator
from typing import Final

from cwtui.accounts.audit.lines import START, decode
from cwtui.accounts.errors import CannotCheck
from cwtui.accounts.times import day
from cwtui.config import Config
from cwtui.doctor.findings import Area, Finding, Level
from cwtui.doctor.store import without_store
from cwtui.doctor.subject import Subject
from cwtui.hints import again
from cwtui.host.reasons import reason_of
from cwtui.language import _, decimal, ngettext
from cwtui.maintenance import Glance

_AREA: Final = Area.AUDIT
_MEGABYTE: Final = 1_000_000
_VERIFY: Final = "audit verify"
_LINES: Final = 100
"""How many lines are looked at for one that is an event."""


def findings(subject: Subject) -> Iterator[Finding]:
    config, glance = subject.config, subject.glance
    if not isinstance(config, Config) or not isinstance(glance, Glance):
        yield without_store(_AREA, subject, _("The audit log of that store"))
        return
    if config.database:
        yield from _in_database(config, glance)
        return
    try:
        names = [name for name in config.layout.audit_files() if name.endswith(".jsonl")]
        oldest, newest = _span(glance)
    except CannotCheck as error:
        yield Finding(_AREA, Level.UNKNOWN, str(error))
        return
    if not names:
        yield Finding(
            _AREA,
            Level.PROBLEM,
            _("The audit log is missing, although there is a store."),
            _("Find out who removed it: {command}", command=again(_VERIFY)),
        )
        return
    yield _length(config, names, oldest, newest)
    if not os.access(config.audit_file, os.W_OK, effective_ids=True):
        yield Finding(
            _AREA,
            Level.PROBLEM,
            _(
                "{file} cannot be written, so nobody can sign in.",
                file=config.audit_file,
            ),
            _("Make the file and its disk writable for the Unix user that owns the store."),
        )


def _in_database(config: Config, glance: Glance) -> Iterator[Finding]:
    try:
        ends = glance.audit.ends()
        oldest, newest = _span(glance)
    except CannotCheck as error:
        yield Finding(_AREA, Level.UNKNOWN, str(error))
        return
    if ends is None:
        yield Finding(
            _AREA,
            Level.PROBLEM,
            _("The audit log is empty, although there is a store."),
            _("Find out who emptied it: {command}", command=again(_VERIFY)),
        )
        return
    yield Finding(
        _AREA,
        Level.OK,
        _(
            "The audit log in {store} has {events} from {oldest} to {newest}. Its chain "
            "was not checked; for that, run: {command}",
            command=again(_VERIFY),
            store=config.store_name,
            events=ngettext("{number} event", "{number} events", ends.last.n),
            oldest=oldest,
            newest=newest,
        ),
    )


def _length(config: Config, names: list[str], oldest: str, newest: str) -> Finding:
    rotated = [config.folder / name for name in names if name != config.audit_file.name]
    try:
        size = config.audit_file.stat().st_size / _MEGABYTE
        last = (
            _("rotated last on {day}", day=day(rotated[-1].stat().st_mtime))
            if rotated
            else _("never rotated")
        )
    except OSError as error:
        return Finding(_AREA, Level.UNKNOWN, f"{config.audit_file}: {reason_of(error)}.")
    goes = (
        _(", with events from {oldest} to {newest}", oldest=oldest, newest=newest)
        if oldest and newest
        else ""
    )
    return Finding(
        _AREA,
        Level.OK,
        _(
            "{file} has {size} MB of {most} MB, {last}, {files} in all{goes}. "
            "Its chain was not checked; for that, run: {command}",
            command=again(_VERIFY),
            file=config.audit_file,
            size=decimal(size, 1),
            most=config.audit.max_megabytes,
            last=last,
            files=ngettext("{number} file", "{number} files", len(names)),
            goes=goes,
        ),
    )


def _span(glance: Glance) -> tuple[str, str]:
    """Return the days of the oldest and of the newest event; empty if they are not known."""
    found = []
    for lines in (glance.audit.lines(START), glance.audit.lines_before(None)):
        events = (decode(line.content) for _, line in zip(range(_LINES), lines, strict=False))
        event = next((one for one in events if one is not None), None)
        found.append(day(event.at.timestamp()) if event is not None else "")
    return found[0], found[1]
