"""What has changed in an account since its owner last signed in, and opens or closes a way in.

The owner is told at the next sign-in (OWASP ASVS 5.0, 6.3.7), because somebody else may have done
it: an admin, the operator, or a thief in a session that was left open. It follows from what is
stored anyway. So of SSH keys only new ones are told, and of devices only the one that was used at
the last sign-in. Whether owners did it themselves is not known, except for devices: a code of the
same device proves it.
"""

from collections.abc import Iterator
from datetime import UTC, tzinfo
from typing import Final

from msgspec import Struct

from cwtui.accounts.model import Account, SignInRecord
from cwtui.accounts.text import counted, listed, visible
from cwtui.accounts.times import full_minute

_NAMED: Final = 3
"""How many keys a sentence names."""
_SIGN_IN: Final = 5.0
"""At most so many seconds pass between a code and the end of a sign-in that needs nothing more."""


class NewKey(Struct, frozen=True):
    """An SSH key that was added at this time, in seconds since the epoch."""

    name: str
    at: float


class Changes(Struct, frozen=True):
    """`is_first`: there was no sign-in before."""

    keys: tuple[NewKey, ...] = ()
    device_gone: bool = False
    """The device of the last sign-in was removed."""
    mfa_off: bool = False
    """It was the last one, or all were removed."""
    is_first: bool = False

    def sentences(self, zone: tzinfo = UTC) -> Iterator[str]:
        """Yield what the owner is told."""
        since = "Before your first sign-in" if self.is_first else "Since your last sign-in"
        if self.keys:
            added = "was" if len(self.keys) == 1 else "were"
            shown = [f"{visible(key.name)} ({full_minute(key.at, zone)})" for key in self.keys]
            yield (
                f"{since}, {counted(len(self.keys), 'SSH key')} {added} added: "
                f"{listed(shown, _NAMED)}. If that was not you, remove "
                f"{'it' if len(self.keys) == 1 else 'them'} in Settings and tell an admin."
            )
        if self.mfa_off:
            yield (
                f"{since}, your multi-factor authentication was disabled. If that was not you, "
                "tell an admin."
            )
        elif self.device_gone:
            yield (
                f"{since}, the device that you used then was removed. If that was not you, tell "
                "an admin."
            )


NO_CHANGES: Final = Changes()


def since_last_sign_in(account: Account, before: SignInRecord) -> Changes:
    """Return what has changed. `before` is the sign-in record from before this sign-in."""
    last = before.last_sign_in
    new = tuple(
        NewKey(key.name, key.added_at)
        for key in account.ssh_keys
        if last is None or key.added_at > last
    )
    device_gone = last is not None and _is_its_device_gone(account, before, last)
    return Changes(new, device_gone, device_gone and account.second_factor is None, last is None)


def _is_its_device_gone(account: Account, before: SignInRecord, last: float) -> bool:
    """Whether the device that was used at the last sign-in, and not since, was removed."""
    factor = account.second_factor
    there = {device.id for device in factor.devices} if factor is not None else set[str]()
    return any(
        use.last_used_at is not None and 0 <= last - use.last_used_at <= _SIGN_IN
        for id_, use in before.devices.items()
        if id_ not in there
    )
