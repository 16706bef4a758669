"""Check one-time and backup codes. A code works once in all processes."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Final

from msgspec.structs import replace

from cwtui.accounts import clocks, devices, throttle, tries
from cwtui.accounts.audit.events import EventType
from cwtui.accounts.credentials import backup_codes, totp
from cwtui.accounts.errors import CannotCheck, ClockWasAhead, SignInFailed
from cwtui.accounts.model import Device, DeviceUse, Note, SecondFactor, SignInRecord
from cwtui.accounts.ports import Ports
from cwtui.accounts.secret import Secret
from cwtui.accounts.session import as_reason, write_audit
from cwtui.language import N_, _

_USED_CODE: Final = N_("This code was already used. Wait for the next one in your app.")
_USED_BACKUP_CODE: Final = N_("This backup code was already used. Use another one.")


@dataclass(frozen=True)
class AcceptedCode:
    """A correct one-time code of this device and time step. It may have been used before.

    `drift` is how many steps the device is ahead of this host.
    """

    device: Device
    step: int
    drift: int
    field: str
    counted: throttle.Counted


def check_one_time_code(
    ports: Ports, claim: tries.Claim, factor: SecondFactor, typed: str, field: str = "code"
) -> Device:
    """Use the code up, and return its device. Raises InvalidInput, SignInFailed and Throttled.

    From the second wrong code in a row on, the error says what is known of the clocks.
    """
    accepted = accepted_code(ports, claim, lambda: factor, typed, field)
    with reuse_recorded(ports, claim, accepted):
        use = after_code(claim, accepted, ports.now())
        ports.records.update(claim.username, lambda record: (use(record), None))
    return accepted.device


def accepted_code(
    ports: Ports, claim: tries.Claim, factor: Callable[[], SecondFactor], typed: str, field: str
) -> AcceptedCode:
    """Return the code if it is correct for any device. `factor` is asked after the attempt counts.

    Raises the same errors as `check_one_time_code`.
    """
    code = totp.typed_code(typed, field)
    counted = tries.count(ports, claim, "code_attempts", EventType.SIGN_IN_CODE, field)
    secrets, problem = _secrets(ports, claim, factor())
    record, now = ports.records.get(claim.username), ports.now()
    found = [
        AcceptedCode(device, step, step - totp.step_at(now), field, counted)
        for device, secret in secrets.items()
        if (step := totp.accepted_step(secret, code, now, record.use_of(device).drift)) is not None
    ]
    if not found:
        hint = _clock_hint(ports, claim, secrets, code)
        tries.record_failure(ports, claim, EventType.SIGN_IN_CODE, "wrong")
        if problem is not None:
            raise problem  # the code may be one of that device, which cannot be checked
        raise tries.wrong(field, _("This code is wrong."), counted, hint)
    # Two devices can have the same code by chance. It counts as the one that has not used it yet.
    return min(found, key=lambda one: is_used(record.use_of(one.device), one.step))


def _secrets(
    ports: Ports, claim: tries.Claim, factor: SecondFactor
) -> tuple[dict[Device, Secret], CannotCheck | None]:
    """Return the secret keys that can be decrypted, and the error of another one.

    A device under a lost key does not lock out the person's others. Raises CannotCheck if none can
    be decrypted.
    """
    secrets: dict[Device, Secret] = {}
    problem: CannotCheck | None = None
    for device in factor.devices:
        try:
            secrets[device] = devices.unsealed(ports.keyring, claim.username, device)
        except CannotCheck as error:
            problem = error
    if problem is not None and not secrets:
        raise problem
    return secrets, problem


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
        reason = f"already used, {as_reason({'device': accepted.device.name})}"
        tries.record_failure(ports, claim, EventType.SIGN_IN_CODE, reason)
        raise tries.wrong(accepted.field, str(used), accepted.counted) from None


def _clock_hint(
    ports: Ports, claim: tries.Claim, secrets: Mapping[Device, Secret], code: str
) -> str:
    """Remember the wrong code, and return what to say about the clocks; empty the first time."""
    now = ports.now()
    steps = {device: clocks.other_time(secret, code, now) for device, secret in secrets.items()}

    def remember(record: SignInRecord) -> tuple[SignInRecord, tuple[bool, dict[Device, int]]]:
        is_first = all(record.use_of(device).wrong_code is None for device in steps)
        uses, drifts = dict(record.devices), {}
        for device, step in steps.items():
            uses[device.id], drift = clocks.with_wrong_code(record.use_of(device), step, now)
            if drift is not None:
                drifts[device] = drift
        return record.changed(devices=uses), (is_first, drifts)

    is_first, drifts = ports.records.update(claim.username, remember)
    if is_first:
        return ""
    if not drifts:
        return clocks.compare_sentence(ports)
    device, drift = next(iter(drifts.items()))
    called = device.name if len(steps) > 1 else ""
    return " ".join((clocks.drift_sentence(drift, called), clocks.host_time_sentence(ports)))


def after_code(claim: tries.Claim, accepted: AcceptedCode, now: float) -> Note:
    """Return what the code changes in the sign-in record.

    The change raises SignInFailed if this step of the device or a later one was already used, and
    ClockWasAhead if the last used step is in the future.

    RFC 6238 section 5.2 forbids accepting a code twice. Comparing steps instead of codes also
    prevents replay of the other codes in the window. A code that was entered too early was seen,
    so it counts as used.
    """
    device, step, field = accepted.device, accepted.step, accepted.field

    def use(record: SignInRecord) -> SignInRecord:
        before = record.use_of(device)
        if before.last_step > totp.step_at(now) + totp.WINDOW:
            raise ClockWasAhead(field)
        if is_used(before, step):
            raise SignInFailed(field, _(_USED_CODE))
        after = tries.clear(record, claim, "code_attempts")
        used = replace(after.use_of(device), last_step=step, last_used_at=now, drift=accepted.drift)
        return after.changed(devices={**after.devices, device.id: used})

    return use


def is_used(use: DeviceUse, step: int) -> bool:
    """Whether the device's code of this step must not be accepted any more."""
    return step <= use.last_step or step in use.spent_steps


