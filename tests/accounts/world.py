"""A small world for the rules: a manual clock, seeded randomness and in-memory ports."""

import base64
import hmac
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cache
from random import Random
from typing import TypeVar

from msgspec.structs import replace

from cwtui.accounts import devices, model, roles, sign_in
from cwtui.accounts.audit.events import Event, EventType
from cwtui.accounts.credentials import backup_codes, passwords, totp
from cwtui.accounts.devices import FIRST_NAME
from cwtui.accounts.directory_port import Directory
from cwtui.accounts.errors import AccountsError
from cwtui.accounts.model import Account, BackupCodes, PasswordHash, SecondFactor
from cwtui.accounts.ports import Ports
from cwtui.accounts.secret import Secret
from cwtui.accounts.session import Operator, Session
from cwtui.accounts.settings import OrganizationSettings
from cwtui.accounts.sign_in_states import CodeNeeded, SignedIn, State
from cwtui.accounts.unix_users import UnixUser
from tests.accounts.memory import (
    MemoryAccounts,
    MemoryAudit,
    MemoryKeyring,
    MemoryOpenSessions,
    MemoryRecords,
)

T = TypeVar("T")

NOW = 1_800_000_000.0
"""The first second of a time step."""
PASSWORD = "Ketzin.7-Havel"
HERE = "10.0.0.1"
OPERATOR = Operator("root")


# The same worlds are made thousands of times, and a memory keyring's keys follow from their ids.


@cache
def _password_hash(username: str, password: str, key: str, cost: int) -> PasswordHash:
    del username  # no two accounts share a salt
    return passwords.hash_password(Secret(password), MemoryKeyring(key), cost)


@cache
def _code_hashes(codes: tuple[str, ...], key: str, cost: int) -> BackupCodes:
    return backup_codes.hash_codes(tuple(map(Secret, codes)), MemoryKeyring(key), cost)


def forget_hashes() -> None:
    _password_hash.cache_clear()
    _code_hashes.cache_clear()


def outcome(call: Callable[[], T]) -> T | AccountsError:
    """The call's result or refusal; any other exception is a bug and is raised."""
    try:
        return call()
    except AccountsError as refusal:
        return refusal


class Clock:
    """The time, which stands still until it is moved."""

    def __init__(self, at: float = NOW) -> None:
        self.at = at

    def __call__(self) -> float:
        return self.at

    def forward(self, seconds: float) -> None:
        self.at += seconds


def hotp(key: bytes, counter: int, digits: int = 6) -> str:
    """RFC 4226 section 5.3, written independently: the rules use a library."""
    digest = hmac.digest(key, counter.to_bytes(8, "big"), "sha1")
    offset = digest[-1] & 15
    number = int.from_bytes(digest[offset : offset + 4], "big") & 0x7FFFFFFF
    return f"{number % 10**digits:0{digits}d}"


@dataclass(frozen=True)
class Device:
    """What the person has: the authenticator app's secret and the saved backup codes."""

    totp_secret: Secret
    codes: tuple[Secret, ...]

    def code(self, now: float, steps: int = 0) -> str:
        key = base64.b32decode(self.totp_secret.reveal())
        return hotp(key, int(now) // totp.PERIOD + steps)

    def wrong_code(self, now: float) -> str:
        """Six digits that no step of the window has."""
        near = {self.code(now, steps) for steps in range(-3, 4)}
        return next(code for code in map("{:06d}".format, range(10)) if code not in near)


@dataclass
class World:
    """All ports, with shortcuts to common starting points."""

    clock: Clock = field(default_factory=Clock)
    accounts: MemoryAccounts = field(default_factory=MemoryAccounts)
    records: MemoryRecords = field(default_factory=MemoryRecords)
    audit: MemoryAudit = field(default_factory=MemoryAudit)
    keyring: MemoryKeyring = field(default_factory=lambda: MemoryKeyring("k1"))
    sessions: MemoryOpenSessions = field(default_factory=MemoryOpenSessions)
    bcrypt_cost: int = 4
    directory: Directory | None = None
    unix_users: Mapping[str, UnixUser] = field(default_factory=dict)
    seed: int = 1

    def __post_init__(self) -> None:
        self.random = Random(self.seed).randbytes  # noqa: S311  repeatable

    @property
    def ports(self) -> Ports:
        return Ports(
            accounts=self.accounts,
            records=self.records,
            keyring=self.keyring,
            audit=self.audit,
            sessions=self.sessions,
            now=self.clock,
            random=self.random,
            bcrypt_cost=self.bcrypt_cost,
            directory=self.directory,
            unix_user=self.unix_users.get,
        )

    @property
    def events(self) -> list[Event]:
        return self.audit.events

    def event_types(self) -> list[EventType]:
        return [event.event for event in self.events]

    def settings(self, **values: object) -> OrganizationSettings:
        with self.accounts.change() as change:
            after = replace(change.settings(), **values)
            change.put_settings(after)
        return after

    def add(self, username: str = "alice", password: str = PASSWORD, **fields: object) -> Account:
        account = Account(
            username=username,
            created_at=self.clock(),
            password=_password_hash(username, password, self.keyring.active, self.bcrypt_cost),
        ).changed(**fields)
        return self.put(account)

    def add_admin(self, username: str = "ada", **fields: object) -> Account:
        return self.put(self.add(username).changed(roles=(roles.ADMIN,), **fields))

    def put(self, account: Account) -> Account:
        with self.accounts.change() as change:
            change.put(account)
        return account

    def account(self, username: str = "alice") -> Account:
        account = self.accounts.get(username)
        assert account is not None
        return account

    def equip(self, username: str = "alice", *, acknowledged: bool = True) -> Device:
        """Give the account a second factor, as an enrolment would."""
        device = Device(totp.new_secret(self.random), backup_codes.new_codes(self.random))
        shown = tuple(code.reveal() for code in device.codes)
        hashed = _code_hashes(shown, self.keyring.active, self.bcrypt_cost)
        kept = replace(hashed, acknowledged=acknowledged, created_at=self.clock())
        factor = SecondFactor((self.registered(username, device, FIRST_NAME),), kept)
        self.put(self.account(username).changed_ending_sessions(second_factor=factor))
        return device

    def equip_too(self, name: str, username: str = "alice") -> Device:
        """Give the account a further device."""
        device = Device(totp.new_secret(self.random), ())
        account = self.account(username)
        assert account.second_factor is not None
        more = (*account.second_factor.devices, self.registered(username, device, name))
        factor = replace(account.second_factor, devices=more)
        self.put(account.changed_ending_sessions(second_factor=factor))
        return device

    def registered(self, username: str, device: Device, name: str) -> model.Device:
        """The device as it is stored."""
        id_ = self.random(4).hex()
        sealed = devices.sealed(self.keyring, username, id_, device.totp_secret)
        return model.Device(name=name, totp_secret=sealed, registered_at=self.clock(), id=id_)

    def begin(self, username: str = "alice", password: str = PASSWORD, source: str = HERE) -> State:
        return sign_in.with_password(self.ports, username, Secret(password), source)

    def asked_for_code(self, username: str = "alice", source: str = HERE) -> CodeNeeded:
        state = self.begin(username, source=source)
        assert isinstance(state, CodeNeeded)
        return state

    def session(
        self, username: str = "alice", device: Device | None = None, source: str = HERE
    ) -> Session:
        """Sign in completely and return the session."""
        state = self.begin(username, source=source)
        if isinstance(state, CodeNeeded):
            assert device is not None
            state = sign_in.with_one_time_code(self.ports, state, device.code(self.clock()))
        assert isinstance(state, SignedIn)
        return state.session
