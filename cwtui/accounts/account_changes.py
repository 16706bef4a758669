"""What has changed in an account since its owner last signed in, and opens or closes a way in.

The owner is told at the next sign-in (OWASP ASVS 5.0, 6.3.7), because somebody else may have done
it: an admin, the operator, or a thief in a session that was left open. Told are new SSH keys and
devices, whoever added them, and what others have removed. What was removed in a session of the
owner is told only of the device that was used at the last sign-in, unless a code of this device
proves that it was the owner.
"""

from collections.abc import Iterator
from datetime import UTC, tzinfo
from typing import Final

from msgspec import Struct
from msgspec.structs import replace

from cwtui.accounts.model import MOST_REMOVALS, Account, Removal, Removed, SignInRecord
from cwtui.accounts.session import OPERATOR_PREFIX
from cwtui.accounts.text import counted, listed, visible
from cwtui.accounts.times import full_minute

_MFA: Final = "multi-factor authentication"
_NAMED: Final = 3
"""How many keys or devices a sentence names."""
_SIGN_IN: Final = 5.0
"""At most so many seconds pass between a code and the end of a sign-in that needs nothing more."""


class Added(Struct, frozen=True):
    """A device or SSH key that was added at this time, in seconds since the epoch.

    `by` is empty if it is not known who did it.
    """

    name: str
    at: float
    by: str = ""


class Changes(Struct, frozen=True):
    """`is_first`: there was no sign-in before."""

    keys: tuple[Added, ...] = ()
    devices: tuple[Added, ...] = ()
    removals: tuple[Removal, ...] = ()
    """What others have removed."""
    device_gone: bool = False
    """The device of the last sign-in was removed, not by others as far as it is known."""
    mfa_off: bool = False
    """It was the last one, or all were removed."""
    is_first: bool = False

    def sentences(self, zone: tzinfo = UTC) -> Iterator[str]:
        """Yield what the owner is told."""
        since = "Before your first sign-in" if self.is_first else "Since your last sign-in"
        for what, new in (("SSH key", self.keys), ("device", self.devices)):
            if not new:
                continue
            were, them = ("was", "it") if len(new) == 1 else ("were", "them")
            shown = [_shown(each.name, each.at, each.by, zone) for each in new]
            yield (
                f"{since}, {counted(len(new), what)} {were} added: {listed(shown, _NAMED)}. If you "
                f"did not expect that, remove {them} in Settings and tell an admin."
            )
        for what in Removed:
            gone = [each for each in self.removals if each.what is what]
            if not gone:
                continue
            if what is Removed.SECOND_FACTOR:
                last = gone[-1]
                happened = f"your {_shown(f'{_MFA} was disabled', last.at, last.by, zone)}"
            else:
                shown = [_shown(each.name, each.at, each.by, zone) for each in gone]
                removed = "was" if len(gone) == 1 else "were"
                happened = f"{counted(len(gone), what)} {removed} removed: {listed(shown, _NAMED)}"
            yield f"{since}, {happened}. If you did not expect that, tell an admin."
        if self.mfa_off:
            yield (f"{since}, your {_MFA} was disabled. If that was not you, tell an admin.")
        elif self.device_gone:
            yield (
                f"{since}, the device that you used then was removed. If that was not you, tell "
                "an admin."
            )


NO_CHANGES: Final = Changes()


def since_last_sign_in(account: Account, before: SignInRecord, began: float) -> Changes:
    """Return what has changed.

    `before` is the sign-in record from before this sign-in, which began at this time. A device that
    was registered in it is not told, nor are those that came with a new account.
    """
    last = before.last_sign_in
    new = tuple(
        Added(key.name, key.added_at, _who(key.added_by, account))
        for key in account.ssh_keys
        if last is None or key.added_at > last
    )
    if last is None:
        return Changes(new, is_first=True)
    factor = account.second_factor
    devices = tuple(
        Added(device.name, device.registered_at)
        for device in (factor.devices if factor is not None else ())
        if last < device.registered_at < began
    )
    removals = tuple(
        replace(each, by=_who(each.by, account)) for each in account.removals if each.at > last
    )
    by_others = any(each.what is not Removed.SSH_KEY for each in removals)
    device_gone = not by_others and _is_its_device_gone(account, before, last)
    return Changes(new, devices, removals, device_gone, device_gone and factor is None)


def with_removal(
    account: Account, what: Removed, actor: str, now: float, name: str = ""
) -> Account:
    """Return the account with a note for its owner that somebody else has removed this."""
    kept = (*account.removals, Removal(what, now, actor, name))
    return account.changed(removals=kept[-MOST_REMOVALS:])


def _who(actor: str, account: Account) -> str:
    if actor == account.username:
        return "you"
    name = actor.removeprefix(OPERATOR_PREFIX)
    return f"the operator {name}" if name != actor else name


def _shown(name: str, at: float, by: str, zone: tzinfo) -> str:
    who = f", by {visible(by)}" if by else ""
    return f"{visible(name)} ({full_minute(at, zone)}{who})"


def _is_its_device_gone(account: Account, before: SignInRecord, last: float) -> bool:
    """Whether the device that was used at the last sign-in, and not since, was removed."""
    factor = account.second_factor
    there = {device.id for device in factor.devices} if factor is not None else set[str]()
    return any(
        use.last_used_at is not None and 0 <= last - use.last_used_at <= _SIGN_IN
        for id_, use in before.devices.items()
        if id_ not in there
    )
