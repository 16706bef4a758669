"""`cwtui user apply`: make accounts and roles as a file declares them."""

import os
import pwd
from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import Any, Final

import click

from cwtui.accounts import text
from cwtui.accounts.applying import carrying_out, declared, differences, foreseeing
from cwtui.accounts.applying.carrying_out import Applied
from cwtui.accounts.applying.differences import Difference, Kind, Plan
from cwtui.accounts.bulk.batches import Outcome
from cwtui.accounts.errors import (
    TO_NOTHING,
    AccountsError,
    Agreed,
    ConfirmationNeeded,
    InvalidInput,
    WrongFile,
)
from cwtui.accounts.importing import lines
from cwtui.accounts.ports import Ports
from cwtui.accounts.session import in_batch
from cwtui.accounts.text import listed, visible
from cwtui.cli import completing, confirming, json_output, passwords_to
from cwtui.cli.account_results import NOT_REACHED, WOULD_BE_DONE
from cwtui.cli.errors import Failed
from cwtui.cli.file_remarks import remark_fields, say_remarks
from cwtui.cli.groups import CommandWithExamples, pass_host
from cwtui.cli.host import Host, operator
from cwtui.cli.input_file import opened
from cwtui.cli.json_output import put_change
from cwtui.cli.output import put, say
from cwtui.cli.passwords_to import InitialPasswords
from cwtui.cli.progress import progress
from cwtui.language import _, ngettext

_NAMED: Final = 3
"""The maximum number of accounts that a message names."""
_SIGNS: Final = {Kind.CREATE: "+", Kind.CHANGE: "~", Kind.REMOVE: "-"}


@click.command(
    "apply",
    cls=CommandWithExamples,
    examples=(
        "cwtui user apply accounts.jsonl --check",
        "cwtui user apply accounts.jsonl --passwords-to initial.csv --yes --json",
        "cwtui user apply accounts.jsonl --remove-others --check",
    ),
)
@click.argument("file", shell_complete=completing.files)
@click.option(
    "--check",
    is_flag=True,
    help="Print the difference, and change nothing. Exit status: 1 if there is one.",
)
@click.option(
    "--remove-others",
    is_flag=True,
    help="Remove local accounts and roles that FILE does not name.",
)
@passwords_to.options
@confirming.yes_option("Apply it")
@json_output.option
@pass_host
def apply(
    host: Host,
    file: str,
    check: bool,
    remove_others: bool,
    initial: InitialPasswords,
    yes: bool,
    as_json: bool,
) -> None:
    """Make accounts and roles as FILE declares them.

    FILE is the same as for cwtui user import, or - for standard input. In JSON, a line with name
    and permissions declares a role. So FILE can be what cwtui role list --json and cwtui user
    export print, one after the other.

    Missing accounts are created. The others get the display name, roles, mfa_required, enabled,
    disabled_reason and expires that FILE says; their passwords and devices stay. Accounts and roles
    that FILE does not name stay too, unless you give --remove-others. Even then LDAP users, the
    last admin and an account with your name stay. Permissions are taken away first, and given last.

    If a line is wrong, or FILE is empty, nothing is changed and the exit status is 2, also with
    --check. If it is interrupted, run it again. cwtui asks before accounts get permissions or are
    removed. Without a terminal, it refuses unless you give --yes. --check says so, and also if
    --passwords-to is needed, or if a change would be refused, such as to disable the last admin.

    Exit status: 0 done, 1 refused, 2 a line is wrong or --passwords-to is missing, 3 FILE or the
    store cannot be read.
    """
    ports = host.ports()
    with opened(file) as source:
        found = declared.read(lines.lines(source))
    plan = differences.plan(
        ports,
        operator(),
        found,
        remove_others=remove_others,
        keep=_own_names(),
        invited=initial.invite,
    )
    say_remarks(plan.problems, plan.new)
    if plan.keeping:
        say(
            ngettext(
                "{number} account exists, so the password_hash and otpauth_uris in the file are "
                "ignored: {names}.",
                "{number} accounts exist, so the password_hash and otpauth_uris in the file are "
                "ignored: {names}.",
                len(plan.keeping),
                names=visible(listed(plan.keeping, _NAMED)),
            )
        )
    if check or plan.problems or not plan.is_different:
        refused = {} if plan.problems else foreseeing.refused(ports, plan)
        _put_difference(plan, refused, check=check, as_json=as_json)
        return
    initial.check_named(plan.new)
    _apply(ports, plan, initial, yes=yes, as_json=as_json)


def _own_names() -> frozenset[str]:
    """Return the usernames that are those of the Unix user, also of the one before sudo."""
    names = {os.environ.get("SUDO_USER", "")}
    with suppress(KeyError):
        names.add(pwd.getpwuid(os.getuid()).pw_name)
    return frozenset(filter(None, map(_username, names)))


def _username(typed: str) -> str:
    try:
        return text.username(typed)
    except InvalidInput:
        return ""


def _put_difference(plan: Plan, refused: Mapping[str, str], *, check: bool, as_json: bool) -> None:
    """Print what differs, and say what would be `refused`.

    Raises Failed if something differs, and WrongFile if lines are wrong.
    """
    if as_json:
        foreseen = [
            Applied(one, Outcome.REFUSED, refused[one.name])
            for one in plan.accounts
            if one.name in refused
        ]
        _put(plan, foreseen, None, check=check)
    elif check or not plan.problems:
        _put_lines([*plan.roles, *plan.accounts])
    if not plan.problems:
        _say_needs(plan)
    for name, why in refused.items():
        say(f"{visible(name)}: {why}")
    if plan.problems:
        raise WrongFile(
            ngettext(
                "{number} line cannot be applied. Nothing was changed.",
                "{number} lines cannot be applied. Nothing was changed.",
                len(plan.problems),
            )
        )
    if plan.is_different:
        number = len(plan.roles) + len(plan.accounts)
        raise Failed(
            ngettext(
                "{number} difference. Nothing was changed.",
                "{number} differences. Nothing was changed.",
                number,
            )
        )
    say(_("There was nothing to do: accounts and roles are as in the file."))


