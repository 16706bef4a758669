"""People with second factors, and rotations of the keys that protect them."""

from cwtui.accounts.sign_in_states import SignedIn
from cwtui.accounts.upkeep import key_rotation as keys
from cwtui.accounts.upkeep.key_rotation import Rotation
from tests.accounts.world import OPERATOR, Device, World

NAMES = ("ada", "bob", "carol")


def silent(_done: int, _total: int) -> None:
    pass


def rotate(world: World) -> Rotation:
    return keys.rotate(world.ports, OPERATOR, silent)


def people(world: World) -> dict[str, Device]:
    """Three accounts with a second factor and one without."""
    for name in (*NAMES, "dave"):
        world.add(name)
    return {name: world.equip(name) for name in NAMES}


def everybody_gets_in(world: World, devices: dict[str, Device]) -> None:
    world.clock.forward(60)
    for name, device in devices.items():
        world.session(name, device)
    assert isinstance(world.begin("dave"), SignedIn)


def used_by_nothing(world: World) -> dict[str, Device]:
    """A world that was rotated, and in which k1 no longer protects anything."""
    devices = people(world)
    rotate(world)
    everybody_gets_in(world, devices)
    for name in NAMES:
        devices[name] = world.equip(name)
    return devices


def sealed_under(world: World) -> set[str]:
    """The keys under which there are TOTP secrets."""
    return {key for row in world.accounts.protected() for key in row.totp_keys}


def ids(world: World) -> list[str]:
    """The keys of the keyring."""
    return [key.id for key in world.keyring.all_keys()]
