"""What an account's state is. Screens and commands ask here, so that they all say the same.

An account has its own settings, and the organization has settings for everyone. Only both together
say what is true. Whether an account is locked follows from its failed attempts.
"""

from enum import Enum, StrEnum
from typing import Final, Protocol

from cwtui.accounts import throttle
from cwtui.accounts.model import SignInRecord
from cwtui.accounts.settings import Mfa, OrganizationSettings
from cwtui.language import N_


class HasMfa(Protocol):
    """An account, or its row in a list."""

    @property
    def second_factor(self) -> object | None: ...

    @property
    def mfa_required(self) -> bool: ...


class HasOrigin(Protocol):
    """An account, or its row in a list."""

    @property
    def gone_since(self) -> float | None: ...

    @property
    def in_directory_too(self) -> bool: ...


class HasPassword(Protocol):
    """An account, or its row in a list."""

    @property
    def password(self) -> object | None: ...

    @property
    def must_change_password(self) -> bool: ...

    @property
    def initial_password_expires_at(self) -> float | None: ...

    @property
    def invited(self) -> bool: ...


class CanBeClosed(Protocol):
    """An account, or its row in a list."""

    @property
    def enabled(self) -> bool: ...

    @property
    def expires_at(self) -> float | None: ...


class Status(StrEnum):
    """Whether an account can sign in, in one word, for lists and filters.

    `LOCKED` means that it is enabled, but after failed attempts the next one is not checked yet
    (see `throttle`). Known sources and all others wait apart; one that waits is enough. The last
    three are closed (see `closed_accounts`).
    """

    ENABLED = N_("enabled")
    LOCKED = N_("locked")
    UNUSED = N_("unused")
    EXPIRED = N_("expired")
    DISABLED = N_("disabled")


CLOSED: Final = frozenset({Status.UNUSED, Status.EXPIRED, Status.DISABLED})


class MfaState(StrEnum):
    """Multi-factor authentication in one word, for lists and filters.

    `REQUIRED` means that the account must register a device at its next sign-in.
    """

    ENABLED = N_("enabled")
    REQUIRED = N_("required")
    NONE = N_("none")


class PasswordState(StrEnum):
    """What can be said of a password without knowing it, in a word for lists."""

    SET = N_("set")
    INITIAL = N_("initial")
    EXPIRED = N_("expired")
    """An initial password that is no longer valid."""
    INVITED = N_("invited")
    """A one-time invitation code, which is used up when a password is chosen with it."""
    INVITATION_EXPIRED = N_("invitation-expired")
    MUST_CHANGE = N_("must-change")
    """It must be changed at the next sign-in."""
    ELSEWHERE = N_("elsewhere")
    """It is not stored here, but in the directory."""


class Requirement(Enum):
    """Whether an account must have a second factor, and who says so."""

    NOT_REQUIRED = "not required"
    OF_ACCOUNT = "an admin requires it of this account"
    OF_EVERYONE = "the organization requires it of everyone"
    SUSPENDED = "an admin requires it, but the organization's MFA is off"


class OriginNote(Enum):
    """What needs attention in an account's origin; the value is the text in lists."""

    GONE = N_("gone")
    """The directory no longer has the person."""
    HIDES_LDAP_USER = N_("also in ldap")
    """The directory has a user with the name of this local account."""


def locked_until(record: SignInRecord, now: float) -> float | None:
    """Return when the account's longest wait ends, in seconds since the epoch; None if none."""
    return throttle.longest_wait(record, now) or None


def closed(account: CanBeClosed, now: float) -> Status | None:
    """Return why nobody can sign in to the account, as far as the account alone says it."""
    if not account.enabled:
        return Status.DISABLED
    is_expired = account.expires_at is not None and now >= account.expires_at
    return Status.EXPIRED if is_expired else None


def status(
    account: CanBeClosed, locked_until: float | None, now: float, *, is_unused: bool
) -> Status:
    """Return whether the account can sign in. A closed account cannot, locked or not.

    `is_unused` is what `unused` says of it.
    """
    found = closed(account, now) or (Status.UNUSED if is_unused else None)
    return found or (Status.ENABLED if locked_until is None else Status.LOCKED)


def requirement(account: HasMfa, settings: OrganizationSettings) -> Requirement:
    """Return whether the account must have a second factor, and who says so."""
    if account.mfa_required:
        return Requirement.SUSPENDED if settings.mfa is Mfa.OFF else Requirement.OF_ACCOUNT
    return Requirement.OF_EVERYONE if settings.mfa is Mfa.REQUIRED else Requirement.NOT_REQUIRED


def is_required(account: HasMfa, settings: OrganizationSettings) -> bool:
    """Whether the account must have a second factor."""
    return (settings.mfa is Mfa.REQUIRED or account.mfa_required) and settings.mfa is not Mfa.OFF


def mfa_state(account: HasMfa, settings: OrganizationSettings) -> MfaState:
    """Return the account's multi-factor authentication in one word."""
    if account.second_factor is not None:
        return MfaState.ENABLED
    return MfaState.REQUIRED if is_required(account, settings) else MfaState.NONE


def password_state(account: HasPassword, now: float) -> PasswordState:
    """Return what can be said of the account's password."""
    if account.password is None:
        return PasswordState.ELSEWHERE
    if account.initial_password_expires_at is not None:
        is_valid = now < account.initial_password_expires_at
        if account.invited:
            return PasswordState.INVITED if is_valid else PasswordState.INVITATION_EXPIRED
        return PasswordState.INITIAL if is_valid else PasswordState.EXPIRED
    return PasswordState.MUST_CHANGE if account.must_change_password else PasswordState.SET


def origin_note(account: HasOrigin) -> OriginNote | None:
    """Return what needs attention in the account's origin, or None."""
    if account.gone_since is not None:
        return OriginNote.GONE
    return OriginNote.HIDES_LDAP_USER if account.in_directory_too else None
