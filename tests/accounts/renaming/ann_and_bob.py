"""ann and bob, whom the directory renames."""

from cwtui.accounts import devices, sign_in, synchronising
from cwtui.accounts.model import Account, Attempts, DeviceUse, Origin, SignInRecord
from cwtui.accounts.secret import Secret
from cwtui.accounts.sign_in_states import State
from tests.accounts.memory_directory import MemoryDirectory
from tests.accounts.steps import only
from tests.accounts.world import HERE, NOW, OPERATOR, PASSWORD, World

KEPT = SignInRecord(
    password_attempts={"": Attempts(3, NOW)},
    code_attempts={"": Attempts(2, NOW)},
    known_sources=("192.0.2.9",),
    devices={"": DeviceUse(last_step=int(NOW) // 30)},
    last_sign_in=NOW - 60,
    last_source="192.0.2.9",
)


def directory_with_both(world: World) -> MemoryDirectory:
    """A directory with ann and bob, who have accounts here."""
    found = MemoryDirectory()
    world.directory = found
    world.add_admin("ada")
    for name in ("ann", "bob"):
        found.add(name, f"{name}-{PASSWORD}")
        world.put(
            Account(
                username=name,
                created_at=NOW - 1000,
                origin=Origin.LDAP,
                directory_ids={"entryUUID": f"id-{name}"},
                mfa_required=True,
                session_epoch=7,
            )
        )
    return found


def begin(world: World, who: str, name: str) -> State:
    """Sign in the person once called `who` as `name`."""
    return sign_in.with_password(world.ports, name, Secret(f"{who}-{PASSWORD}"), HERE)


def sync(world: World, *, force: bool = False) -> synchronising.Synchronised:
    assert world.directory is not None
    return synchronising.sync(world.ports, world.directory, OPERATOR, lambda *_: None, force=force)


def secret_of(world: World, name: str) -> str:
    return devices.unsealed(world.keyring, name, only(world.account(name).second_factor)).reveal()
