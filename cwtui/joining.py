"""Compare the keyring with the store, so that keys of another store are never used."""

import weakref
from collections.abc import Callable
from typing import Protocol

from cwtui.accounts.errors import KeyringMissing, StoreMissing
from cwtui.accounts.ports import AccountStore
from cwtui.keyring.opened import Held, OpenKeyring
from cwtui.language import _
from cwtui.store.contents import Contents


class Accounts(AccountStore, Protocol):
    """Accounts that are compared with a keyring."""

    def check_with(self, check: Callable[[Contents], None] | None) -> None:
        """Call this when the contents have changed; it raises CannotCheck if they must not be used.

        None: any contents may be used.
        """

    def contents(self) -> Contents:
        """Return what the keyring must match. Raises CannotCheck."""


def join(accounts: Accounts, keyring: OpenKeyring, *, all_keys: bool, any_active: bool) -> None:
    """Check that the keyring matches the store, now and whenever either file changes.

    This prevents using keys of another store, even if files are replaced while this process runs.
    Raises CannotCheck.
    """
    had_accounts = False

    def check(contents: Contents, held: Held) -> None:
        nonlocal had_accounts
        if had_accounts and contents.is_empty:
            raise StoreMissing(_("The store has no accounts any more. Nothing was changed."))
        had_accounts = had_accounts or not contents.is_empty
        lacking = contents.lacking(held.ids)
        if lacking and (all_keys or not contents.needed & held.ids):
            raise keyring.without(lacking)
        if not any_active:
            check_active_key(contents, keyring, held)

    def check_keyring(held: Held) -> None:
        store = alive()
        if store is not None:
            check(store.contents(), held)

    # Without a cycle of references, so that files are closed as soon as a store is not used.
    alive = weakref.ref(accounts)
    accounts.check_with(lambda contents: check(contents, keyring.held_now()))
    keyring.check = check_keyring
    _check_now(accounts, keyring, check)


def _check_now(
    accounts: Accounts, keyring: OpenKeyring, check: Callable[[Contents, Held], None]
) -> None:
    held = keyring.held_now()
    while True:
        try:
            check(accounts.contents(), held)
        except KeyringMissing:
            before, held = held, keyring.held_now()
            if held == before:
                raise  # else another process has just changed the keys
        else:
            return


def check_active_key(contents: Contents, keyring: OpenKeyring, held: Held) -> None:
    """Raise KeyringMissing unless the store knows the active key.

    Otherwise new data could not be read with the keyring that belongs to the store.
    """
    if contents.needed and held.active not in contents.needed:
        raise keyring.with_unknown(held.active)
