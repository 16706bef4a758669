"""Count attempts to prove a factor, before each check, and record the failed ones."""

from dataclasses import dataclass
from typing import Final

from msgspec.structs import replace

from cwtui.accounts import failed_sign_ins, made_up, throttle
from cwtui.accounts.audit.events import EventType, Outcome
from cwtui.accounts.errors import SignInFailed, Throttled
from cwtui.accounts.model import Attempts, Ending, SignInRecord
from cwtui.accounts.ports import Ports
from cwtui.accounts.session import write_audit
from cwtui.accounts.throttle import Tries, Try
from cwtui.language import _, ngettext

NO_ACCOUNT: Final = "(no such account)"
"""Replaces unknown usernames in the audit log; no valid username looks like this."""
FEW: Final = 2
"""From how many attempts left on everyone is told their number."""
THROTTLED: Final = "throttled"

_WHAT: Final = {
    EventType.SIGN_IN_PASSWORD: "password",
    EventType.SIGN_IN_CODE: "one-time code",
    EventType.SIGN_IN_BACKUP_CODE: "backup code",
}


@dataclass(frozen=True)
class Claim:
    """Who someone claims to be, and from which source: at sign-in, or when a session asks again."""

    username: str
    source: str
    in_session: bool = False
    after_host: bool = False
    """The host has checked the first factor, not the password."""
    begun: Try | None = None
    """The attempt that `made_up.glance` has begun for it."""

    @property
    def actor(self) -> str:
        return self.username


def count(
    ports: Ports, claim: Claim, tries: Tries, event: EventType, field: str
) -> throttle.Counted:
    """Count an attempt before it is checked. Raises Throttled if it must not be."""
    attempt = claim.begun or Try(tries, claim.source, ports.now())
    name = made_up.counted_name(ports, claim.username)
    may_be_made_up = tries == "password_attempts"  # whoever enters a code has an account
    stand_in = made_up.stand_in(ports, claim.username) if may_be_made_up else SignInRecord()
    others = made_up.CROWDED_OUT if may_be_made_up else None

    def step(record: SignInRecord) -> tuple[SignInRecord, throttle.Counted]:
        if made_up.is_made_up(name) and record == SignInRecord():
            record = stand_in
        return throttle.with_try(record, attempt, ports.accounts.settings(), field)

    counted = ports.records.update(name, step, others, attempt)
    if counted.throttled is None:
        return counted
    # Only the first of each wait is logged, so that repeated attempts cannot fill the audit log.
    if counted.is_first_refusal:
        record_failure(ports, claim, event, THROTTLED)
    raise counted.throttled


def wait(ports: Ports, claim: Claim, tries: Tries, field: str) -> Throttled | None:
    """Return the error for an attempt that would be refused unchecked; None if it may be made.

    Only for somebody who has proved the password: whether a name must wait is not told to others.
    """
    record = ports.records.get(claim.username)
    attempts: dict[str, Attempts] = getattr(record, tries)
    budget = throttle.budget_of(record.known_sources, claim.source)
    limit = throttle.limit_of(ports.accounts.settings(), tries)
    return throttle.wait(attempts, budget, limit, ports.now(), field)


def clear(record: SignInRecord, claim: Claim, tries: Tries) -> SignInRecord:
    attempts: dict[str, Attempts] = getattr(record, tries)
    budget = throttle.budget_of(record.known_sources, claim.source)
    if tries == "code_attempts":
        forgiven = {id_: replace(use, wrong_code=None) for id_, use in record.devices.items()}
        record = record.changed(devices=forgiven)
    return record.changed(**{tries: throttle.cleared(attempts, budget, claim.source)})


def uncount(ports: Ports, claim: Claim, tries: Tries, counted: throttle.Counted) -> None:
    """Remove a counted attempt that turned out not to be a failure."""

    def take_back(record: SignInRecord) -> tuple[SignInRecord, None]:
        attempts: dict[str, Attempts] = getattr(record, tries)
        return record.changed(**{tries: throttle.without(attempts, counted)}), None

    ports.records.update(made_up.counted_name(ports, claim.username), take_back)


def record_success(ports: Ports, claim: Claim, tries: Tries) -> None:
    ports.records.update(
        made_up.counted_name(ports, claim.username),
        lambda record: (clear(record, claim, tries), None),
    )


def record_failure(
    ports: Ports, claim: Claim, event: EventType, reason: str, ending: Ending | None = None
) -> None:
    """Write the failure to the audit log and to the record shown at the owner's next sign-in."""
    counted = made_up.counted_name(ports, claim.username)
    # Unknown names are not recorded, because people type passwords there by mistake. If the
    # password was correct, the name is a directory user's.
    is_named = ending is Ending.REFUSED or not made_up.is_made_up(counted)
    named = claim if is_named else Claim(NO_ACCOUNT, claim.source, claim.in_session)
    if claim.in_session:
        write_failure(ports, named, event, reason)
        return
    source, now = claim.source, ports.now()
    wrong_code = Ending.HOST_WRONG_CODE if claim.after_host else Ending.WRONG_CODE

    def note(record: SignInRecord) -> tuple[SignInRecord, None]:
        if ending is Ending.REFUSED:  # the password was correct
            record = clear(record, claim, "password_attempts")
        if event is EventType.SIGN_IN_PASSWORD:
            return failed_sign_ins.with_failure(record, source, now, ending), None
        if reason == THROTTLED:  # the code was not checked
            return failed_sign_ins.moved(record, source, now, wrong_code), None
        return failed_sign_ins.with_wrong_code(record, source, now, wrong_code), None

    def act() -> None:
        write_failure(ports, named, event, reason)
        # Unknown names take the same work.
        ports.records.update(counted, note)

    ports.records.together(act)


def write_failure(ports: Ports, claim: Claim, event: EventType, reason: str) -> None:
    if claim.in_session:
        event, reason = EventType.PROOF, f"{_WHAT[event]} {reason}"
    write_audit(ports, event, claim, claim.username, reason, outcome=Outcome.FAILURE)


def wrong(field: str, sentence: str, counted: throttle.Counted, hint: str = "") -> SignInFailed:
    """Return the error for a failed attempt: with the attempts left, or the time to wait until.

    `hint` is added at the end.
    """
    left = counted.left
    if left == 0:
        told, until = _("No attempts left for now."), counted.until
    else:
        told, until = ngettext("{number} attempt left.", "{number} attempts left.", left), None
    return SignInFailed(field, " ".join(filter(None, (sentence, told, hint))), left, until)
