"""`cwtui serve`: a code, password and code, and a crowd, over its socket."""

import os
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median
from time import perf_counter
from typing import Final

import pyotp

from cwtui.accounts.secret import Secret
from cwtui.dialogue.conversation import Room
from cwtui.service import client
from cwtui.service.packets import Phase, Request, Verdict
from tests.bench.measuring import Bench, medians, seconds
from tests.bench.people import PASSWORD, TOTP_SECRET, Store
from tests.bench.signing_in import bcrypt_check
from tests.bench.table import Least, Most, Row, milliseconds, per_second
from tests.bench.warm import with_passwords

_SERVE: Final = (sys.executable, "-I", "-m", "cwtui")
_CODE_SECONDS: Final = 0.010


def rows(bench: Bench) -> Iterator[Row]:
    rounds, crowd = bench.scale.rounds * 3, bench.scale.crowd
    # The last users: others have used the codes of those in the middle.
    end = bench.few.accounts - 1
    numbers = range(end - 2 * rounds - 2 - crowd, end)
    names = with_passwords(bench.few, numbers, bench.scale.cost)
    with serving(bench.few, bench.folder, bench.scale.cost) as socket:
        visits = iter(names)

        def sign_in(mode: str) -> float:
            return seconds(lambda: _sign_in(socket, next(visits), mode))

        sign_in("code"), sign_in("full")
        check_password = bcrypt_check(bench.scale.cost)
        code, full, check = medians(
            rounds, lambda: sign_in("code"), lambda: sign_in("full"), check_password
        )
        yield Row(
            "a code through the service", code, milliseconds, "10 ms", _CODE_SECONDS, Most(1.0)
        )
        what = "one bcrypt check"
        yield Row(
            "password and code through the service", full, milliseconds, what, check, Most(1.1)
        )
        began = perf_counter()
        with ThreadPoolExecutor(crowd) as pool:
            waited = [*pool.map(lambda name: _timed(socket, name), list(visits)[:crowd])]
        taken = perf_counter() - began
        bound = (os.cpu_count() or 1) / check
        yield Row(
            f"{crowd} sign-ins at once through the service",
            crowd / taken,
            per_second,
            "bcrypt on all processors",
            bound,
            Least(0.9),
        )
        yield Row("  the median of their waiting", median(waited), milliseconds, what, check)


def _timed(socket: Path, name: str) -> float:
    return seconds(lambda: _sign_in(socket, name, "full"))


def _sign_in(socket: Path, name: str, mode: str) -> None:
    fields = {"user": name, "mode": mode, "service": "sshd", "rhost": "203.0.113.7"}
    verdict = client.converse(socket, Request(Phase.AUTH, fields), _Person())
    if verdict is not Verdict.ACCEPTED:
        raise TypeError(verdict)


@dataclass
class _Person:
    """Knows the password, and has the app."""

    room: Room | None = None
    heard: list[str] = field(default_factory=list)

    def ask(self, prompt: str) -> str:
        del prompt
        return pyotp.TOTP(TOTP_SECRET).now()

    def ask_secret(self, prompt: str) -> Secret:
        del prompt
        return Secret(PASSWORD)

    def tell(self, text: str) -> None:
        self.heard.append(text)

    def warn(self, text: str) -> None:
        self.heard.append(text)


@contextmanager
def serving(store: Store, folder: Path, cost: int) -> Iterator[Path]:
    """Start the service on a store, and yield its socket."""
    config, socket = config_of(store, folder, cost), folder / "pam"
    sockets = ("--socket", str(socket), "--gate-socket", str(folder / "gate"))
    command = (*_SERVE, "--config", str(config), "serve", *sockets)
    process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True)
    try:
        if process.stderr is None or "Listening" not in process.stderr.readline():
            raise TypeError(process)
        yield socket
    finally:
        process.terminate()
        process.communicate()


def config_of(store: Store, folder: Path, cost: int) -> Path:
    """A file in the folder that names the store."""
    config = folder / "service.toml"
    config.write_text(
        f'store.url = "{store.config.store.url}"\nkeyring.file = "{store.config.keyring.file}"\n'
        f"passwords.bcrypt_cost = {max(cost, 10)}\n"
    )
    return config
