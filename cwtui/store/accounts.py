"""Accounts and organization settings in one table file."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from itertools import islice
from operator import itemgetter
from pathlib import Path
from typing import Final, Generic, NamedTuple, Protocol, Self, TypeVar

from msgspec import MsgspecError, Struct, json

from cwtui.accounts import identity, roles
from cwtui.accounts.filter_language import Query
from cwtui.accounts.listing import BY_USERNAME, AccountRow, Sort
from cwtui.accounts.model import Account, Origin
from cwtui.accounts.ports import StandIn
from cwtui.accounts.settings import OrganizationSettings
from cwtui.accounts.throttle import Try
from cwtui.accounts.upkeep.protection import Protected, newly_needed
from cwtui.language import _
from cwtui.store import saving
from cwtui.store.base_text import SEPARATOR, check_length, line_of
from cwtui.store.content import Content
from cwtui.store.contents import Contents
from cwtui.store.layout import Layout
from cwtui.store.parts import Part
from cwtui.store.table_file import TableFile
from cwtui.store.view import Kind, View

T = TypeVar("T")

_ACCOUNTS: Final = "accounts"
_SETTINGS: Final = "settings"
_ORGANIZATION: Final = "organization"
_KEYS: Final = "keys"
_NEEDED: Final = "needed"
_ROW: Final = itemgetter(1)
"""Takes the row of a pair of a name and its row."""


class _NeededKeys(Struct, frozen=True, forbid_unknown_fields=True):
    ids: tuple[str, ...] = ()


class _Only(Generic[T]):
    """The only document of a small table; `default` until there is one.

    What was decoded last is remembered, because it is read often and rarely changes.
    """

    def __init__(self, table: str, name: str, default: T) -> None:
        self._table = table
        self._name = name
        self._default = default
        self._last: tuple[bytes, T] | None = None

    def of(self, view: View) -> T:
        """Return it. Raises StoreDamaged, also for other documents."""
        documents, last = view.table(self._table), self._last
        for other in documents.keys() - {self._name}:
            raise view.damaged(self._table, other, "unknown entry")
        document = documents.get(self._name)
        if document is None:
            return self._default
        if last is None or last[0] is not document:
            kind = type(self._default)
            last = document, view.decoded(self._table, self._name, document, kind)
            self._last = last
        return last[1]


_organization: Final = _Only(_SETTINGS, _ORGANIZATION, OrganizationSettings())
_needed_keys: Final = _Only(_KEYS, _NEEDED, _NeededKeys())


class _Admin(Struct, gc=False):
    """The parts of an account that tell an enabled local admin."""

    enabled: bool = True
    origin: Origin = Origin.LOCAL
    roles: tuple[str, ...] = ()


_as_admin: Final = json.Decoder(_Admin).decode


def _is_enabled_local_admin(document: bytes) -> bool:
    try:
        account = _as_admin(document)
    except (MsgspecError, UnicodeDecodeError, RecursionError):
        return False
    return account.enabled and account.origin is Origin.LOCAL and roles.ADMIN in account.roles


class Settled(Protocol):
    """What a new file has besides accounts. All methods raise CannotCheck."""

    def settings(self) -> OrganizationSettings: ...

    def needed_keys(self) -> frozenset[str]: ...

    def enabled_local_admins(self) -> frozenset[str]: ...


class FrozenAccounts(NamedTuple):
    """Accounts and settings as they were when the file was read. Raises CannotCheck."""

    view: View

    def all(self) -> Iterator[Account]:
        """Yield all accounts, sorted by username."""
        return (_checked(self.view, name, one) for name, one in self.view.documents(Account))

    def settings(self) -> OrganizationSettings:
        return _organization.of(self.view)

    def needed_keys(self) -> frozenset[str]:
        return frozenset(_needed_keys.of(self.view).ids)


class TinyAccountStore:
    """The AccountStore port on a file; inside `change` also the AccountsChange port."""

    def __init__(self, path: Path) -> None:
        self._file = TableFile(
            Kind(path, _ACCOUNTS, (_SETTINGS, _KEYS), _is_enabled_local_admin),
            check_is_there=Layout(path.parent).check_is_there,
        )
        self._found: tuple[bytes, Account] | None = None
        """What was decoded last, because a sign-in reads the same account several times."""

    def check_with(self, check: Callable[[Contents], None] | None) -> None:
        """Call this for each new version of the file; it raises CannotCheck if it must not be used.

        Nothing that the file keeps refers to this store, so both go as soon as it is not used.
        """
        self._file.check_with(lambda view: None if check is None else check(_contents_of(view)))

    @classmethod
    def create(cls, path: Path) -> Self:
        """Create a store without accounts. Raises CannotCheck, also if one already exists."""
        store = cls(path)
        store._file.create()
        return store

    @staticmethod
    def build(path: Path, accounts: Iterable[Account], count: int, like: "Settled") -> None:
        """Write a new file with so many accounts, sorted by username. Raises CannotCheck."""

        def lines() -> Iterator[bytes]:
            for account in accounts:
                document = json.encode(account)
                check_length(account.username, document, path)
                yield line_of(account.username, document) + SEPARATOR

        needed = _NeededKeys(tuple(sorted(like.needed_keys())))
        small = {
            _SETTINGS: {_ORGANIZATION: json.encode(like.settings())},
            _KEYS: {_NEEDED: json.encode(needed)},
        }
        marked = tuple(sorted(like.enabled_local_admins()))
        beside = saving.new_journal(path).name
        saving.first_base(Content(beside, _ACCOUNTS, small, count, marked, lines), path)

    def contents(self) -> Contents:
        """Return what the keyring must match. Raises CannotCheck."""
        return _contents_of(self._file.view())

    def get(self, username: str) -> Account | None:
        view = self._file.view()
        document = view.get(username)
        if document is None:
            return None
        found = self._found
        if found is None or found[0] is not document:
            found = self._found = document, _decoded(view, username, document)
        return found[1]

    def several(self, usernames: Sequence[str]) -> list[Account | None]:
        return [self.get(name) for name in usernames]

    @contextmanager
    def glance(
        self,
        username: str,
        stand_in: StandIn,
        begun: Try | None = None,
        since: float | None = None,
    ) -> Iterator[None]:
        del username, stand_in, begun, since  # reading takes no time worth saving
        yield

    def is_empty(self) -> bool:
        return not self._file.view().count

    def username_at(self, number: int) -> str | None:
        return self._file.view().name_at(number)

    def names(self) -> list[str]:
        """Return the usernames, sorted. Raises CannotCheck."""
        return list(self._file.view().names())

    def frozen(self) -> FrozenAccounts:
        """Return what there is now, whatever is changed later. Raises CannotCheck."""
        return FrozenAccounts(self._file.view())

    def all(self) -> dict[str, Account]:
        """Return all accounts by username. Raises CannotCheck if one is damaged."""
        return {account.username: account for account in self.frozen().all()}

    def rows(self) -> list[AccountRow]:
        return list(map(_ROW, self._file.view().documents(AccountRow)))

    def page(
        self,
        query: Query[AccountRow],
        sort: Sort,
        after: AccountRow | None = None,
        limit: int | None = None,
    ) -> list[AccountRow]:
        view = self._file.view()
        if sort.column == BY_USERNAME.column:
            # Reads no more than it must.
            place = after.username if after is not None else None
            following = _rows(view, query, place, backward=sort.is_descending, wanted=limit)
            return list(islice(query.select(following), limit))
        return sort.page(query.select(_rows(view, query)), after, limit)

    def count(self, query: Query[AccountRow]) -> int:
        view = self._file.view()
        if not query.terms:
            return view.count
        return sum(1 for _ in query.select(_rows(view, query)))

    def version(self) -> object:
        return self._file.version()

    def of_person(self, ids: Mapping[str, str]) -> list[Account]:
        view = self._file.view()
        # Searching the text first leaves only few documents to decode.
        near = view.mentioning(*(json.encode(id_) for id_ in ids.values()))
        found = (_decoded(view, name, document) for name, document in near)
        return [account for account in found if identity.is_same(account.directory_ids, ids)]

    def with_ssh_key(self, key: bytes) -> list[str]:
        view = self._file.view()
        near = view.mentioning(json.encode(key))
        found = (_decoded(view, name, document) for name, document in near)
        return [one.username for one in found if key in {kept.key for kept in one.ssh_keys}]

    def protected(self) -> list[Protected]:
        return list(map(_ROW, self._file.view().documents(Protected)))

    def settings(self) -> OrganizationSettings:
        return self.frozen().settings()

    def needed_keys(self) -> frozenset[str]:
        return self.frozen().needed_keys()

    def verify(self) -> None:
        """Raise StoreDamaged unless the files are exactly as cwtui wrote them."""
        self._file.verify()

    def compact(self) -> bool:
        """Write the journal's changes into the base. Returns whether there were any."""
        return self._file.compact()

    def leftovers(self) -> list[Path]:
        """Return files that a killed process left behind. Raises CannotCheck."""
        return self._file.leftovers()

    def parts(self) -> AbstractContextManager[dict[Path, Part]]:
        """Open the files as they are at one instant. Raises CannotCheck."""
        return self._file.parts()

    @contextmanager
    def change(self) -> Iterator["TinyAccountStore"]:
        with self._file.transaction():
            yield self

    def prepare(self) -> None:
        self._file.prepare()

    def put(self, *accounts: Account) -> None:
        needed = self.needed_keys()
        added = newly_needed(accounts, needed, self.get)
        if added:
            self.put_needed_keys(needed | added)
        self._file.put(_ACCOUNTS, {account.username: account for account in accounts})

    def remove(self, username: str) -> None:
        self._file.drop(_ACCOUNTS, username)

    def enabled_local_admins(self) -> frozenset[str]:
        return self._file.view().marked

    def put_settings(self, settings: OrganizationSettings) -> None:
        self._file.put(_SETTINGS, {_ORGANIZATION: settings})

    def put_needed_keys(self, ids: frozenset[str]) -> None:
        self._file.put(_KEYS, {_NEEDED: _NeededKeys(tuple(sorted(ids)))})


