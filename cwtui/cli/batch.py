"""Change many accounts with one command: ask, carry out, and report each."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final

from cwtui.accounts.bulk import batches, plans, sentences
from cwtui.accounts.bulk.acts import Act, Reason, ResetPassword
from cwtui.accounts.bulk.batches import Outcome, Report
from cwtui.accounts.bulk.plans import Plan
from cwtui.accounts.errors import NotFound
from cwtui.accounts.ports import Ports
from cwtui.accounts.text import visible
from cwtui.cli import terminal
from cwtui.cli.account_results import NOT_REACHED, WOULD_BE_DONE, Row, put_rows
from cwtui.cli.choosing import Chosen
from cwtui.cli.errors import Failed
from cwtui.cli.host import operator
from cwtui.cli.output import put, say
from cwtui.cli.passwords_to import passwords_file
from cwtui.cli.progress import progress
from cwtui.cli.tables import table
from cwtui.language import _, grouped, ngettext

_HEADINGS: Final = ("USERNAME", "OUTCOME", "REASON")


def carry_out(
    ports: Ports,
    act: Act,
    chosen: Chosen,
    *,
    yes: bool = False,
    needs_yes: bool = False,
    passwords_to: Path | None = None,
) -> None:
    """Do it with the chosen accounts, or print what would be done.

    Asks on a terminal if the act cannot be undone (`needs_yes`), gives permissions or takes the
    role of admins, unless `yes`; without a terminal that is refused. Raises CannotCheck if it ended
    early, Failed if accounts were refused, and NotFound if some are only not there.
    """
    plan = plans.plan(ports, operator(), act, chosen.selection)
    if chosen.dry_run:
        _report(chosen, plan, None, list(_planned(plan)))
        return
    if not plan.names:
        _report(chosen, plan, None, list(_left(plan)))
        return
    if (needs_yes or plan.gaining or plan.demoted) and not yes:
        if not terminal.is_there():
            raise Failed(f"{sentences.question(plan)} {terminal.use_yes()}")
        if not terminal.ask_yes(sentences.question(plan)):
            raise Failed(_("Nothing was changed."))
    report = batches.begin(ports, operator(), plan)
    try:
        invitations = act == ResetPassword(invited=True)
        with (
            passwords_file(passwords_to, invitations=invitations) as keep,
            progress(_("Changing")) as shown,
        ):
            batches.carry_out(
                ports,
                operator(),
                report,
                shown,
                hand_over=lambda name, password: keep([(name, password)]),
            )
    except KeyboardInterrupt:
        say(
            _(
                "Interrupted. {summary} In the audit log: batch {batch}.",
                summary=sentences.summary(report),
                batch=report.batch,
            )
        )
        raise
    _report(chosen, plan, report, list(_results(report)))


def _planned(plan: Plan) -> Iterator[Row]:
    yield from (Row(name, WOULD_BE_DONE) for name in plan.names)
    yield from _left(plan)


def _left(plan: Plan) -> Iterator[Row]:
    for name, reason in plan.exceptions():
        is_so = reason is Reason.ALREADY
        yield Row(name, Outcome.ALREADY if is_so else Outcome.REFUSED, reason)


def _results(report: Report) -> Iterator[Row]:
    reached = set[str]()
    for result in report:
        reached.add(result.username)
        yield Row(result.username, result.outcome, result.why)
    yield from (Row(name, NOT_REACHED) for name in report.plan.names if name not in reached)


def _report(chosen: Chosen, plan: Plan, report: Report | None, rows: list[Row]) -> None:
    rows.sort()
    if chosen.as_json:
        batch = report.batch if report is not None else None
        put_rows(rows, batch, dry_run=chosen.dry_run)
    elif rows:
        cells = (
            (visible(row.username), _outcome(row), sentences.why(row.reason, plan.act) or "-")
            for row in rows
        )
        put(table([_HEADINGS, *cells]))
    if report is not None:
        say(
            _(
                "{summary} In the audit log: batch {batch}.",
                summary=sentences.summary(report),
                batch=report.batch,
            )
        )
        if report.problem is not None:
            raise report.problem
    elif not rows:
        say(_("No account matches."))
    else:
        say(sentences.foreseen(plan) if chosen.dry_run else sentences.question(plan))
    _refuse_if_refused(rows, are_shown=not chosen.as_json)


def _outcome(row: Row) -> str:
    return sentences.outcome(row.outcome) if isinstance(row.outcome, Outcome) else _(row.outcome)


def _refuse_if_refused(rows: Sequence[Row], *, are_shown: bool) -> None:
    refused = [row for row in rows if row.outcome == Outcome.REFUSED]
    if not refused:
        return
    sentence = ngettext(
        "{number} account of {total} was refused.",
        "{number} accounts of {total} were refused.",
        len(refused),
        total=grouped(len(rows)),
    )
    if are_shown:
        above = _("The list above says why.")
        sentence = f"{sentence} {above}"
    if all(row.reason == Reason.UNKNOWN for row in refused):
        raise NotFound(sentence)
    raise Failed(sentence)
