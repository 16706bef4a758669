"""Enrolment: from showing the QR code to acknowledging the backup codes."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Final

from msgspec.structs import replace

from cwtui.accounts import clocks
from cwtui.accounts.audit.events import EventType
from cwtui.accounts.credentials import backup_codes, totp
from cwtui.accounts.errors import InvalidInput, Refused
from cwtui.accounts.model import Account, SecondFactor, SignInRecord
from cwtui.accounts.ports import AccountsChange, Ports
from cwtui.accounts.secret import Secret
from cwtui.accounts.session import PROOF_LIFETIME, Acting, is_fresh, write_audit
from cwtui.accounts.settings import Mfa, OrganizationSettings

NOT_ENABLED: Final = "Multi-factor authentication is not enabled for this account."
_NOT_CURRENT: Final = "This is not the current code. Enter the code that your app shows now."


@dataclass(frozen=True)
class Enrolment:
    """A second factor that is offered but not yet registered. It exists only in memory.

    `begun_at` is in seconds since the epoch. `epoch` is that of the account: after any change that
    ends sessions, such as a registered device or a new password, there is a new key.
    """

    username: str
    issuer: str
    totp_secret: Secret
    begun_at: float
    epoch: int = 0

    def seconds_left(self, now: float) -> float:
        """Return for how long the same key is offered again; 0 if it has expired."""
        return self.begun_at + PROOF_LIFETIME - now if is_fresh(self.begun_at, now) else 0.0

    def uris(self) -> Iterator[Secret]:
        """Yield possible contents of the QR code, longest first."""
        return totp.uris(self.totp_secret, self.username, self.issuer)


@dataclass(frozen=True)
class Registered:
    """A second factor to store, and its backup codes, which can be shown only now."""

    factor: SecondFactor
    codes: tuple[Secret, ...]
    step: int
    """The time step of the code that confirmed the enrolment; it counts as used."""


def begin(ports: Ports, account: Account, earlier: Enrolment | None = None) -> Enrolment:
    """Return an enrolment for the account. Raises Refused.

    If the user left an `earlier` one a short while ago, it is continued, as its key may already be
    in their app. Otherwise there is a new key.
    """
    settings, now = ports.accounts.settings(), ports.now()
    check_offered(account, settings)
    new = Enrolment(
        account.username,
        settings.issuer,
        totp.new_secret(ports.random),
        now,
        account.session_epoch,
    )
    if earlier is None or not earlier.seconds_left(now):
        return new
    return earlier if _whose(earlier) == _whose(new) else new


def _whose(offered: Enrolment) -> tuple[str, str, int]:
    return offered.username, offered.issuer, offered.epoch


def refusal(account: Account, settings: OrganizationSettings) -> str:
    """Return why the account cannot register a second factor now; empty if it can."""
    if settings.mfa is Mfa.OFF:
        return "Your organization has not enabled multi-factor authentication."
    if account.second_factor is not None:
        return "Multi-factor authentication is already enabled for this account."
    return ""


def check_offered(account: Account, settings: OrganizationSettings) -> None:
    """Raise Refused unless the account may register a second factor now."""
    reason = refusal(account, settings)
    if reason:
        raise Refused(reason)


def confirm(ports: Ports, account: Account, enrolment: Enrolment, typed: str) -> Registered:
    """Return the second factor if `typed` is a current code of the offered secret.

    If the code belongs to another time, the error says how far the clocks differ (see `clocks`).
    Raises InvalidInput and Refused.
    """
    if enrolment.username != account.username:
        raise Refused("This secret key was made for another account. Start again.")
    code = totp.typed_code(typed)
    now = ports.now()
    step = totp.accepted_step(enrolment.totp_secret, code, now)
    if step is None:
        drift = totp.drift(enrolment.totp_secret, code, now)
        diagnosis = clocks.drift_sentence(drift) or _NOT_CURRENT
        raise InvalidInput(
            "code", f"{diagnosis} The time of this host is {clocks.host_time(ports)}."
        )
    secret = enrolment.totp_secret.reveal().encode("ascii")
    codes = backup_codes.new_codes(ports.random)
    factor = SecondFactor(
        totp_secret=ports.keyring.seal(secret, enrolment.username.encode()),
        registered_at=now,
        backup_codes=backup_codes.hash_codes(codes, ports.keyring, ports.bcrypt_cost, now),
    )
    return Registered(factor, codes, step)


def _as_it_is(record: SignInRecord) -> SignInRecord:
    return record


def register(
    ports: Ports,
    change: AccountsChange,
    actor: Acting,
    account: Account,
    registered: Registered,
    note: Callable[[SignInRecord], SignInRecord] = _as_it_is,
) -> Account:
    """Store the second factor, which ends the account's sessions, and return the changed account.

    `note` makes a further change to the sign-in record. Nothing may fail after this, because the
    backup codes can be shown only once. Raises Refused and CannotCheck.
    """
    check_offered(account, change.settings())
    after = account.changed_ending_sessions(second_factor=registered.factor)
    change.put(after)
    change.prepare()
    # The first code of the new device is used; steps of a previous device no longer count.
    ports.records.update(
        account.username,
        lambda record: (_of_new_device(note(record), registered.step), None),
    )
    write_audit(ports, EventType.MFA_ENABLE, actor, account.username, change=change)
    return after


def _of_new_device(record: SignInRecord, step: int) -> SignInRecord:
    return record.changed(last_totp_step=step, wrong_code=None, spent_steps=())


def new_backup_codes(ports: Ports, factor: SecondFactor) -> tuple[SecondFactor, tuple[Secret, ...]]:
    """Return the second factor with a new set of backup codes, and the codes."""
    codes = backup_codes.new_codes(ports.random)
    hashed = backup_codes.hash_codes(codes, ports.keyring, ports.bcrypt_cost, ports.now())
    return replace(factor, backup_codes=hashed), codes


def acknowledge(
    ports: Ports, change: AccountsChange, actor: Acting, account: Account, reason: str = ""
) -> None:
    """Record that the user has saved the backup codes. Raises Refused and CannotCheck."""
    factor = second_factor(account)
    kept = replace(factor.backup_codes, acknowledged=True)
    change.put(account.changed(second_factor=replace(factor, backup_codes=kept)))
    event = EventType.BACKUP_CODES_ACKNOWLEDGE
    write_audit(ports, event, actor, account.username, reason, change=change)


def second_factor(account: Account) -> SecondFactor:
    """Return the account's second factor. Raises Refused if there is none."""
    if account.second_factor is None:
        raise Refused(NOT_ENABLED)
    return account.second_factor
