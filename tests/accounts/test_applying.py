"""Whatever the store is, it becomes as declared, and what is not declared stays."""

import io
import json

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from cwtui.accounts import custom_roles, exporting
from cwtui.accounts.applying import carrying_out, declared, differences
from cwtui.accounts.applying.differences import Plan
from cwtui.accounts.bulk.batches import Outcome
from cwtui.accounts.errors import TO_EVERYTHING, GivesPower
from cwtui.accounts.importing import lines
from cwtui.accounts.model import Account
from cwtui.accounts.roles import Permission, chosen_permissions, permissions
from tests.accounts.importing.test_exporting import ACCOUNTS
from tests.accounts.world import OPERATOR, World

SOME = st.lists(ACCOUNTS, max_size=4, unique_by=lambda account: account.username)
HASH = "$2b$04$" + "a" * 21 + "e" + "b" * 31
ADMIN = "an.admin.who.stays.all.the.time"


def plan(world: World, content: str, *, remove_others: bool = False) -> Plan:
    found = declared.read(lines.lines(io.BytesIO((content or "[]").encode())))
    keep = frozenset({ADMIN})
    return differences.plan(
        world.ports, OPERATOR, found, remove_others=remove_others and bool(content), keep=keep
    )


def exported(world: World) -> dict[str, object]:
    return {one["username"]: one for one in exporting.export(world.ports, OPERATOR)}


@settings(max_examples=25)
@given(SOME, SOME, st.booleans())
def test_the_store_becomes_as_declared(
    now: list[Account], then: list[Account], remove_others: bool
) -> None:
    world, other = World(), World()
    world.add_admin(ADMIN)
    for account in now:
        world.put(account)
    for account in then:
        other.put(account)
    before, wanted = exported(world), exported(other)
    content = exporting.as_json_lines(exporting.export(other.ports, OPERATOR))
    planned = plan(world, content, remove_others=remove_others)
    assert planned.problems == ()
    told: list[tuple[int, int]] = []

    def tell(done: int, of: int) -> None:
        told.append((done, of))

    for one in carrying_out.carry_out(
        world.ports, OPERATOR, planned, lambda _: None, tell, 1, TO_EVERYTHING
    ):
        assert one.outcome is Outcome.DONE, one
    number = len(planned.accounts)
    assert told == sorted(told)
    assert told[-1:] == ([(number, number)] if number else [])
    left = {ADMIN: before[ADMIN]} if remove_others and then else before
    assert exported(world) == {**left, **wanted}
    assert not plan(world, content, remove_others=remove_others).is_different


def with_help_desk() -> World:
    """Return a world with a role, and accounts that have it."""
    world = World()
    world.add_admin(ADMIN)
    custom_roles.create_role(world.ports, OPERATOR, "desk", ("read-users",))
    for name in ("bob", "carl"):
        world.put(world.add(name).changed(roles=("desk",)))
    return world


BOB = '{"username":"bob","roles":["desk"]}\n'


def test_who_has_a_role_that_will_permit_more_gets_permissions() -> None:
    world = with_help_desk()
    more = '{"name":"desk","permissions":["read-users","manage-roles"]}\n'
    assert plan(world, more + BOB).gaining == ("bob", "carl")
    with pytest.raises(GivesPower, match="bob, carl"):
        plan(world, more).check(frozenset())
    assert plan(world, more + BOB, remove_others=True).gaining == ("bob",)
    admin = '{"username":"bob","roles":["connectware-admin"]}\n'
    other = '{"name":"desk","permissions":["reset-mfa"]}\n'
    assert plan(world, other + admin).gaining == ("bob", "carl")
    assert plan(world, '{"name":"desk","permissions":[]}\n' + BOB).gaining == ()
    assert plan(world, '{"name":"new","permissions":["read-users"]}\n' + BOB).gaining == ()


PERMITTED = st.lists(st.sampled_from(Permission), min_size=1, max_size=3, unique=True)
HELD = st.lists(st.sampled_from(["one", "two", "minimum-access"]), min_size=1, unique=True)
STATE = st.tuples(
    st.fixed_dictionaries({"one": PERMITTED, "two": PERMITTED}),
    st.fixed_dictionaries({"ann": HELD, "bob": HELD, "eve": HELD}),
)


@settings(max_examples=40)
@given(STATE, STATE)
@example(
    (
        {"one": ["read-users"], "two": ["reset-mfa"]},
        {"ann": ["one"], "bob": ["two"], "eve": ["one"]},
    ),
    (
        {"one": ["manage-roles"], "two": ["read-audit-log"]},
        {"ann": ["two"], "bob": ["one"], "eve": ["one"]},
    ),
)
def test_nobody_has_more_in_between_than_before_or_after(
    now: tuple[dict[str, list[str]], dict[str, list[str]]],
    then: tuple[dict[str, list[str]], dict[str, list[str]]],
) -> None:
    world = World()
    for name, permitted in now[0].items():
        custom_roles.create_role(world.ports, OPERATOR, name, permitted)
    for name in ("ann", "bob"):
        world.put(world.add(name).changed(roles=tuple(now[1][name])))

    def held() -> dict[str, frozenset[Permission]]:
        custom = world.accounts.settings().custom_roles
        return {row.username: permissions(row.roles, custom) for row in world.accounts.rows()}

    states = [held()]

    def look() -> None:
        states.append(held())
        world.accounts.before_change = look

    look()
    lines = [{"name": name, "permissions": permitted} for name, permitted in then[0].items()]
    lines += [
        {"username": name, "roles": given, "password_hash": HASH} for name, given in then[1].items()
    ]
    planned = plan(world, "\n".join(map(json.dumps, lines)))
    assert planned.problems == ()
    for one in carrying_out.carry_out(
        world.ports, OPERATOR, planned, lambda _: None, lambda *_: None, 1, TO_EVERYTHING
    ):
        assert one.outcome is Outcome.DONE, one
    before, after = states[0], held()
    for state in states:
        for name, has in state.items():
            assert has <= before.get(name, frozenset()) | after[name], (name, states)
    expected = {name: set(roles) for name, roles in then[1].items()}
    assert {row.username: set(row.roles) for row in world.accounts.rows()} == expected
    assert {
        name: set(permitted) for name, permitted in world.accounts.settings().custom_roles.items()
    } == {name: set(chosen_permissions(permitted)) for name, permitted in then[0].items()}


def test_roles_that_remaining_accounts_have_stay() -> None:
    world = with_help_desk()
    assert not plan(world, '{"username":"bob"}\n{"username":"carl"}\n', remove_others=True).roles
    both = f'{{"username":"{ADMIN}"}}\n{{"username":"bob","roles":["minimum-access"]}}\n'
    assert [one.name for one in plan(world, both, remove_others=True).roles] == ["desk"]
