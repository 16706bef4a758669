"""Check one factor. Attempts are counted before the check; a code works once in all processes."""

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import Final, Literal, TypeAlias

from msgspec.structs import replace

from cwtui.accounts import clocks, failed_sign_ins, made_up, text, throttle
from cwtui.accounts.audit.events import EventType, Outcome
from cwtui.accounts.credentials import backup_codes, passwords, totp
from cwtui.accounts.directory_port import (
    CannotUseDirectory,
    DirectoryMisconfigured,
    DirectoryRefused,
    DirectoryUser,
    WrongDirectoryPassword,
)
from cwtui.accounts.errors import CannotCheck, ClockWasAhead, Refused, SignInFailed, Throttled
from cwtui.accounts.model import (
    Account,
    Attempts,
    Ending,
    Note,
    SecondFactor,
    SignInRecord,
    unchanged,
)
from cwtui.accounts.ports import Directory, Ports
from cwtui.accounts.secret import Secret
from cwtui.accounts.session import write_audit

Tries: TypeAlias = Literal["password_attempts", "code_attempts"]
"""Passwords and codes are counted separately; one-time and backup codes share a count."""

NO_ACCOUNT: Final = "(no such account)"
"""Replaces unknown usernames in the audit log; no valid username looks like this."""

_WHAT: Final = {
    EventType.SIGN_IN_PASSWORD: "password",
    EventType.SIGN_IN_CODE: "one-time code",
    EventType.SIGN_IN_BACKUP_CODE: "backup code",
}
_FEW: Final = 2
_THROTTLED: Final = "throttled"
_USED_CODE: Final = "This code was already used. Wait for the next one in your app."
_USED_BACKUP_CODE: Final = "This backup code was already used. Use another one."


@dataclass(frozen=True)
class Claim:
    """Who someone claims to be, and from which source: at sign-in, or when a session asks again."""

    username: str
    source: str
    in_session: bool = False

    @property
    def actor(self) -> str:
        return self.username


def check_password(
    ports: Ports, claim: Claim, account: Account | None, password: Secret, field: str
) -> None:
    """Raise SignInFailed or Throttled unless the password is the account's.

    A missing account takes the same time and gives the same answer. A sign-in records the success
    together with what follows (`after_password`).
    """
    counted = _count(ports, claim, "password_attempts", EventType.SIGN_IN_PASSWORD, field)
    kept = account.password if account is not None else None
    if account is not None and account.must_change_password:
        password = passwords.initial(password)
    if not passwords.is_password(password, kept, ports.keyring, ports.bcrypt_cost):
        _record_failure(ports, claim, EventType.SIGN_IN_PASSWORD, "wrong")
        raise _wrong_password(ports, claim, field, counted)
    if claim.in_session:
        _record_success(ports, claim, "password_attempts")


def after_password(claim: Claim) -> Note:
    """Return what the correct password of a local account changes in the sign-in record."""
    return lambda record: _clear(record, claim, "password_attempts")


def check_directory_password(
    ports: Ports, directory: Directory, claim: Claim, password: Secret, field: str
) -> DirectoryUser:
    """Return the person's directory entry if the directory accepts the password.

    Raises SignInFailed or Throttled, and CannotCheck if the directory cannot be asked, which does
    not count as an attempt.
    """
    counted = _count(ports, claim, "password_attempts", EventType.SIGN_IN_PASSWORD, field)
    try:
        user = directory.check_password(claim.username, password)
    except CannotCheck as problem:
        _uncount(ports, claim, "password_attempts", counted)
        if isinstance(problem, DirectoryMisconfigured):
            raise CannotUseDirectory from None
        raise
    except DirectoryRefused as refusal:
        # The same hashing as for a local account; the directory's own time comes on top.
        passwords.is_password(password, None, ports.keyring, ports.bcrypt_cost)
        raise _refused_by_directory(ports, claim, refusal, counted, field) from None
    # At once, because the account may get this name only now, and until then another is counted.
    _record_success(ports, claim, "password_attempts")
    return user


