"""Completion in real shells: what pressing Tab adds to the line."""

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cli.commands import PASSWORD, Host
from tests.console.terminal import Terminal
from tests.programs import require

NAME = "ann@example.com"
START = {
    "bash": ("--norc", "--noprofile", "-i"),
    "zsh": ("-f", "-i"),
    "fish": ("--no-config",),
}
SET_UP = {
    "bash": 'PS1="$ "; source <(cwtui completion bash)\r',
    "zsh": 'PS1="$ "; autoload -Uz compinit; compinit -u -D; source <(cwtui completion zsh)\r',
    "fish": 'function fish_prompt; echo "\\$ "; end; cwtui completion fish | source\r',
}


@pytest.fixture(params=START)
def shell(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Terminal]:
    """A shell with the completion script loaded, on a host with the account NAME."""
    program = require(request.param)
    host = Host(tmp_path)
    for command in (("init", "--admin", "admin"), ("user", "add", NAME)):
        assert host.run(*command, "--password-stdin", stdin=PASSWORD.encode()).status == 0
    folder = f"{Path(sys.executable).parent}"
    path = f"{folder}:/usr/local/bin:/usr/bin:/bin"
    with Terminal(
        [program, *START[request.param]],
        tmp_path,
        env={"PATH": path, "CWTUI_CONFIG": str(host.config)},
    ) as terminal:
        terminal.wait_until_still()
        terminal.type(SET_UP[request.param])
        terminal.type("echo re''ady\r")
        terminal.wait_for("ready")
        terminal.type("\x0c")
        terminal.wait_until_still()
        yield terminal


def test_tab_completes_commands_options_and_names(shell: Terminal) -> None:
    shell.type("cwtui user reset-m\t")
    shell.wait_for("cwtui user reset-mfa")
    shell.type("ann\t")
    shell.wait_for(f"cwtui user reset-mfa {NAME}")
    shell.send("ctrl+c")
    shell.type("cwtui user show ann@ex\t")
    shell.wait_for(f"cwtui user show {NAME}")
