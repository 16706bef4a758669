"""Who may do which public action."""

import inspect
from collections.abc import Iterator
from contextlib import contextmanager
from types import ModuleType
from typing import Final

import pytest

from cwtui.accounts import (
    administration,
    custom_roles,
    open_sessions,
    organization,
    own_devices,
    roles,
    self_service,
    sign_in,
    unlocking,
    user_list,
    user_mfa,
    user_ssh_keys,
)
from cwtui.accounts.audit import reading as audit_reading
from cwtui.accounts.errors import NotPermitted, SessionEnded, SignInFailed
from cwtui.accounts.model import Account
from cwtui.accounts.secret import Secret
from cwtui.accounts.updates import Update
from tests.accounts.memory import MemoryAccounts
from tests.accounts.public_actions import (
    ACKNOWLEDGE,
    AUDIT_READS,
    CHANGES,
    CHANGES_OF_ADMINS,
    OF_ADA,
    OF_ADMINS,
    OF_ALICE,
    OF_THE_STORE,
    OWN,
    OWN_CHANGES,
    OWN_CHANGES_WITH_A_CODE,
    OWN_DEVICE,
    OWN_DEVICES,
    READS,
    SESSIONS,
    SSH_KEYS,
    WITHOUT_CHANGE,
    Scene,
    scene_of,
    state,
)
from tests.accounts.world import HERE, OPERATOR, World

pytestmark = pytest.mark.usefixtures("remembered_hashes")


@pytest.fixture
def scene(world: World) -> Scene:
    return scene_of(world)


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


def public_functions(module: ModuleType) -> set[str]:
    return {
        name
        for name, found in inspect.getmembers(module, inspect.isfunction)
        if found.__module__ == module.__name__ and not name.startswith("_")
    }


TELLS_NOTHING: Final = {"version"}
"""Only that something has changed."""
PART_OF_AN_IMPORT: Final = {"restore"}
"""Who may restore roles is tested with imports: tests/accounts/importing/test_restoring.py."""


def test_every_public_action_is_covered_here() -> None:
    modules = (administration, custom_roles, organization, unlocking, user_list, user_mfa)
    of_admins = map(public_functions, modules)
    assert set().union(*of_admins) - TELLS_NOTHING - PART_OF_AN_IMPORT == {*READS, *CHANGES}
    assert public_functions(user_ssh_keys) == {*SSH_KEYS}
    assert {*SESSIONS} < public_functions(open_sessions)
    assert public_functions(audit_reading) == {*AUDIT_READS} | OF_THE_STORE
    own = OWN | OWN_DEVICE | OWN_CHANGES | OWN_CHANGES_WITH_A_CODE | ACKNOWLEDGE
    assert public_functions(self_service) == {*own}
    assert public_functions(own_devices) == {*OWN_DEVICES} | WITHOUT_CHANGE


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
    administration.update_user(scene.world.ports, OPERATOR, "ada", Update(roles=(roles.MINIMUM,)))
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
    administration.update_user(scene.world.ports, OPERATOR, "alice", Update(enabled=False))
    before = state(scene.world)
    with pytest.raises(SessionEnded) as over:
        (OF_ALICE | ACKNOWLEDGE)[act](scene, scene.user)
    assert over.value.reason == "disabled"
    assert state(scene.world) == before
