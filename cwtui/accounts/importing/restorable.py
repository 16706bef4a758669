"""What of an entry can be taken over with the keys and the bcrypt cost of this host.

A hash of a higher cost than this host's would take longer to check than a password of an unknown
name, and so would show that the account exists. One of a lower cost takes as long, and is renewed
at the first sign-in.
"""

from collections.abc import Iterator

from msgspec.structs import replace

from cwtui.accounts.credentials import backup_codes, passwords
from cwtui.accounts.importing.entries import Entry
from cwtui.language import _


def restorable(one: Entry, keys: frozenset[str], cost: int) -> tuple[Entry, list[str]]:
    """Return the entry without what cannot be taken over, and a sentence for each such thing.

    `keys` are the ids of this host's keys, and `cost` is that of its password hashes.
    """
    of_password = list(_against_password(one, keys, cost))
    of_codes = list(_against_codes(one, keys, cost))
    if of_password:
        one = replace(one, password_hash=None)
    if of_codes:
        one = replace(one, saved=replace(one.saved, backup_codes=None))
    return one, [*of_password, *of_codes]


def _against_password(one: Entry, keys: frozenset[str], cost: int) -> Iterator[str]:
    if one.password_hash is None:
        return
    given = passwords.cost_of(one.password_hash)
    if one.saved.password_key not in {None, *keys}:
        yield _(
            "Its password was hashed with a key that this host lacks: the password is not taken "
            "over."
        )
    elif given > cost:
        yield _(
            "Its password hash has cost {given}, above passwords.bcrypt_cost, which is {cost}: "
            "the password is not taken over.",
            given=given,
            cost=cost,
        )


def _against_codes(one: Entry, keys: frozenset[str], cost: int) -> Iterator[str]:
    codes = one.saved.backup_codes
    if codes is None or not codes.hashes:
        return
    given, most = passwords.cost_of(codes.salt), backup_codes.hash_cost(cost)
    if codes.key not in keys:
        yield _(
            "Its backup codes were hashed with a key that this host lacks: they are left out, and "
            "the person can make new ones."
        )
    elif given > most:
        yield _(
            "Its backup codes were hashed at cost {given}, above {most}: they are left out, and "
            "the person can make new ones.",
            given=given,
            most=most,
        )
