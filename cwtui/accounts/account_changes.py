"""What has changed in an account since its owner last signed in, and opens or closes a way in.

The owner is told at the next sign-in (OWASP ASVS 5.0, 6.3.7), because somebody else may have done
it: an admin, the operator, or a thief in a session that was left open. Told are new SSH keys and
devices, whoever added them, and what others have removed. What was removed in a session of the
owner is told only of the device that was used at the last sign-in, unless a code of this device
proves that it was the owner.
"""

from collections.abc import Iterator, Sequence
from datetime import UTC, tzinfo
from typing import Final

from msgspec import Struct

from cwtui.accounts.model import MOST_REMOVALS, Account, Removal, Removed, SignInRecord
from cwtui.accounts.session import OPERATOR_PREFIX
from cwtui.accounts.text import listed, visible
from cwtui.accounts.times import full_minute
from cwtui.language import _, ngettext

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

    username: str = ""
    """Whose account it is."""

    def sentences(self, zone: tzinfo = UTC) -> Iterator[str]:
        """Yield what the owner is told."""
        if self.keys:
            yield self._keys_added(zone)
        if self.devices:
            yield self._devices_added(zone)
        for what in Removed:
            gone = [each for each in self.removals if each.what is what]
            if gone:
                yield self._removed(what, gone, zone)
        if self.mfa_off:
            yield _(
                "Since your last sign-in, your multi-factor authentication was disabled. If that "
                "was not you, tell an admin."
            )
        elif self.device_gone:
            yield _(
                "Since your last sign-in, the device that you used then was removed. If that was "
                "not you, tell an admin."
            )

    def _keys_added(self, zone: tzinfo) -> str:
        number, names = len(self.keys), self._named(self.keys, zone)
        if self.is_first:
            return ngettext(
                "Before your first sign-in, {number} SSH key was added: {names}. If you did not "
                "expect that, remove it in Settings and tell an admin.",
                "Before your first sign-in, {number} SSH keys were added: {names}. If you did not "
                "expect that, remove them in Settings and tell an admin.",
                number,
                names=names,
            )
        return ngettext(
            "Since your last sign-in, {number} SSH key was added: {names}. If you did not expect "
            "that, remove it in Settings and tell an admin.",
            "Since your last sign-in, {number} SSH keys were added: {names}. If you did not "
            "expect that, remove them in Settings and tell an admin.",
            number,
            names=names,
        )

    def _devices_added(self, zone: tzinfo) -> str:
        return ngettext(
            "Since your last sign-in, {number} device was added: {names}. If you did not expect "
            "that, remove it in Settings and tell an admin.",
            "Since your last sign-in, {number} devices were added: {names}. If you did not expect "
            "that, remove them in Settings and tell an admin.",
            len(self.devices),
            names=self._named(self.devices, zone),
        )

    def _removed(self, what: Removed, gone: Sequence[Removal], zone: tzinfo) -> str:
        if what is Removed.SECOND_FACTOR:
            return _(
                "Since your last sign-in, your multi-factor authentication was disabled ({when}). "
                "If you did not expect that, tell an admin.",
                when=self._when(gone[-1], zone),
            )
        names = self._named(gone, zone)
        if what is Removed.DEVICE:
            return ngettext(
                "Since your last sign-in, {number} device was removed: {names}. If you did not "
                "expect that, tell an admin.",
                "Since your last sign-in, {number} devices were removed: {names}. If you did not "
                "expect that, tell an admin.",
                len(gone),
                names=names,
            )
        return ngettext(
            "Since your last sign-in, {number} SSH key was removed: {names}. If you did not "
            "expect that, tell an admin.",
            "Since your last sign-in, {number} SSH keys were removed: {names}. If you did not "
            "expect that, tell an admin.",
            len(gone),
            names=names,
        )

    def _named(self, those: Sequence[Added | Removal], zone: tzinfo) -> str:
        shown = [f"{visible(each.name)} ({self._when(each, zone)})" for each in those]
        return listed(shown, _NAMED)

    def _when(self, one: Added | Removal, zone: tzinfo) -> str:
        time = full_minute(one.at, zone)
        name = one.by.removeprefix(OPERATOR_PREFIX)
        if one.by == self.username != "":
            return _("{time}, by you", time=time)
        if name != one.by:
            return _("{time}, by the operator {name}", time=time, name=visible(name))
        return _("{time}, by {name}", time=time, name=visible(name)) if name else time


NO_CHANGES: Final = Changes()


def since_last_sign_in(account: Account, before: SignInRecord, began: float) -> Changes:
    """Return what has changed.

    `before` is the sign-in record from before this sign-in, which began at this time. A device that
    was registered in it is not told, nor are those that came with a new account.
    """
    last = before.last_sign_in
    new = tuple(
        Added(key.name, key.added_at, key.added_by)
        for key in account.ssh_keys
        if last is None or key.added_at > last
    )
    if last is None:
        return Changes(new, is_first=True, username=account.username)
    factor = account.second_factor
    devices = tuple(
        Added(device.name, device.registered_at)
        for device in (factor.devices if factor is not None else ())
        if last < device.registered_at < began
    )
    removals = tuple(each for each in account.removals if each.at > last)
    by_others = any(each.what is not Removed.SSH_KEY for each in removals)
    device_gone = not by_others and _is_its_device_gone(account, before, last)
    mfa_off = device_gone and factor is None
    return Changes(new, devices, removals, device_gone, mfa_off, username=account.username)


def with_removal(
    account: Account, what: Removed, actor: str, now: float, name: str = ""
) -> Account:
    """Return the account with a note for its owner that somebody else has removed this."""
    kept = (*account.removals, Removal(what, now, actor, name))
    return account.changed(removals=kept[-MOST_REMOVALS:])


def _is_its_device_gone(account: Account, before: SignInRecord, last: float) -> bool:
    """Whether the device that was used at the last sign-in, and not since, was removed."""
    factor = account.second_factor
    there = {device.id for device in factor.devices} if factor is not None else set[str]()
    return any(
        use.last_used_at is not None and 0 <= last - use.last_used_at <= _SIGN_IN
        for id_, use in before.devices.items()
        if id_ not in there
    )
