"""What an act would do now: with which accounts, and which it leaves as they are and why."""

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, tzinfo

from cwtui.accounts import admins, roles, unix_users
from cwtui.accounts.account_words import AccountQuery
from cwtui.accounts.bulk.acts import Act, Reason
from cwtui.accounts.bulk.packed import Packed
from cwtui.accounts.bulk.selections import SelectedAccounts, Selection
from cwtui.accounts.listing import AccountRow
from cwtui.accounts.managing import refuse_to_grant
from cwtui.accounts.ports import Ports
from cwtui.accounts.roles import CustomRoles, Permission
from cwtui.accounts.session import Actor, Session, authorise
from cwtui.accounts.user_list import UserSearch


@dataclass(frozen=True)
class Plan:
    """The accounts by name, sorted: those to change, and the `excepted` ones with their reason.

    `seen` has, for each account to change, when it was created, in seconds since the epoch, because
    its name may belong to another one later, and after a blank the mark of what the act replaces
    or loses. `admins` are those to change that may do everything, and `demoted` those that lose the
    role `connectware-admin`.
    `gaining` is how many get permissions, and `gained` are all that somebody gets. `query` is what
    the accounts must still match when it is their turn.
    """

    act: Act
    selection: Selection
    names: Packed
    seen: Packed
    excepted: Packed
    admins: Packed
    demoted: Packed
    reasons: Mapping[Reason, int]
    gaining: int
    gained: frozenset[Permission]
    custom_roles: CustomRoles
    query: AccountQuery

    def exceptions(self) -> Iterator[tuple[str, Reason]]:
        """Yield the accounts that are left as they are, and why."""
        for line in self.excepted:
            name, _tab, reason = line.partition("\t")
            yield name, Reason(reason)


def plan(
    ports: Ports,
    actor: Actor,
    act: Act,
    selection: Selection,
    zone: tzinfo = UTC,
    search: UserSearch | None = None,
) -> Plan:
    """Return what the act would do now with the accounts of the selection.

    Times in a filter are read in `zone`. Raises NotPermitted (also for a role that permits more
    than the actor's), InvalidInput, SessionEnded and CannotCheck, and SearchEnded if `search` was
    ended.
    """
    held = authorise(ports, actor, act.needed)
    custom = ports.accounts.settings().custom_roles
    given = roles.permissions(roles.known(act.gives, custom), custom) if act.gives else frozenset()
    refuse_to_grant(held, given)
    judge = _Judge(ports, actor, act, held, ports.now())
    chosen = SelectedAccounts(ports, selection, zone, search)
    needed = set[str]()
    if act.ends_admins(actor):
        needed |= admins.needed(ports.accounts, ports.keyring, ports.now())
    names, seen, excepted = Packed(), Packed(), Packed()
    found, demoted = Packed(), Packed()
    reasons = Counter[Reason]()
    gaining, gained = 0, frozenset[Permission]()
    for name, marked in chosen.marked(act.replaces):
        reason = Reason.UNKNOWN if marked is None else judge.reason(marked.row)
        ends = reason is None and marked is not None and act.ends(marked.row)
        if ends and needed == {name}:
            reason = Reason.LAST_ADMIN
        if reason is None and marked is not None:
            row, mark = marked
            if ends:
                needed.discard(name)
            names.append(name)
            seen.append(f"{row.created_at!r} {mark}")
            before = roles.permissions(row.roles, custom)
            if before == roles.ALL:
                found.append(name)
            if act.demotes and roles.ADMIN in row.roles:
                demoted.append(name)
            more = given - before
            gaining, gained = gaining + bool(more), gained | more
        elif reason is not None:
            reasons[reason] += 1
            excepted.append(f"{name}\t{reason}")
    return Plan(
        act=act,
        selection=selection,
        names=names,
        seen=seen,
        excepted=excepted,
        admins=found,
        demoted=demoted,
        reasons=reasons,
        gaining=gaining,
        gained=gained,
        custom_roles=custom,
        query=chosen.query,
    )


class _Judge:
    """Says why an account is left as it is."""

    def __init__(
        self, ports: Ports, actor: Actor, act: Act, held: frozenset[Permission], now: float
    ) -> None:
        self._act, self._held, self._now = act, held, now
        self._own = actor.username if isinstance(actor, Session) and act.is_for_others else None
        self._custom = ports.accounts.settings().custom_roles
        self._unix_user, self._unix_names = ports.unix_user, ports.unix_names()

    def reason(self, row: AccountRow) -> Reason | None:
        reason = self._act.reason_against(row, self._held, self._now)
        if reason is Reason.ALREADY:
            return reason
        if row.username == self._own:
            return Reason.OWN
        if roles.permissions(row.roles, self._custom) - self._held:
            return Reason.BEYOND
        return Reason.POWERFUL if self._is_powerful(row.username) else reason

    def _is_powerful(self, name: str) -> bool:
        """Whether the person may not touch the account, because of the Unix user of its name."""
        may_be = self._unix_names is None or name in self._unix_names
        return self._held != roles.ALL and may_be and bool(unix_users.power(self._unix_user(name)))
