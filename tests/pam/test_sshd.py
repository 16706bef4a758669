"""The shipped recipes for SSH, with OpenSSH's own server and client."""

import re
import time
from functools import partial

import pyotp

from tests.cli.commands import PASSWORD
from tests.console.decoders import assert_read, one_time_code
from tests.console.picture import DARK, LIGHT, paint
from tests.pam.town import CODE, Town

CANNOT_CHECK = "Cannot check this now."


def test_key_and_code(town: Town, ssh_port: int) -> None:
    ssh = partial(town.house.ssh, ssh_port)
    code = pyotp.TOTP(town.keys["ada"]).at(time.time() + 30)
    town.served()
    before = len(town.host.audit)
    with ssh("ada") as terminal:
        terminal.answer(CODE, "000000")
        terminal.hear("This code is wrong. 4 attempts left.")
        terminal.answer(CODE, code)
        assert terminal.lets_in("ada")
    with ssh("ada") as terminal:
        terminal.answer(CODE, code)
        terminal.hear("already used")
        terminal.answer(CODE, town.fresh("ada"))
        terminal.hear("unused backup codes left")
        assert terminal.lets_in("ada")
    with ssh("ada", key=False) as terminal:
        assert terminal.refuses()
        assert b"code" not in terminal.raw
    for user, why in (("carol", "disabled"), ("eve", "no Connectware account")):
        with ssh(user) as terminal:
            terminal.hear(why)
            assert terminal.refuses()
    with ssh("root") as terminal:
        assert terminal.lets_in("root")
    events = town.host.audit[before:]
    assert [event["event"] for event in events[:5]] == [
        "sign_in.host", "sign_in.one_time_code", "sign_in.complete", "host.open", "host.close",
    ]  # fmt: skip
    assert {event["source"] for event in events} == {"127.0.0.1"}


def test_a_throttled_person_waits_and_is_not_asked_for_a_password(
    town: Town, ssh_port: int
) -> None:
    ssh = partial(town.house.ssh, ssh_port)
    town.served()
    with ssh("bob") as terminal:
        for _ in range(3):
            terminal.answer(CODE, "000000")
        terminal.hear("Too many wrong answers")
        assert terminal.refuses()
    with ssh("bob") as terminal:
        terminal.answer(CODE, "000000")
        terminal.answer(CODE, "000000")
        terminal.hear("No attempts left for now")
        assert terminal.refuses()
    with ssh("bob") as terminal:
        terminal.hear("Too many")
        assert terminal.refuses()
        assert b"password" not in terminal.raw


def test_a_key_alone_does_not_let_in_who_may_not_enter(town: Town) -> None:
    """PAM's account phase, if sshd asks for a key only."""
    port = town.house.start_sshd("key-and-code.conf", "-o", "AuthenticationMethods=publickey")
    town.served()
    for user in ("carol", "dora", "eve"):
        with town.house.ssh(port, user) as terminal:
            assert terminal.refuses()
    with town.house.ssh(port, "ada") as terminal:
        assert terminal.lets_in("ada")


def test_enrolment_in_plain_ssh(town: Town, ssh_port: int) -> None:
    town.served()
    with town.house.ssh(ssh_port, "finn") as terminal:
        terminal.answer("Password: ", PASSWORD)
        terminal.hear("Register your device")
        terminal.hear("QR code (1, 2 or 3): ")
        shown = re.search(r"Key: ([A-Z2-7 ]+)", terminal.text)
        assert shown is not None
        key = shown[1].replace(" ", "")
        uri = f"otpauth://totp/Connectware:finn?secret={key}&issuer=Connectware"
        for choice, palette in (("1", DARK), ("2", LIGHT)):
            terminal.type(f"{choice}\r")
            terminal.hear("QR code again): ")
            terminal.wait_until_still()
            assert_read(uri, paint(terminal.screen, palette))
        terminal.type("000000\r")
        terminal.answer("QR code again): ", one_time_code(key, time.time()))
        terminal.hear("Enter: skip): ")
        codes = re.findall(r"^[0-9A-Z]{4}(?:-[0-9A-Z]{4}){3}$", terminal.text, re.MULTILINE)
        assert len(codes) == 10
        terminal.type("wrong\r")
        terminal.answer("Enter: skip): ", codes[3])
        assert terminal.lets_in("finn")


def test_password_and_code(town: Town) -> None:
    port = town.house.start_sshd("password-and-code.conf", name="sshd-password")
    town.served()
    with town.house.ssh(port, "ada", key=False) as terminal:
        terminal.answer("Password: ", "wrong")
        terminal.answer("Password: ", PASSWORD)
        terminal.answer(CODE, town.fresh("ada"))
        assert terminal.lets_in("ada")
    with town.house.ssh(port, "eve") as terminal:  # a key does not help
        terminal.answer("Password: ", PASSWORD)
        terminal.hear("Username or password is wrong.")
    with town.house.ssh(port, "root") as terminal:
        assert terminal.lets_in("root")


def test_key_and_code_for_a_group(town: Town) -> None:
    """Ada is in it, and eve is not."""
    port = town.house.start_sshd("group.conf", name="sshd-group")
    town.served()
    with town.house.ssh(port, "ada") as terminal:
        terminal.answer(CODE, town.fresh("ada"))
        assert terminal.lets_in("ada")
    with town.house.ssh(port, "eve") as terminal:
        assert terminal.lets_in("eve")
