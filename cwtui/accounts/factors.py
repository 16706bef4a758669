"""One factor, checked: counted before, cleared after, and accepted once across processes."""

import hmac
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Final, Literal, TypeAlias

from msgspec.structs import replace

from cwtui.accounts import backup_codes, passwords, throttle, told, totp
from cwtui.accounts.audit import EventType, Outcome
from cwtui.accounts.directory import (
    CannotUseDirectory,
    DirectoryMisconfigured,
    DirectoryRefused,
    DirectoryUser,
    WrongDirectoryPassword,
)
from cwtui.accounts.errors import CannotCheck, Refused, SignInFailed
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
_CLOCK_WAS_AHEAD: Final = (
    "The clock of this host was ahead when you last signed in, so that no code can be accepted "
    "now. Use a backup code, or ask an admin to disable your MFA."
)
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
    left = _count(ports, claim, "password_attempts", EventType.SIGN_IN_PASSWORD, field).left
    kept = account.password if account is not None else None
    if not passwords.is_password(password, kept, ports.keyring, ports.bcrypt_cost):
        _record_failure(ports, claim, EventType.SIGN_IN_PASSWORD, "wrong")
        what = "The password" if claim.in_session else "Username or password"
        raise _wrong(ports, "password_attempts", field, f"{what} is wrong.", left)
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
        _uncount(ports, claim, counted.whose)
        if isinstance(problem, DirectoryMisconfigured):
            raise CannotUseDirectory from None
        raise
    except DirectoryRefused as refusal:
        # As much hashing as at a local name; the directory's own time comes on top.
        passwords.is_password(password, None, ports.keyring, ports.bcrypt_cost)
        is_wrong = isinstance(refusal, WrongDirectoryPassword)
        reason = "wrong" if is_wrong else type(refusal).__name__
        _record_failure(ports, claim, EventType.SIGN_IN_PASSWORD, reason)
        if is_wrong:
            what = "The password" if claim.in_session else "Username or password"
            sentence = f"{what} is wrong."
            raise _wrong(ports, "password_attempts", field, sentence, counted.left) from None
        raise SignInFailed(field, str(refusal), counted.left) from None
    _record_success(ports, claim, "password_attempts")
    return user


def check_one_time_code(ports: Ports, claim: Claim, factor: SecondFactor, typed: str) -> None:
    """Raise InvalidInput, SignInFailed or Throttled unless the code is right and not yet used."""
    code = totp.typed_code(typed)
    left = _count(ports, claim, "code_attempts", EventType.SIGN_IN_CODE, "code").left
    secret = unsealed_secret(ports, claim.username, factor)
    step = totp.accepted_step(secret, code, ports.now())
    if step is None:
        _record_failure(ports, claim, EventType.SIGN_IN_CODE, "wrong")
        raise _wrong(ports, "code_attempts", "code", "This is not the current code.", left)
    try:
        use_step(ports, claim, step)
    except SignInFailed:
        _record_failure(ports, claim, EventType.SIGN_IN_CODE, "used already")
        raise


def use_step(ports: Ports, claim: Claim, step: int) -> None:
    """Mark the time step as used. Raises SignInFailed if it, or a later one, was used before.

    RFC 6238 section 5.2: a second use of a code must not be accepted. The step is compared, not
    the code, so that the neighbouring codes of the window cannot be played back either.
    """

    def use(record: SignInRecord) -> tuple[SignInRecord, None]:
        if record.last_totp_step > totp.step_at(ports.now()) + totp.WINDOW:
            raise SignInFailed("code", _CLOCK_WAS_AHEAD)
        if step <= record.last_totp_step:
            raise SignInFailed("code", _USED_CODE)
        cleared = _clear(record, claim, "code_attempts", ports.now())
        return cleared.changed(last_totp_step=step), None

    ports.records.update(claim.username, use)


def begin_steps(ports: Ports, username: str, step: int) -> None:
    """A new device: its first code is used. The steps of the device before it do not count."""
    ports.records.update(username, lambda record: (record.changed(last_totp_step=step), None))


