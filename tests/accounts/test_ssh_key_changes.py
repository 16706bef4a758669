"""Adding, renaming and removing SSH keys, by their owner, admins and the operator."""

import pytest

from cwtui.accounts import own_ssh_keys, public_keys, user_ssh_keys
from cwtui.accounts.audit.events import EventType
from cwtui.accounts.errors import (
    CannotCheck,
    InvalidInput,
    NotPermitted,
    ProofNeeded,
    Refused,
    SessionEnded,
    Taken,
    UnknownAccount,
)
from cwtui.accounts.model import MOST_SSH_KEY_BYTES, MOST_SSH_KEYS, SSH_KEY_TYPES, SshKey
from cwtui.accounts.names import LENGTH
from cwtui.accounts.session import PROOF_LIFETIME, Session, account_of
from tests.accounts.ssh_lines import ACCEPTED, ECDSA_256, ED25519, ED25519_2, FINGERPRINTS
from tests.accounts.world import OPERATOR, World

PRINT = FINGERPRINTS["ssh-ed25519"]


@pytest.fixture
def alice(world: World) -> Session:
    world.add()
    return world.session(device=world.equip())


def keys(world: World, username: str = "alice") -> dict[str, SshKey]:
    return {key.name: key for key in world.account(username).ssh_keys}


def last_event(world: World) -> tuple[EventType, str, str, str]:
    event = world.events[-1]
    return event.event, event.actor, event.subject, event.reason


def test_people_add_rename_and_remove_their_keys(world: World, alice: Session) -> None:
    world.add("bob")
    bob, elsewhere = world.session("bob"), alice
    added = own_ssh_keys.add(world.ports, alice, f"{ED25519} alice@laptop", "")
    assert last_event(world) == (
        EventType.SSH_KEY_ADD,
        "alice",
        "alice",
        f"key=alice@laptop fingerprint={PRINT}",
    )
    with pytest.raises(SessionEnded):
        own_ssh_keys.listed(world.ports, elsewhere)
    alice = added.session
    [state] = own_ssh_keys.listed(world.ports, alice)
    assert own_ssh_keys.shown(world.ports, alice, added.key.id) == state
    assert (state.name, state.fingerprint, state.added_at) == ("alice@laptop", PRINT, world.clock())

    assert own_ssh_keys.rename(world.ports, alice, state.id, " My  laptop ") == "My laptop"
    assert last_event(world)[0] is EventType.SSH_KEY_RENAME
    assert world.events[-1].reason == (f'before=alice@laptop key="My laptop" fingerprint={PRINT}')
    written = len(world.events)
    own_ssh_keys.rename(world.ports, alice, state.id, "My laptop")
    assert len(world.events) == written
    own_ssh_keys.listed(world.ports, alice)

    removed = own_ssh_keys.remove(world.ports, alice, state.id)
    assert last_event(world)[0] is EventType.SSH_KEY_REMOVE
    assert world.events[-1].reason == f'key="My laptop" fingerprint={PRINT}'
    assert keys(world) == {}
    with pytest.raises(SessionEnded):
        account_of(world.ports, alice)
    for act in (own_ssh_keys.remove, own_ssh_keys.shown):
        with pytest.raises(Refused, match="removed in the meantime"):
            act(world.ports, removed.session, state.id)
    account_of(world.ports, bob)


@pytest.mark.parametrize("has_mfa", [False, True])
def test_every_change_needs_a_recent_proof(world: World, has_mfa: bool) -> None:
    world.add()
    alice = world.session(device=world.equip() if has_mfa else None)
    added = own_ssh_keys.add(world.ports, alice, ED25519, "laptop")
    alice, id_ = added.session, added.key.id
    world.clock.forward(PROOF_LIFETIME + 1)
    before, written = world.account(), len(world.events)
    for act in (
        lambda: own_ssh_keys.check_can_add(world.ports, alice),
        lambda: own_ssh_keys.add(world.ports, alice, ED25519_2, "phone"),
        lambda: own_ssh_keys.rename(world.ports, alice, id_, "phone"),
        lambda: own_ssh_keys.remove(world.ports, alice, id_),
    ):
        with pytest.raises(ProofNeeded) as needed:
            act()
        assert (needed.value.password, needed.value.code) == (True, has_mfa)
    assert (world.account(), len(world.events)) == (before, written)


