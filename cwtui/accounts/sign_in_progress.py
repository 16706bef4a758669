"""What an unfinished sign-in has proved so far, whether it may continue, and what follows."""

from datetime import UTC
from enum import Enum, auto
from typing import Final

from msgspec import Struct

from cwtui.accounts import account_state, closed_accounts, tries
from cwtui.accounts.credentials.backup_codes import are_saved
from cwtui.accounts.directory_port import PasswordNotice
from cwtui.accounts.enrolment import Enrolment
from cwtui.accounts.errors import NoSecondFactor, SignInEnded, Throttled
from cwtui.accounts.model import Account, SecondFactor, SignInRecord
from cwtui.accounts.ports import AccountsChange, Ports
from cwtui.accounts.preferences import DEFAULTS, Preferences
from cwtui.accounts.session import as_reason
from cwtui.accounts.settings import OrganizationSettings
from cwtui.accounts.times import full_minute
from cwtui.language import _

LIFETIME: Final = 300.0
"""Seconds after which an unfinished sign-in expires."""
ENROLMENT_LIFETIME: Final = 1800.0
"""The same while the user installs an app or writes down backup codes."""


class Proof(Enum):
    """A factor that was proved in this sign-in."""

    PASSWORD = "password"  # noqa: S105  a word
    HOST = "host"
    """The host has checked another factor itself, such as an SSH key (see `host_sign_in`)."""
    ONE_TIME_CODE = "one-time code"
    BACKUP_CODE = "backup code"


_FIRST_FACTOR: Final = frozenset({Proof.PASSWORD, Proof.HOST})
SECOND_FACTOR: Final = frozenset({Proof.ONE_TIME_CODE, Proof.BACKUP_CODE})
"""Either of these proves the second factor."""


class Progress(Struct, frozen=True, gc=False):
    """What was proved so far, by whom, and for which epoch of the account."""

    username: str
    source: str
    epoch: int
    last_step_at: float
    proved: frozenset[Proof]
    password_at: float
    code_at: float = 0.0
    device: str = ""
    """The name of the device whose code was used."""
    lifetime: float = LIFETIME
    codes_offered: bool = False
    backup_codes_left: int | None = None
    password_notice: PasswordNotice | None = None
    password_changed: bool = False
    offered: Enrolment | None = None
    door: str = ""
    """The program of the host that a host sign-in is for, such as sshd."""
    null_ok: bool = True
    """Whether an account without a second factor, which need not have one, may sign in."""
    preferences: Preferences = DEFAULTS
    """The person's language and time zone, among others.

    They are known once a factor is proved: before, they would tell whether an account exists.
    """
    before_stop: SignInRecord | None = None
    """The sign-in record from before; an unfinished sign-in is counted as failed."""

    @property
    def actor(self) -> str:
        return self.username


def told_proofs(progress: Progress) -> str:
    """Return what was proved, with which device and at which door, for the audit log."""
    proofs = [proof.value for proof in Proof if proof in progress.proved]
    if progress.device:
        proofs.append(as_reason({"device": progress.device}))
    if progress.door:
        proofs.append(as_reason({"door": progress.door}))
    return ", ".join(proofs)


def claim_of(progress: Progress) -> tries.Claim:
    is_host = Proof.PASSWORD not in progress.proved
    return tries.Claim(progress.username, progress.source, after_host=is_host)


def current(ports: Ports, progress: Progress, change: AccountsChange | None = None) -> Account:
    """Return the current state of the account. Raises SignInEnded with the reason."""
    account, now = (change or ports.accounts).get(progress.username), ports.now()
    if now - progress.last_step_at > progress.lifetime:
        minutes = round(progress.lifetime / 60)
        raise SignInEnded(
            _("The sign-in expired after {minutes} minutes. Start again.", minutes=minutes),
            "took too long",
        )
    if account is None or account.session_epoch != progress.epoch:
        raise SignInEnded(
            _("Your account was changed in the meantime. Start again."), "changed elsewhere"
        )
    is_used = Proof.PASSWORD in progress.proved
    settings = (change or ports.accounts).settings()
    closed = closed_accounts.why(ports, account, settings)
    if closed is not None:
        told = closed_accounts.told(account, closed, settings)
        shown = told if is_used else _(closed_accounts.DISABLED)
        raise SignInEnded(shown, closed.value, may_return=False)
    if is_used:
        check_initial_password(ports, account)
    return account


def check_initial_password(ports: Ports, account: Account) -> None:
    """Raise SignInEnded if the account's initial password or invitation has expired."""
    at = account.initial_password_expires_at
    if at is None or ports.now() <= at:
        return
    if not account.invited:
        shown = _("Your initial password has expired. Ask an admin for a new one.")
        raise SignInEnded(shown, "initial password expired", may_return=False)
    shown = _(
        "Your invitation expired on {time}. Ask an admin for a new one.",
        time=full_minute(at, ports.local_time(at).tzinfo or UTC),
    )
    raise SignInEnded(shown, "invitation expired", may_return=False)


def code_wait(ports: Ports, progress: Progress, field: str) -> Throttled | None:
    """Return the error that any code would get now, to be shown before one is typed; or None."""
    return tries.wait(ports, claim_of(progress), "code_attempts", field)


def second_factor(account: Account) -> SecondFactor:
    if account.second_factor is None:
        raise SignInEnded(
            _("Your multi-factor authentication was disabled. Start again."), "MFA disabled"
        )
    return account.second_factor


class Step(Enum):
    """What a sign-in still needs, or that it is complete."""

    PASSWORD = auto()
    SECOND_FACTOR = auto()
    NEW_PASSWORD = auto()
    ENROLMENT = auto()
    BACKUP_CODES = auto()
    SIGNED_IN = auto()


def next_step(account: Account, settings: OrganizationSettings, progress: Progress) -> Step:
    """Return what follows, from the current account and what was proved.

    Raises SignInEnded and NoSecondFactor.
    """
    if not _FIRST_FACTOR & progress.proved:
        raise SignInEnded(_("Sign in with your password first."))
    if account.second_factor is not None and not SECOND_FACTOR & progress.proved:
        return Step.SECOND_FACTOR
    is_password_used = Proof.PASSWORD in progress.proved
    if account.must_change_password and is_password_used:
        return Step.NEW_PASSWORD
    if account.second_factor is None:
        if not account_state.is_required(account, settings):
            if not progress.null_ok:
                raise NoSecondFactor
            return Step.SIGNED_IN
        return Step.ENROLMENT if is_password_used else Step.PASSWORD
    if not progress.codes_offered and not are_saved(account.second_factor.backup_codes):
        return Step.BACKUP_CODES
    return Step.SIGNED_IN
