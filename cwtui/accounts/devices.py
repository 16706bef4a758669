"""The devices of an account: authenticators, each with its own secret key."""

from collections.abc import Iterable, Mapping
from typing import Final

from msgspec import Struct
from msgspec.structs import replace

from cwtui.accounts import names
from cwtui.accounts.credentials import totp
from cwtui.accounts.errors import Refused
from cwtui.accounts.model import Device, DeviceUse, Sealed, SecondFactor, SignInRecord
from cwtui.accounts.ports import Keyring
from cwtui.accounts.secret import Secret
from cwtui.language import N_, _

FIRST_NAME: Final = N_("Phone")
GONE: Final = N_("This device was removed in the meantime.")
_OF_NAMES: Final = names.Sentences(
    N_("Enter a name for the device, such as Phone or Tablet."),
    N_("This looks like a code. Enter a name for the device."),
    N_("You already have a device named {name}. Choose another name."),
)


def checked_name(typed: str, others: Iterable[Device], field: str = "device_name") -> str:
    """Return the name for a device beside these others. Raises InvalidInput."""
    return names.checked(typed, others, field, _OF_NAMES)


def new_name(devices: Iterable[Device], first: str = FIRST_NAME) -> str:
    """Return a name that none of these devices has: the first choice, or such as "Phone 2"."""
    taken, name, number = list(devices), first, 1
    while names.named(taken, name) is not None:
        number += 1
        name = f"{first} {number}"
    return name


def with_id(factor: SecondFactor, id_: str) -> Device:
    """Return the device with this id. Raises Refused if it was removed."""
    for device in factor.devices:
        if device.id == id_:
            return device
    raise Refused(_(GONE))


def without(factor: SecondFactor, device: Device) -> SecondFactor:
    """Return the second factor without this device, which must not be the only one."""
    # By its place: in a damaged store, others may have the same id, and one device must stay.
    at = factor.devices.index(device)
    return replace(factor, devices=factor.devices[:at] + factor.devices[at + 1 :])


def with_name(factor: SecondFactor, device: Device, name: str) -> SecondFactor:
    """Return the second factor with another name for this device."""
    renamed = replace(device, name=name)
    kept = tuple(renamed if other == device else other for other in factor.devices)
    return replace(factor, devices=kept)


class DeviceState(Struct, frozen=True):
    """What people are told of a device. Times are in seconds since the epoch.

    `last_used_at` is None if no code was used since cwtui records it. `clock_ahead` is how many
    seconds the device's clock was ahead of this host at its last code: -30, 0 or 30, because a code
    only tells its time step.
    """

    id: str
    name: str
    registered_at: float
    last_used_at: float | None
    clock_ahead: int


def states(factor: SecondFactor | None, record: SignInRecord) -> tuple[DeviceState, ...]:
    """Return the state of each device, oldest first."""
    registered = factor.devices if factor is not None else ()
    return tuple(
        DeviceState(
            id=device.id,
            name=device.name,
            registered_at=device.registered_at,
            last_used_at=record.use_of(device).last_used_at,
            clock_ahead=record.use_of(device).drift * totp.PERIOD,
        )
        for device in registered
    )


# The secret keys


def sealed(keyring: Keyring, username: str, id_: str, secret: Secret) -> Sealed:
    """Encrypt the secret key, bound to the account and the device."""
    return keyring.seal(secret.reveal().encode("ascii"), _binding(username, id_))


def unsealed(keyring: Keyring, username: str, device: Device) -> Secret:
    """Return the device's decrypted secret key. Raises CannotCheck."""
    content = keyring.unseal(device.totp_secret, _binding(username, device.id))
    return Secret(content.decode("ascii"))


def sealed_anew(
    keyring: Keyring, factor: SecondFactor, username: str, new_username: str | None = None
) -> SecondFactor:
    """Encrypt all secret keys under the active key, bound to the new username if there is one.

    Raises CannotCheck.
    """
    name = username if new_username is None else new_username
    renewed = (
        replace(
            device,
            totp_secret=sealed(keyring, name, device.id, unsealed(keyring, username, device)),
        )
        for device in factor.devices
    )
    return replace(factor, devices=tuple(renewed))


def _binding(username: str, id_: str) -> bytes:
    # A username has no control characters. Devices from before schema 7 have no id.
    return f"{username}\0{id_}".encode() if id_ else username.encode()


# What is known from their codes


def latest_uses(
    these: Mapping[str, DeviceUse], others: Mapping[str, DeviceUse]
) -> dict[str, DeviceUse]:
    """Return the uses of both by device id. A step that counts as used in one of them is used."""
    merged = {**others, **these}
    for id_ in these.keys() & others.keys():
        mine, other = these[id_], others[id_]
        merged[id_] = replace(
            mine,
            last_step=max(mine.last_step, other.last_step),
            spent_steps=tuple(sorted({*mine.spent_steps, *other.spent_steps})),
        )
    return merged
