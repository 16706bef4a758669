"""Devices of a file for accounts that exist: added beside the others, and only if asked to."""

import base64
import io

import pytest

from cwtui.accounts import self_service, sign_in
from cwtui.accounts.audit.events import EventType
from cwtui.accounts.errors import (
    TO_NOTHING,
    NotPermitted,
    Refused,
    SessionEnded,
    SignInFailed,
    Throttled,
)
from cwtui.accounts.importing import creating, formats, lines, planning, programs
from cwtui.accounts.importing.given import Given
from cwtui.accounts.importing.planning import Plan
from cwtui.accounts.model import Account, BackupCodes, Origin
from cwtui.accounts.roles import Permission
from cwtui.accounts.secret import Secret
from cwtui.accounts.session import Actor
from cwtui.accounts.sign_in_states import CodeNeeded, SignedIn, State
from tests.accounts.importing.program_files import KEY
from tests.accounts.world import NOW, OPERATOR, Device, World


@pytest.fixture
def world() -> World:
    made = World()
    made.add_admin()
    return made


def create(world: World, plan: Plan, actor: Actor = OPERATOR) -> None:
    creating.create(world.ports, actor, plan, lambda _: None, lambda *_: None, 1, TO_NOTHING)


def reasons(plan: Plan) -> list[tuple[int, str, bool]]:
    return [(one.place.number, one.reason, one.exists) for one in plan.problems]


def backup_codes_of(world: World, username: str) -> BackupCodes:
    factor = world.account(username).second_factor
    assert factor is not None
    return factor.backup_codes


def with_code(world: World, username: str, typed: str, field: str = "code") -> State:
    return sign_in.with_code(world.ports, world.asked_for_code(username), typed, field)


def may(world: World, *permissions: Permission) -> None:
    world.settings(custom_roles={"help-desk": permissions})


