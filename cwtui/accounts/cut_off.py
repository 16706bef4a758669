"""A host that is cut off from the database can let in people who signed in there lately.

While the database answers, each sign-in at a door of the host leaves a local copy of what is needed
to check that person again. Copies are used only while the database cannot be reached. They are a
small store behind the same ports, so a sign-in follows the same rules, with stricter limits.

    connected --the database cannot be reached--> cut off --it answers--> reconciling --> connected

A copy is valid for a limited time after the last sign-in that the database checked. So a clock that
is set back must not help: the time may never be before the latest time that the host has seen.
"""

from datetime import UTC, tzinfo
from typing import Final, Protocol

from msgspec import Struct
from msgspec.structs import replace

from cwtui.accounts import account_state, closed_accounts
from cwtui.accounts.errors import CannotCheck
from cwtui.accounts.model import Account, BackupCodes, PasswordHash, SignInRecord, Time
from cwtui.accounts.ports import AccountStore, AuditLog, Reading, RecordStore
from cwtui.accounts.settings import OrganizationSettings
from cwtui.accounts.times import full_minute
from cwtui.accounts.unused import last_used
from cwtui.language import _, ngettext

DAY: Final = 24 * 3600.0
TRIES: Final = 3
"""Wrong attempts before a wait, at most; the organization may allow fewer."""
WAIT_MINUTES: Final = 60
"""How long that wait is at least."""
MOST_COPIES: Final = 500
"""People of one host. Beyond, whoever has not signed in for the longest time has no copy."""
_BEHIND: Final = 5.0
"""Seconds by which the time may be behind the latest one: clocks are read at different moments."""


class Kept(Struct, frozen=True, forbid_unknown_fields=True):
    """What is known of a local copy.

    `signed_in_at` is when the person last signed in here while the database answered, and
    `confirmed_at` when it last said that the copy is right. `epoch` is that of the account.
    `codes` are the backup codes that were unused then. `used` are those used here since, if the
    copy itself is gone.
    """

    signed_in_at: Time
    confirmed_at: Time
    epoch: int
    codes: BackupCodes | None = None
    used: tuple[str, ...] = ()


