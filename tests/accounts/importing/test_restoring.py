"""An export with secrets is imported on another host, and people sign in as before."""

import base64
import io
import json

import msgspec
import pytest

from cwtui.accounts import custom_roles, devices, exporting, sign_in
from cwtui.accounts.audit.events import EventType
from cwtui.accounts.credentials import passwords
from cwtui.accounts.errors import TO_EVERYTHING, CannotCheck, InvalidInput, NotPermitted, Refused
from cwtui.accounts.importing import creating, planning, programs, saved
from cwtui.accounts.importing.creating import Made
from cwtui.accounts.importing.given import Given
from cwtui.accounts.importing.planning import Plan
from cwtui.accounts.model import Account, Origin
from cwtui.accounts.new_account import initial_password_fields
from cwtui.accounts.roles import Permission
from cwtui.accounts.secret import Secret
from cwtui.accounts.session import Actor
from cwtui.accounts.sign_in_states import CodeNeeded, SignedIn
from cwtui.accounts.upkeep import key_rotation
from tests.accounts.memory import MemoryKeyring
from tests.accounts.world import HERE, OPERATOR, PASSWORD, Device, World

INITIAL = Secret("ABCD-EFGH-JKMN-PQRS")


@pytest.fixture
def world() -> World:
    made = World()
    made.add_admin()
    made.add("ann", display_name="Ann Reed", mfa_required=True)
    made.add("new", enabled=False, disabled_reason="On leave")
    fields = initial_password_fields(made.ports, INITIAL, invited=True)
    made.put(made.account("new").changed(**fields))
    made.put(
        Account(
            username="zoe",
            created_at=made.clock(),
            origin=Origin.LDAP,
            directory_ids={"entryUUID": "5b4f6c8a-1d2e-4f3a-8b9c-0d1e2f3a4b5c"},
        )
    )
    return made


@pytest.fixture
def device(world: World) -> Device:
    return world.equip("ann")


def exported(world: World) -> str:
    _, content = exporting.with_secrets(world.ports, OPERATOR, ("passphrase",))
    return content.reveal()


def of_file(world: World, content: str, actor: Actor = OPERATOR) -> Plan:
    given = Given(io.BytesIO(content.encode()), "", "", "", "")
    return planning.plan(world.ports, actor, programs.OWN.read(given))


def restored(world: World, content: str) -> list[Made]:
    handed_over: list[Made] = []
    plan = of_file(world, content)
    assert plan.problems == ()
    creating.create(
        world.ports, OPERATOR, plan, handed_over.extend, lambda *_: None, 1, TO_EVERYTHING
    )
    return handed_over


def secret_keys(world: World, username: str) -> list[str]:
    factor = world.account(username).second_factor
    assert factor is not None
    return [devices.unsealed(world.keyring, username, d).reveal() for d in factor.devices]


def test_with_the_keys_of_the_old_host_everything_is_restored(world: World, device: Device) -> None:
    other = World()
    assert restored(other, exported(world)) == []
    for name in ("ada", "ann", "new", "zoe"):
        before, after = world.account(name), other.account(name)
        for field in (
            "display_name",
            "roles",
            "mfa_required",
            "enabled",
            "disabled_reason",
            "origin",
            "directory_ids",
            "password",
            "must_change_password",
            "initial_password_expires_at",
            "invited",
        ):
            assert getattr(after, field) == getattr(before, field), (name, field)
    old, new = world.account("ann").second_factor, other.account("ann").second_factor
    assert old is not None
    assert new is not None
    assert new.backup_codes == old.backup_codes
    assert [one.name for one in new.devices] == [one.name for one in old.devices]
    assert secret_keys(other, "ann") == secret_keys(world, "ann")
    state = sign_in.with_password(other.ports, "ann", Secret(PASSWORD), HERE)
    assert isinstance(state, CodeNeeded)
    signed_in = sign_in.with_backup_code(other.ports, state, device.codes[0].reveal())
    assert isinstance(signed_in, SignedIn)


def created(world: World, plan: Plan, actor: Actor = OPERATOR) -> None:
    creating.create(world.ports, actor, plan, lambda _: None, lambda *_: None, 1, TO_EVERYTHING)


def test_missing_roles_are_restored_with_the_accounts_that_have_them(world: World) -> None:
    for name in ("help-desk", "unused"):
        custom_roles.create_role(world.ports, OPERATOR, name, ("read-users", "reset-mfa"))
    world.put(world.account("ann").changed(roles=("help-desk",)))
    content = exported(world)
    other = World()
    plan = of_file(other, content)
    assert (plan.problems, list(plan.new_roles)) == ((), ["help-desk"])
    assert plan.with_permissions == ["ada", "ann"]
    created(other, plan)
    assert list(other.accounts.settings().custom_roles) == ["help-desk"]
    assert other.account("ann").roles == ("help-desk",)
    events = [(one.event, one.subject) for one in other.events]
    assert events.count((EventType.ROLE_CREATE, "help-desk")) == 1
    again = of_file(other, content)
    assert (again.problems, again.changes_something) == ((), False)


