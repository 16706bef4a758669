"""The columns of rows. They follow from what is in the row, so that queries find it quickly."""

from hashlib import sha256
from typing import Final
from zlib import crc32

import msgspec
from msgspec import Struct

from cwtui.accounts.listing import AccountRow, Present
from cwtui.accounts.model import Account

_SHARED: Final = tuple(
    name for name in AccountRow.__struct_fields__ if name in Account.__struct_fields__
)
_HIDDEN: Final = ("password", "second_factor")
_PLACES: Final = 1 << 63
PARTS: Final = 64
"""Records are crowded out part by part, as in files."""


class Columns(Struct, frozen=True, gc=False):
    """What is written for an account. `listed` is its row in lists, without secrets."""

    username: str
    document: Account
    listed: dict[str, object]
    folded_name: str
    origin: str
    roles: tuple[str, ...]
    enabled: bool
    mfa_required: bool
    has_second_factor: bool
    created_at: float
    enabled_at: float | None
    expires_at: float | None
    directory_ids: tuple[str, ...]
    ssh_keys: tuple[str, ...]
    place: int


def columns_of(account: Account) -> Columns:
    """Return the columns for this account."""
    return Columns(
        username=account.username,
        document=account,
        listed=_listed(account),
        folded_name=account.display_name.casefold(),
        origin=account.origin.value,
        roles=account.roles,
        enabled=account.enabled,
        mfa_required=account.mfa_required,
        has_second_factor=account.second_factor is not None,
        created_at=account.created_at,
        enabled_at=account.enabled_at,
        expires_at=account.expires_at,
        directory_ids=tuple(sorted(set(account.directory_ids.values()))),
        ssh_keys=tuple(sorted({sha256(kept.key).hexdigest() for kept in account.ssh_keys})),
        place=place_of(int.from_bytes(sha256(account.username.encode()).digest()[:8])),
    )


def agree(account: Account, columns: bytes) -> bool:
    """Whether these columns, as JSON, are those of the account."""
    written: dict[str, object] = msgspec.to_builtins(columns_of(account))
    del written["document"]
    return bool(msgspec.json.decode(columns) == msgspec.json.decode(msgspec.json.encode(written)))


def place_of(number: int) -> int:
    """Return the place among all accounts that a number of any size stands for."""
    return number % _PLACES


def part_of(username: str) -> int:
    """Return the part that this user's record is in."""
    return crc32(username.encode()) % PARTS


def _listed(account: Account) -> dict[str, object]:
    written = {
        name: getattr(account, name)
        for name, default in zip(_SHARED, _DEFAULTS, strict=True)
        if getattr(account, name) != default
    }
    return {name: Present() if name in _HIDDEN else value for name, value in written.items()}


def _default(name: str) -> object:
    field = next(field for field in msgspec.structs.fields(Account) if field.name == name)
    return field.default


_DEFAULTS: Final = tuple(map(_default, _SHARED))
