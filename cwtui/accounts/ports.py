"""What the rules need from outside, as Protocols. store/ and keyring/ implement them.

That of the directory is in `directory_port`, with its many errors.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import NamedTuple, Protocol, TypeAlias, TypeVar

from cwtui.accounts.audit.chain import Ends
from cwtui.accounts.audit.events import Event
from cwtui.accounts.audit.lines import Line, Position
from cwtui.accounts.directory_port import Directory
from cwtui.accounts.filter_language import Query
from cwtui.accounts.listing import AccountRow, Sort
from cwtui.accounts.model import Account, EndAsked, OpenSession, Sealed, SignInRecord
from cwtui.accounts.settings import OrganizationSettings
from cwtui.accounts.throttle import Try
from cwtui.accounts.unix_users import FindUnixUser
from cwtui.accounts.upkeep.protection import Key, Protected

T = TypeVar("T")

Clock: TypeAlias = Callable[[], float]
"""The time now, in seconds since the epoch, UTC."""

RandomBytes: TypeAlias = Callable[[int], bytes]
"""Returns this many bytes from a cryptographic source."""


@dataclass(frozen=True)
class Others:
    """How to change other records, once more than `most` names start with `prefix`.

    `change` gets the records and returns those to change, by username; None removes one.
    """

    prefix: str
    most: int
    change: Callable[[Mapping[str, SignInRecord]], Mapping[str, SignInRecord | None]]


class AccountsChange(Protocol):
    """One read-modify-write: nobody else can change accounts or settings until it ends."""

    def get(self, username: str) -> Account | None: ...

    def several(self, usernames: Sequence[str]) -> list[Account | None]: ...

    def put(self, *accounts: Account) -> None:
        """Insert or replace accounts; many at once cost little more than one.

        Keys that protect them are added to the needed keys.
        """

    def remove(self, username: str) -> None: ...

    def of_person(self, ids: Mapping[str, str]) -> list[Account]: ...

    def with_ssh_key(self, key: bytes) -> list[str]: ...

    def is_empty(self) -> bool: ...

    def names(self) -> list[str]:
        """The usernames, sorted."""

    def enabled_local_admins(self) -> frozenset[str]: ...

    def settings(self) -> OrganizationSettings: ...

    def put_settings(self, settings: OrganizationSettings) -> None: ...

    def protected(self) -> list[Protected]: ...

    def needed_keys(self) -> frozenset[str]: ...

    def put_needed_keys(self, ids: frozenset[str]) -> None: ...

    def prepare(self) -> None:
        """Do all writing that can fail, so that what is logged next will really happen.

        Raises CannotCheck.
        """


class StandIn(NamedTuple):
    """What is used for a username that has no account: a record, and the account at a number."""

    record: str
    number: int


class AccountStore(Protocol):
    """Accounts and organization settings. All methods raise CannotCheck."""

    def get(self, username: str) -> Account | None: ...

    def several(self, usernames: Sequence[str]) -> list[Account | None]:
        """Return these accounts in this order; None for a name that none has. At most some 1000."""

    def glance(
        self,
        username: str,
        stand_in: StandIn,
        begun: Try | None = None,
        since: float | None = None,
    ) -> AbstractContextManager[None]:
        """Read at once what a step of a sign-in needs, if reading takes long.

        That is this account, the sign-in records of `username` and of its stand-in, the settings,
        and the account at that number with its record. What the thread reads of them in the block
        may be as old as `since` (None: the block's begin) until it changes the record, and then as
        that change.

        `begun` is an attempt that will be counted in the block, in the record of `username` or, if
        there is no such account, of its stand-in. It may be counted already when the block begins.
        """

    def is_empty(self) -> bool: ...

    def enabled_local_admins(self) -> frozenset[str]:
        """Return the usernames of the local admins that are not disabled. Some may have expired."""

    def names(self) -> list[str]:
        """Return the usernames, sorted."""

    def username_at(self, number: int) -> str | None:
        """Return one of the usernames, chosen by a number of any size; None if there are none."""

    def of_person(self, ids: Mapping[str, str]) -> list[Account]:
        """Return the accounts whose directory ids match one of these while none differs.

        Searches all accounts: used for people whose username is new.
        """

    def with_ssh_key(self, key: bytes) -> list[str]:
        """Return the names of the accounts that have this SSH key, sorted.

        Searches all accounts: used when a key is added.
        """

    def rows(self) -> list[AccountRow]:
        """Return a row for each account, sorted by username."""

    def page(
        self,
        query: Query[AccountRow],
        sort: Sort,
        after: AccountRow | None = None,
        limit: int | None = None,
    ) -> list[AccountRow]:
        """Return the first `limit` rows that match, in this order; None means all.

        `after` is the last row of the page before. Its account may have changed or be gone by now.
        """

    def count(self, query: Query[AccountRow]) -> int:
        """Return the number of accounts that match."""

    def version(self) -> object:
        """Return a value that is another one after each change of accounts or settings.

        Quick, whatever has changed: for lists that look again every few seconds.
        """

    def settings(self) -> OrganizationSettings: ...

    def protected(self) -> list[Protected]:
        """Return which keys protect each account, sorted by username."""

    def needed_keys(self) -> frozenset[str]:
        """Return the ids of the keys that may protect something in the store.

        Keys that were given up as lost are left out, even if something still depends on them.
        """

    def change(self) -> AbstractContextManager[AccountsChange]:
        """Commit at the end of the block; an exception undoes everything."""


class RecordStore(Protocol):
    """Sign-in records, stored apart from the accounts. All methods raise CannotCheck."""

    def get(self, username: str) -> SignInRecord: ...

    def banned(self) -> dict[str, SignInRecord]:
        """Return the records with attempts that had to wait, or still have to, by username.

        Quick, because they are few: for lists of many accounts.
        """

    def last_sign_ins(self) -> Callable[[str], float | None]:
        """Return a function that returns when a user last signed in, in seconds since the epoch.

        It is quickest for names in their order, and may not see later sign-ins. It raises
        CannotCheck.
        """

    def update(
        self,
        username: str,
        step: Callable[[SignInRecord], tuple[SignInRecord, T]],
        others: Others | None = None,
        begun: Try | None = None,
    ) -> T:
        """Replace the record with what `step` returns, under a lock, and return the result.

        An exception in `step` leaves the record unchanged. `others` is applied to the other records
        in the same file. `step` may be called again, if others changed the record meanwhile.

        `begun` says that `step` is `throttle.with_try` for this attempt. If `glance` has counted
        it, `step` only gets the record from before it.
        """

    def together(self, act: Callable[[], T]) -> T:
        """Return what `act` returns, and write what it writes together, if the store can do that.

        Then records and audit log change both or neither, and `act` may be called again, if others
        changed the same record meanwhile.
        """

    def remove(self, *usernames: str) -> None:
        """Remove these records if they exist; many at once cost little more than one."""


class OpenSessions(Protocol):
    """The sessions that are open now. All methods raise CannotCheck.

    A session whose process has ended is not among them, however it ended. It may be for a while
    yet if that process was on another host.
    """

    @property
    def look_seconds(self) -> float:
        """How often the process of a session calls `look`."""

    def begin(self, session: OpenSession) -> None:
        """List the session from now on. The process that calls this is the session's."""

    def look(self, id_: str, active_at: float) -> EndAsked | None:
        """Note when the person was last active, and return who asked this session to end.

        For the process that began it. A session that somehow is not listed any more is listed
        again.
        """

    def end(self, id_: str) -> None:
        """Remove the session from the list. It may be gone already."""

    def all(self, username: str | None = None) -> list[OpenSession]:
        """Return the sessions, or those of one account, oldest first."""

    def ask_to_end(self, ids: Iterable[str], asked: EndAsked) -> frozenset[str]:
        """Ask these sessions to end, and return the ids of those that were open."""


class KeyringChange(Protocol):
    """One read-modify-write of the keyring: nobody else can change it until it ends.

    When a method returns, nothing can fail any more. All methods raise CannotCheck.
    """

    def add(self, now: float) -> str:
        """Add a new active key and return its id."""

    def add_pepper(self, key: str, pepper: bytes, now: float) -> None:
        """Add the pepper of a key of another store. It has 32 bytes, and the id is new here."""

    def remove(self, *ids: str) -> None:
        """Remove keys other than the active one."""


class Keyring(Protocol):
    """The keys that protect the store. All methods raise KeyringMissing for an unknown key.

    Changes by other processes are seen at the next call.
    """

    @property
    def active(self) -> str:
        """The id of the key for new data. Read it once for data that belongs together."""

    def all_keys(self) -> tuple[Key, ...]:
        """Return the keys, oldest first; each was active until the next one was added.

        Imported ones, which never were, come before the others.
        """

    @property
    def is_read_only(self) -> bool:
        """Whether cwtui must not write the keyring."""

    def change(self) -> AbstractContextManager[KeyringChange]:
        """Commit at the end of the block; an exception undoes everything.

        Raises Refused for a keyring that cwtui must not write.
        """

    @property
    def names_key(self) -> bytes:
        """The key for hashing made-up names. Rotations do not change it."""

    def pepper(self, key: str) -> bytes: ...

    def seal(self, secret: bytes, associated: bytes) -> Sealed: ...

    def unseal(self, sealed: Sealed, associated: bytes) -> bytes: ...


class AuditLog(Protocol):
    """The audit log. All methods raise CannotCheck."""

    def append(self, *events: Event) -> None:
        """Write the events durably. If it raises CannotCheck, the action must not happen.

        Many at once cost little more than one. Some may have been written then, but not the last.
        """

    def lines(self, start: Position) -> Iterator[Line]:
        """Yield the lines from `start` to the end, oldest first, reading as needed."""

    def lines_before(self, position: Position | None) -> Iterator[Line]:
        """Yield the lines before `position` (None: the end), newest first, reading as needed."""

    def ends(self) -> Ends | None:
        """Return the first and last event that the log must contain; None if unknown or lost."""


class Reading(Protocol):
    """What is needed to find out about an account: Ports, or less."""

    @property
    def accounts(self) -> AccountStore: ...

    @property
    def records(self) -> RecordStore: ...

    @property
    def keyring(self) -> Keyring: ...

    @property
    def now(self) -> Clock: ...


def _in_utc(at: float) -> datetime:
    return datetime.fromtimestamp(at, UTC)


@dataclass(frozen=True)
class Ports:
    """Everything the rules use from outside."""

    accounts: AccountStore
    records: RecordStore
    keyring: Keyring
    audit: AuditLog
    sessions: OpenSessions
    now: Clock
    random: RandomBytes
    bcrypt_cost: int = 12
    session_limit: float = 12 * 3600.0
    """Seconds after which a session ends, even if it is in use."""
    directory: Directory | None = None
    """None if no directory is configured."""
    local_time: Callable[[float], datetime] = _in_utc
    """Returns a time in this host's time zone, with its offset."""
    unix_user: FindUnixUser = lambda _: None
    unix_names: Callable[[], frozenset[str] | None] = lambda: None
    """Returns the names of all Unix users, so that others need not be looked for one by one.

    None if there may be more of them, such as on hosts with users of a directory.
    """
    ask_directory_at_doors: bool = False
    """Whether a door of the host asks the directory about each of its people."""
    batch: str = ""
    """The id of the batch that what is done now is a part of, for its events."""
