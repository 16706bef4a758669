"""`cwtui help`: show topics of the manual, or the help for a command."""

from collections.abc import Sequence

import click

from cwtui.cli import completing, pager
from cwtui.cli.errors import WrongUsage
from cwtui.cli.groups import CommandWithExamples
from cwtui.cli.output import put
from cwtui.help import TOPICS, text
from cwtui.language import _

_NAMES = tuple(topic.name for topic in TOPICS)


@click.command(
    "help",
    cls=CommandWithExamples,
    examples=("cwtui help", "cwtui help locked-out", "cwtui help user add"),
)
@click.argument(
    "words", metavar="[TOPIC | COMMAND]", nargs=-1, shell_complete=completing.topics_and_commands
)
@click.pass_context
def command(ctx: click.Context, words: tuple[str, ...]) -> None:
    """Show the manual, or the help for a command.

    Without TOPIC it lists the topics. On a terminal, long topics are shown page by page.
    """
    if not words:
        put(_list())
    elif len(words) == 1 and words[0].lower() in _NAMES:
        _show(words[0].lower())
    else:
        put(_command_help(ctx.find_root(), words))


def _list() -> str:
    width = max(map(len, _NAMES))
    topics = [f"  {topic.name:<{width}}  {topic.summary}" for topic in TOPICS]
    return "\n".join(
        [
            _("Topics of the manual:"),
            "",
            *topics,
            "",
            _("cwtui help TOPIC shows one; cwtui help COMMAND shows a command's options."),
        ]
    )


def _show(topic: str) -> None:
    # Imported here, because the list of topics needs no Markdown.
    from cwtui.help.rendering import WIDTH, rendered

    markdown = text(topic)
    pager.show(lambda width, styled: rendered(markdown, width, styled=styled), WIDTH)


def _command_help(ctx: click.Context, words: Sequence[str]) -> str:
    for number, word in enumerate(words):
        group = ctx.command
        found = group.get_command(ctx, word) if isinstance(group, click.Group) else None
        if found is None:
            raise WrongUsage(_unknown(words[: number + 1], group, ctx))
        ctx = click.Context(found, ctx, info_name=word)
    return ctx.get_help()


def _unknown(words: Sequence[str], group: click.Command, ctx: click.Context) -> str:
    import difflib

    known = list(group.list_commands(ctx)) if isinstance(group, click.Group) else []
    if len(words) == 1:
        known += _NAMES
    near = difflib.get_close_matches(words[-1].lower(), known)
    hint = _("Did you mean {near}?", near=_(" or ").join(near)) if near else ""
    named = " ".join(words)
    unknown = _("There is no topic or command '{name}'.", name=named)
    where = _("cwtui help lists the topics.")
    return " ".join(filter(None, (unknown, hint, where)))
