"""Whatever port fails, an action is done and recorded, or neither."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TypeVar

import pytest

from cwtui.accounts import failed_sign_ins, unlocking
from cwtui.accounts.audit.events import Event, EventType, Outcome
from cwtui.accounts.errors import AccountsError, CannotCheck
from cwtui.accounts.model import Attempts, SignInRecord
from cwtui.accounts.ports import Others
from cwtui.accounts.throttle import Try
from tests.accounts.audit.acts import ALL_ACTS, Scene, scene_of
from tests.accounts.memory import MemoryAccounts, MemoryAudit, MemoryRecords
from tests.accounts.steps import at_step, last_step
from tests.accounts.world import NOW, OPERATOR, World

pytestmark = pytest.mark.usefixtures("remembered_hashes")

T = TypeVar("T")

EVENT_IS_ALL = {
    EventType.SIGN_OUT,
    EventType.SESSION_END,
    EventType.PROOF,
    EventType.SIGN_IN_PASSWORD,
}
"""These change nothing stored; a correct password stays correct whatever fails after it."""
OF_A_RECORD = {EventType.SIGN_IN, EventType.USER_UNLOCK}
"""These change a sign-in record but no account."""


@pytest.fixture
def scene(world: World) -> Scene:
    return scene_of(world)


class Failing:
    """Counts port calls and fails one of them."""

    def __init__(self, number: int) -> None:
        self.number = number
        self.calls = 0

    def call(self, what: str) -> None:
        self.calls += 1
        if self.calls == self.number:
            raise CannotCheck(f"Cannot {what}: input/output error.")


class _Accounts(MemoryAccounts):
    def __init__(self, real: MemoryAccounts, failing: Failing) -> None:
        self.__dict__ = real.__dict__  # the same accounts
        self._failing = failing

    def prepare(self) -> None:
        self._failing.call("prepare")
        super().prepare()

    @contextmanager
    def change(self) -> Iterator[MemoryAccounts]:
        self._failing.call("lock")
        with super().change():
            yield self


class _Records(MemoryRecords):
    def __init__(self, real: MemoryRecords, failing: Failing) -> None:
        self.__dict__ = real.__dict__
        self._failing = failing

    def update(
        self,
        username: str,
        step: Callable[[SignInRecord], tuple[SignInRecord, T]],
        others: Others | None = None,
        begun: Try | None = None,
    ) -> T:
        self._failing.call("read records")

        def then_fail(record: SignInRecord) -> tuple[SignInRecord, T]:
            result = step(record)
            self._failing.call("write records")
            return result

        return super().update(username, then_fail, others, begun)

    def remove(self, *usernames: str) -> None:
        self._failing.call("remove records")
        super().remove(*usernames)


class _Audit(MemoryAudit):
    def __init__(self, real: MemoryAudit, failing: Failing) -> None:
        self.__dict__ = real.__dict__
        self._failing = failing

    def append(self, *events: Event) -> None:
        self._failing.call("append")
        super().append(*events)


def attempt(scene: Scene, act: str, number: int) -> tuple[int, bool]:
    """Act with the given call failing; return the number of calls and whether it failed."""
    failing, world = Failing(number), scene.world
    world.accounts = _Accounts(world.accounts, failing)
    world.records = _Records(world.records, failing)
    world.audit = _Audit(world.audit, failing)
    try:
        ALL_ACTS[act](scene)
    except AccountsError:
        return failing.calls, True
    return failing.calls, False


def unlocked_or_in(kept: dict[str, SignInRecord]) -> object:
    """What an unlock or sign-in changes in the record of "plain", who had failed attempts."""
    record = kept["plain"]
    return record.code_attempts, record.last_sign_in, record.known_sources, record.failed


def fail_first(world: World) -> None:
    """Record a wrong password from elsewhere and wrong codes, which a correct password keeps."""
    record = world.records.get("plain")
    failed = failed_sign_ins.with_failure(record, "198.51.100.7", world.clock() - 60)
    codes = {"": Attempts(3, world.clock() - 60)}
    world.records.kept["plain"] = failed.changed(code_attempts=codes, last_sign_in=NOW - 3600)


# A rotation makes many changes; test_key_rotation.py stops it at each call.
@pytest.mark.parametrize("act", [act for act in ALL_ACTS if act != EventType.KEY_ROTATE])
def test_a_failed_action_is_not_recorded_as_done(scene: Scene, act: str) -> None:
    """DESIGN 4.10: each port call fails in turn."""
    fail_first(scene.world)
    for number in range(1, 40):
        world = scene.world
        before = world.accounts._committed, dict(world.records.kept)
        world.audit.events.clear()
        calls, failed = attempt(scene, act, number)
        if calls < number:
            assert not failed
            break
        # A removed account leaves its sign-in record behind if removing that fails.
        assert failed or act == str(EventType.USER_REMOVE)
        done = {
            event.event
            for event in world.events
            if event.outcome is Outcome.SUCCESS and event.event not in EVENT_IS_ALL
        }
        if act in OF_A_RECORD:
            assert not done
            assert world.accounts._committed == before[0]
            assert unlocked_or_in(world.records.kept) == unlocked_or_in(before[1])
        elif world.accounts._committed == before[0]:
            assert not done
        else:
            # A backup code is used up before its sign-in fails.
            assert done
        world.accounts._committed, world.records.kept = before
    else:
        pytest.fail("it never ends")


def test_a_failed_event_keeps_what_others_changed_meanwhile(world: World) -> None:
    """A time step used in between must stay used."""
    world.add("plain")
    world.records.kept["plain"] = SignInRecord(password_attempts={"": Attempts(3, NOW)})

    class Late(MemoryAudit):
        def append(self, *_: Event) -> None:
            record = world.records.get("plain")
            world.records.kept["plain"] = at_step(9, record)
            raise CannotCheck("No space left on device.")

    world.audit = Late()
    with pytest.raises(CannotCheck):
        unlocking.unlock(world.ports, OPERATOR, "plain")
    assert last_step(world.records.get("plain")) == 9
