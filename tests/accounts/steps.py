"""Accounts with one device, and sign-in records with its last used time step, in few words."""

from msgspec.structs import replace

from cwtui.accounts.devices import FIRST_NAME
from cwtui.accounts.model import BackupCodes, Device, DeviceUse, Sealed, SecondFactor, SignInRecord


def one_device(sealed: Sealed, at: float, codes: BackupCodes, id_: str = "") -> SecondFactor:
    """A second factor whose only device was registered then."""
    return SecondFactor((Device(FIRST_NAME, sealed, at, id_),), codes)


def only(factor: SecondFactor | None) -> Device:
    """The only device of this second factor."""
    assert factor is not None
    [device] = factor.devices
    return device


def with_only(factor: SecondFactor, sealed: Sealed) -> SecondFactor:
    """The second factor with another secret of its only device."""
    return replace(factor, devices=(replace(only(factor), totp_secret=sealed),))


def at_step(step: int, record: SignInRecord | None = None, id_: str = "") -> SignInRecord:
    """The record once this step of the device was used."""
    record = record if record is not None else SignInRecord()
    before = record.devices.get(id_, DeviceUse())
    return record.changed(devices={**record.devices, id_: replace(before, last_step=step)})


def last_step(record: SignInRecord) -> int:
    """The last step that was used, of any device; 0 if there is none."""
    return max((use.last_step for use in record.devices.values()), default=0)
