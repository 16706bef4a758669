"""Permission and fresh proof for every public action."""

import inspect
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from types import ModuleType

import pytest

from cwtui.accounts import (
    administration,
    enrolment,
    organization,
    own_devices,
    roles,
    self_service,
    sign_in,
    synchronising,
    user_list,
    user_mfa,
)
from cwtui.accounts.audit import reading as audit_reading
from cwtui.accounts.audit.event_words import EVERYTHING
from cwtui.accounts.audit.events import EventType, Outcome
from cwtui.accounts.enrolment import Enrolment
from cwtui.accounts.errors import (
    TO_EVERYTHING,
    InvalidInput,
    NotPermitted,
    ProofNeeded,
    SessionEnded,
    SignInFailed,
    Throttled,
)
from cwtui.accounts.listing import EVERYONE
from cwtui.accounts.model import Account
from cwtui.accounts.secret import Secret
from cwtui.accounts.session import PROOF_LIFETIME, Session
from cwtui.accounts.user_list import UserSearch
from tests.accounts.memory import MemoryAccounts
from tests.accounts.memory_directory import MemoryDirectory
from tests.accounts.world import HERE, OPERATOR, PASSWORD, Device, World

NEW = Secret("Another.9-Havel")
OLD = Secret(PASSWORD)


@dataclass
class Scene:
    """An admin with a device and a user without one, both signed in."""

    world: World
    admin: Session
    user: Session
    device: Device
    offer: Enrolment
    second: Enrolment
    old_phone: str

    def code(self) -> str:
        return self.device.code(self.world.clock())


@pytest.fixture
def scene(world: World) -> Scene:
    world.add_admin("ada")
    world.add_admin("root")
    world.add("bob")
    world.equip("bob")
    world.equip_too("Tablet", "bob")
    world.add("alice")
    device = world.equip("ada")
    world.equip_too("Old", "ada")
    old = world.account("ada").second_factor
    assert old is not None
    admin, user = world.session("ada", device), world.session("alice")
    offer = self_service.begin_enrolment(world.ports, user)
    second = enrolment.begin_another(world.ports, world.account("ada"), "Second")
    world.clock.forward(30)
    return Scene(world, admin, user, device, offer, second, old.devices[1].id)


def bobs() -> MemoryDirectory:
    """A directory that has someone named bob."""
    directory = MemoryDirectory()
    directory.add("bob", PASSWORD)
    return directory


def reads_of(world: World, username: str, monkeypatch: pytest.MonkeyPatch) -> list[None]:
    """One more element for each time that this account is read from now on."""
    reads: list[None] = []
    get = MemoryAccounts.get

    def counted(accounts: MemoryAccounts, name: str) -> Account | None:
        if name == username:
            reads.append(None)
        return get(accounts, name)

    monkeypatch.setattr(type(world.accounts), "get", counted)
    return reads


