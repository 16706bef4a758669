"""The states of a sign-in. `sign_in` and the modules named after it lead from one to the next."""

from dataclasses import dataclass
from typing import TypeAlias

from cwtui.accounts.account_changes import NO_CHANGES, Changes
from cwtui.accounts.directory_port import PasswordNotice
from cwtui.accounts.enrolment import Enrolment
from cwtui.accounts.model import SignInRecord
from cwtui.accounts.preferences import Preferences
from cwtui.accounts.secret import Secret
from cwtui.accounts.session import Session
from cwtui.accounts.sign_in_progress import Progress
from cwtui.language import Language


@dataclass(frozen=True)
class PasswordNeeded:
    """Start again with the password: it protects the enrolment that this account must make.

    Only after `host_sign_in.begin`.
    """

    progress: Progress


@dataclass(frozen=True)
class CodeNeeded:
    """Ask for a one-time code or a backup code."""

    progress: Progress


@dataclass(frozen=True)
class NewPasswordNeeded:
    """Ask for a new password in place of an initial one. `rules` is what it needs.

    `invited`: the initial one is an invitation code.
    """

    progress: Progress
    rules: str
    invited: bool = False


@dataclass(frozen=True)
class EnrolmentNeeded:
    """Lead into enrolment, because this account must have a second factor."""

    progress: Progress
    enrolment: Enrolment


@dataclass(frozen=True)
class BackupCodesUnacknowledged:
    """The newest backup codes were never acknowledged (a lost connection): offer new ones.

    None of them was used yet. Older sets do not say when they were created.
    """

    progress: Progress
    created_at: float | None


@dataclass(frozen=True)
class BackupCodesShown:
    """Show these codes once. The user must acknowledge them to continue."""

    progress: Progress
    codes: tuple[Secret, ...]


@dataclass(frozen=True)
class SignedIn:
    """The sign-in succeeded.

    `before` is the sign-in record from before, with the last sign-in and the failed ones since.
    `backup_codes_left` is set if a backup code was used, `password_notice` if the password expires.
    `password_changed`: a new password was chosen in this sign-in. `changes` are those of the
    account since the last one, and `warnings` say that it will be closed soon.
    """

    session: Session
    before: SignInRecord
    backup_codes_left: int | None = None
    password_notice: PasswordNotice | None = None
    password_changed: bool = False
    changes: Changes = NO_CHANGES
    warnings: tuple[str, ...] = ()


State: TypeAlias = (
    PasswordNeeded
    | CodeNeeded
    | NewPasswordNeeded
    | EnrolmentNeeded
    | BackupCodesUnacknowledged
    | BackupCodesShown
    | SignedIn
)


def preferences_of(state: State) -> Preferences:
    """Return how the person wants to see cwtui."""
    return (state.session if isinstance(state, SignedIn) else state.progress).preferences


def language_of(state: State) -> Language | None:
    """Return what the person has chosen to read; None for what the host or its doors speak."""
    return preferences_of(state).language.language
