"""Two sign-in records of one person, one of them from a host that was cut off."""

from random import Random

import pytest
from msgspec.structs import replace

from cwtui.accounts import clocks, failed_sign_ins, merging, throttle
from cwtui.accounts.model import (
    Attempts,
    DeviceUse,
    Ending,
    FailedSignIns,
    KnewPassword,
    SignInRecord,
    WrongCodes,
)
from tests.accounts.world import NOW, World

SEEDS = range(40)


@pytest.fixture
def equipped(world: World) -> World:
    world.add()
    world.equip()
    world.equip_too("Tablet")
    return world


def some_record(random: Random, world: World, **fields: object) -> SignInRecord:
    factor = world.account().second_factor
    assert factor is not None
    uses = {
        device.id: DeviceUse(
            last_step=random.randrange(50),
            last_used_at=random.choice([None, NOW - random.randrange(9)]),
            spent_steps=tuple(sorted(random.sample(range(60, 90), random.randrange(8)))),
        )
        for device in factor.devices
        if random.random() < 0.8
    }
    known = tuple(random.sample(["a", "b", "c", "d", "e", "f"], random.randrange(6)))
    attempts = {
        budget: Attempts(random.randrange(1, 20), NOW, NOW + random.randrange(100))
        for budget in ("", *known)
        if random.random() < 0.5
    }
    return SignInRecord(
        devices=uses,
        known_sources=known,
        password_attempts=attempts,
        code_attempts={},
        last_sign_in=random.choice([None, NOW - random.randrange(100)]),
        last_source=random.choice(known) if known else "",
    ).changed(**fields)


@pytest.mark.parametrize("seed", SEEDS)
def test_no_used_step_and_no_failure_is_forgotten(equipped: World, seed: int) -> None:
    random = Random(seed)  # noqa: S311  repeatable
    record, local = (some_record(random, equipped) for _ in range(2))
    after, _ = merging.merged(record, local, equipped.account())
    for id_ in record.devices.keys() | local.devices.keys():
        both = [one.devices.get(id_, DeviceUse()) for one in (record, local)]
        use = after.devices[id_]
        assert use.last_step == max(one.last_step for one in both)
        spent = sorted({step for one in both for step in one.spent_steps})
        assert list(use.spent_steps) == spent[-clocks.SPENT :]
    kept = {"", *after.known_sources}
    for budget in kept:
        failures = [one.password_attempts.get(budget, Attempts()) for one in (record, local)]
        most = max(one.failures for one in failures)
        assert after.password_attempts.get(budget, Attempts()).failures == most
    assert len(after.known_sources) <= throttle.KNOWN_SOURCES
    times = [one.last_sign_in for one in (record, local) if one.last_sign_in is not None]
    assert after.last_sign_in == max(times, default=None)


@pytest.mark.parametrize("seed", SEEDS)
def test_equal_records_stay_and_merging_again_changes_nothing(equipped: World, seed: int) -> None:
    random = Random(seed)  # noqa: S311  repeatable
    record, local = (some_record(random, equipped) for _ in range(2))
    unchanged, twice = merging.merged(record, record, equipped.account())
    assert (set(unchanged.devices), twice) >= (set(record.devices), ())
    assert {id_: unchanged.devices[id_] for id_ in record.devices} == record.devices
    assert unchanged.password_attempts == record.password_attempts
    once, _ = merging.merged(record, local, equipped.account())
    assert merging.merged(once, local, equipped.account())[0] == once


def test_the_same_step_used_at_two_times_was_used_twice(equipped: World) -> None:
    factor = equipped.account().second_factor
    assert factor is not None
    phone, tablet = factor.devices
    uses = {phone.id: DeviceUse(7, NOW), tablet.id: DeviceUse(9, NOW)}
    record = SignInRecord(devices=uses)
    later = {**uses, phone.id: DeviceUse(7, NOW + 1)}
    account = equipped.account()
    assert merging.merged(record, record.changed(devices=later), account)[1] == (phone.name,)
    assert merging.merged(record, record, account)[1] == ()
    other = {**uses, phone.id: DeviceUse(8, NOW + 1)}
    assert merging.merged(record, record.changed(devices=other), account)[1] == ()


def test_failed_sign_ins_of_both_are_told_together() -> None:
    knew = KnewPassword(NOW + 5, "b", Ending.WRONG_CODE)
    first = FailedSignIns(2, NOW, "a", wrong_codes={"a": WrongCodes(1, NOW)})
    second = FailedSignIns(
        3, NOW + 9, "b", knew, 1, {"a": WrongCodes(2, NOW - 1), "b": WrongCodes(1, NOW + 5)}
    )
    for one, other in ((first, second), (second, first)):
        assert failed_sign_ins.together(one, other) == FailedSignIns(
            5, NOW + 9, "b", knew, 1, {"a": WrongCodes(3, NOW), "b": WrongCodes(1, NOW + 5)}
        )
    assert failed_sign_ins.together(None, first) == failed_sign_ins.together(first, None) == first
    assert failed_sign_ins.together(None, None) is None


def test_wrong_codes_from_many_places_stay_few() -> None:
    many = {f"s{number}": WrongCodes(1, NOW + number) for number in range(failed_sign_ins.SOURCES)}
    first = FailedSignIns(9, NOW, "s0", wrong_codes=many)
    second = replace(first, wrong_codes={"new": WrongCodes(1, NOW + 99)})
    found = failed_sign_ins.together(first, second)
    assert found is not None
    assert len(found.wrong_codes) == failed_sign_ins.SOURCES
    assert "s0" not in found.wrong_codes
