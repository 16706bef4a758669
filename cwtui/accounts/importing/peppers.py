"""Lines of an export with the peppers of its hashes, so that another host can check them.

The keyring derives the pepper of a key from it. So it restores passwords and backup codes, but not
the secrets that the key encrypts, which an export has in plain text.
"""

from collections.abc import Iterable, Mapping
from typing import Any, Final, NamedTuple

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from cwtui.accounts.errors import InvalidInput
from cwtui.accounts.importing.entries import Entry
from cwtui.accounts.importing.places import Place
from cwtui.accounts.importing.saved import Saved
from cwtui.accounts.model import Account
from cwtui.accounts.ports import Keyring
from cwtui.accounts.secret import Secret
from cwtui.accounts.upkeep.protection import OtherKeyId, Pepper, protected
from cwtui.language import _

FIELD: Final = "pepper"
_IMPORTED: Final = "p"
"""Begins the ids of imported peppers. Those of keys are hexadecimal."""
_NOTHING: Final = Saved()


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


class Peppers:
    """The peppers of a file, beside the keys of the keyring.

    A new one gets an id that no key of this host can ever have. So nothing takes it for a key that
    decrypts, even if the key with that pepper was this host's own and was lost.
    """

    def __init__(self, keyring: Keyring) -> None:
        self._keyring = keyring
        self._held = frozenset(key.id for key in keyring.all_keys())
        self._ids: dict[str, str] = {}
        """The ids of keys here, by those in the file. Empty for a pepper that contradicts ours."""
        self._new: dict[str, GivenPepper] = {}

    def take(self, one: GivenPepper) -> None:
        """Raises InvalidInput if there is another pepper for this key."""
        imported = one.key if one.key.startswith(_IMPORTED) else f"{_IMPORTED}{one.key}"
        known = next((id_ for id_ in (one.key, imported) if id_ in self._held), None)
        before = self._new.get(imported)
        if known is not None:
            is_same, id_ = self._keyring.pepper(known) == one.reveal(), known
        else:
            is_same, id_ = before is None or before.pepper == one.pepper, imported
        self._ids[one.key] = id_ if is_same else ""
        if not is_same:
            raise InvalidInput(FIELD, _("The key {key} has another pepper here.", key=one.key))
        if known is None and not self._keyring.is_read_only:
            self._new[id_] = one._replace(key=id_)

    @property
    def ids(self) -> frozenset[str]:
        """The ids of all keys whose hashes can be checked here, then."""
        return self._held | self._new.keys()

    def with_ids_of_here(self, one: Entry) -> Entry:
        """Return the entry with the ids that its keys have here."""
        if one.saved == _NOTHING:
            return one
        key, codes = one.saved.password_key, one.saved.backup_codes
        if key is not None:
            key = self._ids.get(key, key)
        if codes is not None:
            codes = replace(codes, key=self._ids.get(codes.key, codes.key))
        return replace(one, saved=replace(one.saved, password_key=key, backup_codes=codes))

    def needed(self, entries: Iterable[Entry]) -> tuple[GivenPepper, ...]:
        """Return the missing peppers that the hashes of these entries need."""
        used = set[str | None]()
        for one in entries:
            if one.password_hash is not None:
                used.add(one.saved.password_key)
            if one.saved.backup_codes is not None:
                used.add(one.saved.backup_codes.key)
        return tuple(one for id_, one in self._new.items() if id_ in used)