def test_a_change_reads_the_account_of_its_actor_once_before_and_once_inside(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    reads = reads_of(scene.world, "ada", monkeypatch)
    user_mfa.disable_mfa(scene.world.ports, scene.admin, "bob")
    assert len(reads) == 2


def test_a_wrong_password_reads_the_account_once_a_step(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    """To know it, to count the attempt, and to record that it was wrong."""
    reads = reads_of(scene.world, "bob", monkeypatch)
    with pytest.raises(SignInFailed):
        sign_in.with_password(scene.world.ports, "bob", Secret("wrong"), HERE)
    assert len(reads) == 3


Act = Callable[[Scene, Session], object]

READS: dict[str, Act] = {
    "first_page": lambda s, by: user_list.first_page(s.world.ports, by, EVERYONE, 10),
    "count_users": lambda s, by: user_list.count_users(s.world.ports, by),
    "list_users": lambda s, by: user_list.list_users(s.world.ports, by),
    "show_user": lambda s, by: administration.show_user(s.world.ports, by, "bob"),
    "find_users": lambda s, by: user_list.find_users(s.world.ports, by, "bo", 9, UserSearch()),
    "user_named": lambda s, by: user_list.user_named(s.world.ports, by, "bob"),
    "last_sign_ins": lambda s, by: user_list.last_sign_ins(s.world.ports, by, ["bob"]),
    "check_is_still_there": lambda s, by: administration.check_is_still_there(
        s.world.ports, by, s.world.account("bob")
    ),
    "check_new_username": lambda s, by: administration.check_new_username(s.world.ports, by, "new"),
    "show_settings": lambda s, by: organization.show_settings(s.world.ports, by),
    "name_to_remove": lambda s, by: administration.name_to_remove(s.world.ports, by, "bob"),
}
AUDIT_READS: dict[str, Act] = {
    "oldest_first": lambda s, by: audit_reading.oldest_first(s.world.ports, by),
    "newest": lambda s, by: audit_reading.newest(s.world.ports, by, EVERYTHING),
    "verify": lambda s, by: audit_reading.verify(s.world.ports, by),
}
CHANGES: dict[str, Act] = {
    "create_user": lambda s, by: administration.create_user(s.world.ports, by, "new"),
    "update_user": lambda s, by: administration.update_user(
        s.world.ports, by, "bob", mfa_required=True
    ),
    "reset_password": lambda s, by: administration.reset_password(s.world.ports, by, "bob"),
    "disable_mfa": lambda s, by: user_mfa.disable_mfa(s.world.ports, by, "bob"),
    "remove_device": lambda s, by: user_mfa.remove_device(s.world.ports, by, "bob", "Tablet"),
    "remove_user": lambda s, by: administration.remove_user(s.world.ports, by, "bob"),
    "unlock": lambda s, by: administration.unlock(s.world.ports, by, "bob"),
    "update_settings": lambda s, by: organization.update_settings(
        s.world.ports, by, {"mfa": "required"}, TO_EVERYTHING
    ),
}
OWN: dict[str, Act] = {
    "overview": lambda s, by: self_service.overview(s.world.ports, by),
    "password_rules": lambda s, by: self_service.password_rules(s.world.ports, by),
    "change_password": lambda s, by: self_service.change_password(s.world.ports, by, OLD, NEW, NEW),
    "prove": lambda s, by: self_service.prove(s.world.ports, by, OLD, None),
    "wait": lambda s, by: self_service.wait(s.world.ports, by, {"code_attempts": "code"}),
    "update_preferences": lambda s, by: self_service.update_preferences(
        s.world.ports, by, mouse=False
    ),
    "register_device": lambda s, by: self_service.register_device(
        s.world.ports, by, s.offer, Device(s.offer.totp_secret, ()).code(s.world.clock())
    ),
}
OWN_CHANGES: dict[str, Act] = {
    "begin_enrolment": lambda s, by: self_service.begin_enrolment(s.world.ports, by),
    "check_proof_before_code": lambda s, by: self_service.check_proof_before_code(
        s.world.ports, by
    ),
}
OWN_CHANGES_WITH_A_CODE: dict[str, Act] = {
    "disable_mfa": lambda s, by: self_service.disable_mfa(s.world.ports, by, s.code()),
    "regenerate_backup_codes": lambda s, by: self_service.regenerate_backup_codes(
        s.world.ports, by, s.code()
    ),
}
OWN_DEVICE: dict[str, Act] = {
    "device": lambda s, by: self_service.device(s.world.ports, by, s.old_phone),
}
OWN_DEVICES: dict[str, Act] = {
    "begin": lambda s, by: own_devices.begin(s.world.ports, by, "Tablet", s.code()),
    "plan": lambda s, by: own_devices.plan(s.world.ports, by),
    "register": lambda s, by: own_devices.register(
        s.world.ports, by, s.second, Device(s.second.totp_secret, ()).code(s.world.clock())
    ),
    "remove": lambda s, by: own_devices.remove(s.world.ports, by, s.old_phone, s.code()),
    "rename": lambda s, by: own_devices.rename(s.world.ports, by, s.old_phone, "Old Phone"),
}
WITHOUT_CHANGE = {"needs_code"}
ACKNOWLEDGE: dict[str, Act] = {
    "acknowledge_backup_codes": lambda s, by: self_service.acknowledge_backup_codes(
        s.world.ports, by
    ),
}
SYNC: dict[str, Act] = {
    "sync": lambda s, by: synchronising.sync(s.world.ports, bobs(), by, lambda *_: None)
}
CHANGES_OF_ADMINS = CHANGES | SYNC
OF_ADMINS = READS | AUDIT_READS | CHANGES_OF_ADMINS
OF_ADA = OF_ADMINS | {
    f"own {name}": act for name, act in (OWN_CHANGES_WITH_A_CODE | OWN_DEVICES).items()
}
OF_ALICE = OWN | OWN_CHANGES
OF_THE_STORE = {"verified"}  # for its check, which knows no actor


def public_functions(module: ModuleType) -> set[str]:
    return {
        name
        for name, found in inspect.getmembers(module, inspect.isfunction)
        if found.__module__ == module.__name__ and not name.startswith("_")
    }


def test_every_public_action_is_covered_here() -> None:
    of_admins = map(public_functions, (administration, organization, user_list, user_mfa))
    assert set().union(*of_admins) == {*READS, *CHANGES}
    assert public_functions(audit_reading) == {*AUDIT_READS} | OF_THE_STORE
    own = OWN | OWN_DEVICE | OWN_CHANGES | OWN_CHANGES_WITH_A_CODE | ACKNOWLEDGE
    assert public_functions(self_service) == {*own}
    assert public_functions(own_devices) == {*OWN_DEVICES} | WITHOUT_CHANGE


def state(world: World) -> object:
    return world.accounts._committed


@pytest.mark.parametrize("act", OF_ADMINS)
def test_without_the_permission_an_action_is_refused(scene: Scene, act: str) -> None:
    before = state(scene.world)
    with pytest.raises(NotPermitted, match="Your roles do not include the permission"):
        OF_ADMINS[act](scene, scene.user)
    assert state(scene.world) == before


@pytest.mark.parametrize("act", OF_ADMINS)
def test_an_admin_may_do_every_admin_action(scene: Scene, act: str) -> None:
    OF_ADMINS[act](scene, scene.admin)


@pytest.mark.parametrize("act", OF_ADMINS)
def test_a_demoted_admin_may_no_longer_act(scene: Scene, act: str) -> None:
    administration.update_user(scene.world.ports, OPERATOR, "ada", chosen_roles=[roles.MINIMUM])
    before = state(scene.world)
    with pytest.raises(SessionEnded):
        OF_ADMINS[act](scene, scene.admin)
    assert state(scene.world) == before


@pytest.mark.parametrize("act", CHANGES_OF_ADMINS)
def test_a_refused_caller_never_takes_the_lock(scene: Scene, act: str) -> None:
    """A caller without permission takes no lock on all accounts and costs no hash."""
    scene.world.accounts.before_change = lambda: pytest.fail("the lock was taken")
    with pytest.raises(NotPermitted):
        CHANGES_OF_ADMINS[act](scene, scene.user)


class _Outside(MemoryAccounts):
    """A store that must not be read from outside a change while the change is open."""

    def __init__(self, real: MemoryAccounts) -> None:
        self.__dict__ = real.__dict__  # the same accounts
        self._real = real

    def get(self, username: str) -> Account | None:
        assert self._staged is None, "read beside the change"
        return super().get(username)

    @contextmanager
    def change(self) -> Iterator[MemoryAccounts]:
        with super().change():
            yield self._real


@pytest.mark.parametrize("act", OF_ADA | OF_ALICE | ACKNOWLEDGE)
def test_reads_inside_a_change_use_the_change(scene: Scene, act: str) -> None:
    """Others wait meanwhile; reading all accounts a second time would double their wait."""
    by = scene.user if act in OF_ALICE else scene.admin
    scene.world.accounts = _Outside(scene.world.accounts)
    (OF_ADA | OF_ALICE | ACKNOWLEDGE)[act](scene, by)


@pytest.mark.parametrize("act", OF_ALICE | ACKNOWLEDGE)
def test_a_disabled_accounts_session_can_do_nothing(scene: Scene, act: str) -> None:
    administration.update_user(scene.world.ports, OPERATOR, "alice", enabled=False)
    before = state(scene.world)
    with pytest.raises(SessionEnded) as over:
        (OF_ALICE | ACKNOWLEDGE)[act](scene, scene.user)
    assert over.value.reason == "disabled"
    assert state(scene.world) == before


# The absolute limit: OWASP ASVS 5.0, 7.3.2


@pytest.mark.parametrize("act", OF_ADA | OF_ALICE)
def test_a_session_ends_at_its_limit_despite_fresh_proof(scene: Scene, act: str) -> None:
    by = scene.admin if act in OF_ADA else scene.user
    scene.world.clock.at = by.ends_at
    fresh = replace(by, password_at=by.ends_at, code_at=by.ends_at)
    with pytest.raises(SessionEnded) as over:
        (OF_ADA | OF_ALICE)[act](scene, fresh)
    assert str(over.value) == "A session lasts at most 12 hours. Sign in again."
    assert over.value.reason == "time limit"


def test_a_session_lasts_until_its_limit(scene: Scene) -> None:
    assert scene.user.ends_at == scene.user.started_at + scene.world.ports.session_limit
    scene.world.clock.at = scene.user.ends_at - 0.001
    self_service.overview(scene.world.ports, scene.user)


def test_the_session_limit_is_configurable(scene: Scene) -> None:
    ports = replace(scene.world.ports, session_limit=3600.0)
    ended = replace(scene.user, ends_at=scene.user.started_at + ports.session_limit)
    scene.world.clock.at = ended.ends_at
    with pytest.raises(SessionEnded, match=r"at most 1 hour\. Sign in again"):
        self_service.overview(ports, ended)


# Fresh proof: OWASP ASVS 5.0, 7.5.1


@pytest.mark.parametrize("act", CHANGES_OF_ADMINS)
def test_admin_changes_need_a_fresh_proof(scene: Scene, act: str) -> None:
    scene.world.clock.at = scene.admin.code_at + PROOF_LIFETIME + 1
    before = state(scene.world)
    with pytest.raises(ProofNeeded) as needed:
        CHANGES_OF_ADMINS[act](scene, scene.admin)
    assert (needed.value.password, needed.value.code) == (True, True)
    assert str(needed.value) == "Confirm your identity to make this change."
    assert state(scene.world) == before
    proved = self_service.prove(scene.world.ports, scene.admin, OLD, scene.code())
    CHANGES_OF_ADMINS[act](scene, proved)
    assert state(scene.world) != before or act == "unlock"


@pytest.mark.parametrize("act", CHANGES_OF_ADMINS)
def test_no_proof_is_asked_for_within_ten_minutes(scene: Scene, act: str) -> None:
    scene.world.clock.at = scene.admin.code_at + PROOF_LIFETIME
    CHANGES_OF_ADMINS[act](scene, scene.admin)


@pytest.mark.parametrize("act", READS | AUDIT_READS)
def test_reading_needs_no_proof(scene: Scene, act: str) -> None:
    scene.world.clock.forward(5 * 3600)
    OF_ADMINS[act](scene, scene.admin)


def test_the_operator_is_never_asked_for_proof(scene: Scene) -> None:
    scene.world.clock.forward(5 * 3600)
    administration.update_user(scene.world.ports, OPERATOR, "bob", enabled=False)


def test_enabling_mfa_needs_the_password_again(scene: Scene) -> None:
    scene.world.clock.forward(PROOF_LIFETIME)
    with pytest.raises(ProofNeeded) as needed:
        self_service.begin_enrolment(scene.world.ports, scene.user)
    assert (needed.value.password, needed.value.code) == (True, False)
    proved = self_service.prove(scene.world.ports, scene.user, OLD, None)
    self_service.begin_enrolment(scene.world.ports, proved)


@pytest.mark.parametrize("act", OWN_CHANGES_WITH_A_CODE)
def test_actions_that_ask_for_a_code_need_only_the_password(scene: Scene, act: str) -> None:
    """Two codes cannot be had within 30 seconds."""
    scene.world.clock.forward(PROOF_LIFETIME)
    with pytest.raises(ProofNeeded) as needed:
        OWN_CHANGES_WITH_A_CODE[act](scene, scene.admin)
    assert (needed.value.password, needed.value.code) == (True, False)
    proved = self_service.prove(scene.world.ports, scene.admin, OLD, None)
    OWN_CHANGES_WITH_A_CODE[act](scene, proved)


def test_the_password_alone_is_not_enough_with_a_device(scene: Scene) -> None:
    scene.world.clock.forward(PROOF_LIFETIME)
    half = self_service.prove(scene.world.ports, scene.admin, OLD, None)
    with pytest.raises(ProofNeeded) as needed:
        CHANGES["unlock"](scene, half)
    assert (needed.value.password, needed.value.code) == (False, True)


def test_registering_a_device_counts_as_proof_of_it(scene: Scene) -> None:
    code = Device(scene.offer.totp_secret, ()).code(scene.world.clock())
    session, _ = self_service.register_device(scene.world.ports, scene.user, scene.offer, code)
    assert session.code_at == scene.world.clock()


def test_an_action_that_checks_a_factor_renews_its_proof(scene: Scene) -> None:
    """That factor is not asked for again afterwards."""
    ports, now = scene.world.ports, scene.world.clock
    scene.world.clock.forward(PROOF_LIFETIME)
    changed = self_service.change_password(ports, scene.user, OLD, NEW, NEW)
    assert changed.password_at == now() > scene.user.password_at
    proved = self_service.prove(ports, scene.admin, OLD, None)
    renewed, _ = self_service.regenerate_backup_codes(ports, proved, scene.code())
    assert renewed.code_at == now() > scene.admin.code_at


def test_a_clock_set_back_does_not_extend_a_proof(scene: Scene) -> None:
    scene.world.clock.at = scene.admin.password_at - 1
    with pytest.raises(ProofNeeded):
        CHANGES["unlock"](scene, scene.admin)


def test_a_backup_code_is_a_proof_and_is_used_up(scene: Scene) -> None:
    scene.world.clock.forward(PROOF_LIFETIME)
    typed = scene.device.codes[0].reveal().lower()
    proved = self_service.prove(scene.world.ports, scene.admin, OLD, typed)
    assert scene.world.events[-1].reason == "password, backup code"
    CHANGES["unlock"](scene, proved)
    with pytest.raises(SignInFailed):
        self_service.prove(scene.world.ports, scene.admin, OLD, typed)


def test_successful_and_failed_proofs_are_recorded(scene: Scene) -> None:
    scene.world.events.clear()
    with pytest.raises(SignInFailed, match="password is wrong"):
        self_service.prove(scene.world.ports, scene.admin, Secret("wrong"), scene.code())
    wrong = scene.device.wrong_code(scene.world.clock())
    with pytest.raises(SignInFailed):
        self_service.prove(scene.world.ports, scene.admin, OLD, wrong)
    self_service.prove(scene.world.ports, scene.admin, OLD, scene.code())
    assert {event.event for event in scene.world.events} == {EventType.PROOF}
    assert [(event.outcome, event.reason) for event in scene.world.events] == [
        (Outcome.FAILURE, "password wrong"),
        (Outcome.FAILURE, "one-time code wrong"),
        (Outcome.SUCCESS, "password, one-time code, device=Phone"),
    ]
    # This happened in a session, not at sign-in.
    assert scene.world.records.get("ada").failed is None


def test_proofs_are_throttled_like_sign_ins(scene: Scene) -> None:
    for _ in range(5):
        with pytest.raises(SignInFailed):
            self_service.prove(scene.world.ports, scene.admin, Secret("wrong"), None)
    with pytest.raises(Throttled):
        self_service.prove(scene.world.ports, scene.admin, OLD, None)
    assert {*scene.world.records.get("ada").password_attempts} == {HERE}


@pytest.mark.parametrize(("password", "code"), [("", None), (PASSWORD, ""), (PASSWORD, "12")])
def test_empty_input_does_not_prove_identity(scene: Scene, password: str, code: str | None) -> None:
    with pytest.raises(InvalidInput):
        self_service.prove(scene.world.ports, scene.admin, Secret(password), code)
