"""Every recipe through its real client: right and wrong codes, and people who may not enter."""

import pytest

from tests.cli.commands import PASSWORD
from tests.pam.house import Door
from tests.pam.town import CODE, WAYS, Town, Way


@pytest.fixture(params=WAYS)
def way(request: pytest.FixtureRequest) -> Way:
    return WAYS[request.param]


def test_only_a_right_and_unused_code_opens_the_door(town: Town, way: Way) -> None:
    town.served()
    code = town.fresh("ada")
    with way.at_code(town, "ada") as door:
        door.answer(CODE, "000000")
        door.hear("This code is wrong.")
        door.answer(CODE, code)
        assert door.lets_in("ada")
    with way.at_code(town, "ada") as door:
        door.answer(CODE, code)
        door.hear("not one of your unused backup codes")
        door.hear(CODE)
        assert b"inside" not in door.raw


def test_people_who_may_not_enter_are_told_why(town: Town, way: Way) -> None:
    town.served()
    with way.at_code(town, "carol") as door:
        door.hear("disabled")
        assert stays_out(door)
    with way.open(town, "dora") as door:
        door.hear("assword")  # sudo asks in words of its own
        door.type(f"{PASSWORD}\r")
        door.hear("Register your device")
        assert b"inside" not in door.raw
    with way.at_code(town, "gina") as door:
        door.hear("multi-factor authentication")  # she has none, and need not have any
        assert stays_out(door)
        assert door.raw.count(b"multi-factor authentication") == 1


def test_after_too_many_wrong_codes_everybody_waits(town: Town, way: Way) -> None:
    """And SSH's client does not ask for another password."""
    town.served()
    for _ in range(4):
        with way.at_code(town, "bob") as door:
            heard = CODE
            while heard == CODE:
                heard = door.hear_any(CODE, "Too many", "No attempts left")
                if heard == CODE:
                    door.type("000000\r")
            assert stays_out(door)
        if b"Too many failed attempts" in door.raw:
            return
    pytest.fail("no wait")


def stays_out(door: Door) -> bool:
    """Whether nobody is let in. login asks for the next name, so that it does not end."""
    door.hear_any("ermission denied", "incorrect", "Maximum number", "sudo: ", "su: ")
    return b"inside" not in door.raw and b"s password: " not in door.raw