def test_a_role_that_permits_something_else_is_reported_and_stays(world: World) -> None:
    custom_roles.create_role(world.ports, OPERATOR, "help-desk", ("read-users",))
    world.put(world.account("ann").changed(roles=("help-desk",)))
    other = World()
    custom_roles.create_role(other.ports, OPERATOR, "help-desk", ("read-users", "reset-mfa"))
    plan = of_file(other, exported(world))
    assert [(one.username, one.exists) for one in plan.problems] == [("", True), ("ann", True)]
    assert "permits read-users, reset-mfa, not read-users" in plan.problems[0].reason
    assert "ann" not in [one.username for one in plan.new]
    assert not plan.new_roles


def test_restoring_roles_needs_the_permission_to_manage_them(world: World) -> None:
    custom_roles.create_role(world.ports, OPERATOR, "people", ("read-users", "manage-users"))
    world.add("eve", roles=("people",))
    actor = world.session("eve")
    content = '{"name":"desk","permissions":["read-users"]}\n{"username":"zed","roles":["desk"]}\n'
    plan = of_file(world, content, actor)
    assert (plan.problems, list(plan.new_roles)) == ((), ["desk"])
    with pytest.raises(NotPermitted):
        created(world, plan, actor)
    assert "desk" not in world.accounts.settings().custom_roles


def test_on_a_host_with_other_keys_everything_is_restored(world: World, device: Device) -> None:
    other = World(keyring=MemoryKeyring("k2"))
    assert restored(other, exported(world)) == []
    state = sign_in.with_password(other.ports, "ann", Secret(PASSWORD), HERE)
    assert isinstance(state, CodeNeeded)
    assert isinstance(
        sign_in.with_backup_code(other.ports, state, device.codes[0].reveal()), SignedIn
    )
    assert secret_keys(other, "ann") == secret_keys(world, "ann")
    [event] = [event for event in other.events if event.event is EventType.KEY_IMPORT]
    assert event.reason.startswith("keys=pk1 batch=")
    used = {use.id: (use.imported, use.passwords) for use in key_rotation.status(other.ports)}
    assert used == {"pk1": (True, 2), "k2": (False, 1)}
    # A host further on calls the key as this one does.
    third = World(keyring=MemoryKeyring("k3"))
    assert restored(third, exported(other)) == []
    assert {key.id for key in third.keyring.all_keys()} == {"pk1", "pk2", "k3"}
    state = sign_in.with_password(third.ports, "ann", Secret(PASSWORD), HERE)
    assert isinstance(state, CodeNeeded)
    sign_in.with_backup_code(third.ports, state, device.codes[1].reveal())


def test_a_pepper_that_no_account_needs_is_not_added(world: World) -> None:
    content = "".join(
        line for line in exported(world).splitlines(True) if '"zoe"' in line or "pepper" in line
    )
    other = World(keyring=MemoryKeyring("k2"))
    restored(other, content)
    assert [key.id for key in other.keyring.all_keys()] == ["k2"]


def test_another_pepper_for_a_known_key_is_reported(world: World) -> None:
    lines = [json.loads(line) for line in exported(world).splitlines()]
    [right] = [line for line in lines if "pepper" in line]
    given = dict(right)
    given["pepper"] = base64.b64encode(bytes(32)).decode()
    ann = next(line for line in lines if line.get("username") == "ann")
    for other, both in ((World(), [given]), (World(keyring=MemoryKeyring("k2")), [right, given])):
        plan = of_file(other, "\n".join(map(json.dumps, [*both, ann])))
        [problem] = plan.problems
        assert problem.reason == "The key k1 has another pepper here."
        assert [one.password_hash for one in plan.new] == [None]
        assert plan.new_peppers == ()


def test_a_key_that_others_import_meanwhile_is_compared(world: World) -> None:
    content = exported(world)
    other = World(keyring=MemoryKeyring("k2"))
    plan = of_file(other, content)
    other.keyring.peppers["pk1"] = bytes(32), 0.0
    with pytest.raises(Refused, match="Keys were changed"):
        created(other, plan)
    assert other.accounts.get("ann") is None


@pytest.mark.parametrize(
    "wrong", [{"pepper": "c2hvcnQ="}, {"key": "../k"}, {"key": "k" * 17}, {"name": "x"}]
)
def test_a_pepper_that_no_export_writes_is_refused(world: World, wrong: dict[str, object]) -> None:
    lines = [json.loads(line) for line in exported(world).splitlines()]
    [given] = [line for line in lines if "pepper" in line]
    [problem] = of_file(World(keyring=MemoryKeyring("k2")), json.dumps(given | wrong)).problems
    assert problem.reason == "The line is not as an export writes it."
    assert str(given["pepper"]) not in str(problem)


