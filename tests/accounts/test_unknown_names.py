"""Unknown usernames get the same answer after the same work and cannot fill the disk."""

from functools import partial

import bcrypt
import pytest

from cwtui.accounts import made_up
from cwtui.accounts.directory_port import (
    DirectoryAccountLocked,
    DirectoryPasswordExpired,
    DirectoryRefused,
)
from cwtui.accounts.errors import InvalidInput, SignInEnded, SignInFailed, Throttled
from cwtui.accounts.model import Attempts, Origin, SignInRecord
from tests.accounts.attempts import wrong
from tests.accounts.memory_directory import MemoryDirectory
from tests.accounts.world import NOW, World


def work(
    world: World, monkeypatch: pytest.MonkeyPatch, username: str, password: str = "wrong"
) -> tuple[type, str, str, int | None, list[bytes]]:
    """What one wrong password reveals to a stranger: exception, message and hashing work."""
    hashed: list[bytes] = []
    hashpw, checkpw = bcrypt.hashpw, bcrypt.checkpw

    def counting_hashpw(password: bytes, salt: bytes) -> bytes:
        hashed.append(salt[:7])
        return hashpw(password, salt)

    def counting_checkpw(password: bytes, kept: bytes) -> bool:
        hashed.append(kept[:7])
        return checkpw(password, kept)

    with monkeypatch.context() as patched:
        patched.setattr(bcrypt, "hashpw", counting_hashpw)
        patched.setattr(bcrypt, "checkpw", counting_checkpw)
        failed = wrong(world, username, password=password)
    return type(failed), str(failed), failed.field, failed.left, hashed


