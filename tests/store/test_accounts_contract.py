"""The contract of every AccountStore. The stores are in stores.py."""

from base64 import b64encode
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory
from threading import Barrier, Thread
from typing import NoReturn

import pytest
from hypothesis import example, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from msgspec.structs import replace

from cwtui.accounts import roles
from cwtui.accounts.account_words import SORTED_BY, Facts, account_words, sort_by
from cwtui.accounts.filter_language import Query, parse
from cwtui.accounts.listing import BY_USERNAME, AccountRow, Present
from cwtui.accounts.model import Account, Origin
from cwtui.accounts.ports import AccountsChange, AccountStore
from cwtui.accounts.search import Search
from cwtui.accounts.settings import OrganizationSettings
from cwtui.store.accounts import TinyAccountStore
from tests.store.samples import FULL, LDAP, PLAIN, SETTINGS
from tests.store.stores import Stores, put

pytestmark = pytest.mark.usefixtures("quick_disk")


def test_an_empty_store_has_defaults_and_no_accounts(accounts: AccountStore) -> None:
    assert accounts.is_empty()
    assert accounts.rows() == []
    assert accounts.get("ada") is None
    assert accounts.settings() == OrganizationSettings()
    with accounts.change() as change:
        assert change.is_empty()
        assert change.enabled_local_admins() == frozenset()
        change.remove("nobody")
    assert accounts.is_empty()


@pytest.mark.parametrize("account", [FULL, PLAIN, LDAP], ids=lambda a: a.username)
def test_a_stored_account_is_read_by_every_process(stores: Stores, account: Account) -> None:
    put(stores.accounts(), account)
    for store in (stores.accounts(), stores.accounts()):
        assert store.get(account.username) == account
        assert not store.is_empty()


def test_several_accounts_are_read_at_once(accounts: AccountStore) -> None:
    put(accounts, FULL, PLAIN)
    names = [PLAIN.username, "nobody", FULL.username, PLAIN.username]
    assert accounts.several(names) == [PLAIN, None, FULL, PLAIN]
    assert accounts.several([]) == []
    with accounts.change() as change:
        assert change.several(names) == [PLAIN, None, FULL, PLAIN]
        change.remove(PLAIN.username)
        assert change.several(names) == accounts.several(names) == [None, None, FULL, None]


def test_a_put_replaces_the_whole_account(accounts: AccountStore) -> None:
    put(accounts, FULL, PLAIN)
    bare = Account(username=FULL.username, created_at=9.0)
    put(accounts, bare)
    assert accounts.get(FULL.username) == bare
    assert accounts.get(PLAIN.username) == PLAIN


def test_removing_an_account_keeps_the_others(accounts: AccountStore) -> None:
    put(accounts, FULL, PLAIN)
    with accounts.change() as change:
        change.remove(PLAIN.username)
        assert change.get(PLAIN.username) is None
    assert accounts.get(PLAIN.username) is None
    assert accounts.get(FULL.username) == FULL
    with accounts.change() as change:
        change.remove(FULL.username)
    assert accounts.is_empty()


@given(
    st.lists(st.text('aBs\u00df\u017fK\u00e9\u212a"\\ .%_', max_size=4), max_size=12),
    st.text("abBsk\\\u00e9%_", min_size=1, max_size=2),
)
@example(["\u212aelvin", "K\u00fcche"], "kelv")
@example(["Stra\u00dfe", "x"], "strasse")
@example(["100 %", "a_b", "a\\b", "axb", "x"], "a_b")
@example(["100 %", "a_b", "a\\b", "axb", "x"], "%")
@example(["100 %", "a_b", "a\\b", "axb", "x"], "a\\b")
@hypothesis_settings(deadline=None, max_examples=30)
def test_text_is_found_in_whatever_way_it_is_stored(
    store_kind: Callable[[Path], Stores], shown: list[str], text: str
) -> None:
    """Even letters that become others without their case: \u00df, long s and the Kelvin sign."""
    people = [replace(PLAIN, username=f"u{n}", display_name=each) for n, each in enumerate(shown)]
    query = parse(f'"{text}"', account_words(Facts(OrganizationSettings())), 0.0)
    searched = text.casefold()
    expected = [one.username for one in people if searched in one.display_name.casefold()]
    with TemporaryDirectory() as folder:
        store = store_kind(Path(folder)).accounts()
        put(store, *people)
        if isinstance(store, TinyAccountStore):
            store.compact()
        found = [row.username for row in store.page(query, BY_USERNAME)]
        assert found == sorted(expected)
        assert store.count(query) == len(found)


