"""Lines of an export with the peppers of its hashes, so that another host can check them.

The keyring derives the pepper of a key from it. So it restores passwords and backup codes, but not
the secrets that the key encrypts, which an export has in plain text.
"""

from collections.abc import Iterable, Mapping
from typing import Any, Final, NamedTuple

import msgspec
from msgspec import Struct

from cwtui.accounts.errors import InvalidInput
from cwtui.accounts.importing.entries import Entry
from cwtui.accounts.importing.places import Place
from cwtui.accounts.model import Account
from cwtui.accounts.ports import Keyring
from cwtui.accounts.secret import Secret
from cwtui.accounts.upkeep.protection import OtherKeyId, Pepper, protected
from cwtui.language import _

FIELD: Final = "pepper"


class GivenPepper(NamedTuple):
    """The pepper of a key that this store may lack, in base64."""

    place: Place
    key: str
    pepper: Secret

    def reveal(self) -> bytes:
        """Return the 32 bytes."""
        return msgspec.convert(self.pepper.reveal(), bytes)


class _Line(Struct, forbid_unknown_fields=True):
    key: OtherKeyId
    pepper: Pepper


def given_pepper(place: Place, fields: Mapping[str, object]) -> GivenPepper:
    """Return what the line says. Raises InvalidInput, which quotes no values."""
    try:
        msgspec.convert(fields, _Line)
    except msgspec.ValidationError:
        raise InvalidInput(FIELD, _("The line is not as an export writes it.")) from None
    return GivenPepper(place, str(fields["key"]), Secret(str(fields[FIELD])))


def exported(accounts: Iterable[Account], keyring: Keyring) -> list[dict[str, Any]]:
    """Return the lines for the hashes of these accounts. Raises CannotCheck."""
    used = set[str | None]()
    for account in accounts:
        keys = protected(account)
        used |= {keys.password_key, keys.codes_key}
    return [
        {"key": key.id, FIELD: msgspec.to_builtins(keyring.pepper(key.id))}
        for key in keyring.all_keys()
        if key.id in used
    ]


def needed(entries: Iterable[Entry]) -> frozenset[str]:
    """Return the keys whose peppers the hashes of these entries need."""
    found = set[str]()
    for one in entries:
        if one.password_hash is not None and one.saved.password_key is not None:
            found.add(one.saved.password_key)
        if one.saved.backup_codes is not None:
            found.add(one.saved.backup_codes.key)
    return frozenset(found)
