"""tmux gets a text through its standard input, or is given up soon."""

import os
import signal
import subprocess
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from cwtui.accounts.secret import Secret
from cwtui.host import tmux
from tests.programs import require

TEXT = Secret("ABCD-EFGH\nJKMN-PQRS")


class Server:
    """A tmux of its own, without a configuration."""

    def __init__(self, socket: Path) -> None:
        self._command = [require("tmux"), "-S", str(socket), "-f", "/dev/null"]
        self.run("new-session", "-d", "cat")
        self.pid = int(self.run("display-message", "-p", "#{pid}"))
        self.environ: Mapping[str, str] = {"TMUX": f"{socket},{self.pid},0", "TMUX_PANE": "%0"}

    def run(self, *arguments: str) -> str:
        done = subprocess.run(
            [*self._command, *arguments], check=True, capture_output=True, text=True
        )
        return done.stdout


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    found = Server(tmp_path / "socket")
    yield found
    os.kill(found.pid, signal.SIGCONT)
    found.run("kill-server")


def test_the_text_is_the_newest_buffer(server: Server) -> None:
    assert tmux.load_buffer(Secret("something else"), server.environ)
    assert tmux.load_buffer(TEXT, server.environ)
    assert server.run("show-buffer") == TEXT.reveal()


def test_the_text_is_in_no_argument_and_no_variable(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[str] = []
    run = subprocess.run

    def watched(command: Any, **options: Any) -> Any:
        seen.append(repr(command) + repr(options["env"]))
        return run(command, **options)

    monkeypatch.setattr(subprocess, "run", watched)
    assert tmux.load_buffer(TEXT, {**server.environ, "PATH": "/tmp", "LD_PRELOAD": "/tmp/x"})
    (call,) = seen
    assert "ABCD" not in call
    assert "PATH" not in call
    assert "LD_PRELOAD" not in call


def test_a_tmux_that_does_not_answer_is_given_up(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tmux, "SECONDS", 0.3)
    os.kill(server.pid, signal.SIGSTOP)
    begun = time.monotonic()
    assert not tmux.load_buffer(TEXT, server.environ)
    assert time.monotonic() - begun < 5


def test_an_older_tmux_is_asked_without_an_option_that_it_lacks(
    tmp_path: Path, server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    old = tmp_path / "tmux"
    old.write_text(
        '#!/bin/sh\n[ "$2" != -w ] || { echo "unknown option -- w" >&2; exit 1; }\n'
        f'exec {require("tmux")} "$@"\n'
    )
    old.chmod(0o755)
    monkeypatch.setattr(tmux, "_FOLDERS", (str(tmp_path),))
    assert tmux.load_buffer(TEXT, server.environ)
    assert server.run("show-buffer") == TEXT.reveal()


@pytest.mark.parametrize("where", ["", "not-there", "file", "nul\0"])
def test_a_tmux_that_is_not_there_takes_nothing(tmp_path: Path, where: str) -> None:
    (tmp_path / "file").write_text("")
    path = tmp_path / where if where else ""
    assert not tmux.load_buffer(TEXT, {"TMUX": f"{path},1,0"})


def test_no_other_users_tmux_is_talked_to(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    """It could make its client run a program."""
    monkeypatch.setattr(os, "geteuid", lambda: 4711)
    assert not tmux.load_buffer(TEXT, server.environ)


def test_tmux_is_found_in_fixed_folders_alone(
    server: Server, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(tmux, "_FOLDERS", (str(tmp_path),))
    assert not tmux.load_buffer(TEXT, server.environ)
