"""The head: what every answer of the database says about the store as a whole."""

from typing import Final, NamedTuple

from msgspec import MsgspecError, json

from cwtui.language import _
from cwtui.store.postgres import problems
from cwtui.store.postgres.trips import Often, Statement

OWN_NAMES: Final = "pg_catalog.set_config('search_path', 'pg_catalog, pg_temp', true)"
"""Whose functions and operators all that follows in the transaction means: the server's own.

Where everyone may create functions in the schema public, as in databases from before PostgreSQL 15,
others could give theirs the same names, to run them with the rights of whoever uses the store.
"""
KEYRING_VERSION: Final = (
    "pg_catalog.encode(pg_catalog.sha256(pg_catalog.convert_to(keyring::text, 'UTF8')), 'hex')"
)
HEAD: Final = Statement(
    Often(
        "SELECT extract(epoch FROM pg_catalog.clock_timestamp())::float8, accounts, needed_keys,"  # noqa: S608  constants
        f" settings, {KEYRING_VERSION}, {OWN_NAMES} FROM cwtui.organization"
    )
)
"""It comes first in each trip, so it names each function in full (see OWN_NAMES)."""
LOCKED_HEAD: Final = Statement(f"{HEAD.sql} FOR UPDATE")


class Head(NamedTuple):
    """What every answer says about the store as a whole."""

    accounts: int
    needed_keys: frozenset[str]
    settings: bytes


def ids_of(needed: bytes) -> frozenset[str]:
    """Return the ids of keys in this column. Raises StoreDamaged."""
    try:
        return frozenset(json.decode(needed, type=tuple[str, ...]))
    except MsgspecError as error:
        raise problems.damaged(_("The list of needed keys"), error) from None
