"""What each key protects, and how to replace keys without locking anyone out.

    rotate: record a new key in the store --> make it active --> re-encrypt secrets, in batches
            --> retire
    sign-in: the password is re-hashed           new backup codes: hashed with the new key
    retire: remove keys that no longer protect anything from the keyring

An interrupted rotation is resumed by the next call: secrets under a key that is not active show
that it is not finished.
"""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

from cwtui.accounts import devices
from cwtui.accounts.audit.events import EventType
from cwtui.accounts.errors import KeyringMissing, StoreDamaged
from cwtui.accounts.model import Account
from cwtui.accounts.ports import AccountsChange, AccountStore, Keyring, Ports
from cwtui.accounts.progress import ShowProgress
from cwtui.accounts.session import Operator, write_audit

BATCH: Final = 5000
"""Accounts per change. Each change rewrites the file while other processes wait: 1 to 2 s each for
100,000 accounts, in 20 changes. Batches four times as large would take half the time in all, but
make others wait 6 s, and they give up after 10 s.
"""

SETTLED: Final = 3600.0
"""Seconds to keep a replaced key, as another process may still be using it."""


@dataclass(frozen=True)
class KeyUse:
    """What one key protects. `created_at` is None if the keyring lacks the key.

    `imported`: it is the pepper of a key of another store, which came here with accounts then.

    Times are in seconds since the epoch. `retirable_at` is set once the key protects nothing.
    """

    id: str
    created_at: float | None
    active: bool
    totp_secrets: int
    passwords: int
    backup_code_sets: int
    retirable_at: float | None = None
    imported: bool = False

    @property
    def protects_anything(self) -> bool:
        return bool(self.totp_secrets or self.passwords or self.backup_code_sets)


@dataclass(frozen=True)
class Rotation:
    """What a rotation did. `made` is false if it resumed an earlier one.

    `left` are accounts with a TOTP secret that cannot be decrypted, because it was changed outside
    cwtui or its key is lost.
    """

    key: str
    made: bool
    renewed: int
    left: tuple[str, ...]
    retired: tuple[str, ...]


def status(ports: Ports) -> tuple[KeyUse, ...]:
    """Return the keys of the keyring, oldest first, then needed keys that it lacks."""
    return _uses(ports.accounts, ports.keyring)


def unknown_active(ports: Ports) -> str | None:
    """Return the active key if the store does not know it, as with another store's keyring."""
    needed, active = ports.accounts.needed_keys(), ports.keyring.active
    return active if needed and active not in needed else None


def is_under_way(uses: Iterable[KeyUse]) -> bool:
    """Whether a rotation has not yet re-encrypted all secrets."""
    return any(use.totp_secrets for use in uses if not use.active and use.created_at is not None)


def rotate(ports: Ports, actor: Operator, progress: ShowProgress) -> Rotation:
    """Add a new key, or resume an interrupted rotation, then retire unused keys.

    An active key that the store does not know is not replaced, because another copy of the store
    may use the same keyring. It is recorded in the store instead.

    Raises Refused if cwtui must not write the keyring. After CannotCheck nothing is lost, and the
    next call resumes.
    """
    with ports.keyring.change() as keys:
        before = ports.keyring.active
        waiting = _under_other_keys(ports)
        is_known = unknown_active(ports) is None
        made = is_known and not any(_renewed(ports, ports.accounts.get(name)) for name in waiting)
        active = keys.add(ports.now()) if made else before
        done = f"key={active} before={before}" if made else f"key={active} continued"
        # The store is changed first, as it refuses a keyring whose active key it does not know.
        with ports.accounts.change() as change:
            if made or not is_known:
                change.put_needed_keys(change.needed_keys() | {active})
            write_audit(ports, EventType.KEY_ROTATE, actor, "", done, change=change)
    renewed, left = _renew_all(ports, progress)
    return Rotation(active, made, renewed, tuple(left), retire(ports, actor))


def retire(ports: Ports, actor: Operator) -> tuple[str, ...]:
    """Remove keys that no longer protect anything from the keyring, and return their ids.

    Older backups of the store still need them. Raises the same errors as `rotate`.
    """
    # The store is committed first: it must never need a missing key; an extra key is harmless.
    with ports.keyring.change() as keys, ports.accounts.change() as change:
        uses = _uses(change, ports.keyring)
        now = ports.now()
        ready = tuple(
            use.id for use in uses if use.retirable_at is not None and use.retirable_at <= now
        )
        # Keys that a killed rotation announced, but never created.
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
    """Re-encrypt all secrets. Returns how many were, and the accounts where it failed."""
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
        # Look again, as a process with the old key may have written more meanwhile.
        left = _under_other_keys(ports)
    return done, left


def _renewed(ports: Ports, account: Account | None) -> Account | None:
    """Return the account with its TOTP secrets under the active key, or None if that fails."""
    if account is None or account.second_factor is None:
        return None
    try:
        renewed = devices.sealed_anew(ports.keyring, account.second_factor, account.username)
    except (StoreDamaged, KeyringMissing):
        return None
    return account.changed(second_factor=renewed)


def _under_other_keys(ports: Ports) -> list[str]:
    """Return the accounts with a TOTP secret under an existing key that is not active."""
    active = ports.keyring.active
    others = {key.id for key in ports.keyring.all_keys()} - {active}
    if not others:
        return []
    return [
        row.username for row in ports.accounts.protected() if others.intersection(row.totp_keys)
    ]


def _uses(accounts: AccountStore | AccountsChange, keyring: Keyring) -> tuple[KeyUse, ...]:
    active, made = keyring.active, keyring.all_keys()
    replaced_at = {key.id: following.created_at for key, following in pairwise(made)}
    replaced_at |= {key.id: key.created_at for key in made if key.imported}
    rows = accounts.protected()
    totp = _counted(key for row in rows for key in row.totp_keys)
    passwords = _counted(row.password_key for row in rows)
    codes = _counted(row.codes_key for row in rows)
    used = {*totp, *passwords, *codes}
    created_at: dict[str, float | None] = {key.id: key.created_at for key in made}
    imported = {key.id for key in made if key.imported}
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
            imported=id_ in imported,
        )
        for id_ in [*created_at, *lost]
    )


def _counted(ids: Iterable[str | None]) -> Counter[str]:
    return Counter(id_ for id_ in ids if id_ is not None)
