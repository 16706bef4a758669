"""Response times do not reveal whether a name exists."""

import random
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from itertools import chain
from pathlib import Path
from typing import Final

import pytest

from cwtui import services
from cwtui.accounts import sign_in
from cwtui.accounts.credentials import passwords
from cwtui.accounts.errors import InvalidInput, SignInFailed
from cwtui.accounts.model import Account, Origin
from cwtui.accounts.ports import Ports
from cwtui.accounts.secret import Secret
from tests import soak
from tests.store.worker import config_in

TRIES: Final = soak.times(usually=120, in_a_soak=1000)
"""Attempts for each kind."""
STANDARD_DEVIATIONS: Final = 5.0
COST: Final = 4
LONG: Final = Secret("x" * 5000)
EMPTY: Final = Secret("")
WRONG: Final = Secret("wrong")


def kinds() -> dict[str, tuple[dict[str, object] | None, Secret]]:
    """The account's fields (None: no account), and what is typed."""
    return {
        "nobody": (None, WRONG),
        "nobody, long": (None, LONG),
        "nobody, empty": (None, EMPTY),
        "local": ({}, WRONG),
        "local, long": ({}, LONG),
        "local, empty": ({}, EMPTY),
        "disabled": ({"enabled": False}, WRONG),
        "ldap": ({"origin": Origin.LDAP, "password": None}, WRONG),
        "required": ({"mfa_required": True, "must_change_password": True}, WRONG),
    }


def unknown(kind: str) -> str:
    """The kind with the same input for an unknown name."""
    return "nobody, empty" if kind.endswith("empty") else "nobody"


def prepared(folder: Path) -> Ports:
    """One account for each attempt, so that none is throttled."""
    ports = replace(services.create(config_in(folder)), bcrypt_cost=COST)
    hashed = passwords.hash_password(Secret("right"), ports.keyring, COST)
    accounts = [
        Account(username=name_of(kind, number), created_at=0.0, password=hashed).changed(**fields)
        for kind, (fields, _) in kinds().items()
        if fields is not None
        for number in range(TRIES)
    ]
    with ports.accounts.change() as change:
        change.put(*accounts)
    return ports


def name_of(kind: str, number: int) -> str:
    return f"{kind.replace(', ', '.')}-{number}"


def timed(ports: Ports, username: str, password: Secret) -> float:
    begin = time.perf_counter()
    with pytest.raises(SignInFailed if password else InvalidInput):
        sign_in.with_password(ports, username, password, "198.51.100.7")
    return time.perf_counter() - begin


def above(ones: list[float], others: list[float]) -> float:
    """The probability that one of these exceeds one of those: 0.5 if they do not differ.

    This is the statistic of the Mann-Whitney rank test, divided by its maximum.
    """
    ranked = sorted(chain(((one, True) for one in ones), ((other, False) for other in others)))
    ranks = sum(rank for rank, (_, is_one) in enumerate(ranked, 1) if is_one)
    return (ranks - len(ones) * (len(ones) + 1) / 2) / (len(ones) * len(others))


def deviation(ones: int, others: int) -> float:
    """The standard deviation of `above` if nothing differs."""
    return float(((ones + others + 1) / (12 * ones * others)) ** 0.5)


def in_any_order(tries: int) -> Iterator[tuple[str, int]]:
    """All attempts shuffled, so that other load on the machine affects all kinds equally."""
    order = [(kind, number) for kind in kinds() for number in range(tries)]
    random.Random(7).shuffle(order)  # noqa: S311  repeatable
    yield from order


def test_response_times_do_not_reveal_whether_a_name_exists(tmp_path: Path) -> None:
    """Known and unknown names, each origin, long passwords; empty ones are refused unchecked."""
    ports = prepared(tmp_path)
    timed(ports, "somebody-before", WRONG)
    seen: dict[str, list[float]] = {kind: [] for kind in kinds()}
    for kind, number in in_any_order(TRIES):
        seen[kind].append(timed(ports, name_of(kind, number), kinds()[kind][1]))
    found = {kind: above(seen[kind], seen[unknown(kind)]) for kind in seen}
    most = STANDARD_DEVIATIONS * deviation(TRIES, TRIES)
    assert {kind: chance for kind, chance in found.items() if abs(chance - 0.5) > most} == {}


@pytest.mark.parametrize(
    ("change", "chance"), [(lambda x: x, 0.5), (lambda x: x + 20, 1.0), (lambda x: -x, 0.0)]
)
def test_the_rank_test_detects_differences(change: Callable[[float], float], chance: float) -> None:
    values = [float(number) for number in range(1, 21)]
    assert above([change(value) for value in values], values) == pytest.approx(chance, abs=0.1)