def _contents_of(view: View) -> Contents:
    needed = _needed_keys.of(view).ids

    def used() -> frozenset[str]:
        return frozenset(key for _, row in view.documents(Protected) for key in row.keys)

    return Contents(not view.count, frozenset(needed), used)


def _rows(
    view: View,
    query: Query[AccountRow],
    after: str | None = None,
    *,
    backward: bool = False,
    wanted: int | None = None,
) -> Iterator[AccountRow]:
    """Yield all rows that may match the query. About as many as are `wanted` are read at first."""
    found = view.documents(
        AccountRow, after, backward=backward, containing=_texts_of(query), wanted=wanted
    )
    return map(_ROW, found)


def _texts_of(query: Query[AccountRow]) -> list[bytes]:
    """Return texts in the JSON of every account that matches, as far as it has only ASCII."""
    texts = [
        term.value
        for term in query.terms
        if isinstance(term.value, str)
        and not term.negated
        # The role that everyone has is not written.
        and (not term.word or (term.word == "role" and term.value != roles.MINIMUM))
    ]
    # JSON writes quotes, backslashes and control characters in another way.
    plain = [text for text in texts if text.isascii() and json.encode(text)[1:-1] == text.encode()]
    return [text.casefold().encode() for text in plain]


def _decoded(view: View, username: str, document: bytes) -> Account:
    return _checked(view, username, view.decoded(_ACCOUNTS, username, document, Account))


def _checked(view: View, username: str, account: Account) -> Account:
    if account.username != username:
        raise view.damaged(_ACCOUNTS, username, _("it belongs to another account"))
    return account
