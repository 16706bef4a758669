"""The first step of a sign-in: check the password where the account's passwords are checked."""

from cwtui.accounts import factors, provisioning, tries
from cwtui.accounts.credentials import passwords
from cwtui.accounts.directory_port import PasswordNotice
from cwtui.accounts.errors import SignInEnded
from cwtui.accounts.model import Account, Origin
from cwtui.accounts.ports import Ports
from cwtui.accounts.secret import Secret
from cwtui.language import _


def check(
    ports: Ports, claim: tries.Claim, password: Secret
) -> tuple[Account, PasswordNotice | None]:
    """Return the account if the password is right, and what the directory says about the password.

    Raises SignInFailed, Throttled, and Refused.
    """
    kept = ports.accounts.get(claim.username)
    # A local account wins over a directory user of the same name.
    if ports.directory is None or (kept is not None and kept.origin is not Origin.LDAP):
        return _with_local_password(ports, claim, kept, password), None
    user = factors.check_directory_password(ports, ports.directory, claim, password, "password")
    with factors.refusals_recorded(ports, claim):
        return provisioning.provide(ports, claim, user), user.password_notice


def _with_local_password(
    ports: Ports, claim: tries.Claim, account: Account | None, password: Secret
) -> Account:
    # Only local passwords can be checked here; accounts that cannot be checked are refused.
    local = account if account is not None and account.origin is Origin.LOCAL else None
    factors.check_password(ports, claim, local, password, field="password")
    if local is None:
        raise SignInEnded(
            _("The password of this account cannot be checked here. Ask an admin."),
            may_return=False,
        )
    with factors.refusals_recorded(ports, claim):
        return _rehashed(ports, local, factors.as_hashed(local, password))


def _rehashed(ports: Ports, account: Account, password: Secret) -> Account:
    """Return the account with a hash of the current key and cost, renewed if necessary."""
    kept = account.password
    if kept is None or not passwords.needs_rehash(kept, ports.keyring, ports.bcrypt_cost):
        return account
    hashed = passwords.hash_password(password, ports.keyring, ports.bcrypt_cost)
    with ports.accounts.change() as change:
        now = change.get(account.username)
        if now is None or now.password != kept:
            return account
        after = now.changed(password=hashed)
        change.put(after)
        return after
