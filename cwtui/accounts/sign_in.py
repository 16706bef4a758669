"""The sign-in, as a value that moves through states. Screens show the state they are given.

    password --> one-time code or backup code --> new password --> enrolment --> signed in

`sign_in_progress.next_step` alone decides what follows, from the current account and what was
proved. `sign_in_states` has the states. Here are the steps that prove a factor;
`sign_in_new_password` and `sign_in_enrolment` have the later steps.
"""

from dataclasses import replace
from typing import TypeVar

from msgspec import structs

from cwtui.accounts import (
    account_changes,
    closed_accounts,
    code_factors,
    enrolment,
    factors,
    failed_sign_ins,
    made_up,
    sign_in_password,
    text,
    throttle,
    tries,
)
from cwtui.accounts.audit.events import EventType
from cwtui.accounts.credentials import passwords, typed_codes
from cwtui.accounts.enrolment import Enrolment
from cwtui.accounts.model import (
    Account,
    Ending,
    Note,
    Origin,
    SecondFactor,
    SignInRecord,
    unchanged,
)
from cwtui.accounts.ports import Ports
from cwtui.accounts.secret import Secret
from cwtui.accounts.session import (
    open_session,
    update_record,
    write_audit,
)
from cwtui.accounts.settings import OrganizationSettings
from cwtui.accounts.sign_in_progress import (
    ENROLMENT_LIFETIME,
    LIFETIME,
    SECOND_FACTOR,
    Progress,
    Proof,
    Step,
    claim_of,
    current,
    next_step,
    second_factor,
    told_proofs,
)
from cwtui.accounts.sign_in_states import (
    BackupCodesUnacknowledged,
    CodeNeeded,
    EnrolmentNeeded,
    NewPasswordNeeded,
    PasswordNeeded,
    SignedIn,
    State,
)

Waiting = TypeVar(
    "Waiting",
    bound=CodeNeeded | NewPasswordNeeded | EnrolmentNeeded | BackupCodesUnacknowledged,
)


def with_password(
    ports: Ports,
    typed_username: str,
    password: Secret,
    source: str,
    offered: Enrolment | None = None,
    door: str = "",
    *,
    null_ok: bool = True,
) -> State:
    """Start a sign-in, and return its next state.

    `offered` is an enrolment that somebody left at this terminal; its user can continue it. `door`
    is the program of the host that the sign-in is for; empty for cwtui itself. `null_ok`: an
    account that has no second factor, and need not have one, may sign in.

    Raises InvalidInput, SignInFailed, Throttled, and Refused for a disabled account.
    """
    text.check_filled_in(typed_username, password)
    username = text.username(typed_username)
    begun = throttle.Try("password_attempts", source, ports.now())
    claim = tries.Claim(username, source, begun=begun)
    with made_up.glance(ports, username, begun):
        account, notice = sign_in_password.check(ports, claim, password)
        now = ports.now()
        progress = Progress(
            username,
            source,
            account.session_epoch,
            now,
            frozenset({Proof.PASSWORD}),
            now,
            password_notice=notice,
            offered=offered,
            door=door,
            null_ok=null_ok,
            preferences=account.preferences,
        )
        with factors.refusals_recorded(ports, claim):
            is_local = account.origin is Origin.LOCAL
            note = factors.after_password(claim) if is_local else unchanged
            return advance(ports, progress, note=note)


def with_code(ports: Ports, state: CodeNeeded, typed: str, field: str) -> State:
    """Prove the second factor with whichever code was typed into the field, of either kind.

    Raises the same errors as `with_one_time_code`.
    """
    if field == "code":
        is_one_time_code = not typed_codes.is_backup_code(typed)
    else:
        is_one_time_code = typed_codes.is_one_time_code(typed)
    check = with_one_time_code if is_one_time_code else with_backup_code
    return check(ports, state, typed, field)


def with_one_time_code(ports: Ports, state: CodeNeeded, typed: str, field: str = "code") -> State:
    """Prove the second factor. Raises InvalidInput, SignInFailed, Throttled, SignInEnded."""
    progress = state.progress
    claim, now = claim_of(progress), ports.now()
    with made_up.glance(ports, progress.username, since=progress.last_step_at):
        current(ports, progress)  # nothing is counted in a sign-in that has ended
        accepted = code_factors.accepted_code(
            ports, claim, lambda: _factor(ports, progress), typed, field
        )
        proved = progress.proved | {Proof.ONE_TIME_CODE}
        further = structs.replace(progress, proved=proved, code_at=now, device=accepted.device.name)
        with code_factors.reuse_recorded(ports, claim, accepted):
            use = code_factors.after_code(claim, accepted, now)
            return advance(ports, further, EventType.SIGN_IN_CODE, use)


