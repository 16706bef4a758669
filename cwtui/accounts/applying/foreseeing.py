"""Which changes of accounts the store would refuse, found before anything is changed."""

from collections.abc import Mapping, Sequence

from cwtui.accounts import roles, updates
from cwtui.accounts.applying.differences import Difference, Kind, Plan
from cwtui.accounts.batched import read_accounts
from cwtui.accounts.errors import InvalidInput, Refused
from cwtui.accounts.importing import creating
from cwtui.accounts.managing import keep_an_admin
from cwtui.accounts.model import Account, Origin
from cwtui.accounts.ports import Ports
from cwtui.accounts.roles import CustomRoles


class _AsChanged:
    """The accounts as they are after the changes so far, for `admins`."""

    def __init__(self, ports: Ports) -> None:
        self._ports = ports
        self._changed: dict[str, Account | None] = {}

    def get(self, username: str) -> Account | None:
        return self.several([username])[0]

    def several(self, usernames: Sequence[str]) -> list[Account | None]:
        stored = [name for name in usernames if name not in self._changed]
        found = dict(zip(stored, self._ports.accounts.several(stored), strict=True))
        changed = self._changed
        return [changed[name] if name in changed else found[name] for name in usernames]

    def enabled_local_admins(self) -> frozenset[str]:
        others = self._ports.accounts.enabled_local_admins() - self._changed.keys()
        return others | {
            name
            for name, account in self._changed.items()
            if account is not None and _is_enabled_local_admin(account)
        }

    def set(self, username: str, account: Account | None) -> None:
        """Note that this account is changed so, or removed."""
        self._changed[username] = account


def _is_enabled_local_admin(account: Account) -> bool:
    return account.is_admin and account.enabled and account.origin is Origin.LOCAL


def refused(ports: Ports, plan: Plan) -> Mapping[str, str]:
    """Return the accounts that would be refused now, with the sentence that says why.

    They are looked at in the order in which the plan is carried out. Raises CannotCheck.
    """
    accounts = _AsChanged(ports)
    existing = [one for one in plan.accounts if one.kind is not Kind.CREATE]
    for one in plan.new.new if existing else ():
        if roles.ADMIN in one.new_roles:
            accounts.set(one.username, creating.new(ports, one, invited=False).account)
    found: dict[str, str] = {}
    stored = read_accounts(ports.accounts, [one.name for one in existing])
    for difference, before in zip(existing, stored, strict=True):
        if before is None:
            continue  # removed since the plan was made
        try:
            after = _after(ports, difference, before, plan.new.custom_roles)
            keep_an_admin(ports, accounts, before, after)
        except (Refused, InvalidInput) as error:
            found[difference.name] = str(error)
        else:
            accounts.set(difference.name, after)
    return found


def _after(
    ports: Ports, difference: Difference, before: Account, custom: CustomRoles
) -> Account | None:
    """Return the account as it is to be; None if it is to be removed. Raises InvalidInput."""
    if difference.kind is Kind.REMOVE:
        return None
    update = difference.update.checked(custom)
    return before.changed(**updates.fields(ports, ports.accounts.settings(), before, update))