def test_pages_follow_each_other_in_every_order(accounts: AccountStore) -> None:
    kept = [replace(PLAIN, username=f"u{n}", created_at=float(n % 3)) for n in range(9)]
    put(accounts, *reversed(kept))
    everything: Query[AccountRow] = Query()
    in_order = {
        ("username", False): "012345678",
        ("username", True): "876543210",
        ("created_at", False): "036147258",
        ("created_at", True): "258147036",
    }
    for (column, is_descending), order in in_order.items():
        sort = sort_by(column, Facts(), is_descending=is_descending)
        found, after = list[AccountRow](), None
        while page := accounts.page(everything, sort, after, 2):
            assert len(page) <= 2
            found, after = found + page, page[-1]
        assert "".join(row.username[1:] for row in found) == order
        assert accounts.page(everything, sort) == found
    with accounts.change() as change:
        change.remove("u4")
    gone = AccountRow(username="u4", created_at=1.0)
    for (column, is_descending), order in in_order.items():
        sort = sort_by(column, Facts(), is_descending=is_descending)
        (following,) = accounts.page(everything, sort, gone, 1)
        assert following.username[1:] == order[order.index("4") + 1]


def test_queries_choose_rows_for_pages_and_counts(accounts: AccountStore) -> None:
    put(accounts, FULL, PLAIN, LDAP)
    local = parse("origin:local", account_words(Facts()), 0.0)
    assert [row.username for row in accounts.page(local, BY_USERNAME)] == ["ada@plant-7", "bob"]
    assert [row.username for row in accounts.page(local, BY_USERNAME, limit=1)] == ["ada@plant-7"]
    assert (accounts.count(local), accounts.count(Query())) == (2, 3)
    assert accounts.page(Query(), BY_USERNAME) == accounts.rows()
    for column in SORTED_BY:
        # A search that stopped early does not claim to have seen all matches.
        search: Search[AccountRow] = Search()
        (_,) = accounts.page(search.watched(local), sort_by(column, Facts()), limit=1)
        assert search.matches == 2 if search.is_complete else search.matches == 1
    put(accounts, replace(PLAIN, origin=Origin.LDAP))
    assert (accounts.count(local), accounts.count(Query())) == (1, 3)
    with accounts.change() as change:
        change.remove(PLAIN.username)
    assert accounts.page(Query(), BY_USERNAME) == accounts.rows()


def test_rows_are_light_and_sorted_by_username(accounts: AccountStore) -> None:
    put(accounts, LDAP, PLAIN, FULL)
    rows = accounts.rows()
    assert [row.username for row in rows] == ["ada@plant-7", "bob", "émile"]
    first = rows[0]
    assert first.display_name == FULL.display_name
    assert (first.roles, first.enabled, first.mfa_required) == (FULL.roles, False, True)
    assert first.second_factor == Present()
    assert rows[1].second_factor is None
    assert rows[2].origin is Origin.LDAP
    assert [row.second_factor is None for row in rows] == [
        a.second_factor is None for a in (FULL, PLAIN, LDAP)
    ]


def test_accounts_are_found_by_ssh_key(stores: Stores) -> None:
    accounts = stores.accounts()
    first, second = FULL.ssh_keys
    put(accounts, FULL, PLAIN, LDAP.changed(ssh_keys=(second,)))
    with accounts.change() as change:
        assert change.with_ssh_key(first.key) == [FULL.username]
        assert change.with_ssh_key(second.key) == [FULL.username, LDAP.username]
        assert change.with_ssh_key(first.key[:-3]) == []
        change.put(FULL.changed(ssh_keys=(), display_name=b64encode(first.key).decode()))
        assert change.with_ssh_key(first.key) == []
        assert change.with_ssh_key(second.key) == [LDAP.username]


