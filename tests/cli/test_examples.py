"""Every command's help shows examples, and each of them is valid."""

import click
import pytest

from cwtui.cli.root import cli
from tests.cli.commands import run
from tests.cli.parsing import command_lines, parsed
from tools.manual import commands

COMMANDS = {
    ctx.command_path: ctx.command
    for ctx in commands()
    if not isinstance(ctx.command, click.Group) or ctx.command.invoke_without_command
}


def test_all_commands_are_found() -> None:
    assert {"cwtui init", "cwtui audit", "cwtui audit verify", "cwtui store restore"} < set(
        COMMANDS
    )
    assert len(COMMANDS) > 20


@pytest.mark.parametrize("path", COMMANDS)
def test_help_of_every_command_ends_with_examples(path: str) -> None:
    help_text = run(*path.split()[1:], "--help").out
    _, _, examples = help_text.partition("\nExamples:\n")
    assert examples
    assert max(map(len, help_text.splitlines())) <= 80
    assert all(line.startswith("  cwtui ") for line in examples.splitlines())


@pytest.mark.parametrize("path", COMMANDS)
def test_each_example_parses_as_its_command(path: str) -> None:
    for example in getattr(COMMANDS[path], "examples", ()):
        (words,) = command_lines(example)
        assert parsed(words).command_path == path, example


@pytest.mark.parametrize(
    "wrong",
    ["user add", "user set bob --nosuch", "user list --mfa maybe", "nosuch", "store check x"],
)
def test_an_invalid_example_does_not_parse(wrong: str) -> None:
    with pytest.raises(click.UsageError):
        parsed(wrong.split())


def test_every_option_has_a_help_sentence() -> None:
    for ctx in commands():
        for option in ctx.command.get_params(ctx):
            if isinstance(option, click.Option) and not option.hidden:
                assert option.help, (ctx.command_path, option.name)
                assert option.help[0].isupper(), option.help
                assert option.help.endswith("."), option.help


def test_only_the_version_command_is_hidden() -> None:
    hidden = {name for name, command in cli.commands.items() if command.hidden}
    assert hidden == {"version"}
