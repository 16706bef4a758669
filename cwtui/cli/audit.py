"""`cwtui audit`: show and verify the audit log."""

import re
from typing import Any, Final

import click

from cwtui.accounts import wording
from cwtui.accounts.audit import reading as audit_reading
from cwtui.accounts.audit.chain import Link, Verdict
from cwtui.accounts.audit.event_words import EventQuery, accepts, batch_of, event_words
from cwtui.accounts.audit.lines import START, Position, Record
from cwtui.accounts.errors import CannotCheck
from cwtui.accounts.filter_help import explained
from cwtui.accounts.filter_language import parse
from cwtui.accounts.ports import Ports
from cwtui.accounts.text import visible
from cwtui.cli import completing, filtering, json_output
from cwtui.cli.errors import Failed, WrongUsage
from cwtui.cli.groups import GroupInOrder, pass_host
from cwtui.cli.host import Host, operator
from cwtui.cli.json_output import on_a_line, option_with, put_object
from cwtui.cli.output import put, say, wait_for_news
from cwtui.cli.tables import line, widened
from cwtui.language import N_, _

_HEADINGS: Final = ("TIME (UTC)", "OUTCOME", "EVENT", "WHO", "SOURCE", "DETAILS")
_WORDS: Final = event_words()
_AT_ONCE: Final = 500
"""Lines to write at once."""
_SECONDS: Final = 0.5
"""How often --follow looks for new events."""
NOT_WHOLE: Final = N_(
    "The audit log was changed. Copy its files, and find out who could have written to them. "
    "These findings are repeated until that part of the log is rotated out."
)
_LINK: Final = re.compile(r"([1-9]\d{0,15}):([0-9a-f]{64})", re.ASCII)


@click.group(
    "audit",
    cls=GroupInOrder,
    invoke_without_command=True,
    words=lambda: explained(_WORDS),
    examples=(
        "cwtui audit --filter 'alice !event:sign_in since:7d'",
        "cwtui audit --since 2h --outcome failure",
        "cwtui audit --user alice --event sign_in",
        "cwtui audit --follow --json",
    ),
)
@option_with("Print one JSON object per line.")
@filtering.text_option(
    _WORDS,
    "Only events that match all terms of this filter: text, or the words below.",
    completing.event_terms,
)
@filtering.word_option(
    "user", _WORDS, "Only events by or about this user.", "NAME", completing.usernames
)
@filtering.word_option(
    "event",
    _WORDS,
    "Only this event, such as sign_in.password, or this area, such as sign_in.",
    "EVENT",
)
@filtering.word_option("outcome", _WORDS, "Only events with this outcome.")
@filtering.word_option(
    "since",
    _WORDS,
    "Only events since this age, such as 30m, 2h or 7d, or this time (UTC), such as "
    "2026-11-24T08:00.",
    "TIME",
)
@click.option("--follow", is_flag=True, help="Keep printing new events until Ctrl+C.")
@pass_host
@click.pass_context
def command(
    ctx: click.Context,
    host: Host,
    as_json: bool,
    text: str | None,
    words: dict[str, str],
    follow: bool,
) -> None:
    """Show the audit log, or verify that it is complete.

    Without a command, prints the matching events, oldest first. WHO is the person who acted. If the
    event concerns somebody else, their name follows after ">".
    """
    if ctx.invoked_subcommand is not None:
        if text is not None or words or as_json or follow:
            raise WrongUsage(
                _(
                    "These options cannot be used with cwtui audit {command}.",
                    command=ctx.invoked_subcommand,
                )
            )
        return
    ports = host.ports()
    asked = parse(text or "", _WORDS, ports.now(), options=words)
    written = _Written(as_json=as_json)
    position = _show(ports, asked, START, written)
    while follow:
        wait_for_news(_SECONDS)
        position = _show(ports, asked, position, written)
    if not written.any:
        say(_("No event matches."))


