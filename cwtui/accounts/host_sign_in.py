"""Sign-ins at a door of the host, such as sshd or sudo. No session of cwtui follows.

The host may have checked a factor itself, such as an SSH key; then only the second one is asked
for. Otherwise they begin as all others, with `sign_in.with_password`.
"""

from typing import Final

from cwtui.accounts import (
    account_state,
    closed_accounts,
    factors,
    provisioning,
    sign_in,
    sign_in_password,
    sign_in_progress,
    still_there,
    text,
    tries,
)
from cwtui.accounts.audit.events import EventType
from cwtui.accounts.errors import NoSecondFactor, Refused, SignInEnded, UnknownAccount
from cwtui.accounts.model import Account, Origin, unchanged
from cwtui.accounts.ports import Ports
from cwtui.accounts.secret import Secret
from cwtui.accounts.session import as_reason, write_audit
from cwtui.accounts.sign_in_progress import Progress, Proof
from cwtui.accounts.sign_in_states import State
from cwtui.language import N_, _

INITIAL: Final = N_("The initial password must be changed first. Sign in to cwtui.")
INVITED: Final = N_(
    "Choose a password first: sign in to cwtui with your username, and your "
    "invitation code as the password."
)


def begin(
    ports: Ports, typed_username: str, source: str, door: str, *, null_ok: bool = False
) -> State:
    """Return the first state after the host has checked a factor of its own.

    `null_ok`: an account that has no second factor, and need not have one, may enter without it.

    Raises InvalidInput, UnknownAccount, NoSecondFactor, and Refused for an account that cannot
    sign in.
    """
    account = usable_account(ports, typed_username)
    progress = Progress(
        account.username,
        source,
        account.session_epoch,
        ports.now(),
        frozenset({Proof.HOST}),
        password_at=0.0,
        door=door,
        null_ok=null_ok,
        preferences=account.preferences,
    )
    return sign_in.advance(ports, progress)


def check_password(
    ports: Ports, typed_username: str, password: Secret, source: str, door: str
) -> None:
    """Check only the password, for a program that asks for a second factor itself or needs none.

    Raises InvalidInput, SignInFailed, Throttled, Refused, and SignInEnded for an initial password,
    which has expired or must be changed first.
    """
    text.check_filled_in(typed_username, password)
    claim = tries.Claim(text.username(typed_username), source)
    account, _notice = sign_in_password.check(ports, claim, password)
    with factors.refusals_recorded(ports, claim):
        usable_account(ports, account.username, knows_password=True)
        sign_in_progress.check_initial_password(ports, account)
        if account.must_change_password:
            if account.invited:
                raise SignInEnded(_(INVITED), "invitation")
            raise SignInEnded(_(INITIAL), "initial password")
    is_local = account.origin is Origin.LOCAL
    note = factors.after_password(claim) if is_local else unchanged
    ports.records.update(claim.username, lambda record: (note(record), None))
    reason = as_reason({"door": door})
    write_audit(ports, EventType.SIGN_IN_PASSWORD, claim, claim.username, f"password, {reason}")


def usable_account(ports: Ports, typed_username: str, *, knows_password: bool = False) -> Account:
    """Return the account, if it may be used now. Raises InvalidInput, UnknownAccount and Refused.

    `knows_password`: the person has proved the password, and may read why the account is closed.
    For an account from a directory, what the last synchronisation found decides or, if
    `ask_directory_at_doors` is on, what the directory says now. Raises CannotCheck.
    """
    username = text.username(typed_username)
    account = ports.accounts.get(username)
    if account is None:
        raise UnknownAccount(username)
    settings = ports.accounts.settings()
    closed = closed_accounts.why(ports, account, settings)
    if closed is not None:
        told = closed_accounts.told(account, closed, settings)
        raise Refused(told if knows_password else _(closed_accounts.DISABLED), closed.value)
    if account.gone_since is not None:
        raise Refused(_(still_there.GONE), still_there.GONE_REASON)
    if ports.ask_directory_at_doors:
        still_there.check(account, lambda: provisioning.directory_of(ports))
    return account


def check_entry(ports: Ports, typed_username: str) -> None:
    """Check that the account may enter, however it has signed in (PAM's `account` phase).

    Raises InvalidInput, UnknownAccount, and Refused: also if the account must have a second factor
    and has none, because then it has signed in without one.
    """
    account = usable_account(ports, typed_username)
    if account.second_factor is None and account_state.is_required(
        account, ports.accounts.settings()
    ):
        raise NoSecondFactor(required=True)