def test_only_who_manages_the_organization_adds_keys(world: World) -> None:
    other = World(keyring=MemoryKeyring("k2"))
    other.settings(custom_roles={"desk": (Permission.READ_USERS, Permission.MANAGE_USERS)})
    other.add("dora", roles=("desk",))
    content = "".join(
        line for line in exported(world).splitlines(True) if '"new"' in line or "pepper" in line
    )
    dora = other.session("dora")
    with pytest.raises(NotPermitted):
        created(other, of_file(other, content, dora), dora)
    assert [key.id for key in other.keyring.all_keys()] == ["k2"]


@pytest.mark.usefixtures("device")
def test_a_read_only_keyring_gets_no_peppers(world: World) -> None:
    """Devices are restored all the same, and passwords are new."""
    other = World(keyring=MemoryKeyring("k2"))
    other.keyring.is_read_only = True
    content = exported(world)
    notes = [(note.username, note.sentence) for note in of_file(other, content).notes]
    assert [name for name, said in notes if "password" in said] == ["ada", "ann", "new"]
    assert [name for name, said in notes if "backup codes" in said] == ["ann"]
    made = restored(other, content)
    assert [one.account.username for one in made] == ["ada", "ann", "new"]
    for one in made:
        assert one.password is not None
        kept = other.account(one.account.username).password
        assert passwords.is_password(one.password, kept, other.keyring, 4)
    assert secret_keys(other, "ann") == secret_keys(world, "ann")
    factor = other.account("ann").second_factor
    assert factor is not None
    assert factor.backup_codes.hashes == ()


@pytest.mark.usefixtures("device")
def test_hashes_of_a_higher_cost_are_not_restored(world: World) -> None:
    content = exported(world).replace("$2b$04$", "$2b$05$")
    other = World()
    notes = [(note.username, note.sentence) for note in of_file(other, content).notes]
    assert [name for name, said in notes if "password hash has cost 5" in said] == [
        "ada",
        "ann",
        "new",
    ]
    assert [name for name, said in notes if "backup codes were hashed at cost 5" in said] == ["ann"]
    assert [one.account.username for one in restored(other, content)] == ["ada", "ann", "new"]
    factor = other.account("ann").second_factor
    assert factor is not None
    assert factor.backup_codes.hashes == ()


def test_the_audit_log_says_to_whom_before_anything_is_given(world: World) -> None:
    exporting.with_secrets(world.ports, OPERATOR, ("age1abc", "age1def"))
    event = world.events[-1]
    assert (event.event, event.actor) == (EventType.USER_EXPORT, "operator:root")
    assert event.reason == "accounts=4 encrypted_to=age1abc,age1def"
    world.audit.fails = True
    with pytest.raises(CannotCheck):
        exporting.with_secrets(world.ports, OPERATOR, ("age1abc",))


@pytest.mark.usefixtures("device")
def test_a_secret_that_cannot_be_read_refuses_all(world: World) -> None:
    world.keyring = MemoryKeyring("k2")
    with pytest.raises(CannotCheck):
        exporting.with_secrets(world.ports, OPERATOR, ("passphrase",))
    assert world.events == []


@pytest.mark.usefixtures("device")
@pytest.mark.parametrize(
    "wrong",
    [
        {"backup_codes": {"key": "k1", "salt": "x", "hashes": []}},
        {"backup_codes": "none"},
        {"device_names": ["Phone", "phone"]},
        {"device_names": ["a\x1b[31m"]},
        {"device_names": [1]},
        {"password_key": 1},
        {"must_change_password": "yes"},
        {"initial_password_expires_at": "tomorrow"},
        {"initial_password_expires_at": "2026-11-27T00:00:00"},
        {"initial_password_expires_at": "0001-01-01T00:00:00Z"},
        {"initial_password_expires_at": "9999-12-31T23:59:59-23:00"},
        {"directory_ids": ["x"]},
    ],
)
def test_fields_that_no_export_writes_are_refused(world: World, wrong: dict[str, object]) -> None:
    lines = [json.loads(line) for line in exported(world).splitlines()]
    line = next(one for one in lines if one.get("username") == "ann") | wrong
    [problem] = of_file(World(), json.dumps(line)).problems
    assert problem.username == "ann"
    assert "secret" not in problem.reason


@pytest.mark.usefixtures("device")
def test_there_are_at_most_ten_backup_codes(world: World) -> None:
    factor = world.account("ann").second_factor
    assert factor is not None
    codes = msgspec.to_builtins(factor.backup_codes)
    with pytest.raises(InvalidInput, match="at most 10"):
        saved.saved({"backup_codes": codes | {"hashes": codes["hashes"] * 2}})


def test_a_short_passphrase_is_refused() -> None:
    exporting.check_passphrase(Secret("x" * 15))
    with pytest.raises(InvalidInput, match="at least 15"):
        exporting.check_passphrase(Secret("x" * 14))
