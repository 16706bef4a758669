"""Check one-time and backup codes. A code works once in all processes."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Final

from msgspec.structs import replace

from cwtui.accounts import clocks, throttle, tries
from cwtui.accounts.audit.events import EventType
from cwtui.accounts.credentials import backup_codes, totp
from cwtui.accounts.errors import ClockWasAhead, SignInFailed
from cwtui.accounts.model import Note, SecondFactor, SignInRecord
from cwtui.accounts.ports import Ports
from cwtui.accounts.secret import Secret
from cwtui.accounts.session import write_audit

_USED_CODE: Final = "This code was already used. Wait for the next one in your app."
_USED_BACKUP_CODE: Final = "This backup code was already used. Use another one."


def check_one_time_code(
    ports: Ports, claim: tries.Claim, factor: SecondFactor, typed: str, field: str = "code"
) -> None:
    """Use the code up. Raises InvalidInput, SignInFailed and Throttled.

    From the second wrong code in a row on, the error says what is known of the clocks.
    """
    accepted = accepted_code(ports, claim, factor, typed, field)
    with reuse_recorded(ports, claim, accepted):
        use_step(ports, claim, accepted.step, field)


@dataclass(frozen=True)
class AcceptedCode:
    """A correct one-time code of this time step. It may have been used before."""

    step: int
    field: str
    counted: throttle.Counted


def accepted_code(
    ports: Ports, claim: tries.Claim, factor: SecondFactor, typed: str, field: str
) -> AcceptedCode:
    """Return the code if it is correct. Raises the same errors as `check_one_time_code`."""
    code = totp.typed_code(typed, field)
    counted = tries.count(ports, claim, "code_attempts", EventType.SIGN_IN_CODE, field)
    secret = unsealed_secret(ports, claim.username, factor)
    step = totp.accepted_step(secret, code, ports.now())
    if step is None:
        hint = _clock_hint(ports, claim, secret, code)
        tries.record_failure(ports, claim, EventType.SIGN_IN_CODE, "wrong")
        raise tries.wrong(field, "This code is wrong.", counted, hint)
    return AcceptedCode(step, field, counted)


@contextmanager
def reuse_recorded(ports: Ports, claim: tries.Claim, accepted: AcceptedCode) -> Iterator[None]:
    """Record if the code turns out in this block to have been used before."""
    try:
        yield
    except ClockWasAhead:
        # The code is correct and unused, so it is no failed attempt and no sign of an attacker.
        tries.uncount(ports, claim, "code_attempts", accepted.counted)
        tries.write_failure(ports, claim, EventType.SIGN_IN_CODE, "clock was ahead")
        raise
    except SignInFailed as used:
        tries.record_failure(ports, claim, EventType.SIGN_IN_CODE, "already used")
        raise tries.wrong(accepted.field, str(used), accepted.counted) from None


def _clock_hint(ports: Ports, claim: tries.Claim, secret: Secret, code: str) -> str:
    """Remember the wrong code, and return what to say about the clocks; empty the first time."""
    now = ports.now()
    step = clocks.other_time(secret, code, now)

    def remember(record: SignInRecord) -> tuple[SignInRecord, tuple[bool, int | None]]:
        after, drift = clocks.with_wrong_code(record, step, now)
        return after, (record.wrong_code is None, drift)

    is_first, drift = ports.records.update(claim.username, remember)
    if is_first:
        return ""
    time = f"The time of this host is {clocks.host_time(ports)}"
    if drift is None:
        return f" {time}, and your phone's clock must agree."
    return f" {clocks.drift_sentence(drift)} {time}."


def use_step(ports: Ports, claim: tries.Claim, step: int, field: str = "code") -> None:
    """Mark the time step as used.

    Raises SignInFailed if this step or a later one was already used, and ClockWasAhead if the
    last used step is in the future.

    RFC 6238 section 5.2 forbids accepting a code twice. Comparing steps instead of codes also
    prevents replay of the other codes in the window. A code that was entered too early was seen,
    so it counts as used.
    """
    use = after_code(claim, step, field, ports.now())
    ports.records.update(claim.username, lambda record: (use(record), None))


def after_code(claim: tries.Claim, step: int, field: str, now: float) -> Note:
    """Return what the code of this step changes in the sign-in record; it raises as `use_step`."""

    def use(record: SignInRecord) -> SignInRecord:
        if record.last_totp_step > totp.step_at(now) + totp.WINDOW:
            raise ClockWasAhead(field)
        if step <= record.last_totp_step or step in record.spent_steps:
            raise SignInFailed(field, _USED_CODE)
        return tries.clear(record, claim, "code_attempts").changed(last_totp_step=step)

    return use


def use_backup_code(
    ports: Ports, claim: tries.Claim, factor: SecondFactor, typed: str, field: str = "backup_code"
) -> int:
    """Use up one backup code, and return how many are left.

    Raises InvalidInput, SignInFailed or Throttled.
    """
    code = backup_codes.typed_code(typed, field)
    counted = tries.count(ports, claim, "code_attempts", EventType.SIGN_IN_BACKUP_CODE, field)
    hashed = backup_codes.matching_hash(code, factor.backup_codes, ports.keyring)
    if hashed is None:
        tries.record_failure(ports, claim, EventType.SIGN_IN_BACKUP_CODE, "wrong or already used")
        sentence = "This is not one of your unused backup codes."
        raise tries.wrong(field, sentence, counted)
    with ports.accounts.change() as change:
        account = change.get(claim.username)
        current = account.second_factor if account is not None else None
        if account is None or current is None or hashed not in current.backup_codes.hashes:
            tries.record_failure(ports, claim, EventType.SIGN_IN_BACKUP_CODE, "already used")
            raise tries.wrong(field, _USED_BACKUP_CODE, counted)
        unused = tuple(other for other in current.backup_codes.hashes if other != hashed)
        kept = replace(current, backup_codes=replace(current.backup_codes, hashes=unused))
        change.put(account.changed(second_factor=kept))
        event, left_over = EventType.SIGN_IN_BACKUP_CODE, f"{len(unused)} left"
        write_audit(ports, event, claim, claim.username, left_over, change=change)
    tries.record_success(ports, claim, "code_attempts")
    return len(unused)


def unsealed_secret(ports: Ports, username: str, factor: SecondFactor) -> Secret:
    """Return the account's decrypted TOTP secret. Raises CannotCheck."""
    return Secret(ports.keyring.unseal(factor.totp_secret, username.encode()).decode("ascii"))