def test_a_key_is_only_once_on_this_host(world: World, alice: Session) -> None:
    world.add("bob")
    user_ssh_keys.add(world.ports, OPERATOR, "bob", ED25519, "laptop")
    with pytest.raises(Taken, match=r"^Another account has this key") as refused:
        own_ssh_keys.add(world.ports, alice, f"{ED25519} again", "")
    assert "bob" not in str(refused.value)
    with pytest.raises(Taken, match="The account bob has this key"):
        user_ssh_keys.add(world.ports, OPERATOR, "alice", ED25519)
    alice = own_ssh_keys.add(world.ports, alice, ECDSA_256, "laptop").session
    with pytest.raises(Taken, match=r"You already have this key\. Its name is laptop"):
        own_ssh_keys.add(world.ports, alice, ECDSA_256, "other")
    with pytest.raises(Taken, match=r"alice already has this key\. Its name is laptop"):
        user_ssh_keys.add(world.ports, OPERATOR, "alice", ECDSA_256)
    with pytest.raises(InvalidInput, match="already a key named LAPTOP") as named:
        own_ssh_keys.add(world.ports, alice, ED25519_2, "LAPTOP")
    assert named.value.field == "ssh_key_name"
    assert [*keys(world)] == ["laptop"]


def test_an_account_has_only_so_many_keys(world: World, alice: Session) -> None:
    key = public_keys.parse(ED25519).key
    full = tuple(
        SshKey(f"{number:08x}", f"key {number}", key[:-1] + bytes([number]), 0.0)
        for number in range(MOST_SSH_KEYS)
    )
    world.put(world.account().changed(ssh_keys=full))
    for act in (
        lambda: own_ssh_keys.check_can_add(world.ports, alice),
        lambda: own_ssh_keys.add(world.ports, alice, ECDSA_256, "one more"),
    ):
        with pytest.raises(Refused, match="You have 20 SSH keys, which is the limit"):
            act()
    with pytest.raises(Refused, match="alice has 20 SSH keys"):
        user_ssh_keys.add(world.ports, OPERATOR, "alice", ECDSA_256)
    assert len(world.account().ssh_keys) == MOST_SSH_KEYS
    longest = 4 * (MOST_SSH_KEY_BYTES // 3 + 1) + max(map(len, SSH_KEY_TYPES)) + 4 * LENGTH + 3
    assert MOST_SSH_KEYS * longest < 1 << 16, "sshd's pipe holds all of them"


def test_admins_and_the_operator_change_the_keys_of_others(world: World) -> None:
    world.add_admin()
    world.add()
    ada, alice = world.session("ada"), world.session()
    added = user_ssh_keys.add(world.ports, ada, "Alice", f"{ED25519} alice@laptop")
    assert last_event(world)[:3] == (EventType.SSH_KEY_ADD, "ada", "alice")
    with pytest.raises(SessionEnded):
        account_of(world.ports, alice)
    alice = world.session()
    assert user_ssh_keys.remove(world.ports, ada, "alice", added) == added
    assert last_event(world)[:3] == (EventType.SSH_KEY_REMOVE, "ada", "alice")
    with pytest.raises(SessionEnded):
        account_of(world.ports, alice)
    with pytest.raises(Refused, match="removed in the meantime"):
        user_ssh_keys.remove(world.ports, ada, "alice", added)

    user_ssh_keys.add(world.ports, OPERATOR, "alice", ED25519, "laptop")
    user_ssh_keys.add(world.ports, OPERATOR, "alice", ED25519_2, "phone")
    with pytest.raises(Refused, match="Choose from: laptop, phone"):
        user_ssh_keys.remove(world.ports, OPERATOR, "alice", "tablet")
    user_ssh_keys.remove(world.ports, OPERATOR, "alice", "PHONE")
    user_ssh_keys.remove(world.ports, OPERATOR, "alice", PRINT)
    assert keys(world) == {}
    with pytest.raises(Refused, match="alice has no SSH key"):
        user_ssh_keys.remove(world.ports, OPERATOR, "alice", "laptop")
    with pytest.raises(UnknownAccount):
        user_ssh_keys.add(world.ports, OPERATOR, "bob", ED25519)


def test_others_change_no_keys(world: World) -> None:
    world.add_admin()
    world.add()
    ada, alice = world.session("ada"), world.session()
    kept = user_ssh_keys.add(world.ports, OPERATOR, "ada", ED25519)
    ada = world.session("ada")
    for actor, name, error in ((alice, "ada", NotPermitted), (ada, "ada", Refused)):
        with pytest.raises(error):
            user_ssh_keys.add(world.ports, actor, name, ECDSA_256)
        with pytest.raises(error):
            user_ssh_keys.remove(world.ports, actor, name, kept)
    assert [*keys(world, "ada").values()] == [kept]
    world.clock.forward(PROOF_LIFETIME + 1)
    with pytest.raises(ProofNeeded):
        user_ssh_keys.add(world.ports, ada, "alice", ECDSA_256)


def test_nothing_is_changed_if_the_event_cannot_be_written(world: World, alice: Session) -> None:
    world.audit.fails = True
    for line in ACCEPTED.values():
        with pytest.raises(CannotCheck, match="no space left"):
            own_ssh_keys.add(world.ports, alice, line, "")
    assert keys(world) == {}
