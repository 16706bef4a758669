"""Check passwords, and record how far a sign-in with the right one got."""

from collections.abc import Iterator
from contextlib import contextmanager, suppress

from cwtui.accounts import failed_sign_ins, throttle, tries
from cwtui.accounts.audit.events import EventType
from cwtui.accounts.credentials import passwords
from cwtui.accounts.directory_port import (
    WRONG,
    CannotUseDirectory,
    Directory,
    DirectoryMisconfigured,
    DirectoryRefused,
    DirectoryUser,
    WrongDirectoryPassword,
)
from cwtui.accounts.errors import CannotCheck, Refused, SignInFailed
from cwtui.accounts.model import Account, Ending, Note, SignInRecord, unchanged
from cwtui.accounts.ports import Ports
from cwtui.accounts.secret import Secret
from cwtui.accounts.session import as_reason, write_audit
from cwtui.language import _


def check_password(
    ports: Ports, claim: tries.Claim, account: Account | None, password: Secret, field: str
) -> None:
    """Raise SignInFailed or Throttled unless the password is the account's.

    A missing account takes the same time and gives the same answer. A sign-in records the success
    together with what follows (`after_password`).
    """
    counted = tries.count(ports, claim, "password_attempts", EventType.SIGN_IN_PASSWORD, field)
    kept = account.password if account is not None else None
    password = as_hashed(account, password)
    if not passwords.is_password(password, kept, ports.keyring, ports.bcrypt_cost):
        tries.record_failure(ports, claim, EventType.SIGN_IN_PASSWORD, "wrong")
        raise _wrong_password(ports, claim, field, counted)
    if claim.in_session:
        tries.record_success(ports, claim, "password_attempts")


def as_hashed(account: Account | None, password: Secret) -> Secret:
    """Return what was typed as it is hashed for this account: initial passwords are forgiving."""
    is_initial = account is not None and account.must_change_password
    return passwords.initial(password) if is_initial else password


def after_password(claim: tries.Claim) -> Note:
    """Return what the correct password of a local account changes in the sign-in record."""
    return lambda record: tries.clear(record, claim, "password_attempts")


def check_directory_password(
    ports: Ports, directory: Directory, claim: tries.Claim, password: Secret, field: str
) -> DirectoryUser:
    """Return the person's directory entry if the directory accepts the password.

    Raises SignInFailed or Throttled, and CannotCheck if the directory cannot be asked, which does
    not count as an attempt.
    """
    counted = tries.count(ports, claim, "password_attempts", EventType.SIGN_IN_PASSWORD, field)
    try:
        user = directory.check_password(claim.username, password)
    except CannotCheck as problem:
        tries.uncount(ports, claim, "password_attempts", counted)
        if isinstance(problem, DirectoryMisconfigured):
            raise CannotUseDirectory from None
        raise
    except DirectoryRefused as refusal:
        # The same hashing as for a local account; the directory's own time comes on top.
        passwords.is_password(password, None, ports.keyring, ports.bcrypt_cost)
        raise _refused_by_directory(ports, claim, refusal, counted, field) from None
    # At once, because the account may get this name only now, and until then another is counted.
    tries.record_success(ports, claim, "password_attempts")
    return user


def _refused_by_directory(
    ports: Ports,
    claim: tries.Claim,
    refusal: DirectoryRefused,
    counted: throttle.Counted,
    field: str,
) -> SignInFailed:
    """Record the refusal, and return the error to raise."""
    event = EventType.SIGN_IN_PASSWORD
    if refusal.password_was_right:
        tries.record_success(ports, claim, "password_attempts")
        reason = f"correct, refused: {refusal.reason}"
        tries.record_failure(ports, claim, event, reason, Ending.REFUSED)
        return SignInFailed(field, str(refusal))
    if not isinstance(refusal, WrongDirectoryPassword):
        tries.record_failure(ports, claim, event, refusal.reason)
        return SignInFailed(field, str(refusal), counted.left)
    tries.record_failure(ports, claim, event, "wrong")
    return _wrong_password(ports, claim, field, counted)


@contextmanager
def refusals_recorded(ports: Ports, claim: tries.Claim) -> Iterator[None]:
    """Record if a correct password is refused in this block, for the owner's next sign-in."""
    try:
        yield
    except Refused as refusal:
        reason = f"correct, refused: {refusal.reason}"
        tries.record_failure(ports, claim, EventType.SIGN_IN_PASSWORD, reason, Ending.REFUSED)
        raise
    except CannotCheck:
        # What cannot be checked is no failed attempt.
        with suppress(CannotCheck):
            tries.record_success(ports, claim, "password_attempts")
        raise


def record_stop(
    ports: Ports, claim: tries.Claim, ending: Ending, note: Note = unchanged
) -> SignInRecord:
    """Record that the first factor was correct, and count the sign-in as failed until it succeeds.

    `note` is what the last factor changes. Returns the sign-in record from before.
    """

    def stop(record: SignInRecord) -> tuple[SignInRecord, SignInRecord]:
        after = failed_sign_ins.with_failure(note(record), claim.source, ports.now(), ending)
        return after, record

    def act() -> SignInRecord:
        before = ports.records.update(claim.username, stop)
        event = EventType.SIGN_IN_HOST if claim.after_host else EventType.SIGN_IN_PASSWORD
        write_audit(ports, event, claim, claim.username, failed_sign_ins.waits_for(ending))
        return before

    return ports.records.together(act)


def record_step(
    ports: Ports,
    claim: tries.Claim,
    ending: Ending,
    event: EventType | None = None,
    note: Note = unchanged,
    device: str = "",
) -> None:
    """Update what `record_stop` recorded, as the sign-in got further.

    `event` is logged too, with the name of the device whose code was used.
    """
    source, now = claim.source, ports.now()

    def act() -> None:
        ports.records.update(
            claim.username,
            lambda record: (failed_sign_ins.moved(note(record), source, now, ending), None),
        )
        if event is not None:
            used = f", {as_reason({'device': device})}" if device else ""
            reason = f"{failed_sign_ins.waits_for(ending)}{used}"
            write_audit(ports, event, claim, claim.username, reason)

    ports.records.together(act)


def _wrong_password(
    ports: Ports, claim: tries.Claim, field: str, counted: throttle.Counted
) -> SignInFailed:
    """Return the error for a wrong password: the same whether the account exists or not."""
    if claim.in_session:
        return tries.wrong(field, _("The password is wrong."), counted)
    has_realm = ports.directory is not None and "@" in claim.username
    sentence = _(WRONG)
    if has_realm:
        hint = _("Try your username without the @ and what follows it.")
        sentence = f"{sentence} {hint}"
    if counted.left > tries.FEW:
        # Attackers should not learn the number of attempts from the start.
        return SignInFailed(field, sentence, counted.left)
    return tries.wrong(field, sentence, counted)
