"""The shipped recipes for SSH, with OpenSSH's own server and client."""

import re
import time
from functools import partial

import pyotp
import pytest

from tests.cli.commands import PASSWORD
from tests.console.decoders import assert_one_read, one_time_code
from tests.console.picture import DARK, LIGHT, paint
from tests.pam.town import CODE, Town, shown_key


def test_a_sign_in_is_logged_with_its_way_and_place(town: Town) -> None:
    ssh = partial(town.house.ssh, town.house.sshd("key-and-code.conf"))
    code = pyotp.TOTP(town.keys["ada"]).at(time.time() + 30)
    town.served()
    before = len(town.host.audit)
    with ssh("ada") as door:
        door.answer(CODE, "000000")
        door.answer(CODE, code)
        assert door.lets_in("ada")
    events = town.host.audit[before:]
    assert [event["event"] for event in events[:4]] == [
        "sign_in.host", "sign_in.one_time_code", "sign_in.complete", "host.open",
    ]  # fmt: skip
    assert {event["source"] for event in events} == {"127.0.0.1"}
    with ssh("ada") as door:
        door.answer(CODE, code)
        door.hear("already used")


def test_a_code_alone_is_not_enough_and_an_account_is_needed(town: Town) -> None:
    ssh = partial(town.house.ssh, town.house.sshd("key-and-code.conf"))
    town.served()
    with ssh("ada", key=False) as door:
        assert door.refuses()
        assert b"code" not in door.raw
    with ssh("eve") as door:
        door.hear("no Connectware account")
        assert door.refuses()
    with ssh("root") as door:
        assert door.lets_in("root")


@pytest.mark.parametrize("name", ["sshd", "sshd-group"])
def test_a_code_does_not_replace_a_key_that_sshd_did_not_ask_for(town: Town, name: str) -> None:
    """AuthenticationMethods is missing, so keyboard-interactive alone would do."""
    port = town.house.sshd("key-and-code.conf", "-o", "AuthenticationMethods=any", name=name)
    town.served()
    with town.house.ssh(port, "ada", key=False) as door:
        assert door.refuses()
        assert CODE.encode() not in door.raw


def test_a_key_alone_does_not_let_in_who_may_not_enter(town: Town) -> None:
    """PAM's account phase, if sshd asks for a key only."""
    port = town.house.sshd("key-and-code.conf", "-o", "AuthenticationMethods=publickey")
    town.served()
    for user in ("carol", "dora", "eve"):
        with town.house.ssh(port, user) as door:
            assert door.refuses()
    with town.house.ssh(port, "ada") as door:
        assert door.lets_in("ada")


def test_plain_ssh_leads_through_enrolment(town: Town) -> None:
    town.served()
    with town.house.ssh(town.house.sshd("key-and-code.conf"), "finn") as door:
        door.answer("Password: ", PASSWORD)
        door.hear("Register your device")
        door.hear("QR code (1, 2 or 3): ")
        key, uris = shown_key(door, "finn")
        for choice, palette in (("1", DARK), ("2", LIGHT)):
            door.type(f"{choice}\r")
            door.hear("QR code again): ")
            door.wait_until_still()
            assert_one_read(uris, paint(door.screen, palette))
        door.type("000000\r")
        door.answer("QR code again): ", one_time_code(key, time.time()))
        door.hear("Enter: skip): ")
        codes = re.findall(r"^[0-9A-Z]{4}(?:-[0-9A-Z]{4}){3}$", door.text, re.MULTILINE)
        assert len(codes) == 10
        door.type("wrong\r")
        door.answer("Enter: skip): ", codes[3])
        assert door.lets_in("finn")


def test_a_key_does_not_replace_the_password(town: Town) -> None:
    port = town.house.sshd("password-and-code.conf", name="sshd-password")
    town.served()
    with town.house.ssh(port, "eve") as door:
        door.answer("Password: ", PASSWORD)
        door.hear("Username or password is wrong.")
    with town.house.ssh(port, "root") as door:
        assert door.lets_in("root")


def test_people_outside_the_group_sign_in_as_before(town: Town) -> None:
    port = town.house.sshd("group.conf", name="sshd-group")
    with town.house.ssh(port, "eve") as door:
        assert door.lets_in("eve")
