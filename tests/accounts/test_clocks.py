"""What a wrong one-time code says about the clocks, and what it must not say."""

import dataclasses
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pyotp
import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from cwtui.accounts import clocks, enrolment, self_service, sign_in, user_mfa
from cwtui.accounts.credentials import totp
from cwtui.accounts.errors import AccountsError, InvalidInput, Throttled
from cwtui.accounts.model import DeviceUse, WrongCode
from cwtui.accounts.ports import Ports
from tests.accounts.steps import only
from tests.accounts.world import NOW, OPERATOR, Device, World, outcome

MINUTES = 2
"""Time steps in a minute."""


@pytest.fixture
def device(world: World) -> Device:
    world.add()
    return world.equip()


class Phone:
    """Somebody at the one-time code, with a phone whose clock is off."""

    def __init__(self, world: World, device: Device, minutes: int) -> None:
        self.world, self.device, self.steps = world, device, minutes * MINUTES
        self.state = world.asked_for_code()

    def enter(self, code: str) -> str:
        """What the screen says to this code; an empty text if it is accepted."""
        said = outcome(lambda: sign_in.with_one_time_code(self.world.ports, self.state, code))
        return str(said) if isinstance(said, AccountsError) else ""

    def shown(self) -> str:
        """The code that the phone shows now."""
        return self.device.code(self.world.clock(), self.steps)

    def wait(self, steps: int = 1) -> None:
        self.world.clock.forward(steps * totp.PERIOD)


# What is said


def test_the_second_wrong_code_says_the_hosts_time(world: World, device: Device) -> None:
    phone = Phone(world, device, 0)
    wrong = device.wrong_code(world.clock())
    assert phone.enter(wrong) == "This code is wrong. 4 attempts left."
    world.clock.forward(7)
    assert phone.enter(wrong) == (
        "This code is wrong. 3 attempts left. The time of this host is 2027-01-15 08:00:07 UTC. "
        "Your phone's clock must agree, but in another time zone it shows another hour."
    )


def test_the_hosts_time_is_said_in_its_own_zone_too(world: World) -> None:
    def ports(name: str) -> Ports:
        zone = ZoneInfo(name)
        return dataclasses.replace(
            world.ports, local_time=lambda at: datetime.fromtimestamp(at, UTC).astimezone(zone)
        )

    assert clocks.host_time(ports("Asia/Kolkata")) == "2027-01-15 08:00:00 UTC (13:30:00 +05:30)"
    assert clocks.host_time(ports("UTC")) == "2027-01-15 08:00:00 UTC"


@pytest.mark.parametrize(
    ("minutes", "said"),
    [
        (20, "Your phone is about 20 minutes ahead of this host."),
        (-20, "Your phone is about 20 minutes behind this host."),
        (60, "Your phone is about 60 minutes ahead of this host."),
        (-60, "Your phone is about 60 minutes behind this host."),
        (1, "Your phone is about 1 minute ahead of this host."),
    ],
)
def test_two_codes_of_the_same_other_time_say_how_far_the_phone_is_off(
    world: World, device: Device, minutes: int, said: str
) -> None:
    phone = Phone(world, device, minutes)
    assert phone.enter(phone.shown()) == "This code is wrong. 4 attempts left."
    phone.wait()
    assert phone.enter(phone.shown()) == (
        f"This code is wrong. 3 attempts left. {said} Set both clocks to the right time, then "
        "enter the new code. The time of this host is 2027-01-15 08:00:30 UTC."
    )
    phone.wait(4)
    phone.steps = 0
    assert phone.enter(phone.shown()) == "", "With the right time, the next code is accepted."
    assert use(world).wrong_code is None


def test_a_proof_in_a_session_says_the_hosts_time_too(world: World, device: Device) -> None:
    session = world.session(device=device)
    said = []
    for _ in range(2):
        world.clock.forward(30)
        code = device.code(world.clock(), 10 * MINUTES)
        said.append(str(outcome(lambda: self_service.prove(world.ports, session, None, code))))  # noqa: B023  called at once
    assert said[0] == "This code is wrong. 4 attempts left."
    assert "Your phone is about 10 minutes ahead of this host." in said[1]


def test_the_last_attempt_says_it_and_a_wait_says_nothing(world: World, device: Device) -> None:
    phone = Phone(world, device, 30)
    for _ in range(4):
        phone.enter(phone.shown())
        phone.wait()
    last = phone.enter(phone.shown())
    assert last.startswith("This code is wrong. No attempts left for now. Your phone is about 30 ")
    with pytest.raises(Throttled, match=r"^Too many failed attempts\.$"):
        sign_in.with_one_time_code(world.ports, phone.state, phone.shown())


# What is not said


def use(world: World) -> DeviceUse:
    """What is known of alice's only device."""
    return world.records.get("alice").use_of(only(world.account().second_factor))


def silent(said: str) -> bool:
    assert said.startswith("This code is wrong."), said
    return "Your phone is" not in said


def test_a_code_of_another_time_is_never_confirmed_however_often_it_is_entered(
    world: World, device: Device
) -> None:
    """Even after other wrong codes, and entered as often as one likes."""
    phone = Phone(world, device, 20)
    code = phone.shown()
    assert silent(phone.enter(device.wrong_code(world.clock())))
    for _ in range(3):
        assert silent(phone.enter(code))
        phone.wait()


