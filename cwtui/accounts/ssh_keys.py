"""The SSH keys of accounts: their names and changes, and how they are shown and printed."""

import re
from base64 import b64encode
from collections.abc import Callable, Iterable
from hashlib import sha256
from typing import Final

from msgspec import Struct

from cwtui.accounts import closed_accounts, names, still_there, text
from cwtui.accounts.directory_port import Directory
from cwtui.accounts.errors import InvalidInput, Refused, Taken
from cwtui.accounts.model import MOST_SSH_KEYS, Account, SshKey
from cwtui.accounts.ports import AccountsChange, Ports, Reading
from cwtui.accounts.public_keys import FIELD, RSA, SECURITY_KEY, PublicKey, bits_of, parts_of
from cwtui.language import N_, _

NAME_FIELD: Final = "ssh_key_name"
_FINGERPRINT: Final = "SHA256:"
"""How a fingerprint begins."""
GONE: Final = N_("This SSH key was removed in the meantime.")
_OF_NAMES: Final = names.Sentences(
    N_("Enter a name for the key, such as laptop or workshop PC."),
    N_("This looks like a code. Enter a name for the key."),
    N_("There is already a key named {name}. Choose another name."),
)
_FIRST_NAME: Final = "key"


# Names


def checked_name(typed: str, others: Iterable[SshKey]) -> str:
    """Return the name for a key beside these others. Raises InvalidInput."""
    return names.checked(typed, others, NAME_FIELD, _OF_NAMES)


def name_of(comment: str, others: Iterable[SshKey]) -> str:
    """Return a name that follows from the key's comment and that none of these others has."""
    taken = list(others)
    first = text.visible_line(comment)[: names.LENGTH].strip() or _FIRST_NAME
    name, number = first, 1
    while not _is_free(name, taken):
        number += 1
        ending = f" {number}"
        name = f"{first[: names.LENGTH - len(ending)].strip()}{ending}"
    return name


def _is_free(name: str, others: Iterable[SshKey]) -> bool:
    try:
        return checked_name(name, others) == name
    except InvalidInput:
        return False


# The keys of an account


def with_id(account: Account, id_: str) -> SshKey:
    """Return the account's key with this id. Raises Refused if it was removed."""
    for key in account.ssh_keys:
        if key.id == id_:
            return key
    raise Refused(_(GONE))


def fingerprint(key: bytes) -> str:
    """Return the fingerprint as OpenSSH prints it."""
    return f"{_FINGERPRINT}{b64encode(sha256(key).digest()).decode().rstrip('=')}"


def is_fingerprint(text: str) -> bool:
    """Whether a key can have this fingerprint."""
    return re.fullmatch(rf"{_FINGERPRINT}[A-Za-z0-9+/]{{43}}", text) is not None


def authorized(key: SshKey) -> str:
    """Return the key as a line of authorized_keys, with its name as the comment."""
    return f"{key.type} {b64encode(key.key).decode()} {text.visible(key.name)}".rstrip()


def added(
    ports: Ports, change: AccountsChange, before: Account, key: PublicKey, name: str, *, by: str
) -> tuple[Account, SshKey]:
    """Return the account with this key, which ends its sessions, and the key. `by` is the actor.

    A new way in ends sessions as a new device does (OWASP ASVS 5.0, 7.4.3): somebody may have added
    it from a session that is not theirs. An empty name follows from the key's comment. Raises
    InvalidInput and Refused.
    """
    kept, own = before.ssh_keys, by == before.username
    check_another(before, own=own)
    for same in kept:
        if same.key == key.key:
            raise Taken(FIELD, _has_it_already(before.username, same.name, own=own))
    others = change.with_ssh_key(key.key)
    if others:
        raise Taken(FIELD, _is_elsewhere(others[0], own=own))
    chosen = checked_name(name, kept) if name.strip() else name_of(key.comment, kept)
    id_ = names.new_id(ports.random, (one.id for one in kept))
    new = SshKey(id_, chosen, key.key, ports.now(), by)
    return before.changed_ending_sessions(ssh_keys=(*kept, new)), new


def _has_it_already(username: str, name: str, *, own: bool) -> str:
    if own:
        return _("You already have this key. Its name is {name}.", name=name)
    return _("{username} already has this key. Its name is {name}.", username=username, name=name)


def _is_elsewhere(username: str, *, own: bool) -> str:
    if own:
        return _(
            "Another account has this key. A key can be on one account only. Make a new key for "
            "this one, or ask an admin."
        )
    return _(
        "The account {username} has this key. A key can be on one account only. Remove it there "
        "first.",
        username=username,
    )


def check_another(account: Account, *, own: bool) -> None:
    """Raise Refused if the account cannot have a further key."""
    if len(account.ssh_keys) >= MOST_SSH_KEYS:
        if own:
            said = _(
                "You have {most} SSH keys, which is the limit. Remove one first.",
                most=MOST_SSH_KEYS,
            )
        else:
            said = _(
                "{username} has {most} SSH keys, which is the limit. Remove one first.",
                username=account.username,
                most=MOST_SSH_KEYS,
            )
        raise Refused(said)


def removed(before: Account, key: SshKey) -> Account:
    """Return the account without this key, which ends its sessions (see `added`)."""
    kept = tuple(other for other in before.ssh_keys if other.id != key.id)
    return before.changed_ending_sessions(ssh_keys=kept)


def as_fields(key: SshKey) -> dict[str, str]:
    """Return what the audit log says of a key."""
    return {"key": key.name, "fingerprint": fingerprint(key.key)}


def authorized_lines(
    ports: Reading,
    username: str,
    only: str | None = None,
    directory: Callable[[], Directory] | None = None,
) -> list[str]:
    """Return the keys that let somebody in as this Unix user, as lines of authorized_keys.

    `only` is a fingerprint. Case matters in the name: another spelling of it is another Unix user.
    None for an account that is closed or gone from the directory. Without a `directory` that can
    be asked, this is what the last synchronisation found. Raises CannotCheck.
    """
    account = ports.accounts.get(username) if text.is_username(username) else None
    if account is None or account.gone_since is not None:
        return []
    if closed_accounts.why(ports, account, ports.accounts.settings()) is not None:
        return []
    found = [key for key in account.ssh_keys if only is None or fingerprint(key.key) == only]
    if found and directory is not None:
        try:
            still_there.check(account, directory)
        except Refused:
            return []
    return list(map(authorized, found))


class SshKeyState(Struct, frozen=True):
    """What people are told of a key. `added_at` is in seconds since the epoch."""

    id: str
    name: str
    type: str
    bits: int | None
    """The length of an RSA key; the other types have only one."""
    is_security_key: bool
    """Whether the private key is in a device that must be touched (FIDO)."""
    fingerprint: str
    added_at: float


def state(key: SshKey) -> SshKeyState:
    """Return what people are told of this key."""
    parts = parts_of(key.key) if key.type == RSA else []
    return SshKeyState(
        id=key.id,
        name=key.name,
        type=key.type,
        bits=bits_of(parts) if parts else None,
        is_security_key=key.type.startswith(SECURITY_KEY),
        fingerprint=fingerprint(key.key),
        added_at=key.added_at,
    )


def states(account: Account) -> tuple[SshKeyState, ...]:
    """Return the state of each of the account's keys, oldest first."""
    return tuple(map(state, account.ssh_keys))
