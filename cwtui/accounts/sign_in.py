"""The sign-in: a value that moves through states. A screen shows the state it is handed.

    password --> one-time code or backup code --> new password --> enrolment --> signed in

`_next_step` alone decides where to go, from the account as it is now and what was proved.
"""

from dataclasses import dataclass, replace
from enum import Enum, auto
from typing import Final, TypeAlias, TypeVar

from cwtui.accounts import enrolment, factors, failed_sign_ins, provisioning, text, throttle
from cwtui.accounts.audit.events import EventType
from cwtui.accounts.credentials import passwords
from cwtui.accounts.directory_port import PasswordNotice
from cwtui.accounts.enrolment import Enrolment
from cwtui.accounts.errors import InvalidInput, SignInEnded
from cwtui.accounts.model import Account, Ending, Origin, SecondFactor, SignInRecord
from cwtui.accounts.ports import AccountsChange, Ports
from cwtui.accounts.secret import Secret
from cwtui.accounts.session import Session, open_session, update_record, write_audit
from cwtui.accounts.settings import OrganizationSettings

LIFETIME: Final = 300.0
"""Seconds after which a sign-in left half-way is over."""
ENROLMENT_LIFETIME: Final = 1800.0
"""The same where an app is to be installed first, or ten codes to be written down."""


class Proof(Enum):
    """A factor that was proved in this sign-in."""

    PASSWORD = "password"  # noqa: S105  a word
    ONE_TIME_CODE = "one-time code"
    BACKUP_CODE = "backup code"


SECOND_FACTOR: Final = frozenset({Proof.ONE_TIME_CODE, Proof.BACKUP_CODE})
"""What proves the second factor: either of them."""


@dataclass(frozen=True)
class Progress:
    """What was proved so far, by whom, for which epoch of the account."""

    username: str
    source: str
    epoch: int
    last_step_at: float
    proved: frozenset[Proof]
    password_at: float
    code_at: float = 0.0
    lifetime: float = LIFETIME
    codes_offered: bool = False
    backup_codes_left: int | None = None
    password_notice: PasswordNotice | None = None
    before_stop: SignInRecord | None = None
    """The record before this sign-in was counted as failed, as it is while it goes on."""

    @property
    def actor(self) -> str:
        return self.username


@dataclass(frozen=True)
class CodeNeeded:
    """Ask for a one-time code, or a backup code."""

    progress: Progress


@dataclass(frozen=True)
class NewPasswordNeeded:
    """Ask for a new password: the present one was an initial one."""

    progress: Progress


@dataclass(frozen=True)
class EnrolmentNeeded:
    """Lead into enrolment: this account must have a second factor."""

    progress: Progress
    enrolment: Enrolment


@dataclass(frozen=True)
class BackupCodesUnacknowledged:
    """The last backup codes were never acknowledged (the line dropped): offer new ones."""

    progress: Progress


@dataclass(frozen=True)
class BackupCodesShown:
    """Show these codes, once; they must be acknowledged before one can go on."""

    progress: Progress
    codes: tuple[Secret, ...]


@dataclass(frozen=True)
class SignedIn:
    """The end. `before` is the sign-in record as it was: of the last sign-in, and of those that
    failed since, people are told. `backup_codes_left` is set when one was used. `password_notice`
    is what the directory says of a password that expires.
    """

    session: Session
    before: SignInRecord
    backup_codes_left: int | None = None
    password_notice: PasswordNotice | None = None


State: TypeAlias = (
    CodeNeeded
    | NewPasswordNeeded
    | EnrolmentNeeded
    | BackupCodesUnacknowledged
    | BackupCodesShown
    | SignedIn
)
Waiting = TypeVar(
    "Waiting",
    bound=CodeNeeded | NewPasswordNeeded | EnrolmentNeeded | BackupCodesUnacknowledged,
)