def test_an_unknown_user_gets_the_same_answer_and_work(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """DESIGN section 3: one message, one duration, for known and unknown names."""
    world.add("alice")
    world.add("disabled", enabled=False)
    world.add("equipped")
    world.equip("equipped")
    world.add("forced", must_change_password=True)
    world.add("expired", must_change_password=True, initial_password_expires_at=NOW - 1)
    world.put(world.add("ldap").changed(origin=Origin.LDAP, password=None))
    names = ["alice", "disabled", "equipped", "forced", "expired", "ldap", "nobody"]
    rounds = [[work(world, monkeypatch, name) for name in names] for _ in range(7)]
    for seen in rounds:
        assert all(one == seen[0] for one in seen)
    assert len(rounds[0][0][-1]) == 1
    assert rounds[-1][0][0] is Throttled
    assert rounds[-1][0][-1] == []


@pytest.mark.parametrize("cost", [4, 5, 6, 7])
def test_a_hash_of_lower_cost_is_topped_up_with_work(
    world: World, monkeypatch: pytest.MonkeyPatch, cost: int
) -> None:
    """After the operator raised the cost; each step doubles the work."""
    world.bcrypt_cost = cost
    world.add("alice")
    world.bcrypt_cost = 7
    rounds = {
        name: sum(2 ** int(hashed[4:6]) for hashed in work(world, monkeypatch, name)[-1])
        for name in ("alice", "nobody")
    }
    assert rounds == {"alice": 2**7, "nobody": 2**7}


def test_an_empty_password_is_refused_alike_for_all_names(world: World) -> None:
    """The same immediate answer for every name."""
    world.add("alice")
    for name in ("alice", "nobody"):
        with pytest.raises(InvalidInput, match="Enter your password"):
            world.begin(name, "")
    assert world.records.updates == 0
    assert world.events == []


@pytest.mark.parametrize("password", ["x", "x" * 1024, "x" * 5000, "\ud800\x00\x1b"])
@pytest.mark.parametrize("username", ["alice", "nobody"])
def test_every_password_costs_one_hash(
    world: World, monkeypatch: pytest.MonkeyPatch, username: str, password: str
) -> None:
    world.add("alice")
    assert len(work(world, monkeypatch, username, password)[-1]) == 1


def test_a_hash_on_an_ldap_account_is_never_accepted(world: World) -> None:
    """DESIGN 4.10: only local passwords can be checked here."""
    world.add(origin=Origin.LDAP)
    with pytest.raises(SignInFailed, match="Username or password is wrong"):
        world.begin()


def test_only_the_right_password_reveals_a_disabled_account(world: World) -> None:
    world.add(enabled=False)
    assert str(wrong(world)) == "Username or password is wrong."
    with pytest.raises(SignInEnded, match="Your account is disabled"):
        world.begin()


def _replaced(kept: SignInRecord, _: SignInRecord) -> tuple[SignInRecord, None]:
    return kept, None


def flood(world: World, number: int, tries: int = 1) -> None:
    """Record `number` made-up names with `tries` wrong passwords each."""
    for _ in range(number):
        world.clock.forward(0.001)
        name = made_up.counted_name(world.ports, f"flood{world.clock()}")
        counted = SignInRecord(password_attempts={"": Attempts(tries, world.clock())})
        world.records.update(name, partial(_replaced, counted), made_up.CROWDED_OUT)


def test_made_up_names_do_not_fill_the_disk(world: World) -> None:
    seen = []
    for _ in range(3 * made_up.MOST_KEPT):
        flood(world, 1)
        seen.append(len(world.records.kept))
    assert max(seen) == made_up.MOST_KEPT + 1
    assert min(seen[made_up.MOST_KEPT :]) == made_up.MOST_KEPT * 7 // 8 + 1


@pytest.mark.parametrize("tries", [1, 4])
def test_a_flood_evicts_accounts_and_made_up_names_alike(world: World, tries: int) -> None:
    """Counts with the fewest attempts restart, oldest first, whether the name exists or not."""
    world.settings(password_limit=10)
    for name in ("alice", "bob"):
        world.add(name)
        world.session(name)
    for name in ("alice", "nobody"):
        for _ in range(2):
            wrong(world, name)
    for name in ("bob", "nobody2"):
        for _ in range(3):
            wrong(world, name)
    world.clock.forward(1)
    flood(world, made_up.MOST_KEPT * 2, tries)
    lefts = [wrong(world, name).left for name in ("alice", "nobody", "bob", "nobody2")]
    assert lefts == ([7, 7, 6, 6] if tries == 1 else [9, 9, 9, 9])
    assert world.records.get("alice").known_sources


def test_an_unknown_name_is_not_stored_in_plain_text(world: World) -> None:
    """DESIGN 4.2: people type passwords there."""
    wrong(world, "hunter2")
    [name] = world.records.kept
    assert "hunter2" not in name
    wrong(world, "HUNTER2")
    assert [*world.records.kept] == [name]


def test_an_unknown_name_costs_as_many_writes_as_a_known_one(world: World) -> None:
    """Writes take time, which could reveal whether the name exists."""
    world.add()
    counts = []
    for name in ("alice", "nobody"):
        before = world.records.updates
        wrong(world, name)
        counts.append(world.records.updates - before)
    assert counts[0] == counts[1] == 2


def test_with_a_directory_every_name_costs_as_many_hashes(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Otherwise a quick answer would reveal whether a name is local."""
    world.directory = directory = MemoryDirectory()
    directory.add("ldap", "right")
    directory.add("ldap-new", "right")
    world.add("alice")
    world.put(world.add("ldap").changed(origin=Origin.LDAP, password=None))
    names = ["alice", "ldap", "ldap-new", "nobody"]
    rounds = [[work(world, monkeypatch, name) for name in names] for _ in range(7)]
    for seen in rounds:
        assert all(one == seen[0] for one in seen)
    assert len(rounds[0][0][-1]) == 1
    assert rounds[-1][0][-1] == []


@pytest.mark.parametrize("refusal", [DirectoryPasswordExpired, DirectoryAccountLocked])
def test_an_explained_directory_refusal_costs_one_hash(
    world: World, monkeypatch: pytest.MonkeyPatch, refusal: type[DirectoryRefused]
) -> None:
    world.directory = directory = MemoryDirectory(refusal=refusal("Why."))
    directory.add("ldap", "wrong")
    assert len(work(world, monkeypatch, "ldap")[-1]) == 1
