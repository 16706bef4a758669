"""What only an export with secrets says of an account, so that people sign in as before.

Password hashes and backup codes are peppered with a key of the keyring, so they can be restored
only where the keyring has this key. Secret keys of devices are not.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Final

import msgspec
from msgspec import Meta, Struct

from cwtui.accounts import devices
from cwtui.accounts.credentials import backup_codes
from cwtui.accounts.errors import InvalidInput
from cwtui.accounts.model import BackupCodes, Device, Sealed, Time
from cwtui.language import _

_Moment = Annotated[datetime, Meta(tz=True)]


class Saved(Struct, frozen=True):
    """The fields, as an export writes them. `password_key` is None for a hash without pepper.

    `device_names` are those of the devices in their order, and `directory_ids` tell who an LDAP
    user is.
    """

    password_key: str | None = None
    must_change_password: bool = False
    initial_password_expires_at: _Moment | None = None
    invited: bool = False
    device_names: tuple[str, ...] = ()
    backup_codes: BackupCodes | None = None
    directory_ids: dict[str, str] = {}


FIELDS: Final = Saved.__struct_fields__
_NOTHING: Final = Saved()


def saved(fields: Mapping[str, object]) -> Saved:
    """Return what the fields of a line say. Raises InvalidInput, which quotes no values."""
    if fields.keys().isdisjoint(FIELDS):
        return _NOTHING
    given = {name: value for name in FIELDS if (value := fields.get(name)) is not None}
    try:
        found = msgspec.convert(given, Saved)
        if found.initial_password_expires_at is not None:
            msgspec.convert(found.initial_password_expires_at.timestamp(), Time)
    except msgspec.ValidationError as error:
        raise InvalidInput(
            "line", _("A field is not as an export writes it: {error}.", error=error)
        ) from None
    codes = found.backup_codes
    if codes is not None and len(codes.hashes) > backup_codes.COUNT:
        raise InvalidInput(
            "backup_codes", _("There can be at most {most} codes.", most=backup_codes.COUNT)
        )
    _check_names(found.device_names)
    return found


def _check_names(given: tuple[str, ...]) -> None:
    nothing = Sealed(key="", nonce=b"", ciphertext=b"")
    others: list[Device] = []
    for name in given:
        devices.checked_name(name, others, "device_names")
        others.append(Device(name=name, totp_secret=nothing, registered_at=0))
