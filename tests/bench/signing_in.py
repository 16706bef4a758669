"""A sign-in with password and one-time code, without the screens."""

import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from itertools import count
from statistics import median

import bcrypt

from tests.bench.measuring import Bench, medians, seconds
from tests.bench.people import Store, user
from tests.bench.table import Most, Row, milliseconds
from tests.console.terminal import ROOT

_COST = 12
_CHECK = f"one bcrypt check, cost {_COST}"


def rows(bench: Bench) -> Iterator[Row]:
    few, many = SignIns(bench.few), SignIns(bench.many)
    whole, part, check = medians(bench.scale.rounds, few, many, bcrypt_check())
    yield Row(
        f"a whole sign-in, fresh process, {bench.few.accounts:,} accounts",
        whole,
        milliseconds,
        "two bcrypt checks",
        2 * check,
        Most(0.6),
    )
    imports = median(few.imports)
    yield Row("  before it: importing rules and store", imports, milliseconds, _CHECK, check)
    yield Row(
        f"the store's part of it, {bench.many.accounts:,} accounts",
        part,
        milliseconds,
        _CHECK,
        check,
        Most(0.5),
    )
    opening = median(many.openings)
    yield Row("  of which opening the store", opening, milliseconds, _CHECK, check)


@dataclass
class SignIns:
    """Each call signs in a different user, because a one-time code is accepted once."""

    store: Store
    imports: list[float] = field(default_factory=list)
    openings: list[float] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._numbers = count(self.store.accounts // 2)

    def __call__(self) -> float:
        """Opening the store and signing in, in seconds."""
        arguments = [str(self.store.home), user(next(self._numbers)), str(self.store.cost)]
        done = subprocess.run(
            [sys.executable, "-m", "tests.bench.sign_in_once", *arguments],
            check=True,
            stdout=subprocess.PIPE,
            cwd=ROOT,
        )
        imports, opening, sign_in = map(float, done.stdout.split())
        self.imports.append(imports)
        self.openings.append(opening)
        return opening + sign_in


def bcrypt_check(cost: int = _COST) -> Callable[[], float]:
    password = b"x" * 64
    hashed = bcrypt.hashpw(password, bcrypt.gensalt(cost))
    return lambda: seconds(lambda: bcrypt.checkpw(password, hashed))