def use_backup_code(
    ports: Ports, claim: Claim, factor: SecondFactor, typed: str, field: str = "backup_code"
) -> int:
    """Use up one of the backup codes; how many are left.

    Raises InvalidInput, SignInFailed or Throttled.
    """
    code = backup_codes.typed_code(typed, field)
    left = _count(ports, claim, "code_attempts", EventType.SIGN_IN_BACKUP_CODE, field).left
    hashed = backup_codes.matching_hash(code, factor.backup_codes, ports.keyring)
    if hashed is None:
        _record_failure(ports, claim, EventType.SIGN_IN_BACKUP_CODE, "wrong or used already")
        sentence = "This is not one of your unused backup codes."
        raise _wrong(ports, "code_attempts", field, sentence, left)
    with ports.accounts.change() as change:
        account = change.get(claim.username)
        current = account.second_factor if account is not None else None
        if account is None or current is None or hashed not in current.backup_codes.hashes:
            _record_failure(ports, claim, EventType.SIGN_IN_BACKUP_CODE, "used already")
            raise SignInFailed(field, _USED_BACKUP_CODE, left)
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
    # A name that no account has is left out: people type passwords there.
    known = ports.accounts.get(claim.username) is not None
    named = claim if known else Claim(NO_ACCOUNT, claim.source)
    if event is not EventType.SIGN_IN_PASSWORD:
        ending = Ending.WRONG_CODE
    if claim.in_session:
        event, reason = EventType.PROOF, f"{_WHAT[event]} {reason}"
    write_audit(ports, event, named, named.username, reason, outcome=Outcome.FAILURE)
    if not claim.in_session:
        # As much work for a name that no account has.
        ports.records.update(
            counted_name(ports, claim.username),
            lambda record: (told.with_failure(record, claim.source, ports.now(), ending), None),
        )


def _uncount(ports: Ports, claim: Claim, whose: str) -> None:
    """Take back a try that was counted and could not be checked."""

    def take_back(record: SignInRecord) -> tuple[SignInRecord, None]:
        attempts = throttle.without_last(record.password_attempts, whose)
        return record.changed(password_attempts=attempts), None

    ports.records.update(counted_name(ports, claim.username), take_back)


@contextmanager
def refusals_recorded(ports: Ports, claim: Claim) -> Iterator[None]:
    """Record that the right password was refused, and tell the owner at the next sign-in."""
    try:
        yield
    except Refused as refusal:
        reason = f"right, refused: {refusal}"
        _record_failure(ports, claim, EventType.SIGN_IN_PASSWORD, reason, Ending.REFUSED)
        raise


def record_stop(ports: Ports, claim: Claim) -> SignInRecord:
    """Record that the right password came, and count it as failed until the code comes, too.

    The sign-in record before that.
    """

    def stop(record: SignInRecord) -> tuple[SignInRecord, SignInRecord]:
        after = told.with_failure(record, claim.source, ports.now(), Ending.STOPPED)
        return after, record

    before = ports.records.update(claim.username, stop)
    write_audit(ports, EventType.SIGN_IN_PASSWORD, claim, claim.username)
    return before


def _record_success(ports: Ports, claim: Claim, tries: Tries) -> None:
    ports.records.update(
        counted_name(ports, claim.username),
        lambda record: (_clear(record, claim, tries, ports.now()), None),
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
    name = counted_name(ports, claim.username)

    def step(record: SignInRecord) -> tuple[SignInRecord, throttle.Counted]:
        # Nobody can unlock a name that no account has: it is forgotten where it is used, too.
        if name != claim.username and throttle.is_stale(record, ports.now()):
            record = SignInRecord()
        attempts: dict[str, Attempts] = getattr(record, tries)
        whose = throttle.budget(record, attempts, claim.source, ports.now())
        counted = throttle.count_try(attempts, whose, limit, ports.now(), field)
        return record.changed(**{tries: counted.attempts}), counted

    counted = ports.records.update(name, step, _forgetter(ports))
    if counted.throttled is None:
        return counted
    # The first one of each wait: who tries on and on must not fill the audit log.
    if counted.is_news:
        _record_failure(ports, claim, event, "throttled")
    raise counted.throttled


def counted_name(ports: Ports, username: str) -> str:
    """Under which tries are counted: the username, or something else where no account has it.

    People type passwords there, which must not be written down. No username begins with "?".
    """
    if ports.accounts.get(username) is not None:
        return username
    pepper = ports.keyring.pepper(ports.keyring.active)
    return "?" + hmac.digest(pepper, username.encode(), "sha256").hex()[:32]


def _forgetter(ports: Ports) -> Callable[[str, SignInRecord], bool]:
    """Tries at names that no account has must not fill the disk."""

    def forget(username: str, record: SignInRecord) -> bool:
        return throttle.is_stale(record, ports.now()) and ports.accounts.get(username) is None

    return forget


def _clear(record: SignInRecord, claim: Claim, tries: Tries, now: float) -> SignInRecord:
    attempts: dict[str, Attempts] = getattr(record, tries)
    whose = throttle.budget(record, attempts, claim.source, now)
    return record.changed(**{tries: throttle.cleared(attempts, whose, claim.source)})


def _wrong(ports: Ports, tries: Tries, field: str, sentence: str, left: int) -> SignInFailed:
    """What to raise for a wrong try: how many are left, or how long to wait from now on."""
    if left == 0:
        until = ports.now() + _limit(ports, tries).ban
        return SignInFailed(field, f"{sentence} That was the last try for now.", left, until)
    # An attacker need not be told of passwords' tries from the first on.
    if tries == "password_attempts" and left > _FEW:
        return SignInFailed(field, sentence, left)
    return SignInFailed(field, f"{sentence} {left} {'try' if left == 1 else 'tries'} left.", left)
