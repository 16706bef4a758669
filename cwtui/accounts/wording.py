"""What is said of an account, on screens and by commands alike. Symbols are the screens' own."""

from enum import Enum

from cwtui.accounts.audit.lines import Record
from cwtui.accounts.listing import AccountRow, Registered
from cwtui.accounts.model import Account, SecondFactor, SignInRecord
from cwtui.accounts.text import counted, visible
from cwtui.accounts.times import day, utc_minute


class OriginNote(Enum):
    """What is to be looked at in an account's origin; the value is the word for lists."""

    GONE = "gone"
    """The directory no longer has the person."""
    HIDES_LDAP_USER = "hides ldap"
    """The directory has a user of this local account's name."""


def origin_note(account: AccountRow | Account) -> OriginNote | None:
    """What is to be looked at in the account's origin, if anything."""
    if account.gone_since is not None:
        return OriginNote.GONE
    return OriginNote.HIDES_LDAP_USER if account.in_directory_too else None


def origin(account: AccountRow | Account) -> str:
    """Origin and note, such as `ldap, gone`."""
    note = origin_note(account)
    return account.origin.value if note is None else f"{account.origin}, {note.value}"


def origin_in_full(account: Account) -> str:
    """The same where there is room for more, such as `ldap: gone since 2026-11-24`."""
    match origin_note(account):
        case OriginNote.GONE:
            return f"{account.origin}: gone since {day(account.gone_since)}"
        case OriginNote.HIDES_LDAP_USER:
            return f"{account.origin}: hides the LDAP user {visible(account.username)}"
    return account.origin.value


def status(account: AccountRow | Account) -> str:
    """Whether the account can sign in."""
    return "enabled" if account.enabled else "disabled"


def mfa(factor: SecondFactor | Registered | None) -> str:
    """Whether there is a second factor, and since when."""
    return "not enabled" if factor is None else f"enabled since {day(factor.registered_at)}"


def unused_codes(factor: SecondFactor) -> str:
    """How many backup codes are left, beside a label that says of what."""
    return f"{len(factor.backup_codes.hashes)} unused"


def backup_codes_left(left: int) -> str:
    """The same in a sentence."""
    return f"{counted(left, 'unused backup code')} left"


def last_sign_in(record: SignInRecord) -> str:
    """When and where from, or never."""
    where = f" from {visible(record.last_source)}" if record.last_source else ""
    return utc_minute(record.last_sign_in) + where


def who(record: Record, arrow: str) -> str:
    """The actor of an event, and the subject where that is somebody else."""
    actor, subject = visible(record.actor), visible(record.subject)
    return actor if subject in {"", actor} else f"{actor} {arrow} {subject}"
