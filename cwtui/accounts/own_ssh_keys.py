"""What signed-in users do with their SSH keys. Each call re-reads the account.

Every change needs a recent proof: the password, and a code if there is a second factor.
"""

from dataclasses import dataclass

from msgspec.structs import replace

from cwtui.accounts import public_keys, ssh_keys
from cwtui.accounts.audit.events import EventType
from cwtui.accounts.model import SshKey
from cwtui.accounts.ports import Ports
from cwtui.accounts.session import (
    Session,
    account_of,
    as_reason,
    proved_account_of,
    write_audit,
)
from cwtui.accounts.ssh_keys import SshKeyState


@dataclass(frozen=True)
class Changed:
    """The renewed session, and the key that was added or removed."""

    session: Session
    key: SshKey


def listed(ports: Ports, session: Session) -> tuple[SshKeyState, ...]:
    """Return the state of the session's SSH keys, oldest first. Raises SessionEnded."""
    return ssh_keys.states(account_of(ports, session))


def shown(ports: Ports, session: Session, id_: str) -> SshKeyState:
    """Return the state of one key. Raises Refused and SessionEnded."""
    return ssh_keys.state(ssh_keys.with_id(account_of(ports, session), id_))


def check_can_add(ports: Ports, session: Session) -> None:
    """Raise Refused, ProofNeeded or SessionEnded before the person enters a key."""
    ssh_keys.check_another(proved_account_of(ports, session), own=True)


def add(ports: Ports, session: Session, line: str, name: str) -> Changed:
    """Add the key on this line. Without a name, it gets one that follows from its comment.

    Raises InvalidInput, Refused, ProofNeeded and SessionEnded.
    """
    account_of(ports, session)
    key = public_keys.parse(line)
    with ports.accounts.change() as change:
        before = proved_account_of(ports, session, change)
        after, new = ssh_keys.added(ports, change, before, key, name, by=session.actor)
        change.put(after)
        reason = as_reason(ssh_keys.as_fields(new))
        write_audit(ports, EventType.SSH_KEY_ADD, session, session.username, reason, change=change)
    return Changed(session.renewed(after), new)


def rename(ports: Ports, session: Session, id_: str, typed: str) -> str:
    """Give a key another name, and return it as it is stored.

    Writes nothing if the name stays the same. Raises InvalidInput, Refused, ProofNeeded and
    SessionEnded.
    """
    with ports.accounts.change() as change:
        account = proved_account_of(ports, session, change)
        key = ssh_keys.with_id(account, id_)
        others = [other for other in account.ssh_keys if other.id != id_]
        name = ssh_keys.checked_name(typed, others)
        if name == key.name:
            return name
        renamed = replace(key, name=name)
        kept = tuple(renamed if other.id == id_ else other for other in account.ssh_keys)
        change.put(account.changed(ssh_keys=kept))
        reason = as_reason({"before": key.name, **ssh_keys.as_fields(renamed)})
        write_audit(
            ports, EventType.SSH_KEY_RENAME, session, session.username, reason, change=change
        )
    return name


def remove(ports: Ports, session: Session, id_: str) -> Changed:
    """Remove a key. Raises Refused, ProofNeeded and SessionEnded."""
    with ports.accounts.change() as change:
        before = proved_account_of(ports, session, change)
        key = ssh_keys.with_id(before, id_)
        after = ssh_keys.removed(before, key)
        change.put(after)
        reason = as_reason(ssh_keys.as_fields(key))
        write_audit(
            ports, EventType.SSH_KEY_REMOVE, session, session.username, reason, change=change
        )
    return Changed(session.renewed(after), key)
