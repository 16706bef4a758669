"""The doors while the store is read-only, and while the service hangs, dies or is away."""

import signal
import time
from contextlib import ExitStack
from typing import Final

from tests.pam.house import ROOT_PASSWORD, WHO, Door
from tests.pam.scripted import UNREACHABLE
from tests.pam.test_doors import stays_out
from tests.pam.town import CODE, WAYS, Town

_SECONDS: Final = 4
"""How long the module waits for a service that hangs."""


def test_a_read_only_store_lets_nobody_in(town: Town) -> None:
    town.served()
    with town.house.read_only(town.host.store):
        for way in WAYS.values():
            with way.at_code(town, "ada") as door:
                door.hear("Cannot check this now.")
                assert stays_out(door)


def test_a_service_that_hangs_lets_nobody_in(town: Town) -> None:
    """Before it says anything to some doors, and while others wait for a code."""
    service = town.served()
    with ExitStack() as stack, town.house.waiting(_SECONDS):
        doors = [stack.enter_context(way.at_code(town, "ada")) for way in WAYS.values()]
        for door in doors:
            door.hear(CODE)
        stack.callback(town.end_service)  # so that it never knows these codes
        service.send_signal(signal.SIGSTOP)
        begun = time.monotonic()
        doors += [stack.enter_context(way.open(town, "ada")) for way in WAYS.values()]
        for door in doors[: len(WAYS)]:
            door.type("000000\r")
        for door in doors:
            says_so(door)
            assert stays_out(door)
        assert time.monotonic() - begun < 5 * _SECONDS


def test_without_the_service_only_root_comes_in(town: Town) -> None:
    """At first it is killed while all doors wait for a code."""
    house = town.house
    town.served()
    with ExitStack() as stack:
        doors = [stack.enter_context(way.at_code(town, "ada")) for way in WAYS.values()]
        for door in doors:
            door.hear(CODE)
        town.end_service()
        for door in doors:
            door.type("000000\r")
            says_so(door)
    for way in WAYS.values():
        with way.open(town, "ada") as door:
            says_so(door)
    for recipe in ("key-and-code.conf", "password-and-code.conf", "group.conf"):
        with house.ssh(house.sshd(recipe), "root") as door:
            assert door.lets_in("root")
    with house.terminal("sudo", *WHO) as door:
        assert door.lets_in("root")
    with house.terminal("su", "eve", *WHO[1:]) as door:
        assert door.lets_in("eve")
    with house.terminal("login") as door:
        door.answer("login: ", "root")
        door.answer("Password: ", ROOT_PASSWORD)
        door.hear("inside as root")


def says_so(door: Door) -> None:
    door.hear(UNREACHABLE)
    door.watch(0.1)
    assert b"inside" not in door.raw
