"""What the database can answer instead of doing what it was asked, as sentences for people."""

import re
from typing import Final

import psycopg
from psycopg import errors

from cwtui.accounts.errors import (
    CannotCheck,
    StoreDamaged,
    StoreMissing,
    StoreUnreachable,
)
from cwtui.accounts.text import shortened, visible
from cwtui.language import N_, _


class Cut(CannotCheck):
    """The connection was lost, so it is not known what the database did."""


class Unknown(CannotCheck):
    """It is not known whether a transaction was committed, so it must not be repeated."""


class Conflict(CannotCheck):
    """Others changed the same rows at the same moment. The transaction can be repeated."""


class NotAsSeen(Conflict):
    """What is to be changed is not as it was seen, so it must be seen again first."""


class Exists(CannotCheck):
    """A row that was to be added is there already."""


_MISSING: Final = (
    errors.UndefinedTable,
    errors.InvalidSchemaName,
    errors.UndefinedFunction,
    errors.UndefinedColumn,
)
NOT_PREPARED: Final = (
    errors.InvalidSqlStatementName,
    errors.DuplicatePreparedStatement,
    errors.FeatureNotSupported,
)
"""If a prepared statement cannot be used: it is not there, is there already, or is out of date."""
_NO_ENTRY: Final = (errors.InvalidPassword, errors.InvalidAuthorizationSpecification)
_READ_ONLY: Final = N_(
    "The database is read-only: it may be a replica, or its disk may be full. Nothing was changed."
)
_FULL: Final = N_("The database has no space left. Nothing was changed.")
_BUSY: Final = N_(
    "The database is too slow, or others keep it busy. Nothing was changed. Try again."
)
_NUL: Final = N_(
    "PostgreSQL cannot keep a text that contains the character NUL. Nothing was changed."
)
_IN_THE_WAY: Final = N_(
    "Others changed the same data at the same moment. Nothing was changed. Try again."
)
_NO_STORE: Final = N_(
    "The database has no store of cwtui, or only part of one. If it is the right one, restore it "
    "from a backup. Nothing was changed."
)
_BEFORE: Final = ("connection failed: ", "connection is bad: ")
"""What the library puts before the reason why there is no connection."""
_ANSWERED: Final = re.compile(r"\w:  \w|(session|server) is (not )?(read-only|in hot standby)")
"""What the library says if a server answered, without a code that says so. In any language, two
spaces stand after the first word of a server's own message. The rest is about a replica."""

_MEANINGS: Final[tuple[tuple[tuple[type[psycopg.Error], ...], type[CannotCheck], str], ...]] = (
    ((errors.SerializationFailure, errors.DeadlockDetected), Conflict, _IN_THE_WAY),
    # A division by zero is how a record says that.
    ((errors.DivisionByZero,), NotAsSeen, _IN_THE_WAY),
    ((errors.InFailedSqlTransaction,), CannotCheck, _IN_THE_WAY),
    ((errors.UniqueViolation,), Exists, N_("The database already has this entry.")),
    (
        (errors.UntranslatableCharacter,),
        CannotCheck,
        _NUL,
    ),
    (_MISSING, StoreMissing, _NO_STORE),
    (
        (errors.InsufficientPrivilege,),
        CannotCheck,
        N_(
            "The database does not allow this: {reason}. For the rights that a role needs, see: "
            "cwtui store grant ROLE"
        ),
    ),
    (_NO_ENTRY, CannotCheck, N_("The database refuses the connection: {reason}.")),
    ((errors.ReadOnlySqlTransaction,), CannotCheck, _READ_ONLY),
    ((errors.DiskFull,), CannotCheck, _FULL),
    (
        (
            errors.LockNotAvailable,
            errors.QueryCanceled,
            errors.IdleInTransactionSessionTimeout,
        ),
        CannotCheck,
        _BUSY,
    ),
    (
        (errors.TooManyConnections,),
        CannotCheck,
        N_("The database has no connection free. Try again, or raise its max_connections."),
    ),
    (
        (errors.InvalidCatalogName,),
        CannotCheck,
        N_(
            "The database that the store's URL names does not exist. Create it first: createdb NAME"
        ),
    ),
)
"""The errors of each kind, what is raised for them, and its sentence."""


def cannot(error: psycopg.Error) -> CannotCheck:
    """Return the error to raise for an error of the database, whose connection is not lost."""
    for kinds, meaning, sentence in _MEANINGS:
        if isinstance(error, kinds):
            return meaning(_(sentence, reason=said(error)))
    if type(error) is psycopg.DataError:  # of the library, for a value that it cannot send
        return CannotCheck(_(_NUL))
    return CannotCheck(
        _("The database answers with an error: {reason}. Nothing was changed.", reason=said(error))
    )


def cut(error: psycopg.Error) -> Cut:
    """Return the error to raise if the connection was lost, or an answer did not come in time."""
    return Cut(
        _(
            "The connection to the database was lost: {reason}. Whether something was changed is "
            "not known. Try again.",
            reason=said(error),
        )
    )


def not_prepared() -> Conflict:
    """Return the error to raise if a statement is to be repeated without being prepared."""
    return Conflict(_(_IN_THE_WAY))


def not_as_seen() -> NotAsSeen:
    """Return the error to raise if something was changed since it was read."""
    return NotAsSeen(_(_IN_THE_WAY))


def not_safe() -> Unknown:
    """Return the error to raise if the server stopped waiting for its standby at COMMIT."""
    return Unknown(
        _(
            "The change was made, but the standby of the database has not confirmed it, so a "
            "failover may lose it. To sign in, try again. If you were changing something, look "
            "before you repeat it. Ask whoever runs the database to look after the standby."
        )
    )


def not_known() -> Unknown:
    """Return the error to raise if the answer to COMMIT was lost and cannot be looked up."""
    return Unknown(
        _(
            "The connection to the database was lost during a change, and it is not known whether "
            "the change was made. To sign in, try again. If you were changing something, look "
            "before you repeat it."
        )
    )


def unreachable(error: psycopg.Error, where: str) -> CannotCheck:
    """Return the error to raise if no connection can be made."""
    if error.sqlstate:  # the server answered
        return cannot(error)
    kind = CannotCheck if _ANSWERED.search(str(error)) else StoreUnreachable
    return kind(
        _(
            "Cannot reach the database {where}: {reason}. Check that it is running and that this "
            "host can reach it.",
            where=where,
            reason=said(error),
        )
    )


def damaged(what: str, reason: object) -> StoreDamaged:
    """Return the error for a row that cannot be used."""
    return StoreDamaged(
        _(
            "{what} in the database is damaged: {reason}. It was not changed; restore it from a "
            "backup.",
            what=what,
            reason=reason,
        )
    )


def said(error: psycopg.Error) -> str:
    """Return the first line of what the server or the library said, without what follows it."""
    text = error.diag.message_primary or str(error)
    for before in _BEFORE:
        text = text.removeprefix(before)
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    return visible(shortened(lines[0] if lines else type(error).__name__, 200)).rstrip(".")
