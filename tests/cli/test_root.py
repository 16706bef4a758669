"""`cwtui` itself: version, help, paths and the options before every command."""

import re

import click
import pytest

from cwtui import __version__
from cwtui.cli.root import cli
from tests.cli.commands import Host, run

MISSING_CONFIG = ("--config", "/nowhere/config.toml")
COMMANDS = (
    ("init",),
    ("user",),
    *(
        ("user", name)
        for name in (
            "list",
            "show",
            "add",
            "set",
            "remove",
            "reset-password",
            "reset-mfa",
            "unlock",
        )
    ),
    ("key",),
    ("key", "status"),
    ("key", "rotate"),
    ("key", "retire"),
    ("settings",),
    ("settings", "show"),
    ("settings", "set"),
    ("audit",),
    ("audit", "verify"),
    ("store",),
    ("doctor",),
    ("store", "check"),
    ("store", "backup"),
    ("store", "restore"),
)


def test_version_needs_no_configuration() -> None:
    result = run(*MISSING_CONFIG, "--version")
    assert (result.status, result.out, result.err) == (0, f"cwtui {__version__}\n", "")


def test_help_fits_the_smallest_screen() -> None:
    result = run(*MISSING_CONFIG, "--help")
    lines = result.out.splitlines()
    assert result.status == 0
    assert len(lines) < 24
    assert max(map(len, lines)) <= 80
    assert "0 done, 1 refused, 2 usage, 3 unchecked, 4 not found, 5" in result.out
    assert "Also: verify, gate, ssh-keys, completion" in result.out


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_describes_itself(command: tuple[str, ...]) -> None:
    result = run(*MISSING_CONFIG, *command, "--help")
    assert result.status == 0
    assert max(map(len, result.out.splitlines())) <= 80
    assert re.search(r"^  [A-Z][^.]+\.", result.out, re.MULTILINE)


def test_commands_that_do_not_exist_are_refused() -> None:
    assert run("role").status == 2
    for later in ("import", "export"):
        assert run("user", later).status == 2


def test_the_command_list_matches_each_commands_help() -> None:
    context = click.Context(cli)
    for name, (_, sentence) in cli.lazy.items():
        command = cli.get_command(context, name)
        assert command is not None
        assert command.name == name
        assert command.get_short_help_str(80) == sentence.removesuffix(".") or (
            command.get_short_help_str(80) == sentence
        )


def test_the_command_list_shortens_no_sentence() -> None:
    for group in ("user", "key", "settings"):
        _, _, commands = run(group, "--help").out.partition("Commands:")
        assert commands.count(".\n") == commands.count("\n") - 1
        assert "..." not in commands


def test_paths_shows_where_files_are(host: Host) -> None:
    result = host.run("--paths")
    lines = [re.split(r"  +", line) for line in result.out.splitlines()]
    assert result.status == 0
    assert lines == [
        ["config", "exists", str(host.config)],
        ["store", "exists", str(host.store)],
        ["keyring", "exists", str(host.keyring)],
        ["audit log", "exists", str(host.store / "audit.jsonl")],
    ]


def test_paths_shows_missing_files_and_creates_none(new_host: Host) -> None:
    result = new_host.run("--paths")
    assert [line.split()[-2] for line in result.out.splitlines()] == ["exists"] + ["missing"] * 3
    assert set(new_host.files()) == {"config.toml"}


def test_paths_cannot_be_combined_with_a_command(host: Host) -> None:
    assert host.run("--paths", "user", "list").status == 2


def test_the_store_option_overrides_config_and_variable(
    host: Host, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CWTUI_STORE", "/nowhere")
    assert "/nowhere" in run("--paths").out
    assert f" {host.store}\n" in run("--store", f"file:{host.store}", "--paths").out


def test_a_variable_can_name_the_configuration(host: Host, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CWTUI_CONFIG", str(host.config))
    assert run("user", "list").status == 0


@pytest.mark.parametrize("option", ["--config", "--store"])
@pytest.mark.parametrize("value", ["", "  "])
def test_an_empty_path_is_refused(option: str, value: str) -> None:
    result = run(option, value, "user", "list")
    assert result.status == 2
    assert "Give a path" in result.err


@pytest.mark.parametrize(
    ("content", "part"),
    [
        (b"store = 3", "store"),
        (b"[passwords]\nbcrypt_cost = 4", "bcrypt_cost"),
        (b"[nosuch]\n", "nosuch"),
        (b"= =", "line 1"),
        (b"\xff\xfe", "UTF-8"),
    ],
)
def test_an_invalid_configuration_is_reported(host: Host, content: bytes, part: str) -> None:
    host.config.write_bytes(content)
    result = host.run("user", "list")
    assert result.status == 3
    assert part in result.err
    assert str(host.config) in result.err
    assert result.err.count("\n") == 1


def test_a_missing_configuration_is_reported() -> None:
    result = run(*MISSING_CONFIG, "user", "list")
    assert (result.status, result.out) == (3, "")
    assert result.err == "There is no configuration file /nowhere/config.toml.\n"


@pytest.mark.parametrize(
    ("typed", "meant"),
    [(("users",), "'user'"), (("user", "ad"), "'add'"), (("setings",), "'settings'")],
)
def test_a_mistyped_command_gets_a_suggestion(typed: tuple[str, ...], meant: str) -> None:
    result = run(*typed)
    assert result.status == 2
    assert f"Did you mean {meant}" in result.err


def test_global_options_after_the_command_are_explained() -> None:
    result = run("user", "list", "--store", "/srv/x")
    assert result.status == 2
    assert result.err == "--store must come before the command: cwtui --store ...\n"


@pytest.mark.parametrize(
    "command",
    [
        ("user", "add", "jane"),
        ("init", "--admin", "jane"),
        ("key", "rotate"),
        ("directory", "test", "jane"),
    ],
)
def test_a_password_given_as_an_argument_is_not_repeated(command: tuple[str, ...]) -> None:
    result = run(*command, "hunter2", "hunter3")
    path = " ".join(["cwtui", *(word for word in command[:2] if not word.startswith("-"))])
    assert (result.status, result.out) == (2, "")
    said = "Too many arguments. Passwords are never arguments."
    assert result.err == f"{said} See: {path} --help\n"
