"""The words that filter the list of users, and the columns that it can be sorted by."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any, Final, TypeAlias

from msgspec import structs

from cwtui.accounts import account_state, roles
from cwtui.accounts.account_state import MfaState, PasswordState, Status
from cwtui.accounts.errors import InvalidInput
from cwtui.accounts.filter_language import Query, Reading, Term, Vocabulary, Word, choice
from cwtui.accounts.filter_times import moments
from cwtui.accounts.listing import AccountRow, Sort
from cwtui.accounts.model import Origin
from cwtui.accounts.settings import OrganizationSettings
from cwtui.accounts.text import visible
from cwtui.accounts.unused import LastSignIn, Unused
from cwtui.language import N_, _

AccountQuery: TypeAlias = Query[AccountRow]
ALL_ACCOUNTS: Final[AccountQuery] = Query()

_Test: TypeAlias = Callable[[AccountRow], bool]


def _never(_: str) -> float | None:
    return None


@dataclass(frozen=True)
class Facts:
    """What filters and orders need to know besides the rows.

    `locked` is until when accounts are locked, by username, and `unused` which ones are unused;
    None for none. `read_last_sign_ins` returns the function that returns when somebody last signed
    in; it is called only if that is needed.
    """

    settings: OrganizationSettings = field(default_factory=OrganizationSettings)
    now: float = 0.0
    locked: Mapping[str, float] = field(default_factory=dict)
    unused: Unused | None = None
    read_last_sign_ins: Callable[[], LastSignIn] = lambda: _never

    @cached_property
    def _last_sign_ins(self) -> LastSignIn:
        return self.read_last_sign_ins()

    def last_sign_in(self, row: AccountRow) -> float | None:
        return self._last_sign_ins(row.username)

    def mfa(self, row: AccountRow) -> MfaState:
        return account_state.mfa_state(row, self.settings)

    def password(self, row: AccountRow) -> PasswordState:
        return account_state.password_state(row, self.now)

    def known(self, row: AccountRow) -> AccountRow:
        """Return the row with what its status follows from. Raises CannotCheck."""
        until = self.locked.get(row.username)
        # Whether a closed account is also unused says nothing.
        is_unused = (
            self.unused is not None
            and account_state.closed(row, self.now) is None
            and self.unused.has(row, self._last_sign_ins)
        )
        if until is None and not is_unused:
            return row
        return structs.replace(row, locked_until=until, is_unused=is_unused)

    def status(self, row: AccountRow) -> Status:
        return self.known(row).status(self.now)


def account_words(facts: Facts) -> Vocabulary[AccountRow]:
    """Return the vocabulary of the list of users."""
    names = roles.names(facts.settings.custom_roles)
    return Vocabulary(
        (
            choice(
                "mfa",
                N_("multi-factor authentication, where required means no device yet"),
                tuple(MfaState),
                _with(facts.mfa),
                shown=_,
            ),
            choice(
                "origin",
                N_("where the password is checked"),
                tuple(Origin),
                _with(_origin),
                shown=_,
            ),
            choice("role", N_("role"), names, _with_role, roles.short),
            _status(facts),
            moments(
                "last", N_("last sign-in"), facts.last_sign_in, may_be_never=True, is_slow=True
            ),
            moments("created", N_("when the account was created"), lambda row: row.created_at),
            moments(
                "expires",
                N_("end of the account's last day"),
                lambda row: row.expires_at,
                may_be_never=True,
                is_to_come=True,
            ),
            choice(
                "password",
                N_("state of the password"),
                tuple(PasswordState),
                _with(facts.password),
                shown=_,
            ),
        ),
        lambda text: lambda row: text in row.username or text in row.display_name.casefold(),
        {
            **{status: f"status:{status}" for status in Status},
            "never": "last:never",
            "must-enrol": f"mfa:{MfaState.REQUIRED}",
        },
    )


_MFA: Final = {state: place for place, state in enumerate(MfaState)}
_STATUS: Final = {status: place for place, status in enumerate(Status)}
SORTED_BY: Final[dict[str, Callable[[Facts], Callable[[AccountRow], Any]]]] = {
    "username": lambda _: lambda row: row.username,
    # Accounts without a name come last.
    "display_name": lambda _: lambda row: (not row.display_name, row.display_name.casefold()),
    "origin": lambda _: lambda row: row.origin.value,
    "roles": lambda _: lambda row: row.roles,
    "mfa": lambda facts: lambda row: _MFA[facts.mfa(row)],
    "status": lambda facts: lambda row: _STATUS[facts.status(row)],
    # Those who never signed in come first.
    "last_sign_in": lambda facts: lambda row: facts.last_sign_in(row) or 0.0,
    "created_at": lambda _: lambda row: row.created_at,
}
"""How the key of each column is made of a row."""


def sort_by(column: str, facts: Facts, *, is_descending: bool = False) -> Sort:
    """Return the order by this column. Raises InvalidInput."""
    key = SORTED_BY.get(column)
    if key is None:
        raise InvalidInput(
            "sort",
            _(
                "The list cannot be sorted by {column!r}. Choose from: {columns}.",
                column=visible(column[:64]),
                columns=", ".join(SORTED_BY),
            ),
        )
    needs_uses = column == "status" and facts.unused is not None
    return Sort(column, is_descending, key(facts), needs_uses)


@dataclass(frozen=True)
class SoughtStatus:
    """A status in a filter. It depends on which accounts are unused."""

    status: Status
    unused: Unused


def _status(facts: Facts) -> Word[AccountRow]:
    unused = facts.unused
    word = choice(
        "status",
        N_("whether the user can sign in, where enabled includes locked"),
        tuple(Status),
        _with_status(facts),
        shown=_,
    )
    if unused is None:
        return word

    def read(typed: str, reading: Reading) -> tuple[object, _Test]:
        found, test = word.read(typed, reading)
        return SoughtStatus(Status(str(found)), unused), test

    return replace(word, read=read, is_slow=True)


def _with_status(facts: Facts) -> Callable[[str], _Test]:
    """Return the test for a status. An account that is locked is enabled all the same."""

    def test(value: str) -> _Test:
        sought = {Status.ENABLED, Status.LOCKED} if value == Status.ENABLED else {value}
        return lambda row: facts.status(row) in sought

    return test


def _origin(row: AccountRow) -> Origin:
    return row.origin


def before_reading() -> Vocabulary[AccountRow]:
    """Return the vocabulary that checks a filter before the store is read: it may have any role."""
    found = account_words(Facts())
    words = (
        replace(word, read=lambda typed, _: (typed, _with_role(typed)))
        if word.name == "role"
        else word
        for word in found.words
    )
    return replace(found, words=tuple(words))


def having_role(role: str) -> AccountQuery:
    """Return the query for the accounts with this role, however it is spelled in a filter."""
    return Query((Term("role", role, test=_with_role(role)),))


def _with_role(role: str) -> _Test:
    return lambda row: role in row.roles


def _with(state: Callable[[AccountRow], str]) -> Callable[[str], _Test]:
    """Return the test for a value that a row's state can have."""
    return lambda value: lambda row: state(row) == value
