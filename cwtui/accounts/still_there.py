"""Whether the directory still has a person who enters without a password that it checks."""

from collections.abc import Callable
from typing import Final

from cwtui.accounts import identity
from cwtui.accounts.directory_port import CannotUseDirectory, Directory, DirectoryMisconfigured
from cwtui.accounts.errors import Refused
from cwtui.accounts.model import Account, Origin
from cwtui.language import N_, _

GONE_REASON: Final = "gone from the directory"
GONE: Final = N_("Your account was removed from the directory, or disabled there. Ask an admin.")


def check(account: Account, directory: Callable[[], Directory]) -> None:
    """Raise Refused if an LDAP account's person was removed, renamed or disabled in the directory.

    Nobody gets in while that is not known. Raises CannotCheck.
    """
    if account.origin is not Origin.LDAP:
        return
    try:
        user = directory().find(account.username)
    except DirectoryMisconfigured:
        raise CannotUseDirectory from None
    if user is None or not user.enabled or identity.is_another(account.directory_ids, user.ids):
        raise Refused(_(GONE), GONE_REASON)
