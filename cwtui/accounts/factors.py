"""One factor, checked: counted before, cleared after, and accepted once across processes."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Final, Literal, TypeAlias

from msgspec.structs import replace

from cwtui.accounts import failed_sign_ins, made_up, text, throttle
from cwtui.accounts.audit.events import EventType, Outcome
from cwtui.accounts.credentials import backup_codes, passwords, totp
from cwtui.accounts.directory_port import (
    CannotUseDirectory,
    DirectoryMisconfigured,
    DirectoryRefused,
    DirectoryUser,
    WrongDirectoryPassword,
)
from cwtui.accounts.errors import CannotCheck, ClockWasAhead, Refused, SignInFailed
from cwtui.accounts.model import Account, Attempts, Ending, SecondFactor, SignInRecord
from cwtui.accounts.ports import Directory, Ports
from cwtui.accounts.secret import Secret
from cwtui.accounts.session import write_audit

Tries: TypeAlias = Literal["password_attempts", "code_attempts"]
"""Passwords and codes are counted apart; one-time codes and backup codes together."""

NO_ACCOUNT: Final = "(no such account)"
"""Stands for a username in the audit log; no username has such characters."""

_WHAT: Final = {
    EventType.SIGN_IN_PASSWORD: "password",
    EventType.SIGN_IN_CODE: "one-time code",
    EventType.SIGN_IN_BACKUP_CODE: "backup code",
}
_FEW: Final = 2
_USED_CODE: Final = "This code was used already. Wait for the next one in your app."
_USED_BACKUP_CODE: Final = "This backup code was used already. Use another one."


@dataclass(frozen=True)
class Claim:
    """Who says they are whom, and from where: at the sign-in, or again in a session."""

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

    An account that does not exist costs the same work and gives the same answer.
    """
    counted = _count(ports, claim, "password_attempts", EventType.SIGN_IN_PASSWORD, field)
    kept = account.password if account is not None else None
    if not passwords.is_password(password, kept, ports.keyring, ports.bcrypt_cost):
        _record_failure(ports, claim, EventType.SIGN_IN_PASSWORD, "wrong")
        raise _wrong("password_attempts", field, _wrong_password(ports, claim), counted)
    _record_success(ports, claim, "password_attempts")