def with_backup_code(
    ports: Ports, state: CodeNeeded, typed: str, field: str = "backup_code"
) -> State:
    """Prove the second factor with a backup code, which is used up.

    Raises the same errors as `with_one_time_code`.
    """
    progress = state.progress
    with made_up.glance(ports, progress.username, since=progress.last_step_at):
        current(ports, progress)
        left = code_factors.use_backup_code(
            ports, claim_of(progress), lambda: _factor(ports, progress), typed, field
        )
        return advance(
            ports,
            structs.replace(
                progress,
                proved=progress.proved | {Proof.BACKUP_CODE},
                code_at=ports.now(),
                backup_codes_left=left,
            ),
        )


def _factor(ports: Ports, progress: Progress) -> SecondFactor:
    return second_factor(current(ports, progress))


def advance(
    ports: Ports, progress: Progress, event: EventType | None = None, note: Note = unchanged
) -> State:
    """Return the next state.

    `event` is the step that just succeeded, if not yet logged, and `note` what it changes in the
    sign-in record.
    """
    account = current(ports, progress)
    progress = structs.replace(progress, last_step_at=ports.now(), lifetime=LIFETIME)
    settings = ports.accounts.settings()
    match next_step(account, settings, progress):
        case Step.PASSWORD:
            return PasswordNeeded(progress)
        case Step.SECOND_FACTOR:
            return _waiting(ports, CodeNeeded(progress), event, note)
        case Step.NEW_PASSWORD:
            rules = passwords.rules(settings)
            needed = NewPasswordNeeded(progress, rules, invited=account.invited)
            return _waiting(ports, needed, event, note)
        case Step.ENROLMENT:
            progress = structs.replace(progress, lifetime=ENROLMENT_LIFETIME)
            offered = enrolment.begin(ports, account, progress.offered)
            return _waiting(ports, EnrolmentNeeded(progress, offered), event, note)
        case Step.BACKUP_CODES:
            created_at = second_factor(account).backup_codes.created_at
            return _waiting(ports, BackupCodesUnacknowledged(progress, created_at), event, note)
        case Step.SIGNED_IN:
            return _signed_in(ports, account, settings, progress, note)


def _waiting(ports: Ports, state: Waiting, event: EventType | None, note: Note) -> Waiting:
    """Record the state, so that the owner learns of a sign-in that stops here, and return it."""
    progress, ending, claim = state.progress, _ending(state), claim_of(state.progress)
    if progress.before_stop is not None:
        factors.record_step(ports, claim, ending, event, note, progress.device)
        return state
    before = factors.record_stop(ports, claim, ending, note)
    return replace(state, progress=structs.replace(progress, before_stop=before))


def _ending(state: Waiting) -> Ending:
    """Return what the owner is told if the sign-in stops at this state: how far it got."""
    match state:
        case CodeNeeded():
            is_host = Proof.HOST in state.progress.proved
            return Ending.HOST_STOPPED if is_host else Ending.STOPPED
        case NewPasswordNeeded() if SECOND_FACTOR & state.progress.proved:
            return Ending.NEW_PASSWORD_AFTER_CODE
        case NewPasswordNeeded():
            return Ending.NEW_PASSWORD
        case EnrolmentNeeded():
            return Ending.ENROLMENT
        case _:
            return Ending.BACKUP_CODES


def _signed_in(
    ports: Ports,
    account: Account,
    settings: OrganizationSettings,
    progress: Progress,
    note: Note,
) -> SignedIn:
    now, source = ports.now(), progress.source
    session = open_session(ports, account, source, progress.password_at, progress.code_at)
    if Proof.BACKUP_CODE in progress.proved:
        session = replace(session, backup_code_at=progress.code_at)

    def succeed(record: SignInRecord) -> SignInRecord:
        known = throttle.with_known_source(note(record), source)
        return known.changed(last_sign_in=now, last_source=source, failed=None)

    def write() -> None:
        write_audit(ports, EventType.SIGN_IN, session, account.username, told_proofs(progress))

    before = update_record(ports, account.username, succeed, write, kept=note)
    if progress.before_stop is not None:
        before = failed_sign_ins.without_stop(before, source, progress.before_stop)
    return SignedIn(
        session,
        before,
        progress.backup_codes_left,
        progress.password_notice,
        progress.password_changed,
        # An enrolment in this sign-in has forgotten earlier devices.
        account_changes.since_last_sign_in(
            account, progress.before_stop or before, progress.password_at or now
        ),
        tuple(closed_accounts.warnings(account, settings, before.last_sign_in, now)),
    )
