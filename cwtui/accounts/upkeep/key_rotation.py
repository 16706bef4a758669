"""Keys: what each protects, and how another one takes its place, so that nobody is locked out.

    rotate: the store learns of a new key --> it is active --> secrets are encrypted anew, in
            batches --> retire
    sign-in: the password's hash is renewed           new backup codes: so are theirs
    retire: keys that protect nothing any more leave the keyring

Killed anywhere, it is gone on with when it is called again: that a secret is under another key
than the active one says that a rotation is under way.
"""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

from msgspec.structs import replace

from cwtui.accounts.audit.events import EventType
from cwtui.accounts.errors import StoreDamaged
from cwtui.accounts.model import Account
from cwtui.accounts.ports import AccountsChange, AccountStore, Keyring, Ports
from cwtui.accounts.progress import ShowProgress
from cwtui.accounts.session import Operator, write_audit

BATCH: Final = 5000
"""Accounts in one change. It rewrites the whole file, and others wait for it meanwhile: 1 to 2 s
with 100,000 accounts, of which there are 20 then. Four times as many would be half as long in all,
but make others wait for 6 s of the 10 that they wait at most.
"""

SETTLED: Final = 3600.0
"""Seconds for which a key stays after it was replaced: a process may be hashing with it."""


@dataclass(frozen=True)
class KeyUse:
    """What one key protects. Without `created_at` the keyring lacks it.

    `retirable_at`, in seconds since the epoch, is set once it protects nothing.
    """

    id: str
    created_at: float | None
    active: bool
    totp_secrets: int
    passwords: int
    backup_code_sets: int
    retirable_at: float | None = None

    @property
    def protects_anything(self) -> bool:
        return bool(self.totp_secrets or self.passwords or self.backup_code_sets)


@dataclass(frozen=True)
class Rotation:
    """What a rotation did: `made` is false where it went on with an earlier one.

    `left` are accounts whose TOTP secret cannot be read: it was changed outside cwtui.
    """

    key: str
    made: bool
    renewed: int
    left: tuple[str, ...]
    retired: tuple[str, ...]


def status(ports: Ports) -> tuple[KeyUse, ...]:
    """Each key of the keyring, oldest first, then those that something needs and it lacks."""
    return _uses(ports.accounts, ports.keyring)


def unknown_active(ports: Ports) -> str | None:
    """The active key, where the store does not know it: it may be another store's."""
    needed, active = ports.accounts.needed_keys(), ports.keyring.active
    return active if needed and active not in needed else None


def is_under_way(uses: Iterable[KeyUse]) -> bool:
    """Whether a rotation has not yet encrypted all secrets anew."""
    return any(use.totp_secrets for use in uses if not use.active and use.created_at is not None)


def rotate(ports: Ports, actor: Operator, progress: ShowProgress) -> Rotation:
    """Make a new key, or go on with a rotation that was interrupted, and retire what is unused.

    An active key that the store does not know is not replaced: another copy of the store may use
    the same keyring. The store learns of it instead.

    Raises Refused where the keyring is not to be written here, and CannotCheck: nothing is lost,
    and the next call goes on.
    """
    with ports.keyring.change() as keys:
        before = ports.keyring.active
        waiting = _under_other_keys(ports)
        is_known = unknown_active(ports) is None
        made = is_known and not any(_renewed(ports, ports.accounts.get(name)) for name in waiting)
        active = keys.add(ports.now()) if made else before
        done = f"key={active} before={before}" if made else f"key={active} continued"
        # The store first: it refuses a keyring whose active key it does not know.
        with ports.accounts.change() as change:
            if made or not is_known:
                change.put_needed_keys(change.needed_keys() | {active})
            write_audit(ports, EventType.KEY_ROTATE, actor, "", done, change=change)
    renewed, left = _renew_all(ports, progress)
    return Rotation(active, made, renewed, tuple(left), retire(ports, actor))


def retire(ports: Ports, actor: Operator) -> tuple[str, ...]:
    """Take the keys that protect nothing any more out of the keyring; their ids.

    Backups of the store that were made before still need them. Raises as `rotate`.
    """
    # The store first: it must never ask for a key that is gone, and the keyring may hold more.
    with ports.keyring.change() as keys, ports.accounts.change() as change:
        uses = _uses(change, ports.keyring)
        now = ports.now()
        ready = tuple(
            use.id for use in uses if use.retirable_at is not None and use.retirable_at <= now
        )
        # What a rotation that was killed has announced, and never made.
        never_made = {
            use.id for use in uses if use.created_at is None and not use.protects_anything
        }
        if ready or never_made:
            change.put_needed_keys(change.needed_keys() - {*ready, *never_made})
        if ready:
            keys.remove(*ready)
            reason = f"keys={','.join(ready)}"
            write_audit(ports, EventType.KEY_RETIRE, actor, "", reason, change=change)
    return ready


def _renew_all(ports: Ports, progress: ShowProgress) -> tuple[int, list[str]]:
    """How many secrets were encrypted anew, and of which accounts this was not possible."""
    done, tried = 0, set[str]()
    left = _under_other_keys(ports)
    while names := [name for name in left if name not in tried]:
        for start in range(0, len(names), BATCH):
            batch = names[start : start + BATCH]
            with ports.accounts.change() as change:
                found = [_renewed(ports, change.get(name)) for name in batch]
                renewed = [account for account in found if account is not None]
                if renewed:
                    change.put(*renewed)
            done += len(renewed)
            progress(start + len(batch), len(names))
        tried.update(names)
        # Again, for what a process that still had the old key has written meanwhile.
        left = _under_other_keys(ports)
    return done, left


def _renewed(ports: Ports, account: Account | None) -> Account | None:
    """The account with its TOTP secret under the active key; None where it cannot be."""
    if account is None or account.second_factor is None:
        return None
    associated = account.username.encode()
    try:
        secret = ports.keyring.unseal(account.second_factor.totp_secret, associated)
    except StoreDamaged:
        return None
    sealed = ports.keyring.seal(secret, associated)
    return account.changed(second_factor=replace(account.second_factor, totp_secret=sealed))


def _under_other_keys(ports: Ports) -> list[str]:
    """The accounts whose TOTP secret is under a key that is there, and is not the active one."""
    active = ports.keyring.active
    others = {key.id for key in ports.keyring.all_keys()} - {active}
    if not others:
        return []
    return [row.username for row in ports.accounts.protected() if row.totp_key in others]


def _uses(accounts: AccountStore | AccountsChange, keyring: Keyring) -> tuple[KeyUse, ...]:
    active, made = keyring.active, keyring.all_keys()
    replaced_at = {key.id: following.created_at for key, following in pairwise(made)}
    rows = accounts.protected()
    totp = _counted(row.totp_key for row in rows)
    passwords = _counted(row.password_key for row in rows)
    codes = _counted(row.codes_key for row in rows)
    used = {*totp, *passwords, *codes}
    created_at: dict[str, float | None] = {key.id: key.created_at for key in made}
    lost = sorted((used | accounts.needed_keys()) - created_at.keys())
    return tuple(
        KeyUse(
            id=id_,
            created_at=created_at.get(id_),
            active=id_ == active,
            totp_secrets=totp[id_],
            passwords=passwords[id_],
            backup_code_sets=codes[id_],
            retirable_at=(
                replaced_at[id_] + SETTLED if id_ in replaced_at and id_ not in used else None
            ),
        )
        for id_ in [*created_at, *lost]
    )


def _counted(ids: Iterable[str | None]) -> Counter[str]:
    return Counter(id_ for id_ in ids if id_ is not None)
