"""A sign-in with password and one-time code in a process that has the store open."""

import dataclasses
from collections.abc import Iterator
from pathlib import Path

import pyotp
from msgspec import structs

from cwtui import services
from cwtui.accounts import sign_in
from cwtui.accounts.credentials import passwords
from cwtui.accounts.ports import Ports
from cwtui.accounts.secret import Secret
from cwtui.accounts.sign_in_states import CodeNeeded, SignedIn
from cwtui.config import StoreConfig
from tests.bench.measuring import Bench, medians, seconds
from tests.bench.people import PASSWORD, SOURCE, TOTP_SECRET, Store, config_in, user
from tests.bench.signing_in import bcrypt_check
from tests.bench.table import Most, Row, milliseconds

_OFTEN = 3
"""More rounds than usual, because the budget is near to the reference."""


def rows(bench: Bench) -> Iterator[Row]:
    cost, rounds = bench.scale.cost, bench.scale.rounds * _OFTEN
    few, many = (SignIns(store, cost, rounds) for store in (bench.few, bench.many))
    of_few, of_many, check = medians(rounds, few, many, bcrypt_check(cost))
    for store, taken in ((bench.few, of_few), (bench.many, of_many)):
        what = f"a sign-in with MFA, {store.accounts:,} accounts"
        yield Row(what, taken, milliseconds, "one bcrypt check", check, Most(1.05))


class SignIns:
    """Each call signs in a different user, because a one-time code is accepted once."""

    def __init__(self, store: Store, cost: int, count: int) -> None:
        first = store.accounts // 4
        self._users = iter(with_passwords(store, range(first, first + count + 1), cost))
        self._ports = connect(store.home, cost)
        self()

    def __call__(self) -> float:
        name = next(self._users)
        return seconds(lambda: sign_in_with_mfa(self._ports, name))


def with_passwords(store: Store, numbers: range, cost: int) -> list[str]:
    """Give these users passwords of this bcrypt cost, and return their names."""
    ports, names = services.connect(store.config), [user(number) for number in numbers]
    hashed = passwords.hash_password(Secret(PASSWORD), ports.keyring, cost)
    with ports.accounts.change() as change:
        people = [account for name in names if (account := change.get(name)) is not None]
        change.put(*(account.changed(password=hashed) for account in people))
    return names


def connect(home: Path, cost: int, url: str = "") -> Ports:
    """The store in this home, or with its keyring in the database at this URL."""
    config = config_in(home)
    if url:
        config = structs.replace(config, store=StoreConfig(url))
    return dataclasses.replace(services.connect(config), bcrypt_cost=cost)


def sign_in_with_mfa(ports: Ports, username: str) -> None:
    asked = sign_in.with_password(ports, username, Secret(PASSWORD), SOURCE)
    if not isinstance(asked, CodeNeeded):
        raise TypeError(asked)
    done = sign_in.with_code(ports, asked, pyotp.TOTP(TOTP_SECRET).now(), "code")
    if not isinstance(done, SignedIn):
        raise TypeError(done)