_ENDINGS: Final = {
    CodeNeeded: Ending.STOPPED,
    NewPasswordNeeded: Ending.NEW_PASSWORD,
    EnrolmentNeeded: Ending.ENROLMENT,
    BackupCodesUnacknowledged: Ending.BACKUP_CODES,
}
"""What the owner is told if it goes no further than this."""


def with_password(ports: Ports, typed_username: str, password: Secret, source: str) -> State:
    """Begin. Raises InvalidInput, SignInFailed, Throttled, and Refused for a disabled account."""
    if not typed_username.strip():
        raise InvalidInput("username", "Enter your username.")
    if not password:
        raise InvalidInput("password", "Enter your password.")
    username = text.username(typed_username)
    claim, kept = factors.Claim(username, source), ports.accounts.get(username)
    notice: PasswordNotice | None = None
    # A local account wins over one of the directory of the same name.
    if ports.directory is not None and (kept is None or kept.origin is Origin.LDAP):
        user = factors.check_directory_password(ports, ports.directory, claim, password, "password")
        notice = user.password_notice
        with factors.refusals_recorded(ports, claim):
            account = provisioning.provide(ports, claim, user)
    else:
        account = _with_local_password(ports, claim, kept, password)
    now = ports.now()
    progress = Progress(
        username,
        source,
        account.session_epoch,
        now,
        frozenset({Proof.PASSWORD}),
        now,
        password_notice=notice,
    )
    with factors.refusals_recorded(ports, claim):
        return _advance(ports, progress)


def _with_local_password(
    ports: Ports, claim: factors.Claim, account: Account | None, password: Secret
) -> Account:
    # Only local passwords can be checked here; whatever cannot be checked is not let in.
    local = account if account is not None and account.origin is Origin.LOCAL else None
    factors.check_password(ports, claim, local, password, field="password")
    if local is None:
        raise SignInEnded("This account cannot be checked here. Ask an admin.")
    return _rehashed(ports, local, password)


def with_one_time_code(ports: Ports, state: CodeNeeded, typed: str) -> State:
    """Prove the second factor. Raises InvalidInput, SignInFailed, Throttled, SignInEnded."""
    progress = state.progress
    factor = _second_factor(_current(ports, progress))
    factors.check_one_time_code(ports, _claim(progress), factor, typed)
    proved = progress.proved | {Proof.ONE_TIME_CODE}
    progress = replace(progress, proved=proved, code_at=ports.now())
    return _advance(ports, progress, EventType.SIGN_IN_CODE)


def with_backup_code(ports: Ports, state: CodeNeeded, typed: str) -> State:
    """Prove the second factor by a backup code, used up by it. Raises as with a one-time code."""
    progress = state.progress
    factor = _second_factor(_current(ports, progress))
    left = factors.use_backup_code(ports, _claim(progress), factor, typed)
    # Who types a backup code has them, and new ones are for who has the app (the seed).
    return _advance(
        ports,
        replace(
            progress,
            proved=progress.proved | {Proof.BACKUP_CODE},
            code_at=ports.now(),
            codes_offered=True,
            backup_codes_left=left,
        ),
    )


def with_new_password(
    ports: Ports, state: NewPasswordNeeded, new: Secret, confirmation: Secret
) -> State:
    """Replace the initial password. Raises InvalidInput and SignInEnded."""
    progress = state.progress
    account = _current(ports, progress)
    passwords.check_new(new, ports.accounts.settings(), account.username)
    passwords.check_confirmation(new, confirmation)
    if passwords.is_password(new, account.password, ports.keyring, ports.bcrypt_cost):
        raise InvalidInput("new_password", "This is the initial password. Choose your own.")
    hashed = passwords.hash_password(new, ports.keyring, ports.bcrypt_cost)
    with ports.accounts.change() as change:
        account = _current_in(ports, progress, change)
        after = account.changed_ending_sessions(
            password=hashed, must_change_password=False, initial_password_expires_at=None
        )
        change.put(after)
        write_audit(ports, EventType.PASSWORD_CHANGE, progress, progress.username, change=change)
    return _advance(ports, replace(progress, epoch=after.session_epoch))


