"""erin, whose password the directory checks."""

from cwtui.accounts import (
    sign_in,
)
from cwtui.accounts.secret import Secret
from cwtui.accounts.session import Session
from cwtui.accounts.sign_in_states import SignedIn, State
from tests.accounts.memory_directory import MemoryDirectory
from tests.accounts.world import HERE, World

LDAP_PASSWORD = "Havel-7.Ketzin"
SECRET = Secret(LDAP_PASSWORD)


def directory_with_erin(world: World) -> MemoryDirectory:
    """A directory with erin; the store has a local admin."""
    found = MemoryDirectory()
    found.add("erin", LDAP_PASSWORD, display_name="Erin Example")
    world.directory = found
    world.add_admin("ada")
    return found


def begin(world: World, username: str = "erin", password: str = LDAP_PASSWORD) -> State:
    return sign_in.with_password(world.ports, username, Secret(password), HERE)


def session_of(world: World) -> Session:
    state = begin(world)
    assert isinstance(state, SignedIn)
    return state.session
