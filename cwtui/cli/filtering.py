"""Options that filter lists: a filter as text, and its words as options of their own."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, TypeAlias

import click

from cwtui.accounts.filter_language import FilterError, Vocabulary, parse
from cwtui.accounts.text import normal
from cwtui.cli import completing
from cwtui.cli.errors import WrongUsage
from cwtui.language import _

Complete: TypeAlias = Callable[[click.Context, click.Parameter, str], Any]


def text_option(
    vocabulary: Vocabulary[Any], help_text: str, complete: Complete
) -> Callable[[Any], Any]:
    """Return the decorator that adds --filter."""

    def checked(_ctx: click.Context, parameter: click.Parameter, typed: str | None) -> str | None:
        if typed is not None:
            check(typed, vocabulary, parameter.opts[0])
        return typed

    return click.option(
        "--filter",
        "text",
        metavar="FILTER",
        callback=checked,
        shell_complete=complete,
        help=help_text,
    )


def check(text: str, vocabulary: Vocabulary[Any], name: str) -> None:
    """Raise WrongUsage if this filter is not valid, or empty. `name` is where it was given.

    An empty variable in a script must not match everything.
    """
    if not text.strip():
        raise WrongUsage(_("{name} is empty. Give a value, or omit it.", name=name))
    try:
        parse(text, vocabulary, time.time())
    except FilterError as error:
        raise WrongUsage(str(error)) from None


def word_option(
    name: str,
    vocabulary: Vocabulary[Any],
    help_text: str,
    metavar: str = "",
    complete: Complete | None = None,
) -> Callable[[Any], Any]:
    """Return the decorator that adds an option for a word of the filter.

    It takes the values that the word takes, and offers them. The command gets all of these options
    that were given as `words`, by name. Without `metavar`, the help lists all values.
    """
    word = vocabulary.word(name)
    if word is None:
        raise ValueError(name)

    def checked(ctx: click.Context, parameter: click.Parameter, typed: str | None) -> None:
        words = ctx.params.setdefault("words", {})
        if typed is None:
            return
        if not typed.strip():
            raise WrongUsage(_("{name} is empty. Give a value, or omit it.", name=f"--{name}"))
        try:
            parse("", vocabulary, time.time(), options={name: typed})
        except FilterError as error:
            reason = str(error).removeprefix(f"{name}: ")
            raise click.BadParameter(reason, ctx, parameter) from None
        words[name] = typed

    def values(_ctx: click.Context, _parameter: click.Parameter, incomplete: str) -> list[str]:
        return completing.without_quotes(word.begun(normal(incomplete).casefold()))

    return click.option(
        f"--{name}",
        callback=checked,
        expose_value=False,
        metavar=metavar or f"[{'|'.join(word.values)}]",
        shell_complete=complete or values,
        help=help_text,
    )


@contextmanager
def options_named() -> Iterator[None]:
    """Raise WrongUsage if an option has a value that only the store knows to be wrong.

    An error with a place is one of the filter's text, and stays as it is.
    """
    try:
        yield
    except FilterError as error:
        if error.start < error.end:
            raise
        raise WrongUsage(f"--{error}") from None