def _refused_by_directory(
    ports: Ports, claim: Claim, refusal: DirectoryRefused, counted: throttle.Counted, field: str
) -> SignInFailed:
    """Record the refusal, and return the error to raise."""
    event = EventType.SIGN_IN_PASSWORD
    if refusal.password_was_right:
        _record_success(ports, claim, "password_attempts")
        _record_failure(ports, claim, event, f"correct, refused: {refusal}", Ending.REFUSED)
        return SignInFailed(field, str(refusal))
    if not isinstance(refusal, WrongDirectoryPassword):
        _record_failure(ports, claim, event, type(refusal).__name__)
        return SignInFailed(field, str(refusal), counted.left)
    _record_failure(ports, claim, event, "wrong")
    return _wrong_password(ports, claim, field, counted)


def check_one_time_code(
    ports: Ports, claim: Claim, factor: SecondFactor, typed: str, field: str = "code"
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
    ports: Ports, claim: Claim, factor: SecondFactor, typed: str, field: str
) -> AcceptedCode:
    """Return the code if it is correct. Raises the same errors as `check_one_time_code`."""
    code = totp.typed_code(typed, field)
    counted = _count(ports, claim, "code_attempts", EventType.SIGN_IN_CODE, field)
    secret = unsealed_secret(ports, claim.username, factor)
    step = totp.accepted_step(secret, code, ports.now())
    if step is None:
        hint = _clock_hint(ports, claim, secret, code)
        _record_failure(ports, claim, EventType.SIGN_IN_CODE, "wrong")
        raise _wrong(field, "This code is wrong.", counted, hint)
    return AcceptedCode(step, field, counted)


@contextmanager
def reuse_recorded(ports: Ports, claim: Claim, accepted: AcceptedCode) -> Iterator[None]:
    """Record if the code turns out in this block to have been used before."""
    try:
        yield
    except ClockWasAhead:
        # The code is correct and unused, so it is no failed attempt and no sign of an attacker.
        _uncount(ports, claim, "code_attempts", accepted.counted)
        _write_failure(ports, claim, EventType.SIGN_IN_CODE, "clock was ahead")
        raise
    except SignInFailed as used:
        _record_failure(ports, claim, EventType.SIGN_IN_CODE, "already used")
        raise _wrong(accepted.field, str(used), accepted.counted) from None


def _clock_hint(ports: Ports, claim: Claim, secret: Secret, code: str) -> str:
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


def use_step(ports: Ports, claim: Claim, step: int, field: str = "code") -> None:
    """Mark the time step as used.

    Raises SignInFailed if this step or a later one was already used, and ClockWasAhead if the
    last used step is in the future.

    RFC 6238 section 5.2 forbids accepting a code twice. Comparing steps instead of codes also
    prevents replay of the other codes in the window. A code that was entered too early was seen,
    so it counts as used.
    """
    use = after_code(claim, step, field, ports.now())
    ports.records.update(claim.username, lambda record: (use(record), None))


def after_code(claim: Claim, step: int, field: str, now: float) -> Note:
    """Return what the code of this step changes in the sign-in record; it raises as `use_step`."""

    def use(record: SignInRecord) -> SignInRecord:
        if record.last_totp_step > totp.step_at(now) + totp.WINDOW:
            raise ClockWasAhead(field)
        if step <= record.last_totp_step or step in record.spent_steps:
            raise SignInFailed(field, _USED_CODE)
        return _clear(record, claim, "code_attempts").changed(last_totp_step=step)

    return use


def use_backup_code(
    ports: Ports, claim: Claim, factor: SecondFactor, typed: str, field: str = "backup_code"
) -> int:
    """Use up one backup code, and return how many are left.

    Raises InvalidInput, SignInFailed or Throttled.
    """
    code = backup_codes.typed_code(typed, field)
    counted = _count(ports, claim, "code_attempts", EventType.SIGN_IN_BACKUP_CODE, field)
    hashed = backup_codes.matching_hash(code, factor.backup_codes, ports.keyring)
    if hashed is None:
        _record_failure(ports, claim, EventType.SIGN_IN_BACKUP_CODE, "wrong or already used")
        sentence = "This is not one of your unused backup codes."
        raise _wrong(field, sentence, counted)
    with ports.accounts.change() as change:
        account = change.get(claim.username)
        current = account.second_factor if account is not None else None
        if account is None or current is None or hashed not in current.backup_codes.hashes:
            _record_failure(ports, claim, EventType.SIGN_IN_BACKUP_CODE, "already used")
            raise _wrong(field, _USED_BACKUP_CODE, counted)
        unused = tuple(other for other in current.backup_codes.hashes if other != hashed)
        kept = replace(current, backup_codes=replace(current.backup_codes, hashes=unused))
        change.put(account.changed(second_factor=kept))
        event, left_over = EventType.SIGN_IN_BACKUP_CODE, f"{len(unused)} left"
        write_audit(ports, event, claim, claim.username, left_over, change=change)
    _record_success(ports, claim, "code_attempts")
    return len(unused)