def check_directory_password(
    ports: Ports, directory: Directory, claim: Claim, password: Secret, field: str
) -> DirectoryUser:
    """The person in the directory, if it takes the password. Raises SignInFailed or Throttled, and
    CannotCheck where it cannot be asked: that does not count as a try.
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
        # As much hashing as at a local name; the directory's own time comes on top.
        passwords.is_password(password, None, ports.keyring, ports.bcrypt_cost)
        raise _refused_by_directory(ports, claim, refusal, counted, field) from None
    _record_success(ports, claim, "password_attempts")
    return user


def _refused_by_directory(
    ports: Ports, claim: Claim, refusal: DirectoryRefused, counted: throttle.Counted, field: str
) -> SignInFailed:
    """Record it as what it is; what to raise."""
    event = EventType.SIGN_IN_PASSWORD
    if refusal.password_was_right:
        _record_success(ports, claim, "password_attempts")
        _record_failure(ports, claim, event, f"right, refused: {refusal}", Ending.REFUSED)
        return SignInFailed(field, str(refusal))
    if not isinstance(refusal, WrongDirectoryPassword):
        _record_failure(ports, claim, event, type(refusal).__name__)
        return SignInFailed(field, str(refusal), counted.left)
    _record_failure(ports, claim, event, "wrong")
    return _wrong("password_attempts", field, _wrong_password(ports, claim), counted)


def check_one_time_code(ports: Ports, claim: Claim, factor: SecondFactor, typed: str) -> None:
    """Raise InvalidInput, SignInFailed or Throttled unless the code is right and not yet used."""
    code = totp.typed_code(typed)
    counted = _count(ports, claim, "code_attempts", EventType.SIGN_IN_CODE, "code")
    secret = unsealed_secret(ports, claim.username, factor)
    step = totp.accepted_step(secret, code, ports.now())
    if step is None:
        _record_failure(ports, claim, EventType.SIGN_IN_CODE, "wrong")
        raise _wrong("code_attempts", "code", "This is not the current code.", counted)
    try:
        use_step(ports, claim, step)
    except ClockWasAhead:
        # Right, and used by nobody: neither a wrong try nor a sign of somebody else.
        _uncount(ports, claim, "code_attempts", counted)
        _write_failure(ports, claim, EventType.SIGN_IN_CODE, "clock was ahead")
        raise
    except SignInFailed:
        _record_failure(ports, claim, EventType.SIGN_IN_CODE, "used already")
        raise


def use_step(ports: Ports, claim: Claim, step: int) -> None:
    """Mark the time step as used. Raises SignInFailed if it, or a later one, was used before, and
    ClockWasAhead where the last one used is still to come.

    RFC 6238 section 5.2: a second use of a code must not be accepted. The step is compared, not
    the code, so that the neighbouring codes of the window cannot be played back either.
    """

    def use(record: SignInRecord) -> tuple[SignInRecord, None]:
        if record.last_totp_step > totp.step_at(ports.now()) + totp.WINDOW:
            raise ClockWasAhead("code")
        if step <= record.last_totp_step:
            raise SignInFailed("code", _USED_CODE)
        cleared = _clear(record, claim, "code_attempts")
        return cleared.changed(last_totp_step=step), None

    ports.records.update(claim.username, use)


def use_backup_code(
    ports: Ports, claim: Claim, factor: SecondFactor, typed: str, field: str = "backup_code"
) -> int:
    """Use up one of the backup codes; how many are left.

    Raises InvalidInput, SignInFailed or Throttled.
    """
    code = backup_codes.typed_code(typed, field)
    counted = _count(ports, claim, "code_attempts", EventType.SIGN_IN_BACKUP_CODE, field)
    hashed = backup_codes.matching_hash(code, factor.backup_codes, ports.keyring)
    if hashed is None:
        _record_failure(ports, claim, EventType.SIGN_IN_BACKUP_CODE, "wrong or used already")
        sentence = "This is not one of your unused backup codes."
        raise _wrong("code_attempts", field, sentence, counted)
    with ports.accounts.change() as change:
        account = change.get(claim.username)
        current = account.second_factor if account is not None else None
        if account is None or current is None or hashed not in current.backup_codes.hashes:
            _record_failure(ports, claim, EventType.SIGN_IN_BACKUP_CODE, "used already")
            raise SignInFailed(field, _USED_BACKUP_CODE, counted.left)
        unused = tuple(other for other in current.backup_codes.hashes if other != hashed)
        kept = replace(current, backup_codes=replace(current.backup_codes, hashes=unused))
        change.put(account.changed(second_factor=kept))
        event, left_over = EventType.SIGN_IN_BACKUP_CODE, f"{len(unused)} left"
        write_audit(ports, event, claim, claim.username, left_over, change=change)
    _record_success(ports, claim, "code_attempts")
    return len(unused)


def unsealed_secret(ports: Ports, username: str, factor: SecondFactor) -> Secret:
    """The account's TOTP secret. Raises CannotCheck."""
    return Secret(ports.keyring.unseal(factor.totp_secret, username.encode()).decode("ascii"))


def _record_failure(
    ports: Ports, claim: Claim, event: EventType, reason: str, ending: Ending | None = None
) -> None:
    """Write it down, and tell the owner at the next sign-in."""
    if event is not EventType.SIGN_IN_PASSWORD:
        ending = Ending.WRONG_CODE
    counted = made_up.counted_name(ports, claim.username)
    # A name that no account has is left out: people type passwords there. With its right password
    # it is a name of the directory.
    is_named = ending is Ending.REFUSED or not made_up.is_made_up(counted)
    named = claim if is_named else Claim(NO_ACCOUNT, claim.source, claim.in_session)
    _write_failure(ports, named, event, reason)
    if not claim.in_session:
        # As much work for a name that no account has.
        ports.records.update(
            counted,
            lambda record: (
                failed_sign_ins.with_failure(record, claim.source, ports.now(), ending),
                None,
            ),
        )


