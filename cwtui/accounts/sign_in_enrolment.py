"""The last steps of a sign-in: required enrolment, and the backup codes that it ends with."""

from msgspec.structs import replace

from cwtui.accounts import enrolment, failed_sign_ins
from cwtui.accounts.audit.events import EventType
from cwtui.accounts.model import Account, Ending, SignInRecord
from cwtui.accounts.ports import Ports
from cwtui.accounts.secret import Secret
from cwtui.accounts.session import write_audit
from cwtui.accounts.sign_in import advance
from cwtui.accounts.sign_in_progress import (
    ENROLMENT_LIFETIME,
    Progress,
    Proof,
    current,
    second_factor,
)
from cwtui.accounts.sign_in_states import (
    BackupCodesShown,
    BackupCodesUnacknowledged,
    EnrolmentNeeded,
    State,
)


def register_device(ports: Ports, state: EnrolmentNeeded, typed: str) -> BackupCodesShown:
    """Finish an enrolment during sign-in. Raises InvalidInput and SignInEnded."""
    progress = state.progress
    account = current(ports, progress)

    def note(record: SignInRecord) -> SignInRecord:
        return failed_sign_ins.moved(record, progress.source, ports.now(), Ending.BACKUP_CODES)

    registered = enrolment.confirm(ports, account, state.enrolment, typed)
    with ports.accounts.change() as change:
        account = current(ports, progress, change)
        after = enrolment.register(ports, change, progress, account, registered, note)
    return _shown(ports, progress, after, registered.codes)


def make_new_backup_codes(ports: Ports, state: BackupCodesUnacknowledged) -> BackupCodesShown:
    """Replace backup codes that were never acknowledged. The second factor was just proved."""
    progress = state.progress
    second_factor(current(ports, progress))  # before the slow hashes
    hashed, codes = enrolment.new_backup_codes(ports)
    event = EventType.BACKUP_CODES_REGENERATE
    with ports.accounts.change() as change:
        account = current(ports, progress, change)
        factor = replace(second_factor(account), backup_codes=hashed)
        after = account.changed_ending_sessions(second_factor=factor)
        change.put(after)
        write_audit(ports, event, progress, progress.username, change=change)
    return _shown(ports, progress, after, codes)


def acknowledge_backup_codes(ports: Ports, state: BackupCodesShown) -> State:
    """Record that the user has saved the backup codes. Raises SignInEnded."""
    _acknowledge(ports, state.progress)
    return advance(ports, state.progress)


def keep_backup_codes(ports: Ports, state: BackupCodesUnacknowledged) -> State:
    """Record that the user has saved these codes, and never ask again. Raises SignInEnded."""
    _acknowledge(ports, state.progress, "confirmed at a later sign-in")
    return advance(ports, state.progress)


def ask_about_backup_codes_later(ports: Ports, state: BackupCodesUnacknowledged) -> State:
    """Continue without an answer. The next sign-in asks again. Raises SignInEnded."""
    return advance(ports, replace(state.progress, codes_offered=True))


def _acknowledge(ports: Ports, progress: Progress, reason: str = "") -> None:
    with ports.accounts.change() as change:
        account = current(ports, progress, change)
        enrolment.acknowledge(ports, change, progress, account, reason)


def _shown(
    ports: Ports, progress: Progress, account: Account, codes: tuple[Secret, ...]
) -> BackupCodesShown:
    after = replace(
        progress,
        epoch=account.session_epoch,
        last_step_at=ports.now(),
        proved=progress.proved | {Proof.ONE_TIME_CODE},
        code_at=ports.now(),
        lifetime=ENROLMENT_LIFETIME,
    )
    return BackupCodesShown(after, codes)
