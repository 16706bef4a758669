"""Enrolment: from showing the QR code to the backup codes being acknowledged."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from msgspec.structs import replace

from cwtui.accounts.credentials import backup_codes, totp
from cwtui.accounts.errors import InvalidInput, Refused
from cwtui.accounts.model import Account, SecondFactor
from cwtui.accounts.ports import Ports
from cwtui.accounts.secret import Secret
from cwtui.accounts.settings import Mfa, OrganizationSettings

_HOURS_FROM: Final = 90
"""Minutes from which a wrong clock is told in hours."""


@dataclass(frozen=True)
class Enrolment:
    """A second factor that is offered but not yet registered: it is in memory only.

    `begun_at` is in seconds since the epoch.
    """

    username: str
    issuer: str
    totp_secret: Secret
    begun_at: float

    def uris(self) -> Iterator[Secret]:
        """What the QR code may hold, the fullest first."""
        return totp.uris(self.totp_secret, self.username, self.issuer)


@dataclass(frozen=True)
class Registered:
    """A second factor to be kept, and its backup codes, which can be shown only now."""

    factor: SecondFactor
    codes: tuple[Secret, ...]
    step: int
    """The time step of the code that showed it, which is thereby used."""


def is_required(account: Account, settings: OrganizationSettings) -> bool:
    """Whether the account must have a second factor."""
    if settings.mfa is Mfa.OFF:
        return False
    return account.mfa_required or settings.mfa is Mfa.REQUIRED


def begin(ports: Ports, account: Account) -> Enrolment:
    """A new secret for the account. Raises Refused."""
    settings = ports.accounts.settings()
    check_offered(account, settings)
    return Enrolment(account.username, settings.issuer, totp.new_secret(ports.random), ports.now())


def refusal(account: Account, settings: OrganizationSettings) -> str:
    """Why the account cannot register a second factor now; empty: it can."""
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
    """The second factor, once a code shows that the app has the secret.

    A code of a wrong time is diagnosed. Raises InvalidInput and Refused.
    """
    if enrolment.username != account.username:
        raise Refused("This secret key was made for another account. Start again.")
    code = totp.typed_code(typed)
    now = ports.now()
    step = totp.accepted_step(enrolment.totp_secret, code, now)
    if step is None:
        raise InvalidInput("code", _diagnosis(totp.drift(enrolment.totp_secret, code, now)))
    secret = enrolment.totp_secret.reveal().encode("ascii")
    codes = backup_codes.new_codes(ports.random)
    factor = SecondFactor(
        totp_secret=ports.keyring.seal(secret, enrolment.username.encode()),
        registered_at=now,
        backup_codes=backup_codes.hash_codes(codes, ports.keyring, ports.bcrypt_cost),
    )
    return Registered(factor, codes, step)


def new_backup_codes(ports: Ports, factor: SecondFactor) -> tuple[SecondFactor, tuple[Secret, ...]]:
    """The same second factor with a new set of backup codes; the old ones are void."""
    codes = backup_codes.new_codes(ports.random)
    hashed = backup_codes.hash_codes(codes, ports.keyring, ports.bcrypt_cost)
    return replace(factor, backup_codes=hashed), codes


def acknowledged(account: Account) -> Account:
    """The account once the person said that the backup codes are saved. Raises Refused."""
    factor = account.second_factor
    if factor is None:
        raise Refused("Multi-factor authentication is not enabled for this account.")
    kept = replace(factor.backup_codes, acknowledged=True)
    return account.changed(second_factor=replace(factor, backup_codes=kept))


def _diagnosis(drift: int | None) -> str:
    if drift is None:
        return "This is not the current code. Enter the one that your app shows now."
    minutes = max(1, round(abs(drift) / 60))
    count, unit = (minutes, "minute") if minutes < _HOURS_FROM else (round(minutes / 60), "hour")
    return (
        f"Your phone is about {count} {unit}{'s' if count > 1 else ''} "
        f"{'ahead of' if drift > 0 else 'behind'} this host. Set both clocks to the right time, "
        "then enter the new code."
    )