def _write_failure(ports: Ports, claim: Claim, event: EventType, reason: str) -> None:
    if claim.in_session:
        event, reason = EventType.PROOF, f"{_WHAT[event]} {reason}"
    write_audit(ports, event, claim, claim.username, reason, outcome=Outcome.FAILURE)


def _uncount(ports: Ports, claim: Claim, tries: Tries, counted: throttle.Counted) -> None:
    """Take back a try that was counted, and was not a wrong one."""

    def take_back(record: SignInRecord) -> tuple[SignInRecord, None]:
        attempts: dict[str, Attempts] = getattr(record, tries)
        return record.changed(**{tries: throttle.without(attempts, counted)}), None

    ports.records.update(made_up.counted_name(ports, claim.username), take_back)


@contextmanager
def refusals_recorded(ports: Ports, claim: Claim) -> Iterator[None]:
    """Record that the right password was refused, and tell the owner at the next sign-in."""
    try:
        yield
    except Refused as refusal:
        reason = f"right, refused: {refusal}"
        _record_failure(ports, claim, EventType.SIGN_IN_PASSWORD, reason, Ending.REFUSED)
        raise


def record_stop(ports: Ports, claim: Claim, ending: Ending) -> SignInRecord:
    """Record that the right password came, and count it as failed until the sign-in succeeds.

    The sign-in record before that.
    """

    def stop(record: SignInRecord) -> tuple[SignInRecord, SignInRecord]:
        return failed_sign_ins.with_failure(record, claim.source, ports.now(), ending), record

    before = ports.records.update(claim.username, stop)
    write_audit(
        ports, EventType.SIGN_IN_PASSWORD, claim, claim.username, failed_sign_ins.waits_for(ending)
    )
    return before


def record_step(ports: Ports, claim: Claim, ending: Ending, event: EventType | None = None) -> None:
    """The same of a sign-in that has come further; `event` is what is not yet recorded."""
    ports.records.update(
        claim.username,
        lambda record: (failed_sign_ins.moved(record, claim.source, ports.now(), ending), None),
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

    counted = ports.records.update(name, step, made_up.crowded_out)
    if counted.throttled is None:
        return counted
    # The first one of each wait: who tries on and on must not fill the audit log.
    if counted.is_first_refusal:
        _record_failure(ports, claim, event, "throttled")
    raise counted.throttled


def _clear(record: SignInRecord, claim: Claim, tries: Tries) -> SignInRecord:
    attempts: dict[str, Attempts] = getattr(record, tries)
    budget = throttle.budget_of(record.known_sources, claim.source)
    return record.changed(**{tries: throttle.cleared(attempts, budget, claim.source)})


def _wrong_password(ports: Ports, claim: Claim) -> str:
    """The same sentence whether somebody has this name or not."""
    if claim.in_session:
        return "The password is wrong."
    has_realm = ports.directory is not None and "@" in claim.username
    hint = " Some usernames are typed without the @ and what follows." if has_realm else ""
    return f"Username or password is wrong.{hint}"


def _wrong(tries: Tries, field: str, sentence: str, counted: throttle.Counted) -> SignInFailed:
    """What to raise for a wrong try: how many are left, or how long to wait from now on."""
    left = counted.left
    if left == 0:
        return SignInFailed(field, f"{sentence} That was the last try for now.", 0, counted.until)
    # An attacker need not be told of passwords' tries from the first on.
    if tries == "password_attempts" and left > _FEW:
        return SignInFailed(field, sentence, left)
    return SignInFailed(field, f"{sentence} {text.counted(left, 'try', 'tries')} left.", left)
