"""What all changes of somebody else's account have in common."""

from cwtui.accounts.errors import Refused, UnknownAccount
from cwtui.accounts.model import Account
from cwtui.accounts.ports import AccountsChange, Ports
from cwtui.accounts.roles import Permission
from cwtui.accounts.session import Actor, Session, authorise_change


def refuse_own(actor: Actor, name: str) -> None:
    """Raise Refused for the actor's own account: Settings asks for proof first (ASVS 7.5.1)."""
    if isinstance(actor, Session) and actor.username == name:
        raise Refused("This is your own account. Use Settings instead.")


def existing(ports: Ports, change: AccountsChange, actor: Actor, username: str) -> Account:
    """Return the account to change. Raises UnknownAccount, and the errors of `authorise_change`."""
    authorise_change(ports, actor, Permission.MANAGE_USERS, change)
    account = change.get(username)
    if account is None:
        raise UnknownAccount(username)
    return account
