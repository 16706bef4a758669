"""Parsing cwtui command lines without running them."""

import shlex
from collections.abc import Iterator, Sequence

import click

from cwtui.cli.root import cli


def command_lines(shell: str) -> Iterator[list[str]]:
    """The words after each `cwtui` in a line for a shell, up to a pipe or redirection."""
    lexer = shlex.shlex(shell.replace("\\\n", " "), posix=True, punctuation_chars=True)
    lexer.whitespace_split = True
    lexer.commenters = "#"
    words: list[str] | None = None
    for token in lexer:
        if set(token) <= set("|&;<>()"):
            if words is not None:
                yield words
            words = None
        elif words is not None:
            words.append(token)
        elif token == "cwtui" or token.endswith("/bin/cwtui"):
            words = []
    if words is not None:
        yield words


def parsed(words: Sequence[str]) -> click.Context:
    """The context of the command that these words name. Raises click.UsageError."""
    ctx = cli.make_context("cwtui", list(words))
    while isinstance(ctx.command, click.Group):
        rest = [*ctx._protected_args, *ctx.args]
        if not rest:
            break
        name, command, rest = ctx.command.resolve_command(ctx, rest)
        assert command is not None
        ctx = command.make_context(name, rest, parent=ctx)
    return ctx
