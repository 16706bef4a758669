"""In-memory ports for the rules; the store's contract tests run on them too."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from hashlib import sha256
from threading import Lock, get_ident
from typing import TypeVar

import msgspec
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from cwtui.accounts import identity, roles
from cwtui.accounts.audit import chain as audit_chain
from cwtui.accounts.audit.chain import Ends
from cwtui.accounts.audit.events import Event
from cwtui.accounts.audit.lines import Line, Position, encode
from cwtui.accounts.errors import CannotCheck, KeyringMissing, StoreDamaged
from cwtui.accounts.filter_language import Query
from cwtui.accounts.listing import AccountRow, Sort, row_of
from cwtui.accounts.model import Account, EndAsked, OpenSession, Origin, Sealed, SignInRecord
from cwtui.accounts.ports import Others, StandIn
from cwtui.accounts.settings import OrganizationSettings
from cwtui.accounts.throttle import Try
from cwtui.accounts.upkeep.protection import Key, Protected, keys_of, protected

T = TypeVar("T")
_State = tuple[dict[str, Account], OrganizationSettings, frozenset[str]]


class MemoryAccounts:
    """The ports AccountStore and, inside `change`, AccountsChange."""

    def __init__(self) -> None:
        self._committed: _State = ({}, OrganizationSettings(), frozenset())
        self._staged: _State | None = None
        self._writer: int | None = None
        self._lock = Lock()
        self.commits = 0
        self.looked_through = 0
        """How often all accounts were searched for a person."""
        self.before_change: Callable[[], object] = lambda: None
        """What another process does just before our change begins."""
        self.before_prepare: Callable[[], object] = lambda: None
        """Raises CannotCheck where a disk is full."""

    def get(self, username: str) -> Account | None:
        return self._now[0].get(username)

    def several(self, usernames: Sequence[str]) -> list[Account | None]:
        return [self._now[0].get(name) for name in usernames]

    def of_person(self, ids: Mapping[str, str]) -> list[Account]:
        self.looked_through += 1
        found = sorted(self._now[0].items())
        return [account for _, account in found if identity.is_same(account.directory_ids, ids)]

    def with_ssh_key(self, key: bytes) -> list[str]:
        found = sorted(self._now[0].items())
        return [name for name, one in found if key in {kept.key for kept in one.ssh_keys}]

    @contextmanager
    def glance(
        self,
        username: str,
        stand_in: StandIn,
        begun: Try | None = None,
        since: float | None = None,
    ) -> Iterator[None]:
        del username, stand_in, begun, since
        yield

    def is_empty(self) -> bool:
        return not self._now[0]

    def names(self) -> list[str]:
        return sorted(self._now[0])

    def username_at(self, number: int) -> str | None:
        names = sorted(self._now[0])
        return names[number % len(names)] if names else None

    def rows(self) -> list[AccountRow]:
        return [row_of(account) for _, account in sorted(self._now[0].items())]

    def page(
        self,
        query: Query[AccountRow],
        sort: Sort,
        after: AccountRow | None = None,
        limit: int | None = None,
    ) -> list[AccountRow]:
        return sort.page(query.select(self.rows()), after, limit)

    def count(self, query: Query[AccountRow]) -> int:
        return len(list(query.select(self.rows())))

    def version(self) -> object:
        return self.commits

    def settings(self) -> OrganizationSettings:
        return self._now[1]

    def protected(self) -> list[Protected]:
        return [protected(account) for _, account in sorted(self._now[0].items())]

    @contextmanager
    def change(self) -> Iterator["MemoryAccounts"]:
        interruption, self.before_change = self.before_change, lambda: None
        interruption()
        with self._lock:
            accounts, settings, keys = self._committed
            self._staged, self._writer = (dict(accounts), settings, keys), get_ident()
            try:
                yield self
                self._committed = self._staged
                self.commits += 1
            finally:
                self._staged = self._writer = None

    def prepare(self) -> None:
        self.before_prepare()

    def put(self, *accounts: Account) -> None:
        before = self._change[0]
        for account in accounts:
            kept = before.get(account.username)
            added = keys_of(account) - (keys_of(kept) if kept is not None else frozenset())
            self.put_needed_keys(self.needed_keys() | added)
        before.update({account.username: account for account in accounts})

    def remove(self, username: str) -> None:
        self._change[0].pop(username, None)

    def enabled_local_admins(self) -> frozenset[str]:
        return frozenset(
            account.username
            for account in self._now[0].values()
            if account.enabled and account.origin is Origin.LOCAL and roles.ADMIN in account.roles
        )

    def put_settings(self, settings: OrganizationSettings) -> None:
        self._staged = (self._change[0], settings, self._change[2])

    def needed_keys(self) -> frozenset[str]:
        return self._now[2]

    def put_needed_keys(self, ids: frozenset[str]) -> None:
        self._staged = (*self._change[:2], ids)

    @property
    def is_changing(self) -> bool:
        """Whether a change is in progress, which others have to wait for."""
        return self._lock.locked()

    @property
    def _now(self) -> _State:
        staged = self._staged if self._writer == get_ident() else None
        return self._committed if staged is None else staged

    @property
    def _change(self) -> _State:
        if self._staged is None or self._writer != get_ident():
            message = "changed outside of a change"
            raise RuntimeError(message)
        return self._staged


class MemoryRecords:
    """The port RecordStore."""

    def __init__(self) -> None:
        self.kept: dict[str, SignInRecord] = {}
        self.fails = False
        self.updates = 0
        self._lock = Lock()

    def get(self, username: str) -> SignInRecord:
        return self.kept.get(username, SignInRecord())

    def banned(self) -> dict[str, SignInRecord]:
        return {
            name: record
            for name, record in self.kept.items()
            for attempts in (record.password_attempts, record.code_attempts)
            if any(kept.banned_until for kept in attempts.values())
        }

    def last_sign_ins(self) -> Callable[[str], float | None]:
        return lambda name: self.get(name).last_sign_in

    def update(
        self,
        username: str,
        step: Callable[[SignInRecord], tuple[SignInRecord, T]],
        others: Others | None = None,
        begun: Try | None = None,
    ) -> T:
        del begun  # nothing is counted before
        with self._lock:
            self.updates += 1
            after, result = step(self.get(username))
            self._fail()
            changed = self._changed(username, others) if others is not None else {}
            for name, record in changed.items():
                if record is None:
                    del self.kept[name]
                else:
                    self.kept[name] = record
            self.kept[username] = after
        return result

    def together(self, act: Callable[[], T]) -> T:
        return act()

    def _changed(self, username: str, others: Others) -> Mapping[str, SignInRecord | None]:
        """The changes to other records, if there are too many by now."""
        if len(self.kept) <= others.most:
            return {}  # so the names with the prefix need not be counted
        kept = {name: record for name, record in self.kept.items() if name != username}
        crowd = sum([name.startswith(others.prefix) for name in kept])
        return others.change(kept) if crowd > others.most else {}

    def remove(self, *usernames: str) -> None:
        with self._lock:
            self._fail()
            for username in usernames:
                self.kept.pop(username, None)

    def _fail(self) -> None:
        if self.fails:
            raise CannotCheck("Cannot write records: no space left on device.")


class MemoryOpenSessions:
    """The port OpenSessions: one process, of which all sessions are."""

    def __init__(self) -> None:
        self.look_seconds = 600.0
        self.kept: dict[str, OpenSession] = {}
        self.asked: dict[str, EndAsked] = {}
        self.fails = False

    def begin(self, session: OpenSession) -> None:
        self._fail()
        self.kept[session.id] = session

    def look(self, id_: str, active_at: float) -> EndAsked | None:
        self._fail()
        if id_ in self.kept:
            self.kept[id_] = msgspec.structs.replace(self.kept[id_], active_at=active_at)
        return self.asked.get(id_)

    def end(self, id_: str) -> None:
        self._fail()
        self.kept.pop(id_, None)

    def all(self, username: str | None = None) -> list[OpenSession]:
        self._fail()
        found = [one for one in self.kept.values() if username in {None, one.username}]
        return [
            msgspec.structs.replace(one, is_ending=one.id in self.asked)
            for one in sorted(found, key=lambda one: (one.started_at, one.id))
        ]

    def ask_to_end(self, ids: Iterable[str], asked: EndAsked) -> frozenset[str]:
        self._fail()
        found = frozenset(ids) & self.kept.keys()
        self.asked |= dict.fromkeys(found, asked)
        return found

    def _fail(self) -> None:
        if self.fails:
            raise CannotCheck("Cannot write sessions: no space left on device.")


class MemoryAudit:
    """The port AuditLog, as one file; a test may append arbitrary bytes to `contents`."""

    def __init__(self) -> None:
        self.events: list[Event] = []
        self.contents: list[bytes] = []
        self.kept: Ends | None = None
        self.fails = False
        self.read = 0
        """How many lines were read."""

    def append(self, *events: Event) -> None:
        if self.fails:
            raise CannotCheck("Cannot write audit: no space left on device.")
        for event in events:
            self._append(event)

    def _append(self, event: Event) -> None:
        self.events.append(event)
        link = audit_chain.following(audit_chain.tail(reversed(self.contents)), self.kept)
        line = encode(event, link.n, link.hash)
        self.contents.append(line)
        first = self.kept.first if self.kept is not None else link
        self.kept = Ends(first, audit_chain.link_of(line, link.n))

    def lines(self, start: Position) -> Iterator[Line]:
        return (self._line(number) for number in range(start.line, len(self.contents)))

    def lines_before(self, position: Position | None) -> Iterator[Line]:
        last = position.line if position is not None else len(self.contents)
        return (self._line(number) for number in reversed(range(last)))

    def ends(self) -> Ends | None:
        return self.kept

    def _line(self, number: int) -> Line:
        self.read += 1
        content = self.contents[number]
        return Line(Position(1, number, number), "audit.jsonl", content, len(content) + 1)


class MemoryKeyring:
    """The port Keyring, with keys derived from their ids. `seal` never repeats a nonce."""

    def __init__(self, *ids: str) -> None:
        self.made = dict.fromkeys(ids, 0.0)
        self.peppers: dict[str, tuple[bytes, float]] = {}
        self.is_read_only = False
        self._nonces = 0
        self._number = len(ids)
        self._lock = Lock()

    @property
    def active(self) -> str:
        return list(self.made)[-1]

    def all_keys(self) -> tuple[Key, ...]:
        imported = (Key(id_, at, imported=True) for id_, (_, at) in self.peppers.items())
        return (*imported, *(Key(id_, created_at) for id_, created_at in self.made.items()))

    @contextmanager
    def change(self) -> Iterator["MemoryKeyringChange"]:
        with self._lock:
            change = MemoryKeyringChange(dict(self.made), self._number, dict(self.peppers))
            yield change
            self.made, self._number, self.peppers = change.made, change.number, change.peppers

    @property
    def names_key(self) -> bytes:
        return sha256(b"names").digest()

    def pepper(self, key: str) -> bytes:
        return self.peppers[key][0] if key in self.peppers else self._key(key, "pepper")

    def seal(self, secret: bytes, associated: bytes) -> Sealed:
        self._nonces += 1
        nonce = self._nonces.to_bytes(12, "big")
        ciphertext = AESGCM(self._key(self.active, "seal")).encrypt(nonce, secret, associated)
        return Sealed(self.active, nonce, ciphertext)

    def unseal(self, sealed: Sealed, associated: bytes) -> bytes:
        cipher = AESGCM(self._key(sealed.key, "seal"))
        try:
            return cipher.decrypt(sealed.nonce, sealed.ciphertext, associated)
        except InvalidTag:
            raise StoreDamaged("The secret was changed.") from None

    def _key(self, key: str, purpose: str) -> bytes:
        if key not in self.made:
            raise KeyringMissing(f"There is no key {key}.")
        return sha256(f"{purpose} {key}".encode()).digest()


class MemoryKeyringChange:
    """The port KeyringChange."""

    def __init__(
        self, made: dict[str, float], number: int, peppers: dict[str, tuple[bytes, float]]
    ) -> None:
        self.made, self.number, self.peppers = made, number, peppers

    def add(self, now: float) -> str:
        self.number += 1
        self.made[f"k{self.number}"] = now
        return f"k{self.number}"

    def add_pepper(self, key: str, pepper: bytes, now: float) -> None:
        self.peppers[key] = pepper, now

    def remove(self, *ids: str) -> None:
        for id_ in ids:
            del (self.peppers if id_ in self.peppers else self.made)[id_]