def test_ldap_accounts_are_found_by_id(stores: Stores) -> None:
    accounts = stores.accounts()
    put(accounts, LDAP, FULL, PLAIN, LDAP.changed(username="bo", directory_ids={"": "n-1"}))
    uuid, unique = LDAP.directory_ids["entryUUID"], LDAP.directory_ids["nsUniqueId"]

    def names(ids: dict[str, str], seen: AccountStore | AccountsChange = accounts) -> list[str]:
        return [account.username for account in seen.of_person(ids)]

    assert names({"entryUUID": uuid}) == [LDAP.username]
    assert names({"entryUUID": uuid, "ipaUniqueID": "new"}) == [LDAP.username]
    assert names({"entryUUID": uuid, "nsUniqueId": "another"}) == []
    assert names({"entryUUID": unique}) == []
    assert names({"objectGUID": "n-1"}) == ["bo"]
    assert names({}) == []
    with accounts.change() as change:
        change.put(LDAP.changed(username="zoë", directory_ids={"entryUUID": 'e"ö'}))
        assert names({"entryUUID": 'e"ö'}, change) == ["zoë"]
        change.remove(LDAP.username)
        assert names({"entryUUID": uuid}, change) == []
    assert names({"entryUUID": 'e"ö'}) == ["zoë"]


def test_settings_are_stored_beside_the_accounts(stores: Stores) -> None:
    put(stores.accounts(), PLAIN)
    with stores.accounts().change() as change:
        change.put_settings(SETTINGS)
        assert change.settings() == SETTINGS
    assert stores.accounts().settings() == SETTINGS
    assert stores.accounts().get(PLAIN.username) == PLAIN
    put(stores.accounts(), FULL)
    assert stores.accounts().settings() == SETTINGS


def test_the_set_of_needed_keys_is_stored(stores: Stores) -> None:
    accounts = stores.accounts()
    assert accounts.needed_keys() == frozenset()
    with accounts.change() as change:
        change.put(PLAIN)
        change.put_needed_keys(frozenset({"k1", "k2"}))
        assert change.needed_keys() == {"k1", "k2"}
    assert stores.accounts().needed_keys() == {"k1", "k2"}
    with stores.accounts().change() as change:
        change.put_needed_keys(frozenset({"k2"}))
    assert stores.accounts().needed_keys() == {"k2"}
    assert stores.accounts().get("bob") == PLAIN


def test_protected_rows_name_the_key_of_each_secret(accounts: AccountStore) -> None:
    put(accounts, FULL, PLAIN)
    with accounts.change() as change:
        for seen in (accounts, change):
            full, plain = seen.protected()
            assert (full.username, plain.username) == (FULL.username, "bob")
            assert (full.password_key, full.totp_keys, full.codes_key) == ("k1", ("k1", "k1"), "k1")
            assert (plain.password_key, plain.totp_keys, plain.codes_key) == (None, (), None)


def under(account: Account, key: str) -> Account:
    assert account.password is not None
    return account.changed(password=replace(account.password, key=key))


def test_storing_an_account_makes_its_keys_needed(stores: Stores) -> None:
    put(stores.accounts(), FULL)
    assert stores.accounts().needed_keys() == {"k1"}
    with stores.accounts().change() as change:
        change.put(under(FULL, "k2"), PLAIN)
        assert change.needed_keys() == {"k1", "k2"}
    assert stores.accounts().needed_keys() == {"k1", "k2"}


def test_a_given_up_key_is_not_needed_again_by_old_data(stores: Stores) -> None:
    """Otherwise a store whose keyring is lost could not be opened after the next change."""
    put(stores.accounts(), FULL)
    with stores.accounts().change() as change:
        change.put_needed_keys(frozenset({"k2"}))
    put(stores.accounts(), FULL.changed(display_name="Ada"))
    assert stores.accounts().needed_keys() == {"k2"}
    put(stores.accounts(), under(FULL, "k3"))
    assert stores.accounts().needed_keys() == {"k2", "k3"}
    put(stores.accounts(), under(FULL, "k1"))
    assert stores.accounts().needed_keys() == {"k2", "k3"}


def test_several_accounts_are_stored_at_once(stores: Stores) -> None:
    with stores.accounts().change() as change:
        change.put(PLAIN)
        change.put(PLAIN.changed(display_name="Bob"), FULL, LDAP)
        change.put()
    found = {row.username for row in stores.accounts().rows()}
    assert found == {PLAIN.username, FULL.username, LDAP.username}
    changed = stores.accounts().get("bob")
    assert changed is not None
    assert changed.display_name == "Bob"


def test_settings_alone_leave_the_store_empty(accounts: AccountStore) -> None:
    with accounts.change() as change:
        change.put_settings(SETTINGS)
    assert accounts.is_empty()


