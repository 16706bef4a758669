"""Commands with examples, and groups that keep their order and load commands on demand."""

from collections.abc import Callable, Collection, Sequence
from importlib import import_module
from typing import TYPE_CHECKING, Any

import click

from cwtui.cli.host import Host

if TYPE_CHECKING:  # loaded only when a shell asks for completions
    from click.shell_completion import CompletionItem


pass_host = click.make_pass_decorator(Host)


class _HasExamples(click.Command):
    """A command with `examples`: complete command lines, shown at the end of its help.

    `words` returns words that it takes, and what they mean; `title` says what they are.
    """

    def __init__(
        self,
        *args: Any,
        examples: Sequence[str] = (),
        words: Callable[[], Sequence[tuple[str, str]]] = tuple,
        title: str = "Filter words",
        **kwargs: Any,
    ) -> None:
        super().__init__(*args, **kwargs)
        self.examples = tuple(examples)
        self.title = title
        self._words = words

    @property
    def words(self) -> Sequence[tuple[str, str]]:
        """The words that it takes and their meanings, in the language of the moment."""
        return self._words()

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Like click's, but every error knows its command, so that it can name the help."""
        try:
            return super().parse_args(ctx, args)
        except click.UsageError as error:
            error.ctx = error.ctx or ctx
            raise

    def format_epilog(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        super().format_epilog(ctx, formatter)
        words = self.words
        if words:
            with formatter.section(self.title):
                formatter.write_dl(words)
        if self.examples:
            with formatter.section("Examples"):
                for example in self.examples:
                    # Not wrapped, so that it can be copied.
                    formatter.write(f"{' ' * formatter.current_indent}{example}\n")


class CommandWithExamples(_HasExamples):
    pass


class GroupInOrder(_HasExamples, click.Group):
    """A group that lists its commands in the order of definition."""

    command_class = CommandWithExamples

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002  click's signature
        return list(self.commands)


class LazyGroup(click.Group):
    """A group that imports a command's module only when the command is used.

    `lazy` maps each command to its module and its sentence in the list of commands. Commands and
    options in `unlisted` are left out of its help, so that it fits the smallest screen.
    """

    def __init__(
        self,
        *args: Any,
        lazy: dict[str, tuple[str, str]],
        unlisted: Collection[str] = (),
        **kwargs: Any,
    ) -> None:
        super().__init__(*args, **kwargs)
        self.lazy = lazy
        self._unlisted = frozenset(unlisted)

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002  click's signature
        return list(self.lazy)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Return the object `command` of the command's module."""
        if cmd_name not in self.lazy:
            return super().get_command(ctx, cmd_name)
        module, _ = self.lazy[cmd_name]
        command = import_module(module).command
        if not isinstance(command, click.Command):
            raise TypeError(module)
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Like click's, but also suggests lazy commands for a mistyped name."""
        try:
            return super().resolve_command(ctx, args)
        except click.NoSuchCommand as error:
            raise click.NoSuchCommand(
                error.command_name, possibilities=self.lazy, ctx=ctx
            ) from None

    def shell_complete(self, ctx: click.Context, incomplete: str) -> "list[CompletionItem[str]]":
        """Return completions for options and commands, without loading the commands."""
        from click.shell_completion import CompletionItem

        names = [name for name in self.lazy if name.startswith(incomplete)]
        commands = [CompletionItem(name, help=self.lazy[name][1]) for name in names]
        return [*commands, *click.Command.shell_complete(self, ctx, incomplete)]

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """List the options and commands."""
        listed = [one for one in self.get_params(ctx) if not self._unlisted & {*one.opts}]
        with formatter.section("Options"):
            formatter.write_dl([*filter(None, (one.get_help_record(ctx) for one in listed))])
        self.format_commands(ctx, formatter)

    def format_commands(
        self,
        ctx: click.Context,  # noqa: ARG002  click's signature
        formatter: click.HelpFormatter,
    ) -> None:
        """List the commands without loading them."""
        with formatter.section("Commands"):
            formatter.write_dl(
                [
                    (name, sentence)
                    for name, (_, sentence) in self.lazy.items()
                    if name not in self._unlisted
                ]
            )