def unsealed_secret(ports: Ports, username: str, factor: SecondFactor) -> Secret:
    """Return the account's decrypted TOTP secret. Raises CannotCheck."""
    return Secret(ports.keyring.unseal(factor.totp_secret, username.encode()).decode("ascii"))


def _record_failure(
    ports: Ports, claim: Claim, event: EventType, reason: str, ending: Ending | None = None
) -> None:
    """Write the failure to the audit log and to the record shown at the owner's next sign-in."""
    counted = made_up.counted_name(ports, claim.username)
    # Unknown names are not recorded, because people type passwords there by mistake. If the
    # password was correct, the name is a directory user's.
    is_named = ending is Ending.REFUSED or not made_up.is_made_up(counted)
    named = claim if is_named else Claim(NO_ACCOUNT, claim.source, claim.in_session)
    _write_failure(ports, named, event, reason)
    if claim.in_session:
        return
    source, now = claim.source, ports.now()

    def note(record: SignInRecord) -> tuple[SignInRecord, None]:
        if ending is Ending.REFUSED:  # the password was correct
            record = _clear(record, claim, "password_attempts")
        if event is EventType.SIGN_IN_PASSWORD:
            return failed_sign_ins.with_failure(record, source, now, ending), None
        if reason == _THROTTLED:  # the code was not checked
            return failed_sign_ins.moved(record, source, now, Ending.WRONG_CODE), None
        return failed_sign_ins.with_wrong_code(record, source, now), None

    # Unknown names take the same work.
    ports.records.update(counted, note)


def _write_failure(ports: Ports, claim: Claim, event: EventType, reason: str) -> None:
    if claim.in_session:
        event, reason = EventType.PROOF, f"{_WHAT[event]} {reason}"
    write_audit(ports, event, claim, claim.username, reason, outcome=Outcome.FAILURE)


def _uncount(ports: Ports, claim: Claim, tries: Tries, counted: throttle.Counted) -> None:
    """Remove a counted attempt that turned out not to be a failure."""

    def take_back(record: SignInRecord) -> tuple[SignInRecord, None]:
        attempts: dict[str, Attempts] = getattr(record, tries)
        return record.changed(**{tries: throttle.without(attempts, counted)}), None

    ports.records.update(made_up.counted_name(ports, claim.username), take_back)


@contextmanager
def refusals_recorded(ports: Ports, claim: Claim) -> Iterator[None]:
    """Record if a correct password is refused in this block, for the owner's next sign-in."""
    try:
        yield
    except Refused as refusal:
        reason = f"correct, refused: {refusal}"
        _record_failure(ports, claim, EventType.SIGN_IN_PASSWORD, reason, Ending.REFUSED)
        raise
    except CannotCheck:
        # What cannot be checked is no failed attempt.
        with suppress(CannotCheck):
            _record_success(ports, claim, "password_attempts")
        raise


def record_stop(ports: Ports, claim: Claim, ending: Ending, note: Note = unchanged) -> SignInRecord:
    """Record that the password was correct, and count the sign-in as failed until it succeeds.

    `note` is what the last factor changes. Returns the sign-in record from before.
    """

    def stop(record: SignInRecord) -> tuple[SignInRecord, SignInRecord]:
        after = failed_sign_ins.with_failure(note(record), claim.source, ports.now(), ending)
        return after, record

    before = ports.records.update(claim.username, stop)
    write_audit(
        ports, EventType.SIGN_IN_PASSWORD, claim, claim.username, failed_sign_ins.waits_for(ending)
    )
    return before


