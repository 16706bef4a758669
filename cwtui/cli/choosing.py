"""Which accounts a command changes: named one by one, read from a file, or found by a filter."""

import functools
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, Final

import click

from cwtui.accounts import account_words, text
from cwtui.accounts.bulk.selections import Selection
from cwtui.accounts.errors import InvalidInput, Refused, WrongFile
from cwtui.accounts.importing import formats, lines
from cwtui.accounts.importing.lines import Line
from cwtui.accounts.importing.places import Problem
from cwtui.accounts.listing import View
from cwtui.cli import completing, filtering, json_output
from cwtui.cli.account_results import put_refused
from cwtui.cli.errors import WrongUsage
from cwtui.cli.input_file import opened
from cwtui.cli.values import Username
from cwtui.language import _

_WORDS: Final = account_words.before_reading()


@dataclass(frozen=True)
class Chosen:
    """The accounts that a command was given, and what else is said of all such commands.

    `one` is the name if exactly one was given, as it was typed, and nothing else.
    """

    selection: Selection
    one: str | None
    dry_run: bool
    as_json: bool


def options(function: Callable[..., None]) -> Callable[..., None]:
    """Decorate a command with NAME..., --from, --filter, --dry-run and --json; it gets `chosen`."""

    @functools.wraps(function)
    def called(
        *args: Any,
        names: tuple[str, ...],
        from_: str | None,
        text: str | None,
        dry_run: bool,
        as_json: bool,
        **kwargs: Any,
    ) -> None:
        ways = (bool(names), from_ is not None, text is not None)
        if ways.count(True) != 1:
            raise WrongUsage(_("Give either NAME..., --from FILE or --filter FILTER."))
        if text is not None:
            selection = Selection(view=View(text))
        elif from_ is not None:
            selection = Selection(frozenset(_read(from_)))
        else:
            selection = Selection(frozenset(map(_normal, names)))
        one = names[0] if len(names) == 1 and not dry_run else None
        try:
            function(*args, chosen=Chosen(selection, one, dry_run, as_json), **kwargs)
        except Refused as error:
            # Of many accounts, each was reported already.
            if one is not None and as_json:
                put_refused(_normal(one), error)
            raise

    called = json_output.option(called)
    called = click.option(
        "--dry-run", is_flag=True, help="Print what would be done, and change nothing."
    )(called)
    called = filtering.text_option(
        _WORDS, "All accounts that match this filter, in one argument.", completing.account_terms
    )(called)
    called = click.option(
        "--from",
        "from_",
        metavar="FILE",
        shell_complete=completing.files,
        help="The accounts in this file, or - for standard input.",
    )(called)
    return click.argument(
        "names",
        metavar="[NAME]...",
        nargs=-1,
        type=Username(),
        shell_complete=completing.usernames,
    )(called)


def _normal(typed: str) -> str:
    return text.username(typed)


def _read(file: str) -> Iterator[str]:
    """Yield the usernames in the file. Raises WrongFile, with the line, and OSError.

    A line is a username, or the file is one that an import could read.
    """
    with opened(file) as source:
        found = list(lines.lines(source))
    if found and _is_table(found[0]):
        for one in formats.entries(found):
            if isinstance(one, Problem):
                raise _wrong(one)
            yield one.username
        return
    for line in found:
        if isinstance(line, Problem):
            raise _wrong(line)
        try:
            yield text.username(line.text.strip())
        except InvalidInput as error:
            raise _wrong(Problem(line.place, str(error))) from None


def _is_table(first: Line | Problem) -> bool:
    if isinstance(first, Problem):
        return False
    begun = first.text.lstrip()
    return begun.startswith(("{", "[")) or "username" in begun.casefold().split(",")


def _wrong(problem: Problem) -> WrongFile:
    return WrongFile(
        _(
            "{place}: {reason} Nothing was changed.",
            place=problem.place.at_the_start,
            reason=problem.reason,
        )
    )
