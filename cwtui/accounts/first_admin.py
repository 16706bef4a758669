"""The first admin of a store that has no accounts yet."""

from cwtui.accounts import roles, text
from cwtui.accounts.audit.events import EventType
from cwtui.accounts.credentials import passwords
from cwtui.accounts.errors import Refused
from cwtui.accounts.model import Account
from cwtui.accounts.new_account import first_epoch, put_new
from cwtui.accounts.ports import AccountsChange, AccountStore, Ports
from cwtui.accounts.secret import Secret
from cwtui.accounts.session import Actor, as_reason, write_audit
from cwtui.accounts.settings import OrganizationSettings
from cwtui.language import _


def create(
    ports: Ports, username: str, password: Secret, confirmation: Secret, actor: Actor
) -> Account:
    """Create the first admin in a store that has no accounts. Raises InvalidInput and Refused."""
    check_no_accounts(ports.accounts)
    name = check(username, password, confirmation, ports.accounts.settings())
    account = Account(
        username=name,
        created_at=ports.now(),
        roles=(roles.ADMIN,),
        password=passwords.hash_password(password, ports.keyring, ports.bcrypt_cost),
        session_epoch=first_epoch(ports),
    )
    with ports.accounts.change() as change:
        check_no_accounts(change)
        put_new(ports, change, account)
        reason = f"first admin: {as_reason({'roles': account.roles})}"
        write_audit(ports, EventType.USER_CREATE, actor, name, reason, change=change)
    return account


def check(
    username: str,
    password: Secret,
    confirmation: Secret,
    settings: OrganizationSettings | None = None,
) -> str:
    """Return the normalized username. Raises InvalidInput for what `create` refuses.

    Needs no store, so that input can be checked before anything is created. Without `settings`,
    the defaults of a new store apply.
    """
    name = text.username(username, local=True)
    passwords.check_new(password, settings or OrganizationSettings(), name)
    passwords.check_confirmation(password, confirmation)
    return name


def check_no_accounts(accounts: AccountStore | AccountsChange) -> None:
    """Raise Refused if there is an account already."""
    if not accounts.is_empty():
        raise Refused(_("An admin already exists. Sign in, or ask them for an account."))
