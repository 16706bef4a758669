"""Any arguments to any command give a known exit status and a message, never a traceback."""

import os
from collections.abc import Iterator
from functools import cache

import click
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cwtui.accounts.text import visible
from cwtui.cli.root import cli
from tests.cli.commands import PASSWORD, Host
from tests.fuzz.mutations import TEXT, many

_OFTEN_RIGHT = (
    "admin",
    "alice",
    "connectware-admin",
    "issuer",
    "password_min",
    "5",
    "--",
    "enabled",
)
_NEVER = {"--config", "--store", "--follow", "--help"}
"""Options that use other files or never end."""


def leaves(group: click.Command, *names: str) -> Iterator[tuple[tuple[str, ...], click.Command]]:
    """Each command, by its names."""
    if names and (not isinstance(group, click.Group) or group.invoke_without_command):
        yield names, group
    if not isinstance(group, click.Group):
        return
    ctx = click.Context(group)
    for name in group.list_commands(ctx):
        found = group.get_command(ctx, name)
        assert found is not None
        yield from leaves(found, *names, name)


COMMANDS = dict(leaves(cli))


@cache
def words(names: tuple[str, ...]) -> st.SearchStrategy[list[str]]:
    """The command's own options, values valid for other commands, and random text."""
    options = [
        option
        for parameter in COMMANDS[names].params
        for option in (*parameter.opts, *parameter.secondary_opts)
        if option.startswith("-") and option not in _NEVER
    ]
    own = st.sampled_from([*options, *_OFTEN_RIGHT])
    # No paths outside: a command might create the file.
    anything = TEXT.filter(
        lambda text: is_argument(text) and "/" not in text and text not in _NEVER
    )
    glued = st.builds(
        lambda option, value: f"{option}={value}", st.sampled_from([*options, "-"]), anything
    )
    return st.lists(st.one_of(own, own, anything, glued), max_size=6)


def is_argument(text: str) -> bool:
    """Whether a process can get the text as an argument."""
    try:
        return b"\0" not in os.fsencode(text)
    except UnicodeEncodeError:  # a surrogate that stands for no byte
        return False


@pytest.fixture
def in_a_folder(host: Host, monkeypatch: pytest.MonkeyPatch) -> Host:
    monkeypatch.chdir(host.folder)
    return host


@pytest.mark.parametrize("names", COMMANDS, ids=" ".join)
@many(20)
@given(data=st.data())
def test_any_arguments_give_an_exit_status_and_no_traceback(
    in_a_folder: Host, names: tuple[str, ...], data: st.DataObject
) -> None:
    host = in_a_folder
    arguments = data.draw(words(names))
    stdin = data.draw(st.one_of(st.binary(max_size=100), st.just(f"{PASSWORD}\n".encode())))
    if names == ("serve",):  # else it serves until it is told to end
        arguments = ["--status", *arguments]
    if names == ("doctor",):  # else it asks other programs each time
        arguments = ["keyring", *arguments]
    result = host.run(*names, *arguments, stdin=stdin)
    assert result.status in {0, 1, 2, 3, 4, 5}
    said = result.out + result.err
    assert "Traceback" not in said
    assert "An unexpected error" not in said
    assert result.status == 0 or result.err
    assert visible(result.err.replace("\n", "")) == result.err.replace("\n", "")