def use_backup_code(
    ports: Ports,
    claim: tries.Claim,
    factor: Callable[[], SecondFactor],
    typed: str,
    field: str = "backup_code",
) -> int:
    """Use up one backup code, and return how many are left.

    `factor` is asked after the attempt counts.
    Raises InvalidInput, SignInFailed or Throttled.
    """
    code = backup_codes.typed_code(typed, field)
    counted = tries.count(ports, claim, "code_attempts", EventType.SIGN_IN_BACKUP_CODE, field)
    hashed = backup_codes.matching_hash(code, factor().backup_codes, ports.keyring)
    if hashed is None:
        tries.record_failure(ports, claim, EventType.SIGN_IN_BACKUP_CODE, "wrong or already used")
        sentence = _("This is not one of your unused backup codes.")
        raise tries.wrong(field, sentence, counted)
    with ports.accounts.change() as change:
        account = change.get(claim.username)
        current = account.second_factor if account is not None else None
        if account is None or current is None or hashed not in current.backup_codes.hashes:
            tries.record_failure(ports, claim, EventType.SIGN_IN_BACKUP_CODE, "already used")
            raise tries.wrong(field, _(_USED_BACKUP_CODE), counted)
        unused = tuple(other for other in current.backup_codes.hashes if other != hashed)
        kept = replace(current, backup_codes=replace(current.backup_codes, hashes=unused))
        change.put(account.changed(second_factor=kept))
        event, left_over = EventType.SIGN_IN_BACKUP_CODE, f"{len(unused)} left"
        write_audit(ports, event, claim, claim.username, left_over, change=change)
    tries.record_success(ports, claim, "code_attempts")
    return len(unused)