def test_codes_at_different_distances_say_nothing(world: World, device: Device) -> None:
    phone = Phone(world, device, 20)
    for minutes in (20, 24, 21):
        phone.steps = minutes * MINUTES
        assert silent(phone.enter(phone.shown()))
        phone.wait()


def test_a_code_in_between_that_fits_nothing_starts_again(world: World, device: Device) -> None:
    phone = Phone(world, device, -20)
    for code in (phone.shown(), device.wrong_code(world.clock())):
        assert silent(phone.enter(code))
    phone.wait()
    assert silent(phone.enter(phone.shown()))


def test_the_older_of_two_seen_codes_says_nothing(world: World, device: Device) -> None:
    """Both are at nearly the same distance, but nobody reads codes backwards from a phone."""
    phone = Phone(world, device, -20)
    newer, older = device.code(NOW, -40), device.code(NOW, -41)
    assert silent(phone.enter(newer))
    assert silent(phone.enter(older))


def test_used_codes_and_those_before_them_say_nothing(world: World, device: Device) -> None:
    session = world.session(device=device)
    assert session.code_at == NOW
    world.clock.forward(20 * 60)
    phone = Phone(world, device, -20)
    before = device.code(NOW, -1)
    assert silent(phone.enter(before))
    assert silent(phone.enter(device.code(NOW)))
    kept = use(world).wrong_code
    assert kept == WrongCode(world.clock()), "It is not even remembered which step it was."


def test_more_than_an_hour_is_not_said(world: World, device: Device) -> None:
    for minutes in (61, -61):
        phone = Phone(world, device, minutes)
        for _ in range(2):
            assert silent(phone.enter(phone.shown()))
            phone.wait()


def test_a_code_entered_too_early_is_refused_at_its_time(world: World, device: Device) -> None:
    phone = Phone(world, device, 4)
    early = [phone.shown()]
    phone.enter(early[0])
    phone.wait()
    early.append(phone.shown())
    phone.enter(early[1])
    phone.wait(7)
    phone.state = world.asked_for_code()
    for code in early:
        assert phone.enter(code).startswith("This code was already used.")
        phone.wait()
    phone.steps = 0
    assert phone.enter(phone.shown()) == ""


def test_every_wrong_code_writes_the_record_and_takes_every_step(
    world: World, device: Device, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Neither the disk nor the time says whether a code fits another time."""
    codes = [device.wrong_code(NOW), device.code(NOW, 40), device.code(NOW, 2)]
    writes, computed, kept = [], [], world.records.kept
    generate = pyotp.TOTP.generate_otp

    def counted(self: pyotp.TOTP, step: int) -> str:
        computed.append(step)
        return generate(self, step)

    phone = Phone(world, device, 0)
    monkeypatch.setattr(pyotp.TOTP, "generate_otp", counted)
    numbers = []
    for code in codes:
        computed.clear()
        before = kept["alice"]
        phone.enter(code)
        writes.append(kept["alice"] != before)
        numbers.append(len({step for step in computed if abs(step - NOW // 30) <= 120}))
        world.clock.forward(0.25)
    assert writes == [True] * 3
    assert numbers == [241] * 3


@given(
    st.none() | st.builds(WrongCode, st.floats(0, 4e9), st.integers(0, 1 << 40)),
    st.lists(st.integers(0, 1 << 40), max_size=20),
    st.none() | st.integers(0, 1 << 40),
    st.integers(0, 1 << 40),
    st.floats(0, 4e9),
)
def test_any_record_gives_a_bounded_record(
    before: WrongCode | None, spent: list[int], step: int | None, used: int, now: float
) -> None:
    device = DeviceUse(last_step=used, wrong_code=before, spent_steps=tuple(spent))
    after, drift = clocks.with_wrong_code(device, step, now)
    assert len(after.spent_steps) <= clocks.SPENT
    assert after.wrong_code is not None
    assert after.wrong_code.at == now
    assert drift is None or after.wrong_code.step > used
    assert replace(after, wrong_code=before, spent_steps=device.spent_steps) == device


# Enrolment


def test_a_new_device_starts_without_old_wrong_codes(world: World, device: Device) -> None:
    phone = Phone(world, device, 20)
    phone.enter(phone.shown())
    assert use(world).spent_steps
    user_mfa.disable_mfa(world.ports, OPERATOR, "alice")
    session = world.session()
    offered = self_service.begin_enrolment(world.ports, session)
    code = pyotp.TOTP(offered.totp_secret.reveal()).at(int(world.clock()))
    self_service.register_device(world.ports, session, offered, code)
    assert (use(world).wrong_code, use(world).spent_steps) == (None, ())


def test_enrolment_says_the_hosts_time_at_once(world: World) -> None:
    world.add()
    offered = enrolment.begin(world.ports, world.account())
    generator = pyotp.TOTP(offered.totp_secret.reveal())
    late = generator.at(int(NOW) + 240)
    known = {generator.generate_otp(int(NOW) // 30 + steps) for steps in range(-1700, 1700)}
    wrong = next(code for code in map("{:06d}".format, range(10000)) if code not in known)
    for code, said in ((late, "ahead of this host."), (wrong, "not the current code.")):
        with pytest.raises(InvalidInput, match=said) as refused:
            enrolment.confirm(world.ports, world.account(), offered, code)
        assert " The time of this host is 2027-01-15 08:00:00 UTC." in str(refused.value)
