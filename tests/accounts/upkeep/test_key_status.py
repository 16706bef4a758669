"""What each key protects."""

from msgspec.structs import replace

from cwtui.accounts.upkeep import key_rotation as keys
from cwtui.accounts.upkeep.key_rotation import KeyUse
from cwtui.accounts.upkeep.protection import keys_of
from tests.accounts.memory import MemoryKeyring
from tests.accounts.upkeep.rotating import people
from tests.accounts.world import NOW, World


def test_status_counts_what_each_key_protects(world: World) -> None:
    people(world)
    world.keyring.made["k2"] = NOW
    world.equip("bob")
    world.put(world.account("dave").changed(password=world.add("eve").password))
    assert keys.status(world.ports) == (
        KeyUse("k1", 0.0, False, 2, 3, 2),
        KeyUse("k2", NOW, True, 1, 2, 1),
    )


def test_status_lists_keys_missing_from_the_keyring(world: World) -> None:
    people(world)
    world.keyring = MemoryKeyring("other")
    assert keys.status(world.ports) == (
        KeyUse("other", 0.0, True, 0, 0, 0),
        KeyUse("k1", None, False, 3, 4, 3),
    )
    assert not keys.is_under_way(keys.status(world.ports))
    # A given-up key may still be in use; a needed key may be used by nothing at present.
    with world.accounts.change() as change:
        change.put_needed_keys(frozenset({"of a backup"}))
    assert [(use.id, use.totp_secrets) for use in keys.status(world.ports)] == [
        ("other", 0),
        ("k1", 3),
        ("of a backup", 0),
    ]


def test_used_up_backup_codes_need_no_key(world: World) -> None:
    world.add()
    world.equip()
    factor = world.account().second_factor
    assert factor is not None
    used_up = replace(factor, backup_codes=replace(factor.backup_codes, key="old", hashes=()))
    assert keys_of(world.put(world.account().changed(second_factor=used_up))) == {"k1"}
    assert keys.status(world.ports)[0].backup_code_sets == 0