def test_the_version_is_another_one_after_each_change(stores: Stores) -> None:
    """Lists show what other processes have changed, and read nothing if there is nothing."""
    here, other = stores.accounts(), stores.accounts()
    changes: list[Callable[[AccountsChange], None]] = [
        lambda change: change.put(FULL, PLAIN),
        lambda change: change.put(PLAIN.changed(enabled=False)),
        lambda change: change.put(PLAIN),
        lambda change: change.remove("bob"),
        lambda change: change.put_settings(SETTINGS),
    ]
    seen = [here.version()]
    for make in changes:
        assert here.version() == seen[-1]
        with other.change() as change:
            make(change)
        seen.append(here.version())
        assert seen[-1] not in seen[:-1]


def test_enabled_local_admins_are_listed(accounts: AccountStore) -> None:
    admin = PLAIN.changed(roles=(roles.ADMIN,))
    put(
        accounts,
        admin.changed(username="one"),
        admin.changed(username="two", roles=(roles.ADMIN, roles.MINIMUM)),
        admin.changed(username="disabled", enabled=False),
        admin.changed(username="ldap", origin=Origin.LDAP),
        PLAIN,
    )
    with accounts.change() as change:
        assert change.enabled_local_admins() == {"one", "two"}
        change.put(admin.changed(username="one", enabled=False))
        assert change.enabled_local_admins() == {"two"}


def test_a_change_sees_its_own_writes(accounts: AccountStore) -> None:
    put(accounts, PLAIN)
    with accounts.change() as change:
        change.put(PLAIN.changed(display_name="one"))
        found = change.get("bob")
        assert found is not None
        change.put(found.changed(mfa_required=True))
        change.put(FULL)
        change.remove(FULL.username)
        assert not change.is_empty()
    assert accounts.get("bob") == PLAIN.changed(display_name="one", mfa_required=True)
    assert accounts.get(FULL.username) is None


@pytest.mark.parametrize("error", [ValueError, KeyboardInterrupt, SystemExit, GeneratorExit])
def test_an_exception_undoes_the_whole_change(stores: Stores, error: type[BaseException]) -> None:
    store = stores.accounts()
    put(store, PLAIN)

    def fail() -> NoReturn:
        with store.change() as change:
            change.put(FULL)
            change.put(PLAIN.changed(enabled=False))
            change.put_settings(SETTINGS)
            raise error

    with pytest.raises(error):
        fail()
    for seen in (store, stores.accounts()):
        assert seen.get(FULL.username) is None
        assert seen.get(PLAIN.username) == PLAIN
        assert seen.settings() == OrganizationSettings()
    put(store, FULL)
    assert stores.accounts().get(FULL.username) == FULL
    assert stores.accounts().get(PLAIN.username) == PLAIN
    assert stores.accounts().settings() == OrganizationSettings()


def test_a_finished_change_cannot_be_used(accounts: AccountStore) -> None:
    with accounts.change() as change:
        change.put(PLAIN)
    late: AccountsChange = change
    with pytest.raises(RuntimeError):
        late.put(FULL)
    with pytest.raises(RuntimeError):
        late.put_settings(SETTINGS)
    assert accounts.get(FULL.username) is None


def test_others_see_a_change_only_when_it_is_complete(stores: Stores) -> None:
    store = stores.accounts()
    put(store, PLAIN)
    seen: list[Account | None] = []
    with store.change() as change:
        change.put(FULL)
        reader = Thread(target=lambda: seen.append(store.get(FULL.username)))
        reader.start()
        reader.join(10)
    assert seen == [None]
    assert store.get(FULL.username) == FULL


def test_concurrent_changes_by_threads_lose_nothing(stores: Stores) -> None:
    store = stores.accounts()
    put(store, PLAIN)
    gate = Barrier(6)

    def work(number: int) -> None:
        gate.wait(10)
        for _ in range(5):
            with store.change() as change:
                now = change.get("bob")
                assert now is not None
                change.put(now.changed(session_epoch=now.session_epoch + 1))
        put(store, PLAIN.changed(username=f"user{number}"))

    threads = [Thread(target=work, args=(number,)) for number in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    bob = stores.accounts().get("bob")
    assert bob is not None
    assert bob.session_epoch == 30
    assert len(stores.accounts().rows()) == 7
