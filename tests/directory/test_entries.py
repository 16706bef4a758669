"""Reading an entry: whose it is, whether it is enabled, its display name and ids."""

import importlib

import pytest

from cwtui.directory import entries
from cwtui.directory.entries import Entry
from tests.accounts.world import NOW

DN = "uid=alice,ou=people"


def entry(dn: str = DN, **attributes: str | bytes | list[str]) -> Entry:
    def values(given: str | bytes | list[str]) -> tuple[bytes, ...]:
        if isinstance(given, bytes):
            return (given,)
        return tuple(text.encode() for text in ([given] if isinstance(given, str) else given))

    return Entry(dn, {name.lower(): values(given) for name, given in attributes.items()})


@pytest.mark.parametrize(
    ("found", "username", "is_of"),
    [
        (entry(uid="alice"), "alice", True),
        (entry(uid="ALICE"), "alice", True),
        (entry(uid=["alice", "Alice"]), "alice", True),
        (entry(uid="Mu\u0308ller"), "müller", True),
        (entry(uid="josé"), "jose", False),
        (entry(uid="bob"), "alice", False),
        (entry(), "alice", False),
        (entry(uid=b"\xff"), "alice", False),
        (entry(uid=["alice", "alias"]), "alice", True),
        (entry(uid=["alice", "alias"]), "alias", False),
        (entry("cn=x,ou=people", uid=["alice", "alias"]), "alice", False),
        (entry("UID=alice+cn=x,ou=people", uid=["alice", "alias"]), "alice", True),
        (entry("uid=alice+uid=alias,ou=people", uid=["alice", "alias"]), "alice", False),
        (entry("uid=a\\2cb,ou=people", uid=["a,b", "alias"]), "alias", False),
        (entry("uid=m\\c3\\bcller,ou=people", uid=["müller", "alias"]), "müller", True),
        (entry("not a dn", uid=["alice", "alias"]), "alice", False),
    ],
)
def test_an_entry_belongs_to_the_name_in_its_dn(
    each_library: str, found: Entry, username: str, is_of: bool
) -> None:
    name = f"cwtui.directory.{each_library}_channel"
    read_rdn = importlib.import_module(name).read_rdn
    assert entries.is_of(found, "uid", username, read_rdn) is is_of


@pytest.mark.parametrize(
    ("found", "enabled"),
    [
        (entry(), True),
        (entry(userAccountControl="512"), True),
        (entry(userAccountControl="514"), False),
        (entry(userAccountControl="66050"), False),
        (entry(userAccountControl="none"), True),
        (entry(nsAccountLock="true"), False),
        (entry(nsAccountLock="TRUE"), False),
        (entry(nsAccountLock="FALSE"), True),
        (entry(pwdAccountLockedTime="000001010000Z"), False),
        (entry(pwdAccountLockedTime="20260101000000Z"), True),
        (entry(accountExpires="0"), True),
        (entry(accountExpires="9223372036854775807"), True),
        (entry(accountExpires="1"), False),
    ],
)
def test_enabled_and_disabled_entries_are_recognized(found: Entry, enabled: bool) -> None:
    assert entries.is_enabled(found, NOW) is enabled


def test_an_account_expires_at_the_exact_time() -> None:
    """1800000000 seconds after 1970, in units of 100 ns since 1601."""
    at = entry(accountExpires="134444736000000000")
    assert entries.is_enabled(at, NOW - 0.001)
    assert not entries.is_enabled(at, NOW)


@pytest.mark.parametrize(
    ("found", "shown"),
    [
        (entry(displayName="Alice Ä.", cn="alice"), "Alice Ä."),
        (entry(displayName=" ", cn="alice"), "alice"),
        (entry(cn="alice"), "alice"),
        (entry(), ""),
        (entry(displayName=b"\xff", cn="alice"), "alice"),
        (entry(displayName="a\x1b[2J"), "a<U+001B>[2J"),
        (entry(displayName="\u202eecila"), "<U+202E>ecila"),
        (entry(displayName="two\nlines"), "two<U+000A>lines"),
        (entry(displayName="x" * 1000), "x" * 100),
    ],
)
def test_the_display_name_is_safe_to_show(found: Entry, shown: str) -> None:
    assert entries.display_name(found) == shown


def test_each_id_is_kept_with_its_attribute() -> None:
    guid = bytes.fromhex("d0f5957bedfa3a486c919c077b8c9731")
    found = entry(objectGUID=guid, entryUUID="e", nsUniqueId="n", ipaUniqueID="i")
    assert entries.unchanging_ids(found) == {
        "objectGUID": "7b95f5d0-faed-483a-6c91-9c077b8c9731",
        "entryUUID": "e",
        "nsUniqueId": "n",
        "ipaUniqueID": "i",
    }
    assert entries.unchanging_ids(entry(objectGUID=b"short", entryUUID="", cn="x")) == {}


def test_an_id_with_two_values_is_ignored() -> None:
    two = Entry("uid=a", {"entryuuid": (b"one", b"two"), "nsuniqueid": (b"n",)})
    assert entries.unchanging_ids(two) == {"nsUniqueId": "n"}


@pytest.mark.parametrize(
    ("ids", "found_by"),
    [
        ({}, ""),
        ({"entryUUID": "a)(uid=*"}, r"(|(entryUUID=a\29\28uid\3d\2a))"),
        (
            {"objectGUID": "7b95f5d0-faed-483a-6c91-9c077b8c9731"},
            r"(|(objectGUID=\d0\f5\95\7b\ed\fa\3a\48\6c\91\9c\07\7b\8c\97\31))",
        ),
        ({"objectGUID": "no guid"}, ""),
        ({"": "n-1"}, r"(|(entryUUID=n\2d1)(nsUniqueId=n\2d1)(ipaUniqueID=n\2d1))"),
    ],
)
def test_an_id_is_searched_in_its_own_attribute(ids: dict[str, str], found_by: str) -> None:
    """An id stored without its attribute is searched in all of them."""
    assert entries.id_filter(ids) == found_by
