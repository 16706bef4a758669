"""How accounts and settings are read from rows, for the store and for changes of it."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Final, TypeVar

import msgspec

from cwtui.accounts import identity
from cwtui.accounts.model import Account
from cwtui.accounts.settings import OrganizationSettings
from cwtui.accounts.upkeep.protection import Protected
from cwtui.language import _
from cwtui.store.postgres import problems
from cwtui.store.postgres.trips import Answer, Often

T = TypeVar("T")

AT_ONCE: Final = 2000
"""Rows that are read or written at once, so that memory stays small and no statement takes long."""

ONE: Final = Often("SELECT document FROM cwtui.account WHERE username = %s")
SEVERAL: Final = "SELECT username, document FROM cwtui.account WHERE username = ANY(%s)"
MANY: Final = (
    "SELECT username, document FROM cwtui.account WHERE username > %s ORDER BY username LIMIT %s"
)
WHOLE: Final = (
    "SELECT username, document, to_jsonb(account) - 'document' FROM cwtui.account AS account"
    " WHERE username > %s ORDER BY username LIMIT %s"
)
NAMES: Final = "SELECT username FROM cwtui.account WHERE username > %s ORDER BY username LIMIT %s"
AT_PLACE: Final = (
    "(SELECT username FROM cwtui.account WHERE place >= %s ORDER BY place LIMIT 1)"
    " UNION ALL (SELECT username FROM cwtui.account ORDER BY place LIMIT 1) LIMIT 1"
)
"""The account at a place."""
OF_PERSON: Final = (
    "SELECT username, document FROM cwtui.account WHERE directory_ids && %s::text[]"
    " ORDER BY username"
)
WITH_KEY: Final = (
    "SELECT username FROM cwtui.account WHERE ssh_keys @> ARRAY[%s::text] ORDER BY username"
)
ADMINS: Final = (
    "SELECT username FROM cwtui.account"
    " WHERE enabled AND origin = 'local' AND 'connectware-admin' = ANY (roles)"
)
VERSION: Final = "SELECT xmin::text FROM cwtui.organization"
"""Each change of accounts or settings writes this row, and xmin is the transaction that did."""

Read = Callable[..., Answer]
"""Runs a statement with these values."""


def documents(read: Read) -> Iterator[tuple[str, bytes]]:
    """Yield the document of each account, sorted by username. Raises CannotCheck."""
    after = ""
    while rows := read(MANY, after, AT_ONCE).rows:
        yield from ((row[0], row[1]) for row in rows)
        after = rows[-1][0]


def names_by(read: Read) -> Iterator[str]:
    after = ""
    while names := first_column(read(NAMES, after, 10 * AT_ONCE)):
        yield from names
        after = names[-1]


def protected_by(read: Read) -> Iterator[Protected]:
    return (as_kind(Protected, username, document) for username, document in documents(read))


def same_person(found: Answer, ids: Mapping[str, str]) -> list[Account]:
    accounts = (decoded(*row) for row in found.rows)
    return [account for account in accounts if identity.is_same(account.directory_ids, ids)]


def ids_in(ids: Mapping[str, str]) -> list[str]:
    return sorted(set(ids.values()))


def first_column(answer: Answer) -> list[str]:
    return [row[0] for row in answer.rows]


def found_in(username: str, answer: Answer) -> Account | None:
    return decoded(username, answer.rows[0][0]) if answer.rows else None


def several_in(usernames: Sequence[str], answer: Answer) -> list[Account | None]:
    """Return what was found for each of these names. Raises StoreDamaged."""
    documents: dict[str, bytes] = dict(answer.rows)
    return [decoded(name, documents[name]) if name in documents else None for name in usernames]


def decoded(username: str, document: bytes) -> Account:
    """Return the account. Raises StoreDamaged."""
    account = as_kind(Account, username, document)
    if account.username != username:
        raise problems.damaged(
            _("The account {name}", name=username), _("its document is that of another account")
        )
    return account


def settings_of(settings: bytes) -> OrganizationSettings:
    """Return the settings. Raises StoreDamaged."""
    try:
        return msgspec.json.decode(settings, type=OrganizationSettings)
    except msgspec.MsgspecError as error:
        raise problems.damaged(_("The row of organization settings"), error) from None


def as_kind(kind: type[T], username: str, document: bytes) -> T:
    try:
        return msgspec.json.decode(document, type=kind)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise problems.damaged(_("The account {name}", name=username), error) from None
