"""What is exported can be imported, and then the accounts are the same."""

import io
from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cwtui.accounts import exporting, roles, text
from cwtui.accounts.audit.events import EventType
from cwtui.accounts.errors import GivesPower, InvalidInput
from cwtui.accounts.exporting import Fields
from cwtui.accounts.filter_language import FilterError
from cwtui.accounts.importing import creating, formats, lines, planning
from cwtui.accounts.importing.planning import Plan
from cwtui.accounts.listing import View
from cwtui.accounts.model import Account, Origin
from tests.accounts.world import NOW, OPERATOR, World

AsText = Callable[[list[Fields]], str]


def usable(read: Callable[[str], object]) -> Callable[[str], bool]:
    def test(typed: str) -> bool:
        try:
            return read(typed) == typed
        except InvalidInput:
            return False

    return test


USERNAMES = st.from_regex(r"[a-z0-9][a-z0-9._@+-]{0,20}", fullmatch=True).filter(
    usable(lambda typed: text.username(typed, local=True))
)
DISPLAY_NAMES = st.text(max_size=40).filter(
    usable(lambda typed: text.line(typed, "display_name", "It"))
)
ACCOUNTS = st.builds(
    Account,
    username=USERNAMES,
    created_at=st.just(NOW),
    display_name=DISPLAY_NAMES | st.sampled_from(['"', "a,b", "=1+1", "'", "Ann ; Reed", "#"]),
    roles=st.sampled_from([(roles.MINIMUM,), (roles.ADMIN,), (roles.ADMIN, roles.MINIMUM)]),
    mfa_required=st.booleans(),
    enabled=st.booleans(),
    disabled_reason=st.just("") | DISPLAY_NAMES,
)


def imported(world: World, content: str) -> Plan:
    found = formats.entries(lines.lines(io.BytesIO(content.encode())))
    return planning.plan(world.ports, OPERATOR, found)


def worlds(accounts: list[Account]) -> tuple[World, World]:
    one, other = World(), World()
    for account in accounts:
        one.put(account)
    return one, other


@pytest.mark.parametrize("as_text", [exporting.as_json_lines, exporting.as_csv])
@settings(max_examples=25)
@given(accounts=st.lists(ACCOUNTS, max_size=4, unique_by=lambda account: account.username))
def test_an_export_can_be_imported(as_text: AsText, accounts: list[Account]) -> None:
    one, other = worlds(accounts)
    content = as_text(exporting.export(one.ports, OPERATOR))
    here = imported(one, content)
    assert (here.new, here.problems) == ((), ())
    there = imported(other, content)
    assert there.problems == ()
    creating.create(
        other.ports,
        OPERATOR,
        there,
        lambda _: None,
        lambda *_: None,
        1,
        frozenset({GivesPower}),
    )
    assert as_text(exporting.export(other.ports, OPERATOR)) == content
    for account in accounts:
        reason = "" if account.enabled else account.disabled_reason
        assert other.account(account.username).disabled_reason == reason


def test_only_matching_accounts_are_exported() -> None:
    world, _ = worlds([Account(username=name, created_at=NOW) for name in ("ann", "bob")])
    found = exporting.export(world.ports, OPERATOR, View("ann"))
    assert [one["username"] for one in found] == ["ann"]
    with pytest.raises(FilterError):
        exporting.export(world.ports, OPERATOR, View("nosuch:ann"))


def test_an_ldap_user_is_exported_as_such() -> None:
    world, _ = worlds([Account(username="zoe", created_at=NOW, origin=Origin.LDAP)])
    assert exporting.export(world.ports, OPERATOR)[0]["origin"] == "ldap"


def test_an_export_of_secrets_is_recorded_with_those_who_can_read_it() -> None:
    world = World()
    for name in ("ann", "bob"):
        world.put(Account(username=name, created_at=NOW))
    count, _ = exporting.with_secrets(world.ports, OPERATOR, ["age1first", "age1second"])
    [event] = world.events
    assert (event.event, event.actor, event.subject) == (EventType.USER_EXPORT, OPERATOR.actor, "")
    assert (count, event.reason) == (2, "accounts=2 encrypted_to=age1first,age1second")