def register_device(ports: Ports, state: EnrolmentNeeded, typed: str) -> BackupCodesShown:
    """Finish the enrolment that the sign-in led into. Raises InvalidInput and SignInEnded."""
    progress = state.progress
    account = _current(ports, progress)
    registered = enrolment.confirm(ports, account, state.enrolment, typed)
    with ports.accounts.change() as change:
        account = _current_in(ports, progress, change)
        enrolment.check_offered(account, change.settings())
        after = account.changed_ending_sessions(second_factor=registered.factor)
        change.put(after)
        change.prepare()
        factors.begin_steps(ports, progress.username, registered.step)
        # Before the codes, which can be shown only once: nothing may fail after they are made.
        factors.record_step(ports, _claim(progress), Ending.BACKUP_CODES)
        write_audit(ports, EventType.MFA_ENABLE, progress, progress.username, change=change)
    return _shown(ports, progress, after, registered.codes)


def make_new_backup_codes(ports: Ports, state: BackupCodesUnacknowledged) -> BackupCodesShown:
    """New codes for those that were never acknowledged; the second factor was proved just now."""
    progress = state.progress
    factor = _second_factor(_current(ports, progress))
    renewed, codes = enrolment.new_backup_codes(ports, factor)
    with ports.accounts.change() as change:
        account = _current_in(ports, progress, change)
        after = account.changed_ending_sessions(second_factor=renewed)
        change.put(after)
        write_audit(
            ports, EventType.BACKUP_CODES_REGENERATE, progress, progress.username, change=change
        )
    return _shown(ports, progress, after, codes)


def acknowledge_backup_codes(ports: Ports, state: BackupCodesShown) -> State:
    """The person says that the codes are saved. Raises SignInEnded."""
    with ports.accounts.change() as change:
        account = _current_in(ports, state.progress, change)
        change.put(enrolment.acknowledged(account))
        write_audit(
            ports,
            EventType.BACKUP_CODES_ACKNOWLEDGE,
            state.progress,
            state.progress.username,
            change=change,
        )
    return _advance(ports, state.progress)


def keep_old_backup_codes(ports: Ports, state: BackupCodesUnacknowledged) -> State:
    """Go on without new codes; the next sign-in offers them again. Raises SignInEnded."""
    return _advance(ports, replace(state.progress, codes_offered=True))


class _Step(Enum):
    SECOND_FACTOR = auto()
    NEW_PASSWORD = auto()
    ENROLMENT = auto()
    BACKUP_CODES = auto()
    SIGNED_IN = auto()


def _next_step(account: Account, settings: OrganizationSettings, progress: Progress) -> _Step:
    if Proof.PASSWORD not in progress.proved:
        raise SignInEnded("Sign in with your password first.")
    if account.second_factor is not None and not SECOND_FACTOR & progress.proved:
        return _Step.SECOND_FACTOR
    if account.must_change_password:
        return _Step.NEW_PASSWORD
    if account.second_factor is None:
        required = enrolment.is_required(account, settings)
        return _Step.ENROLMENT if required else _Step.SIGNED_IN
    if not account.second_factor.backup_codes.acknowledged and not progress.codes_offered:
        return _Step.BACKUP_CODES
    return _Step.SIGNED_IN


def _advance(ports: Ports, progress: Progress, event: EventType | None = None) -> State:
    """The next state; `event` is what came right just now, where it is not yet recorded."""
    account = _current(ports, progress)
    progress = replace(progress, last_step_at=ports.now(), lifetime=LIFETIME)
    match _next_step(account, ports.accounts.settings(), progress):
        case _Step.SECOND_FACTOR:
            return _waiting(ports, CodeNeeded(progress), event)
        case _Step.NEW_PASSWORD:
            return _waiting(ports, NewPasswordNeeded(progress), event)
        case _Step.ENROLMENT:
            progress = replace(progress, lifetime=ENROLMENT_LIFETIME)
            offered = enrolment.begin(ports, account)
            return _waiting(ports, EnrolmentNeeded(progress, offered), event)
        case _Step.BACKUP_CODES:
            return _waiting(ports, BackupCodesUnacknowledged(progress), event)
        case _Step.SIGNED_IN:
            return _signed_in(ports, account, progress)