def _asked(plan: Plan) -> list[ConfirmationNeeded]:
    """Return what is asked before this plan is applied."""
    agreed, found = TO_NOTHING, list[ConfirmationNeeded]()
    while True:
        try:
            plan.check(agreed)
        except ConfirmationNeeded as needed:
            found.append(needed)
            agreed |= {type(needed)}
        else:
            return found


def _needs(plan: Plan) -> list[str]:
    """Return the options without which this plan is not applied where nobody can be asked."""
    options = {"--passwords-to": plan.new.without_password > 0, "--yes": bool(_asked(plan))}
    return [option for option, is_needed in options.items() if is_needed]


def _say_needs(plan: Plan) -> None:
    for asked in _asked(plan):
        say(str(asked))
    needs = _needs(plan)
    if needs:
        say(_("To apply this without a terminal, give: {options}", options=" ".join(needs)))


def _apply(
    ports: Ports, plan: Plan, initial: InitialPasswords, *, yes: bool, as_json: bool
) -> None:
    ports = in_batch(ports)
    batch = ports.batch
    done: list[Applied] = []
    problem: AccountsError | None = None

    def carry_out(agreed: Agreed) -> None:
        plan.check(agreed)
        with (
            initial.handed_over(plan.new, ports.accounts) as hand_over,
            progress(_("Applying")) as shown,
        ):
            workers = os.cpu_count() or 1
            # If it raises, what it has yielded before is in the list.
            done.extend(
                carrying_out.carry_out(ports, operator(), plan, hand_over, shown, workers, agreed)
            )

    try:
        confirming.confirmed(carry_out, yes=yes, if_not=_("Nothing was changed."))
    except AccountsError as error:
        if not done:
            raise
        problem = error
    except KeyboardInterrupt:
        say(
            ngettext(
                "Interrupted. {number} difference applied. In the audit log: batch {batch}. Run it "
                "again to go on.",
                "Interrupted. {number} differences applied. In the audit log: batch {batch}. Run "
                "it again to go on.",
                sum(one.outcome is Outcome.DONE for one in done),
                batch=batch,
            )
        )
        raise
    _report(plan, done, batch, initial, as_json=as_json)
    if problem is not None:
        raise problem
    refused = sum(one.outcome is Outcome.REFUSED for one in done)
    if refused:
        raise Failed(
            ngettext(
                "{number} difference could not be applied.",
                "{number} differences could not be applied.",
                refused,
            )
        )


def _report(
    plan: Plan, done: Sequence[Applied], batch: str, initial: InitialPasswords, *, as_json: bool
) -> None:
    changed = [one for one in done if one.outcome is Outcome.DONE]
    if as_json:
        _put(plan, done, batch, check=False)
    else:
        _put_lines([one.difference for one in changed])
    created = [one for one in changed if one.difference.kind is Kind.CREATE]
    if any(not one.difference.is_role for one in created):
        initial.say_where(plan.new)
    if changed:
        say(
            ngettext(
                "{number} difference applied. In the audit log: batch {batch}.",
                "{number} differences applied. In the audit log: batch {batch}.",
                len(changed),
                batch=batch,
            )
        )
    for one in done:
        if one.outcome is Outcome.REFUSED:
            say(f"{visible(one.difference.name)}: {one.why}")


def _put_lines(found: Sequence[Difference]) -> None:
    if found:
        put("\n".join(map(_line, found)))


def _line(one: Difference) -> str:
    what = "role " if one.is_role else ""
    fields = "  ".join(
        f"{field}={_shown(after)}"
        if before is None
        else f"{field}={_shown(before)}->{_shown(after)}"
        for field, (before, after) in one.fields.items()
    )
    return f"{_SIGNS[one.kind]} {what}{visible(one.name)}  {fields}".rstrip()


def _shown(value: object) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return ",".join(value) if isinstance(value, tuple) else f'"{visible(str(value))}"'


def _put(plan: Plan, done: Sequence[Applied], batch: str | None, *, check: bool) -> None:
    applied = {(one.difference.is_role, one.difference.name): one for one in done}
    put_change(
        {
            "check": check,
            "different": plan.is_different,
            "batch": batch,
            "roles": [_fields("name", one, applied, batch) for one in plan.roles],
            "accounts": [_fields("username", one, applied, batch) for one in plan.accounts],
            "unchanged": plan.unchanged,
            "needs": _needs(plan),
            "credentials_ignored": list(plan.keeping),
            **remark_fields(plan.problems, plan.new),
            "unix_users": dict(plan.new.powers),
        },
        changed=any(one.outcome is Outcome.DONE for one in done),
    )


def _fields(
    key: str,
    one: Difference,
    applied: Mapping[tuple[bool, str], Applied],
    batch: str | None,
) -> dict[str, Any]:
    became = applied.get((one.is_role, one.name))
    not_done = WOULD_BE_DONE if batch is None else NOT_REACHED
    return {
        key: one.name,
        "kind": one.kind,
        "changed": became is not None and became.outcome is Outcome.DONE,
        "outcome": not_done if became is None else became.outcome,
        "reason": (became.why if became is not None else "") or None,
        "difference": {field: values._asdict() for field, values in one.fields.items()},
    }
