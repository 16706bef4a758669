"""`cwtui user import`: create many accounts from a file."""

import os
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO, Final

import click

from cwtui.accounts.errors import Agreed, AlreadyExists
from cwtui.accounts.importing import creating, formats, lines, planning
from cwtui.accounts.importing.creating import New
from cwtui.accounts.importing.entries import Entry
from cwtui.accounts.importing.lines import Problem
from cwtui.accounts.importing.planning import Plan
from cwtui.accounts.progress import ShowProgress
from cwtui.accounts.text import counted, listed, visible
from cwtui.cli import completing, confirming, json_output
from cwtui.cli.errors import Failed, WrongUsage
from cwtui.cli.groups import CommandWithExamples, pass_host
from cwtui.cli.host import Host, operator
from cwtui.cli.json_output import put_change
from cwtui.cli.output import put, say
from cwtui.cli.passwords_file import passwords_file
from cwtui.cli.progress import progress
from cwtui.host.untrusted_files import open_regular

_STANDARD_INPUT: Final = "-"
_NAMED: Final = 3
"""The maximum number of look-alikes that a message names."""
_STEPS: Final = 100
"""How often progress is shown."""


@click.command(
    "import",
    cls=CommandWithExamples,
    examples=(
        "cwtui user import people.csv --dry-run",
        "cwtui user import people.csv --passwords-to initial-passwords.csv",
        "cwtui user import - --keep-going < people.jsonl",
    ),
)
@click.argument("file", shell_complete=completing.files)
@click.option("--dry-run", is_flag=True, help="Print what would be done, and change nothing.")
@click.option("--keep-going", is_flag=True, help="Import the other lines if some are wrong.")
@click.option(
    "--passwords-to",
    metavar="NEWFILE",
    type=click.Path(path_type=Path),
    help="Write the initial passwords to this new file, with mode 0600.",
)
@click.option("--yes", is_flag=True, help="Import without asking.")
@json_output.option
@pass_host
def import_(
    host: Host,
    file: str,
    dry_run: bool,
    keep_going: bool,
    passwords_to: Path | None,
    yes: bool,
    as_json: bool,
) -> None:
    """Create the accounts in FILE, or - for standard input.

    FILE is CSV with a header line, or JSON with one object per line, both with the names of `cwtui
    user list --json`. `cwtui help admin` describes the fields, with examples.

    All lines are imported or none, unless --keep-going is given. Accounts that exist are never
    changed: if they are as in FILE, they are left as they are, else the line is refused. So an
    import can be repeated.

    An account without password_hash gets an initial password, which is valid for seven days. On one
    processor, 1,000 of them take about a minute.

    If accounts get permissions, or the name of a Unix user of this host with power over it, this
    asks first. Without a terminal it refuses, unless --yes is given. Exit status: 0 done, 1 some
    lines are wrong, 5 some accounts exist and differ.
    """
    ports = host.ports()
    with _opened(file) as (source, size), progress("Reading") as shown:
        found = lines.lines(_Watched(source, size, shown))
        plan = planning.plan(ports, operator(), formats.entries(found))
    batch: str | None = None
    _say_notes(plan)
    is_refused = bool(plan.problems) and not keep_going
    if dry_run:
        if not as_json:
            _put_new(plan)
    elif plan.new and not is_refused:
        if plan.without_password and passwords_to is None:
            raise Failed(
                f"{counted(plan.without_password, 'new account')} without password_hash would get "
                "initial passwords. Name a new file for them: --passwords-to NEWFILE"
            )

        def create(agreed: Agreed) -> str:
            plan.check_powers(agreed)
            kept_in = passwords_to if plan.without_password else None
            workers = os.cpu_count() or 1
            try:
                with passwords_file(kept_in) as keep, progress("Importing") as shown:

                    def hand_over(made: Sequence[New]) -> None:
                        keep((o.account.username, o.password) for o in made if o.password)

                    return creating.create(
                        ports, operator(), plan, hand_over, shown, workers, agreed
                    )
            except KeyboardInterrupt:
                say("Interrupted. Either all of these accounts were imported or none.")
                raise

        batch = confirming.confirmed(create, yes=yes, if_not="Nothing was imported.")
        _say_done(plan, batch, passwords_to)
    if as_json:
        put_change(_fields(plan, batch) | {"dry_run": dry_run}, changed=batch is not None)
    _say_result(plan, is_done=batch is not None, dry_run=dry_run)


