"""What a check of the accounts finds."""

import pytest
from msgspec.structs import replace

from cwtui.accounts import roles, ssh_keys
from cwtui.accounts.errors import CannotCheck, KeyringMissing, StoreDamaged, StoreExposed
from cwtui.accounts.model import Account, Device, Origin
from cwtui.accounts.ports import Keyring
from cwtui.accounts.upkeep.findings import AccountChecks, Finding, Severity, of_error
from cwtui.accounts.upkeep.protection import keys_of
from tests.accounts.memory import MemoryKeyring
from tests.accounts.steps import only, with_only
from tests.accounts.world import World
from tests.store.samples import FULL

WHERE = "/srv/accounts.json"
NO_ADMIN = Finding(
    Severity.DAMAGE,
    WHERE,
    "There is no enabled local admin. Make an account one: "
    "cwtui user set NAME --enabled --role connectware-admin",
)


def found_in(
    accounts: list[Account], keyring: Keyring | None, needed: tuple[str, ...] = ()
) -> list[Finding]:
    checks = AccountChecks(WHERE, keyring)
    found = [finding for account in accounts for finding in checks.one(account)]
    assert checks.count == len(accounts)
    return [*found, *checks.all(frozenset(needed))]


def lost(key: str, whose: str) -> Finding:
    sentence = (
        f"The keyring lacks the key {key}, which {whose} cannot sign in without. Restore the "
        "keyring that belongs to this store."
    )
    return Finding(Severity.DAMAGE, WHERE, sentence)


def given_up(key: str, whose: str) -> Finding:
    sentence = (
        f"The key {key} was given up as lost, and {whose} cannot sign in without it. Reset "
        "their passwords and MFA."
    )
    return Finding(Severity.WARNING, WHERE, sentence)


@pytest.mark.parametrize(
    ("error", "severity"),
    [
        (StoreDamaged, Severity.DAMAGE),
        (StoreExposed, Severity.DAMAGE),
        (KeyringMissing, Severity.DAMAGE),
        (CannotCheck, Severity.UNREADABLE),
    ],
)
def test_damaged_and_unreadable_are_told_apart(
    error: type[CannotCheck], severity: Severity
) -> None:
    assert of_error(error("A sentence."), WHERE) == Finding(severity, WHERE, "A sentence.")


def test_healthy_accounts_give_no_findings(world: World) -> None:
    accounts = [world.add_admin("ada"), world.add("bob"), world.add_admin("cho", enabled=False)]
    world.equip("bob")
    assert found_in([*accounts, world.account("bob")], world.keyring) == []
    assert found_in([], world.keyring) == []


@pytest.mark.parametrize(
    "fields", [{"roles": (roles.MINIMUM,)}, {"enabled": False}, {"origin": Origin.LDAP}]
)
def test_a_missing_enabled_local_admin_is_reported(world: World, fields: dict[str, object]) -> None:
    ada = world.add_admin("ada").changed(**fields)
    assert found_in([ada, world.add("bob")], None) == [NO_ADMIN]


def test_an_unknown_role_is_reported_with_the_fix(world: World) -> None:
    bob = world.add("bob", roles=("root",))
    [finding] = found_in([world.add_admin("ada"), bob], None)
    assert finding == Finding(
        Severity.DAMAGE,
        WHERE,
        "The account bob has an unknown role. There is no role named root. Choose from: "
        "connectware-admin, minimum-access. Set its roles: cwtui user set bob --role ROLE",
    )


def test_an_ssh_key_of_several_accounts_is_reported(world: World) -> None:
    one, another = FULL.ssh_keys
    admin = world.add_admin().changed(ssh_keys=(one,))
    others = [world.add(name).changed(ssh_keys=(one, another)) for name in ("alice", "bob")]
    found = found_in([admin, *others], None)
    assert [finding.severity for finding in found] == [Severity.WARNING] * 2
    said = sorted(finding.sentence for finding in found)
    assert said[0].startswith("ada, alice, bob have the same SSH key, so")
    assert said[1].startswith("alice, bob have the same SSH key, so")
    assert said[0].endswith(f"cwtui user ssh-key remove NAME {ssh_keys.fingerprint(one.key)}")
    assert found_in([admin], None) == []


def test_each_lost_key_is_reported_with_its_accounts(world: World) -> None:
    accounts = [world.add_admin("ada")]
    world.keyring.made["k0"] = 0.0
    accounts += [world.add(name) for name in ("bob", "cho", "dan")]
    other = MemoryKeyring("k9")
    assert found_in(accounts, other, ("k0", "k1")) == [
        lost("k0", "bob, cho, dan"),
        lost("k1", "ada"),
    ]
    assert found_in(accounts[:3], other, ("k1",)) == [
        given_up("k0", "bob, cho"),
        lost("k1", "ada"),
    ]
    assert found_in(accounts, None, ("k0", "k1")) == []


def test_a_key_that_is_made_during_the_check_is_not_lost(world: World) -> None:
    checks = AccountChecks(WHERE, world.keyring)
    world.add_admin("ada")
    with world.keyring.change() as keys:
        key = keys.add(0.0)
    world.add("bob")
    assert keys_of(world.account("bob")) == {key}
    for name in ("ada", "bob"):
        assert list(checks.one(world.account(name))) == []
    assert list(checks.all(frozenset({key}))) == []


def test_an_unreadable_secret_is_reported_unless_its_key_is_lost(world: World) -> None:
    world.add_admin("ada")
    world.equip("ada")
    ada = world.account("ada")
    assert ada.second_factor is not None
    moved = ada.changed(username="bob")
    assert found_in([ada, moved], world.keyring) == [
        Finding(Severity.DAMAGE, WHERE, "The secret was changed.")
    ]
    sealed = replace(only(ada.second_factor).totp_secret, key="k0")
    of_lost_key = ada.changed(second_factor=with_only(ada.second_factor, sealed))
    assert found_in([of_lost_key], world.keyring, ("k0",)) == [lost("k0", "ada")]


def test_each_device_is_checked(world: World) -> None:
    world.add_admin("ada")
    world.equip("ada")
    world.equip_too("Tablet", "ada")
    ada = world.account("ada")
    assert found_in([ada], world.keyring) == []
    assert ada.second_factor is not None
    phone, tablet = ada.second_factor.devices
    foreign = replace(tablet, totp_secret=phone.totp_secret)
    assert found_in([with_devices(ada, phone, foreign)], world.keyring) == [
        Finding(Severity.DAMAGE, WHERE, "The secret was changed.")
    ]
    for changed, what in (
        (replace(phone, name="Tablet"), "Two devices of ada have the same id."),
        (replace(tablet, name="a\x1b[2J"), "The name of a device of ada is empty, too long"),
        (replace(tablet, name=""), "The name of a device of ada is empty, too long"),
    ):
        found = found_in([with_devices(ada, phone, changed)], None)
        assert [one.sentence.partition(what)[1] for one in found] == [what]


def with_devices(account: Account, *devices: Device) -> Account:
    assert account.second_factor is not None
    return account.changed(second_factor=replace(account.second_factor, devices=devices))
