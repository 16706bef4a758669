"""Who may do which public action."""

import importlib
import inspect
import pkgutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from types import FunctionType, ModuleType
from typing import Final, get_args, get_type_hints

import pytest

from cwtui import accounts
from cwtui.accounts import administration, roles, sign_in, user_mfa
from cwtui.accounts.bulk.acts import Act as BulkAct
from cwtui.accounts.errors import NotPermitted, SessionEnded, SignInFailed
from cwtui.accounts.model import Account
from cwtui.accounts.secret import Secret
from cwtui.accounts.session import Operator, Session
from cwtui.accounts.updates import Update
from tests.accounts.memory import MemoryAccounts
from tests.accounts.public_actions import (
    ACKNOWLEDGE,
    CHANGES_OF_ADMINS,
    MANY,
    OF_ADA,
    OF_ADMINS,
    OF_ALICE,
    OWN_DEVICE,
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


PEOPLE: Final = (Session, Operator)
OF_THE_OPERATOR: Final = {
    *("applying.carrying_out.carry_out", "applying.differences.plan", "exporting.with_secrets"),
    *("open_sessions.every", "open_sessions.end", "recovery.recover_admin"),
    *("upkeep.key_rotation.retire", "upkeep.key_rotation.rotate"),
}
"""Only the operator can be given to them, who may do everything."""
BUILDING_BLOCKS: Final = {
    *("session.account_of", "session.proved_account_of", "session.authorise"),
    *("session.authorise_change", "session.limit_reached"),
    *("managing.existing", "managing.refuse_own", "managing.somebody_else"),
    "may.with_account",
    *("own_changes.change", "own_changes.claim_of", "own_changes.prove_code"),
    "own_devices.needs_code",
}
"""The actions are made of them, or they only say what may be done."""
OF_THE_SESSION_ITSELF: Final = {
    *("open_sessions.begin", "open_sessions.look", "session.sign_out"),
    "provisioning.check_session",
}
"""They list, watch and end the session that is given, and concern nobody else."""
OF_AN_EMPTY_STORE: Final = {"first_admin.create"}
"""It refuses everybody once there is an account: tests/accounts/test_first_admin.py."""
EXCEPTIONS: Final = (OF_THE_OPERATOR, BUILDING_BLOCKS, OF_THE_SESSION_ITSELF, OF_AN_EMPTY_STORE)


def people(function: FunctionType) -> set[type]:
    """The kinds of people who can be given to the function."""
    hints = get_type_hints(function)
    given = [hint for name, hint in hints.items() if name != "return"]
    return {kind for kind in PEOPLE for hint in given if kind is hint or kind in get_args(hint)}


def functions() -> dict[str, FunctionType]:
    """All public functions of the rules that a person is given to, by name below accounts."""
    found = dict[str, FunctionType]()
    prefix = f"{accounts.__name__}."
    for module in pkgutil.walk_packages(accounts.__path__, prefix):
        for name, one in inspect.getmembers(importlib.import_module(module.name)):
            is_here = inspect.isfunction(one) and one.__module__ == module.name
            if is_here and not name.startswith("_") and people(one):
                found[f"{module.name.removeprefix(prefix)}.{name}"] = one
    return found


def called(act: Callable[..., object]) -> set[FunctionType]:
    """All functions that the action names, also by its helpers in the same file."""
    act = act.func if isinstance(act, partial) else act
    assert isinstance(act, FunctionType)
    found = set[FunctionType]()
    names = act.__code__.co_names
    for named in (act.__globals__.get(name) for name in names):
        if isinstance(named, ModuleType):
            inside = (getattr(named, name, None) for name in names)
            found |= {one for one in inside if isinstance(one, FunctionType)}
        elif isinstance(named, FunctionType):
            found |= {named} if named.__module__ != act.__module__ else called(named)
    return found


def test_every_action_of_a_person_is_in_the_matrix_or_a_named_exception() -> None:
    matrix = OF_ADA | OF_ALICE | OWN_DEVICE | ACKNOWLEDGE
    done = set[FunctionType]().union(*map(called, matrix.values()))
    left = {name for name, function in functions().items() if function not in done}
    assert left == set[str]().union(*EXCEPTIONS)
    assert sum(map(len, EXCEPTIONS)) == len(left)


def test_only_the_operator_is_left_out_as_such() -> None:
    found = functions()
    assert {name for name in found if people(found[name]) == {Operator}} == OF_THE_OPERATOR


def _kinds(act: type[BulkAct]) -> set[type[BulkAct]]:
    """Return the classes below this one that nothing derives from, or this one."""
    below = (_kinds(one) for one in act.__subclasses__())
    return set[type[BulkAct]]().union(*below) or {act}


def test_every_act_on_many_accounts_is_in_the_matrix() -> None:
    assert {type(act) for act, _whom in MANY.values()} == _kinds(BulkAct)


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


# The plan of `remove many`, which somebody else makes, takes it.
@pytest.mark.parametrize("act", sorted(CHANGES_OF_ADMINS.keys() - {"remove many"}))
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
