"""A separate host for each test, and cwtui commands run on it."""

import csv
import io
import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final
from unittest.mock import patch

import click

from cwtui import services
from cwtui.accounts.credentials import passwords
from cwtui.accounts.ports import Ports
from cwtui.accounts.secret import Secret
from cwtui.cli import edge
from cwtui.cli.root import cli
from cwtui.config.loading import load

PYTHON: Final = sys.executable
ROOT: Final = Path(__file__).parents[2]
PASSWORD: Final = "a long way to Winterfell"


@dataclass(frozen=True)
class Result:
    """The exit status, standard output and standard error of a command."""

    status: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)


class Console(io.TextIOWrapper):
    """A standard stream that can claim to be a terminal."""

    def __init__(self, content: bytes = b"", *, terminal: bool = False) -> None:
        super().__init__(io.BytesIO(content), "utf-8", write_through=True)
        self._terminal = terminal

    def isatty(self) -> bool:
        return self._terminal

    @property
    def text(self) -> str:
        assert isinstance(self.buffer, io.BytesIO)
        return self.buffer.getvalue().decode()


class Host:
    """A folder with a configuration. `run` runs a command in this process, `process` in its own."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.store = folder / "store"
        self.keyring = folder / "keys" / "keyring.json"
        self.config = folder / "config.toml"
        self.config.write_text(
            f'store.url = "{self.store}"\nkeyring.file = "{self.keyring}"\n'
            "passwords.bcrypt_cost = 10\n"
        )

    @property
    def accounts(self) -> Path:
        return self.store / "accounts.json"

    @property
    def audit(self) -> list[dict[str, str]]:
        lines = (self.store / "audit.jsonl").read_text().splitlines()
        return [json.loads(line) for line in lines]

    def ports(self) -> Ports:
        return services.connect(load(str(self.config)))

    def run(self, *args: str, stdin: bytes = b"", terminal: bool = False) -> Result:
        return run("--config", str(self.config), *args, stdin=stdin, terminal=terminal)

    def process(
        self,
        *args: str,
        stdin: bytes | int = b"",
        stdout: int = subprocess.PIPE,
        stderr: int = subprocess.PIPE,
        env: Mapping[str, str] | None = None,
        preexec_fn: Callable[[], None] | None = None,
    ) -> Result:
        done = subprocess.run(
            [PYTHON, "-m", "cwtui", "--config", str(self.config), *args],
            stdout=stdout,
            stderr=stderr,
            env=os.environ | (env or {}),
            cwd=ROOT,
            check=False,
            preexec_fn=preexec_fn,
            input=stdin if isinstance(stdin, bytes) else None,
            stdin=stdin if isinstance(stdin, int) else None,
        )
        return Result(done.returncode, (done.stdout or b"").decode(), (done.stderr or b"").decode())

    @contextmanager
    def started(self, *args: str) -> Iterator[subprocess.Popen[str]]:
        """A running command in its own process, killed at the end."""
        with subprocess.Popen(
            [PYTHON, "-m", "cwtui", "--config", str(self.config), *args],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            cwd=ROOT,
        ) as process:
            try:
                yield process
            finally:
                process.kill()

    def files(self) -> dict[str, tuple[int, bytes]]:
        """Mode and content of every file except locks.

        Zeros at the end of a journal are room for lines, and no content.
        """
        return {
            str(path.relative_to(self.folder)): (path.stat().st_mode, _content(path))
            for path in sorted(self.folder.rglob("*"))
            if path.is_file() and not path.name.endswith(".lock")
        }


def all_commands() -> dict[str, click.Command]:
    """The commands by their full names, such as `user add`."""
    return dict(_commands_of(cli, click.Context(cli)))


def _commands_of(
    group: click.Command, ctx: click.Context, *names: str
) -> Iterator[tuple[str, click.Command]]:
    if names and (not isinstance(group, click.Group) or group.invoke_without_command):
        yield " ".join(names), group
    if not isinstance(group, click.Group):
        return
    for name in group.list_commands(ctx):
        found = group.get_command(ctx, name)
        assert found is not None
        yield from _commands_of(found, ctx, *names, name)


def _content(path: Path) -> bytes:
    content = path.read_bytes()
    return content.rstrip(b"\0") if path.suffix == ".journal" else content


def run(*args: str, stdin: bytes = b"", terminal: bool = False) -> Result:
    """Run a command in this process."""
    out, err = Console(terminal=terminal), Console(terminal=terminal)
    given = Console(stdin, terminal=terminal)
    with patch.object(sys, "stdin", given), redirect_stdout(out), redirect_stderr(err):
        status = edge.run(args)
    return Result(status, out.text, err.text)


def initial_passwords(host: Host, file: Path) -> dict[str, str]:
    """The initial passwords in a file, by username: each must be the account's, for one sign-in."""
    ports, found = host.ports(), dict[str, str]()
    for row in csv.DictReader(file.read_text().splitlines()):
        account = ports.accounts.get(row["username"])
        assert account is not None
        assert account.must_change_password
        typed = Secret(row["initial_password"])
        assert passwords.is_password(typed, account.password, ports.keyring, 4)
        found[row["username"]] = row["initial_password"]
    return found