def _waiting(ports: Ports, state: Waiting, event: EventType | None = None) -> Waiting:
    """The state, recorded: who goes no further than this knows the password, and more."""
    progress, ending, claim = state.progress, _ENDINGS[type(state)], _claim(state.progress)
    if progress.before_stop is not None:
        factors.record_step(ports, claim, ending, event)
        return state
    before = factors.record_stop(ports, claim, ending)
    return replace(state, progress=replace(progress, before_stop=before))


def _signed_in(ports: Ports, account: Account, progress: Progress) -> SignedIn:
    now, source = ports.now(), progress.source
    session = open_session(ports, account, source, progress.password_at, progress.code_at)

    def succeed(record: SignInRecord) -> SignInRecord:
        known = throttle.with_known_source(record, source)
        return known.changed(last_sign_in=now, last_source=source, failed=None)

    def write() -> None:
        write_audit(ports, EventType.SIGN_IN, session, account.username, _proofs(progress))

    before = update_record(ports, account.username, succeed, write)
    if progress.before_stop is not None:
        before = failed_sign_ins.without_stop(before, source, progress.before_stop)
    return SignedIn(session, before, progress.backup_codes_left, progress.password_notice)


def _proofs(progress: Progress) -> str:
    return ", ".join(proof.value for proof in Proof if proof in progress.proved)


def _shown(
    ports: Ports, progress: Progress, account: Account, codes: tuple[Secret, ...]
) -> BackupCodesShown:
    after = replace(
        progress,
        epoch=account.session_epoch,
        last_step_at=ports.now(),
        proved=progress.proved | {Proof.ONE_TIME_CODE},
        code_at=ports.now(),
        lifetime=ENROLMENT_LIFETIME,
    )
    return BackupCodesShown(after, codes)


def _claim(progress: Progress) -> factors.Claim:
    return factors.Claim(progress.username, progress.source)


def _current(ports: Ports, progress: Progress) -> Account:
    return _checked(ports.accounts.get(progress.username), progress, ports.now())


def _current_in(ports: Ports, progress: Progress, change: AccountsChange) -> Account:
    return _checked(change.get(progress.username), progress, ports.now())


def _checked(account: Account | None, progress: Progress, now: float) -> Account:
    if now - progress.last_step_at > progress.lifetime:
        minutes = round(progress.lifetime / 60)
        raise SignInEnded(f"The sign-in was left for more than {minutes} minutes. Start again.")
    if account is None or account.session_epoch != progress.epoch:
        raise SignInEnded("Your account was changed meanwhile. Start again.")
    if not account.enabled:
        raise SignInEnded("Your account is disabled. Ask an admin to enable it.")
    expires_at = account.initial_password_expires_at
    if expires_at is not None and now > expires_at:
        raise SignInEnded("Your initial password has expired. Ask an admin for a new one.")
    return account


def _second_factor(account: Account) -> SecondFactor:
    if account.second_factor is None:
        raise SignInEnded("Your multi-factor authentication was disabled meanwhile. Start again.")
    return account.second_factor


def _rehashed(ports: Ports, account: Account, password: Secret) -> Account:
    """The account with a hash of the present key and cost; the password is known only now."""
    kept = account.password
    if kept is None or not passwords.needs_rehash(kept, ports.keyring, ports.bcrypt_cost):
        return account
    hashed = passwords.hash_password(password, ports.keyring, ports.bcrypt_cost)
    with ports.accounts.change() as change:
        now = change.get(account.username)
        if now is None or now.password != kept:
            return account
        after = now.changed(password=hashed)
        change.put(after)
        return after
