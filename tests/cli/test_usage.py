"""Every command refuses wrong usage alike: status 2, one sentence of ours, and nothing is done."""

from collections.abc import Iterator

import click
import pytest

from cwtui.cli.root import cli
from tests.cli.commands import Host

CLICKS_OWN = (
    "Invalid value",
    "No such",
    "Missing",
    "requires an argument",
    "is not a valid",
    "is not in the range",
    "is not one of",
    "Got ",
)
"""How click's own sentences can be recognised."""
WRONG = "nosuch:\x1b[31m"
"""A value that only options for any text take."""
ANY_TEXT = {
    "--config",
    "--store",
    "--display-name",
    "--from",
    "--gate-socket",
    "--identity",
    "--passwords-to",
    "--socket",
    "--source",
    "--user",
}
REFUSED_ARGUMENTS = {"file", "files", "words", "unix_user"}
"""Their values are looked up, which is no question of usage."""

Path = tuple[str, ...]


def commands() -> Iterator[tuple[Path, click.Command]]:
    """Each command that does something, with the words that call it."""

    def below(path: Path, command: click.Command) -> Iterator[tuple[Path, click.Command]]:
        if not isinstance(command, click.Group) or (path and command.invoke_without_command):
            yield path, command
        if isinstance(command, click.Group):
            ctx = click.Context(command)
            for name in command.list_commands(ctx):
                found = command.get_command(ctx, name)
                assert found is not None
                yield from below((*path, name), found)

    yield from below((), cli)


COMMANDS = dict(commands())
OPTIONS = {
    (path, max(option.opts, key=len)): option
    for path, command in [((), cli), *COMMANDS.items()]
    for option in command.params
    if isinstance(option, click.Option)
}


def words(path: Path, *more: str) -> list[str]:
    """A command line with values for what the command needs."""
    parameters = COMMANDS[path].params if path else []
    needed = [
        [max(one.opts, key=len), "admin"] if isinstance(one, click.Option) else ["admin"]
        for one in parameters
        if one.required
    ]
    return [*path, *more, *(word for each in needed for word in each if each[0] not in more)]


def refuses(host: Host, *args: str) -> str:
    before = host.files()
    result = host.run(*args, stdin=b"a long way to Winterfell\n")
    assert (result.status, result.out) == (2, ""), result.err
    assert result.err.count("\n") == 1
    assert result.err.rstrip().endswith((".", "?", "--help")), result.err
    assert "\x1b" not in result.err
    assert not [words for words in CLICKS_OWN if words in result.err]
    assert host.files() == before
    return result.err


def test_the_commands_and_options_are_found() -> None:
    assert len(COMMANDS) > 20
    assert {("user", "list"), ("audit",), ("audit", "verify"), ("init",)} <= set(COMMANDS)
    assert len(OPTIONS) > 40


@pytest.mark.parametrize("path", COMMANDS, ids=" ".join)
def test_each_command_refuses_what_it_does_not_know(host: Host, path: Path) -> None:
    command = COMMANDS[path]
    if "ignore_unknown_options" not in command.context_settings:
        sentence = refuses(host, *words(path, "--nosuch"))
        assert sentence.startswith("There is no option '--nosuch'.")
    for argument in command.params:
        if argument.required:
            assert " is missing." in refuses(host, *path)
        if isinstance(argument, click.Argument) and argument.name not in REFUSED_ARGUMENTS:
            given = words(path)[len(path) + 1 :] if argument.required else []
            refuses(host, *path, WRONG, *given)
    if all(argument.nargs == 1 for argument in command.params):
        refuses(host, *words(path), "x", "y")


@pytest.mark.parametrize("path", dict.fromkeys(path for path, _ in OPTIONS), ids=" ".join)
def test_each_option_refuses_what_it_cannot_take(host: Host, path: Path) -> None:
    for (of, name), option in OPTIONS.items():
        if of != path:
            continue
        if option.is_flag:
            assert refuses(host, *words(path, f"{name}=yes")).startswith(f"{name} takes no value.")
            continue
        assert refuses(host, *path, name).startswith(f"{name} needs a value.")
        for value in (WRONG, "") if name not in ANY_TEXT else ():
            refuses(host, *words(path, name, value))


def test_numbers_have_bounds(host: Host) -> None:
    for wrong in ("601", "-1", "1.5"):
        sentence = refuses(host, "gate", "--fresh", wrong, "--", "true")
        assert f"--fresh: cannot be '{wrong}'. Enter a number from 0 to 600." in sentence