class State(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What the host knows of its copies and of the database. Times are the database's.

    `store` is the database that the copies are of. `latest` is the latest time that was seen, and
    `ahead` how many seconds the database's clock was ahead of the host's. `log` is the random name
    of the local log. While that is written to the database, `writing` is whose events are being
    written, since `writing_since`, and `written` the number of each person's last one that was.
    """

    store: str = ""
    latest: Time = 0.0
    ahead: float = 0.0
    since: Time | None = None
    """Since when the host is cut off; None while it is not."""
    log: str
    kept: dict[str, Kept] = {}
    writing: str = ""
    writing_since: Time = 0.0
    written: dict[str, int] = {}

    def with_kept(self, username: str, kept: Kept | None) -> "State":
        """Return the state with this copy; None removes it."""
        others = {name: one for name, one in self.kept.items() if name != username}
        return replace(self, kept=others if kept is None else {**others, username: kept})


class About(Struct, frozen=True):
    """What there is to say of the copies. Times are seconds since the epoch.

    `since` is since when the host is cut off, and `events` is how many events wait for the
    database. `confirmed` is when all copies had been brought up to date; None without copies.
    """

    copies: int
    confirmed: float | None
    since: float | None
    events: int


class LocalCopies(Protocol):
    """The copies of one host: a store with its own log, and its state.

    All methods raise CannotCheck.
    """

    @property
    def accounts(self) -> AccountStore: ...

    @property
    def records(self) -> RecordStore: ...

    @property
    def audit(self) -> AuditLog: ...

    @property
    def state(self) -> State: ...

    @property
    def is_full(self) -> bool:
        """Whether the local log has no room for more events."""

    @property
    def events(self) -> int:
        """How many events wait for the database."""

    def save(self, state: State) -> None:
        """Replace the state, on disk too."""

    def start_log(self, state: State) -> None:
        """Save the state with the name of a new, empty log, and remove the old one."""

    def erase_removed(self) -> None:
        """Leave nothing in the files of accounts that were removed."""


class NotUsable(CannotCheck):
    """The copies must not be used now. The sentence is for the person."""


class NoCopy(NotUsable):
    """The host has no copy of this account."""

    def __init__(self, days: int) -> None:
        super().__init__(
            ngettext(
                "This host cannot reach the account database, and you have not signed in here in "
                "the last 24 hours. Tell the operator of this host.",
                "This host cannot reach the account database, and you have not signed in here in "
                "the last {number} days. Tell the operator of this host.",
                days,
            )
        )


def about(copies: LocalCopies) -> About:
    """Return what there is to say of the copies. Raises CannotCheck."""
    state = copies.state
    confirmed = min((kept.confirmed_at for kept in state.kept.values()), default=None)
    return About(len(state.kept), confirmed, state.since, copies.events)


def announcement(days: int, *, has_directory: bool) -> str:
    """Return what everybody is told before a sign-in of a host that is cut off."""
    sentence = ngettext(
        "This host cannot reach the account database. Only people who have signed in here in the "
        "last 24 hours can sign in.",
        "This host cannot reach the account database. Only people who have signed in here in the "
        "last {number} days can sign in.",
        days,
    )
    if not has_directory:
        return sentence
    return " ".join((sentence, _("Passwords of the directory do not work now.")))


def explanation(kept: Kept, zone: tzinfo = UTC) -> str:
    """Return what somebody is told who was let in."""
    time = full_minute(kept.confirmed_at, zone)
    return _("Your sign-in was checked with a copy from {time}.", time=time)


def may_be_kept(ports: Reading, account: Account, settings: OrganizationSettings) -> bool:
    """Whether a copy of this account could let its owner in without any change to the account.

    Raises CannotCheck.
    """
    has_factor = account.second_factor is not None
    return (
        closed_accounts.why(ports, account, settings) is None
        and account.gone_since is None
        and not account.must_change_password
        and (has_factor or not account_state.is_required(account, settings))
        and (has_factor or _password_of(account) is not None)
    )


def _password_of(account: Account) -> PasswordHash | None:
    """Return the password's hash, unless it could be guessed without the keyring."""
    kept = account.password
    return kept if kept is not None and kept.key is not None else None


def copy_of(account: Account, record: SignInRecord, settings: OrganizationSettings) -> Account:
    """Return the account with what is needed to check its owner, and no more.

    Nobody is asked about backup codes that were never acknowledged: they cannot be replaced now.
    Where unused accounts are disabled, the copy says when the account was last used. It does not
    say who is an admin, so nobody is spared at a host that is cut off.
    """
    factor = account.second_factor
    if factor is not None:
        factor = replace(factor, backup_codes=replace(factor.backup_codes, acknowledged=True))
    return Account(
        username=account.username,
        created_at=account.created_at,
        origin=account.origin,
        password=_password_of(account),
        second_factor=factor,
        mfa_required=account.mfa_required,
        session_epoch=account.session_epoch,
        enabled_at=last_used(account, record.last_sign_in) if settings.unused_days else None,
        expires_at=account.expires_at,
        preferences=account.preferences,
    )


def record_of(record: SignInRecord) -> SignInRecord:
    """Return the part of the sign-in record that is needed: used codes, and failed attempts."""
    return SignInRecord(
        password_attempts=record.password_attempts,
        code_attempts=record.code_attempts,
        known_sources=record.known_sources,
        devices=record.devices,
    )


def strict(settings: OrganizationSettings) -> OrganizationSettings:
    """Return the settings that a sign-in needs, with the limits of a host that is cut off."""
    return OrganizationSettings(
        mfa=settings.mfa,
        password_limit=min(settings.password_limit, TRIES),
        password_ban_minutes=max(settings.password_ban_minutes, WAIT_MINUTES),
        code_limit=min(settings.code_limit, TRIES),
        code_ban_minutes=max(settings.code_ban_minutes, WAIT_MINUTES),
        unused_days=settings.unused_days,
    )


def codes_of(account: Account | None) -> BackupCodes | None:
    """Return the account's unused backup codes; None if there are none."""
    factor = account.second_factor if account is not None else None
    return factor.backup_codes if factor is not None else None


def used_codes(kept: Kept, local: Account | None) -> frozenset[str]:
    """Return the hashes of the backup codes that were used here since the copy was confirmed."""
    now = codes_of(local)
    if kept.codes is None or now is None or now.salt != kept.codes.salt:
        return frozenset(kept.used)
    return frozenset(kept.used) | frozenset(kept.codes.hashes) - frozenset(now.hashes)


def is_valid(kept: Kept, now: float, days: int) -> bool:
    """Whether the copy is not too old."""
    return now - kept.signed_in_at <= days * DAY


def open_copies(copies: LocalCopies, store: str, days: int, now: float) -> None:
    """Prepare the copies for one more sign-in: check the time, and drop those that are too old.

    Raises NotUsable and CannotCheck.
    """
    state = copies.state
    if state.store != store:
        raise NotUsable(
            _(
                "This host cannot reach the account database, and has no copies of it. Tell the "
                "operator of this host."
            )
        )
    if now < state.latest - _BEHIND:
        raise NotUsable(
            _(
                "This host cannot reach the account database, and its clock was set back. Tell "
                "the operator of this host."
            )
        )
    if copies.is_full:
        raise NotUsable(
            _(
                "This host cannot reach the account database, and its log is full. Tell the "
                "operator of this host."
            )
        )
    for name, kept in state.kept.items():
        # What was written of somebody at the moment of a failure is not known, so that nothing
        # more may happen before it is.
        if not is_valid(kept, now, days) or name == state.writing:
            drop(copies, name)
    if now > copies.state.latest + 1:
        copies.save(replace(copies.state, latest=now))


def drop(copies: LocalCopies, username: str) -> None:
    """Remove the copy, if there is one, but remember which backup codes were used.

    Raises CannotCheck.
    """
    local, state = copies.accounts.get(username), copies.state
    if local is None:
        return
    kept = state.kept[username]
    used = tuple(sorted(used_codes(kept, local)))
    copies.save(state.with_kept(username, replace(kept, used=used)))
    _remove(copies, username)


def _remove(copies: LocalCopies, username: str) -> None:
    with copies.accounts.change() as change:
        change.remove(username)
    copies.erase_removed()


def forget(copies: LocalCopies, username: str) -> None:
    """Remove the copy and all that is known of it. Only while the host is not cut off."""
    if username in copies.state.kept:
        copies.save(copies.state.with_kept(username, None))
        _remove(copies, username)
        copies.records.remove(username)