def record_step(
    ports: Ports,
    claim: Claim,
    ending: Ending,
    event: EventType | None = None,
    note: Note = unchanged,
) -> None:
    """Update what `record_stop` recorded, as the sign-in got further; `event` is logged too."""
    source, now = claim.source, ports.now()
    ports.records.update(
        claim.username,
        lambda record: (failed_sign_ins.moved(note(record), source, now, ending), None),
    )
    if event is not None:
        write_audit(ports, event, claim, claim.username, failed_sign_ins.waits_for(ending))


def _record_success(ports: Ports, claim: Claim, tries: Tries) -> None:
    ports.records.update(
        made_up.counted_name(ports, claim.username),
        lambda record: (_clear(record, claim, tries), None),
    )


def _limit(ports: Ports, tries: Tries) -> throttle.Limit:
    settings = ports.accounts.settings()
    if tries == "password_attempts":
        return throttle.Limit(settings.password_limit, settings.password_ban_minutes * 60.0)
    return throttle.Limit(settings.code_limit, settings.code_ban_minutes * 60.0)


def _count(
    ports: Ports, claim: Claim, tries: Tries, event: EventType, field: str
) -> throttle.Counted:
    limit = _limit(ports, tries)
    name = made_up.counted_name(ports, claim.username)
    stand_in = made_up.stand_in(ports, claim.username)

    def step(record: SignInRecord) -> tuple[SignInRecord, throttle.Counted]:
        if made_up.is_made_up(name) and record == SignInRecord():
            record = stand_in
        attempts: dict[str, Attempts] = getattr(record, tries)
        budget = throttle.budget_of(record.known_sources, claim.source)
        counted = throttle.count_try(attempts, budget, limit, ports.now(), field)
        return record.changed(**{tries: counted.attempts}), counted

    counted = ports.records.update(name, step, made_up.CROWDED_OUT)
    if counted.throttled is None:
        return counted
    # Only the first of each wait is logged, so that repeated attempts cannot fill the audit log.
    if counted.is_first_refusal:
        _record_failure(ports, claim, event, _THROTTLED)
    raise counted.throttled


def wait(ports: Ports, claim: Claim, tries: Tries, field: str) -> Throttled | None:
    """Return the error for an attempt that would be refused unchecked; None if it may be made.

    Only for somebody who has proved the password: whether a name must wait is not told to others.
    """
    record = ports.records.get(claim.username)
    attempts: dict[str, Attempts] = getattr(record, tries)
    budget = throttle.budget_of(record.known_sources, claim.source)
    return throttle.wait(attempts, budget, _limit(ports, tries), ports.now(), field)


def _clear(record: SignInRecord, claim: Claim, tries: Tries) -> SignInRecord:
    attempts: dict[str, Attempts] = getattr(record, tries)
    budget = throttle.budget_of(record.known_sources, claim.source)
    if tries == "code_attempts":
        record = record.changed(wrong_code=None)
    return record.changed(**{tries: throttle.cleared(attempts, budget, claim.source)})


def _wrong_password(
    ports: Ports, claim: Claim, field: str, counted: throttle.Counted
) -> SignInFailed:
    """Return the error for a wrong password: the same whether the account exists or not."""
    if claim.in_session:
        return _wrong(field, "The password is wrong.", counted)
    has_realm = ports.directory is not None and "@" in claim.username
    hint = " Try your username without the @ and what follows it." if has_realm else ""
    sentence = f"Username or password is wrong.{hint}"
    if counted.left > _FEW:
        # Attackers should not learn the number of attempts from the start.
        return SignInFailed(field, sentence, counted.left)
    return _wrong(field, sentence, counted)


def _wrong(field: str, sentence: str, counted: throttle.Counted, hint: str = "") -> SignInFailed:
    """Return the error for a failed attempt: with the attempts left, or the time to wait until.

    `hint` is added at the end.
    """
    left = counted.left
    if left == 0:
        none_left = f"{sentence} No attempts left for now.{hint}"
        return SignInFailed(field, none_left, 0, counted.until)
    return SignInFailed(field, f"{sentence} {text.counted(left, 'attempt')} left.{hint}", left)