class TestAddingDevices:
    """Devices of a file for accounts that exist: never without being asked to."""

    def planned(self, world: World, *typed: str, add: bool = True, key: str = KEY) -> Plan:
        key_bytes = base64.b32decode(key).hex()
        content = "".join(f"HOTP/T30/6 {name} - {key_bytes}\n" for name in typed)
        found = programs.PROGRAMS["users.oath"].read(Given(io.BytesIO(content.encode())))
        return planning.plan(world.ports, OPERATOR, found, add_devices=add)

    def test_an_account_gets_no_device_unless_that_is_asked_for(self, world: World) -> None:
        world.add("bob")
        plan = self.planned(world, "bob", add=False)
        reason = "The account exists, and lacks a device. To add it, use --add-devices."
        assert reasons(plan) == [(1, reason, True)]
        assert not plan.changes_something

    def test_the_first_device_turns_mfa_on_and_ends_sessions(self, world: World) -> None:
        world.add("bob")
        session = world.session("bob")
        world.audit.events.clear()
        create(world, self.planned(world, "bob"))
        state = world.begin("bob")
        assert isinstance(state, CodeNeeded)
        code = Device(Secret(KEY), ()).code(world.clock())
        assert isinstance(sign_in.with_one_time_code(world.ports, state, code), SignedIn)
        with pytest.raises(SessionEnded):
            self_service.overview(world.ports, session)
        enabled, last = world.events[:2]
        batch = last.reason.split()[-1]
        assert (enabled.event, enabled.subject) == (EventType.MFA_ENABLE, "bob")
        assert enabled.reason == f"device=Phone {batch}"
        assert last.reason == f"created=0 devices_added_to=1 {batch}"

    def test_another_device_is_added_to_the_first(self, world: World) -> None:
        world.add("bob")
        create(world, self.planned(world, "bob"))
        before = world.account("bob").second_factor
        assert before is not None
        world.audit.events.clear()
        create(world, self.planned(world, "bob", key="K" * 32))
        after = world.account("bob").second_factor
        assert after is not None
        assert after.devices[:1] == before.devices
        assert [device.name for device in after.devices] == ["Phone", "Phone 2"]
        assert after.backup_codes == before.backup_codes
        assert world.event_types() == [EventType.DEVICE_ADD, EventType.USER_IMPORT]

    @pytest.mark.parametrize("add", [True, False])
    def test_a_device_that_is_there_is_not_added_again(self, world: World, add: bool) -> None:
        world.add("bob")
        create(world, self.planned(world, "bob"))
        plan = self.planned(world, "bob", add=add)
        assert [one.username for one in plan.unchanged] == ["bob"]
        assert not plan.changes_something
        assert not plan.problems

    def test_a_sixth_device_is_refused(self, world: World) -> None:
        world.add("bob")
        for letter in "ABCDE":
            create(world, self.planned(world, "bob", key=letter * 32))
        [(_, reason, _)] = reasons(self.planned(world, "bob"))
        assert reason == "The account has 5 devices, lacks 1, and can have at most 5."

    def test_devices_that_others_added_meanwhile_count(self, world: World) -> None:
        world.add("bob")
        plan = self.planned(world, "bob")
        create(world, self.planned(world, "bob"))
        create(world, plan)
        factor = world.account("bob").second_factor
        assert factor is not None
        assert len(factor.devices) == 1
        plan = self.planned(world, "bob", key="K" * 32)
        for letter in "ABCD":
            create(world, self.planned(world, "bob", key=letter * 32))
        with pytest.raises(Refused, match="bob got more devices in the meantime"):
            create(world, plan)

    def test_emergency_codes_become_backup_codes_that_work_once(self, world: World) -> None:
        world.add("bob")
        plan = self.of_google(world, "bob", "47110815", "12345678")
        said = [one.sentence for one in plan.notes]
        assert said == ["Its 2 emergency codes become backup codes."]
        create(world, plan)
        codes = backup_codes_of(world, "bob")
        assert (codes.acknowledged, len(codes.hashes)) == (True, 2)
        assert not any("4711" in str(one) for one in (codes, *world.events))
        assert "backup_codes=2" in world.events[-2].reason
        assert isinstance(with_code(world, "bob", "4711-0815"), SignedIn)
        assert isinstance(with_code(world, "bob", "12345678", "backup_code"), SignedIn)
        assert backup_codes_of(world, "bob").hashes == ()
        with pytest.raises(SignInFailed, match="not one of your unused backup codes"):
            with_code(world, "bob", "47110815")
        assert self.of_google(world, "bob", "47110815").unchanged, "used codes do not come back"

    def test_a_new_account_gets_the_emergency_codes_too(self, world: World) -> None:
        made: list[creating.Made] = []
        plan = self.of_google(world, "eve", "47110815")
        creating.create(world.ports, OPERATOR, plan, made.extend, lambda *_: None, 1, TO_NOTHING)
        [new] = made
        assert new.password is not None
        state = world.begin("eve", new.password.reveal())
        assert isinstance(state, CodeNeeded)
        sign_in.with_code(world.ports, state, "47110815", "code")
        assert backup_codes_of(world, "eve").hashes == ()
        assert "devices=1 backup_codes=1" in next(
            one.reason for one in world.events if one.event is EventType.USER_CREATE
        )

    def test_an_account_with_backup_codes_keeps_its_own(self, world: World) -> None:
        world.add("bob")
        own = world.equip("bob").codes[0]
        before = backup_codes_of(world, "bob")
        plan = self.of_google(world, "bob", "47110815")
        said = [one.sentence for one in plan.notes]
        assert said == ["Its emergency codes are left out: the account has backup codes."]
        create(world, plan)
        assert backup_codes_of(world, "bob") == before
        assert isinstance(with_code(world, "bob", own.reveal()), SignedIn)

    def test_backup_codes_that_were_made_meanwhile_are_kept(self, world: World) -> None:
        world.add("bob")
        plan = self.of_google(world, "bob", "47110815")
        world.equip("bob")
        before = backup_codes_of(world, "bob")
        create(world, plan)
        assert backup_codes_of(world, "bob") == before
        assert not any("backup_codes=" in one.reason for one in world.events)

    def test_wrong_emergency_codes_count_like_wrong_one_time_codes(self, world: World) -> None:
        world.add("bob")
        create(world, self.of_google(world, "bob", "47110815"))
        for _attempt in range(5):
            with pytest.raises(SignInFailed):
                with_code(world, "bob", "47110816")
        state = world.asked_for_code("bob")
        code = Device(Secret(KEY), ()).code(world.clock())
        with pytest.raises(Throttled):
            sign_in.with_one_time_code(world.ports, state, code)

    def of_google(self, world: World, username: str, *codes: str) -> Plan:
        content = "\n".join((KEY, '" TOTP_AUTH', *codes))
        given = Given(io.BytesIO(content.encode()), "", username=username)
        found = programs.PROGRAMS["google-authenticator"].read(given)
        return planning.plan(world.ports, OPERATOR, found, add_devices=True)

    def test_users_of_a_directory_get_devices_too(self, world: World) -> None:
        world.put(Account(username="o'neil", created_at=NOW, origin=Origin.LDAP))
        plan = self.planned(world, "o'neil", "o'reilly")
        assert [one.username for one in plan.added] == ["o'neil"]
        [(line, reason, _)] = reasons(plan)
        assert line == 2
        assert "Use only letters" in reason

    def test_devices_in_csv_are_added_too(self, world: World) -> None:
        world.add("bob")
        content = f"username,otpauth_uris\nbob,otpauth://totp/bob?secret={KEY}".encode()
        found = formats.entries(lines.lines(io.BytesIO(content)))
        create(world, planning.plan(world.ports, OPERATOR, found, add_devices=True))
        assert world.account("bob").second_factor is not None

    def test_adding_a_device_needs_the_permission_to_remove_one(self, world: World) -> None:
        """Who manages users and no MFA could add a device, reset the password, and sign in."""
        world.add("bob")
        world.add("cho", roles=("help-desk",))
        may(world, Permission.MANAGE_USERS)
        with pytest.raises(NotPermitted):
            create(world, self.planned(world, "bob"), actor=world.session("cho"))
        may(world, Permission.MANAGE_USERS, Permission.RESET_MFA)
        create(world, self.planned(world, "bob"), actor=world.session("cho"))
        assert world.account("bob").second_factor is not None

    def test_no_device_is_added_to_the_actors_account_or_one_with_more_permissions(
        self, world: World
    ) -> None:
        world.add("cho", roles=("help-desk",))
        may(world, Permission.MANAGE_USERS, Permission.RESET_MFA)
        with pytest.raises(Refused, match="your own account"):
            create(world, self.planned(world, "cho"), actor=world.session("cho"))
        with pytest.raises(NotPermitted, match="ada has permissions that you do not have"):
            create(world, self.planned(world, "ada"), actor=world.session("cho"))
