"""What the rules need from outside, as Protocols that store/, keyring.py and services.py fill."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Protocol, TypeAlias, TypeVar

from cwtui.accounts.audit.chain import Ends
from cwtui.accounts.audit.events import Event
from cwtui.accounts.audit.lines import Line, Position
from cwtui.accounts.directory_port import DirectoryUser, Tell
from cwtui.accounts.listing import AccountRow
from cwtui.accounts.model import Account, Sealed, SignInRecord
from cwtui.accounts.progress import ShowProgress
from cwtui.accounts.secret import Secret
from cwtui.accounts.settings import OrganizationSettings
from cwtui.accounts.upkeep.protection import Key, Protected

T = TypeVar("T")

Clock: TypeAlias = Callable[[], float]
"""The time now, in seconds since the epoch, UTC."""

RandomBytes: TypeAlias = Callable[[int], bytes]
"""That many bytes from a cryptographic source."""


Others: TypeAlias = Callable[[Mapping[str, SignInRecord]], Mapping[str, SignInRecord | None]]
"""What is to become of records, by username; None: removed. Those left out stay as they are."""


class AccountsChange(Protocol):
    """One read-modify-write: nobody else changes accounts or settings until it is over."""

    def get(self, username: str) -> Account | None: ...

    def put(self, *accounts: Account) -> None:
        """Insert or replace; many at once cost little more than one.

        Keys that an account was not protected by before are needed from then on.
        """

    def remove(self, username: str) -> None: ...

    def of_person(self, ids: Mapping[str, str]) -> list[Account]: ...

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
        """Do all of the writing that can fail, so that what is recorded now will have happened.

        Raises CannotCheck.
        """


class AccountStore(Protocol):
    """Accounts and organization settings. All methods raise CannotCheck."""

    def get(self, username: str) -> Account | None: ...

    def is_empty(self) -> bool: ...

    def names(self) -> list[str]:
        """The usernames, sorted."""

    def username_at(self, number: int) -> str | None:
        """One of the usernames, by a number of any size; None where there is no account."""

    def of_person(self, ids: Mapping[str, str]) -> list[Account]:
        """Those with ids of the directory of which one is among these, and none differs.

        Looks through all accounts: for a person whose name is not known yet.
        """

    def rows(self) -> list[AccountRow]:
        """A line for each account, in the order of usernames."""

    def settings(self) -> OrganizationSettings: ...

    def protected(self) -> list[Protected]:
        """For each account what is under which key, in the order of usernames."""

    def needed_keys(self) -> frozenset[str]:
        """The ids of the keys that something in the store may be protected by.

        Those that were given up as lost are not among them, though something may still be.
        """

    def change(self) -> AbstractContextManager[AccountsChange]:
        """Committed at the end of the block; an exception leaves everything as it was."""


class RecordStore(Protocol):
    """Sign-in records, apart from the accounts. All methods raise CannotCheck."""

    def get(self, username: str) -> SignInRecord: ...

    def update(
        self,
        username: str,
        step: Callable[[SignInRecord], tuple[SignInRecord, T]],
        others: Others | None = None,
    ) -> T:
        """Replace the record by what `step` makes of it, exclusively, and return its result.

        An exception in `step` leaves the record as it was. `others` sees the records that are kept
        together with this one, and says which of them to replace or remove on the occasion.
        """

    def remove(self, username: str) -> None: ...


class KeyringChange(Protocol):
    """One read-modify-write of the keyring: nobody else changes it until it is over.

    What can fail has been done when a method returns. All of them raise CannotCheck.
    """

    def add(self, now: float) -> str:
        """The id of a new key, which is the active one from then on."""

    def remove(self, *ids: str) -> None:
        """Keys other than the active one."""


class Keyring(Protocol):
    """The keys that protect the store. All methods raise KeyringMissing for an unknown key.

    What another process changes is seen at the next call.
    """

    @property
    def active(self) -> str:
        """The id of the key for what is written from now on: ask once for what belongs together."""

    def all_keys(self) -> tuple[Key, ...]:
        """In the order in which they were made; each was active until the next one was."""

    def change(self) -> AbstractContextManager[KeyringChange]:
        """Committed at the end of the block; an exception leaves everything as it was.

        Raises Refused for a keyring that is not to be written here.
        """

    @property
    def names_key(self) -> bytes:
        """Hides the made-up names that were tried. It outlives every rotation."""

    def pepper(self, key: str) -> bytes: ...

    def seal(self, secret: bytes, associated: bytes) -> Sealed: ...

    def unseal(self, sealed: Sealed, associated: bytes) -> bytes: ...


class AuditLog(Protocol):
    """All methods raise CannotCheck."""

    def append(self, event: Event) -> None:
        """Write the event durably. Raises CannotCheck: then what it reports must not happen."""

    def lines(self, start: Position) -> Iterator[Line]:
        """Oldest first, from that position to the end; read as they are asked for."""

    def lines_before(self, position: Position | None) -> Iterator[Line]:
        """Newest first, from the line before that position, or the last one; read as asked for."""

    def ends(self) -> Ends | None:
        """Between what the log should reach; None: that was never written down, or is lost."""


class Directory(Protocol):
    """The LDAP server, or several of which one is asked.

    All methods raise CannotReachDirectory and DirectoryMisconfigured, which are CannotCheck and
    nobody's wrong try, and InvalidInput for a name that no account can have. Each call ends within
    the configured total time, but `find_all`, of which each search does. Usernames are normalized
    as by `text.username`, and an entry of which that is not the name is not found.
    """

    def check_password(self, username: str, password: Secret) -> DirectoryUser:
        """The person, whose password it is. Raises DirectoryRefused, of which each kind is a type.

        An empty password is refused unasked: servers take it for an anonymous bind (RFC 4513
        section 5.1.2).
        """

    def find(self, username: str) -> DirectoryUser | None:
        """The person without a password, disabled or not. Raises CannotSearchDirectory."""

    def find_all(
        self, usernames: Iterable[str], progress: ShowProgress
    ) -> dict[str, DirectoryUser | None]:
        """As `find`, for many, in few searches. Raises CannotSearchDirectory.

        A name that two entries have is left out: nothing can be said of it.
        """

    def find_by_ids(
        self, people: Sequence[Mapping[str, str]], progress: ShowProgress
    ) -> list[DirectoryUser | None]:
        """For each of these ids the person who has them, under whatever name.

        None: nobody, more than one, or an entry of which the name is none of an account. Raises
        CannotSearchDirectory.
        """

    def explain(self, username: str, password: Secret | None, tell: Tell) -> DirectoryUser:
        """As `check_password`, or as `find` without a password, step by step.

        Raises what they raise, and DirectoryRefused for nobody and for a disabled person. What is
        raised is the last word, and not told as a step.
        """


@dataclass(frozen=True)
class Ports:
    """Everything that the rules use from outside."""

    accounts: AccountStore
    records: RecordStore
    keyring: Keyring
    audit: AuditLog
    now: Clock
    random: RandomBytes
    bcrypt_cost: int = 12
    session_limit: float = 12 * 3600.0
    """Seconds after which a session ends, whatever is done in it."""
    directory: Directory | None = None
    """None where no directory is configured."""
