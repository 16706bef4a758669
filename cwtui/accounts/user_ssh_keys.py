"""How admins and the operator add and remove the SSH keys of others."""

from cwtui.accounts import names, public_keys, ssh_keys
from cwtui.accounts.account_changes import with_removal
from cwtui.accounts.audit.events import EventType
from cwtui.accounts.errors import NotFound
from cwtui.accounts.managing import existing, somebody_else
from cwtui.accounts.model import Account, Removed, SshKey
from cwtui.accounts.ports import Ports
from cwtui.accounts.session import Actor, as_reason, write_audit
from cwtui.language import _


def add(ports: Ports, actor: Actor, username: str, line: str, name: str = "") -> SshKey:
    """Add the key on this line. Without a name, it gets one that follows from its comment.

    Raises InvalidInput, Refused, UnknownAccount, NotPermitted and SessionEnded.
    """
    owner = somebody_else(ports, actor, username)
    key = public_keys.parse(line)
    with ports.accounts.change() as change:
        before = existing(ports, change, actor, owner)
        after, new = ssh_keys.added(ports, change, before, key, name, by=actor.actor)
        change.put(after)
        reason = as_reason(ssh_keys.as_fields(new))
        write_audit(ports, EventType.SSH_KEY_ADD, actor, owner, reason, change=change)
    return new


def remove(ports: Ports, actor: Actor, username: str, key: str | SshKey) -> SshKey:
    """Remove the key with this name or fingerprint, or the one that the admin saw.

    Another one may have that name by now. Returns the key. Raises Refused, UnknownAccount,
    NotPermitted and SessionEnded.
    """
    owner = somebody_else(ports, actor, username)
    with ports.accounts.change() as change:
        before = existing(ports, change, actor, owner)
        found = _found(before, key)
        after = ssh_keys.removed(before, found)
        noted = with_removal(after, Removed.SSH_KEY, actor.actor, ports.now(), found.name)
        change.put(noted)
        reason = as_reason(ssh_keys.as_fields(found))
        write_audit(ports, EventType.SSH_KEY_REMOVE, actor, owner, reason, change=change)
    return found


def _found(account: Account, key: str | SshKey) -> SshKey:
    if isinstance(key, SshKey):
        return ssh_keys.with_id(account, key.id)
    for one in account.ssh_keys:
        if ssh_keys.fingerprint(one.key) == key:
            return one
    found = names.named(account.ssh_keys, key)
    if found is not None:
        return found
    if not account.ssh_keys:
        raise NotFound(_("{username} has no SSH key.", username=account.username))
    choice = ", ".join(one.name for one in account.ssh_keys)
    raise NotFound(
        _(
            "{username} has no SSH key of this name. Choose from: {names}.",
            username=account.username,
            names=choice,
        )
    )