@contextmanager
def _opened(file: str) -> Iterator[tuple[BinaryIO, int]]:
    """Open the file, and yield it with its size in bytes; 0 if it has none. Raises OSError."""
    if file != _STANDARD_INPUT:
        with os.fdopen(open_regular(Path(file)), "rb") as source:
            yield source, os.fstat(source.fileno()).st_size
        return
    if sys.stdin is None or sys.stdin.isatty():
        raise WrongUsage("FILE is -, so the accounts must come from a pipe or a file.")
    yield sys.stdin.buffer, 0


class _Watched:
    """A file whose reading is shown, if it has a size."""

    def __init__(self, source: BinaryIO, size: int, shown: ShowProgress) -> None:
        self._source, self._size, self._shown = source, size, shown
        self._read = self._next = 0

    def readline(self, size: int = -1, /) -> bytes:
        content = self._source.readline(size)
        self._read += len(content)
        if self._size and (self._read >= self._next or not content):
            self._shown(min(self._read, self._size), self._size)
            self._next = self._read + self._size // _STEPS
        return content


def _say_notes(plan: Plan) -> None:
    for problem in plan.problems:
        say(f"Line {problem.line}: {_of(problem)}{problem.reason}")
    for name, similar in plan.looks_like.items():
        say(f"{name} looks like {listed(similar, _NAMED)}.")


def _of(problem: Problem) -> str:
    return f"{problem.username}: " if problem.username else ""


def _put_new(plan: Plan) -> None:
    """Print the difference: a line for each new account."""
    if plan.new:
        put("\n".join(f"+ {visible(one.username)}  {_described(one)}" for one in plan.new))


def _described(one: Entry) -> str:
    what = {
        "roles": ",".join(one.new_roles),
        "mfa_required": "yes" if one.mfa_required else "",
        "enabled": "no" if one.enabled is False else "",
        "password": "initial" if one.password_hash is None else "taken over",
        "devices": str(len(one.keys)) if one.keys else "",
        "display_name": f'"{visible(one.display_name)}"' if one.display_name else "",
    }
    return "  ".join(f"{name}={value}" for name, value in what.items() if value)


def _say_done(plan: Plan, batch: str, passwords_to: Path | None) -> None:
    say(f"Imported {counted(len(plan.new), 'account')}, in the audit log as batch {batch}.")
    if plan.without_password:
        say(
            f"{counted(plan.without_password, 'initial password')} in {passwords_to}, valid for "
            "seven days. Remove the file when they are handed over."
        )


def _fields(plan: Plan, batch: str | None) -> dict[str, Any]:
    return {
        "batch": batch,
        "new": [one.username for one in plan.new],
        "unchanged": [one.username for one in plan.unchanged],
        "refused": [problem._asdict() for problem in plan.problems],
        "looks_like": {name: list(similar) for name, similar in plan.looks_like.items()},
        "unix_users": dict(plan.powers),
    }


def _say_result(plan: Plan, *, is_done: bool, dry_run: bool) -> None:
    """Say what else is to be known. Raises Failed and AlreadyExists if lines were refused."""
    if plan.unchanged:
        say(f"{counted(len(plan.unchanged), 'account')} exist already, and are as in the file.")
    if dry_run:
        say(f"{counted(len(plan.new), 'account')} would be created. Nothing was changed.")
    elif not plan.new and not plan.problems:
        say("There was nothing to import.")
    if not plan.problems:
        return
    refused = counted(len(plan.problems), "line")
    rest = "" if is_done or dry_run else " Nothing was imported."
    sentence = f"{refused} cannot be imported.{rest}"
    if all(problem.exists for problem in plan.problems):
        raise AlreadyExists(sentence)
    raise Failed(sentence)
