"""Sign-ins at a door of the host, such as sshd or sudo. No session of cwtui follows.

The host may have checked a factor itself, such as an SSH key; then only the second one is asked
for. Otherwise they begin as all others, with `sign_in.with_password`.
"""

from typing import Final

from cwtui.accounts import account_state, sign_in, text
from cwtui.accounts.errors import NoSecondFactor, Refused, UnknownAccount
from cwtui.accounts.model import Account
from cwtui.accounts.ports import Ports
from cwtui.accounts.sign_in_progress import DISABLED, Progress, Proof

_GONE: Final = "Your account is no longer in the directory. Ask an admin."


def begin(
    ports: Ports, typed_username: str, source: str, door: str, *, null_ok: bool = False
) -> sign_in.State:
    """Return the first state after the host has checked a factor of its own.

    `null_ok`: an account that has no second factor, and need not have one, may enter without it.

    Raises InvalidInput, UnknownAccount, NoSecondFactor, and Refused for an account that cannot
    sign in.
    """
    account = usable_account(ports, typed_username)
    is_required = account_state.is_required(account, ports.accounts.settings())
    if account.second_factor is None and not is_required and not null_ok:
        raise NoSecondFactor
    now = ports.now()
    proved = frozenset({Proof.HOST})
    return sign_in.advance(
        ports,
        Progress(account.username, source, account.session_epoch, now, proved, 0.0, door=door),
    )


def usable_account(ports: Ports, typed_username: str) -> Account:
    """Return the account, if it may be used now. Raises InvalidInput, UnknownAccount and Refused.

    Of a directory's account, this says what the last synchronisation found.
    """
    username = text.username(typed_username)
    account = ports.accounts.get(username)
    if account is None:
        raise UnknownAccount(username)
    if not account.enabled:
        raise Refused(DISABLED)
    if account.gone_since is not None:
        raise Refused(_GONE)
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
