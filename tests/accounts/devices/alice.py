"""alice, who has a phone, and what she does with her devices."""

from dataclasses import dataclass

from cwtui.accounts import own_devices, sign_in
from cwtui.accounts.enrolment import Enrolment
from cwtui.accounts.errors import (
    SignInFailed,
)
from cwtui.accounts.model import Account
from cwtui.accounts.model import Device as Registered
from cwtui.accounts.session import Session
from cwtui.accounts.sign_in_states import SignedIn
from tests.accounts.world import Device, World


@dataclass
class Person:
    """alice with a phone, signed in."""

    world: World
    phone: Device
    session: Session

    def registered(self) -> tuple[Registered, ...]:
        factor = self.world.account().second_factor
        assert factor is not None
        return factor.devices

    def names(self) -> list[str]:
        return [device.name for device in self.registered()]

    def id_of(self, name: str) -> str:
        return next(device.id for device in self.registered() if device.name == name)

    def next_code(self) -> str:
        self.world.clock.forward(30)
        return self.phone.code(self.world.clock())

    def begin(self, name: str, typed: str, replaces: str | None = None) -> Enrolment:
        self.session, offer = own_devices.begin(
            self.world.ports, self.session, name, typed, replaces
        )
        return offer

    def finish(self, offer: Enrolment) -> Device:
        device = Device(offer.totp_secret, ())
        code = device.code(self.world.clock())
        self.session = own_devices.register(self.world.ports, self.session, offer, code)
        return device

    def add(self, name: str = "Tablet") -> Device:
        return self.finish(self.begin(name, self.next_code()))

    def remove(self, name: str, typed: str) -> None:
        id_ = self.id_of(name)
        self.session = own_devices.remove(self.world.ports, self.session, id_, typed)


def gets_in(world: World, code: str) -> bool:
    state = world.asked_for_code()
    try:
        return isinstance(sign_in.with_one_time_code(world.ports, state, code), SignedIn)
    except SignInFailed:
        return False


def with_devices(account: Account, devices: tuple[Registered, ...]) -> Account:
    """The account with these devices instead."""
    assert account.second_factor is not None
    factor = type(account.second_factor)(devices, account.second_factor.backup_codes)
    return account.changed_ending_sessions(second_factor=factor)