@command.command(
    examples=(
        "cwtui audit verify",
        'cwtui audit verify --expect "$LAST"',
        "cwtui audit verify --json",
    )
)
@click.option("--expect", metavar="N:HASH", help="The last event from an earlier verify.")
@json_output.option
@pass_host
def verify(host: Host, expect: str | None, as_json: bool) -> None:
    """Check whether events in the audit log were removed or changed.

    Prints the number and hash of the last event. Keep them somewhere else and give them to --expect
    next time: someone who can write the files could forge the whole log. Exit status: 0 the log is
    complete, 1 it is not, 3 it cannot be read.
    """
    noted = _link(expect) if expect is not None else None
    verdict = audit_reading.verify(host.ports(), operator(), noted)
    for sentence in (*verdict.notes, *verdict.findings):
        say(sentence)
    if as_json:
        put_object(_verdict_fields(verdict))
    else:
        put("\n".join(_summary(verdict)))
    if verdict.findings:
        raise Failed(_(NOT_WHOLE))
    if noted is not None and noted.n < (verdict.first or 0):
        raise CannotCheck(
            _("Event {number} was rotated out, so it cannot be compared.", number=noted.n)
        )


class _Written:
    """Writes events to standard output, many lines at once. Columns widen as needed."""

    def __init__(self, *, as_json: bool) -> None:
        self._as_json = as_json
        self._waiting: list[Record] = []
        self._widths = [0] * len(_HEADINGS)
        self.any = False

    def add(self, record: Record) -> None:
        self._waiting.append(record)
        if len(self._waiting) >= _AT_ONCE:
            self.flush()

    def flush(self) -> None:
        if not self._waiting:
            return
        if self._as_json:
            put("\n".join(on_a_line(_fields(record)) for record in self._waiting))
        else:
            rows = [() if self.any else _HEADINGS, *map(_cells, self._waiting)]
            self._widths = widened(self._widths, rows)
            put("\n".join(line(row, self._widths) for row in rows if row))
        self._waiting.clear()
        self.any = True


def _show(ports: Ports, asked: EventQuery, start: Position, written: _Written) -> Position:
    """Write the matching events from `start` on, and return the position for new lines."""
    position = start
    for entry in audit_reading.oldest_first(ports, operator(), start):
        position = entry.line.after
        if not accepts(asked, entry.record):
            continue
        if entry.record is not None:
            written.add(entry.record)
        else:
            say(entry.damage)
    written.flush()
    return position


def _cells(record: Record) -> tuple[str, ...]:
    return (
        f"{record.at:%Y-%m-%d %H:%M:%S}",
        visible(record.outcome),
        visible(record.event),
        wording.who(record, ">"),
        visible(record.source),
        visible(record.reason),
    )


def _fields(record: Record) -> dict[str, Any]:
    return {
        "n": record.n,
        "at": record.at.isoformat(timespec="milliseconds"),
        "event": record.event,
        "actor": record.actor,
        "subject": record.subject,
        "source": record.source,
        "outcome": record.outcome,
        "reason": record.reason,
        "batch": batch_of(record) or None,
    }


def _verdict_fields(verdict: Verdict) -> dict[str, Any]:
    """Return the verdict as JSON fields; `last` is what --expect takes."""
    return {
        "complete": not verdict.findings,
        "first": verdict.first,
        "last": None if verdict.last is None else str(verdict.last),
        "findings": verdict.findings,
        "notes": verdict.notes,
    }


def _summary(verdict: Verdict) -> list[str]:
    if verdict.last is None:
        return [_("No events")]
    whole = _("not complete") if verdict.findings else _("complete")
    before = _("earlier events were rotated out") if (verdict.first or 0) > 1 else ""
    events = _(
        "Events {first} to {last}: {whole}",
        first=verdict.first,
        last=verdict.last.n,
        whole=whole,
    )
    return [
        "; ".join(filter(None, (events, before))),
        _("Last {last}", last=verdict.last),
    ]


def _link(text: str) -> Link:
    found = _LINK.fullmatch(text.strip().lower())
    if found is None:
        raise WrongUsage(_("--expect needs the number and hash that verify printed (2300:9f86…)."))
    return Link(int(found[1]), found[2])
