"""PuTTY's dialogue, by plink, which asks in the same way."""

import re
import time

from tests.cli.commands import PASSWORD
from tests.console.decoders import assert_one_read, one_time_code
from tests.console.picture import DARK, LIGHT, paint
from tests.pam.house import ECHO, Door
from tests.pam.town import CODE, Town, shown_key
from tests.programs import require


def plink(town: Town, port: int, user: str, *options: str, lang: str = "C.UTF-8") -> Door:
    """In a terminal of 80x24; the key of the host is known."""
    house = town.house
    shown = house.do("ssh-keygen", "-lf", "/run/keys/host.pub").stdout.split()[1]
    command = [require("plink"), "-P", str(port), "-hostkey", shown, *options]
    return Door([*command, f"{user}@127.0.0.1", ECHO], house.folder, env={"LANG": lang})


def test_plink_asks_for_a_code_after_a_key(town: Town) -> None:
    town.served()
    key = town.house.run / "keys" / "ada"
    ppk = key.with_suffix(".ppk")
    made = town.house.do(
        *(require("puttygen"), "/run/keys/ada", "-O", "private", "-o", "/run/keys/ada.ppk"),
        *("--new-passphrase", "/dev/null"),
    )
    assert made.returncode == 0, made.stderr
    port = town.house.sshd("key-and-code.conf")
    with plink(town, port, "ada", "-i", str(ppk)) as door:
        door.answer(CODE, "000000")
        door.hear("This code is wrong.")
        door.answer(CODE, town.fresh("ada"))
        door.answer("Press Return to begin session.", "")
        assert door.lets_in("ada")


def test_plink_leads_through_enrolment_after_a_password(town: Town) -> None:
    town.served()
    port = town.house.sshd("password-and-code.conf", name="sshd-password")
    with plink(town, port, "jan", lang="C") as door:
        # It leaves out what is not ASCII, so people choose 3 as they are told.
        door.answer("Password: ", PASSWORD)
        door.hear("QR code (1, 2 or 3): ")
        assert "\n> blocks here (), choose 3.\n" in door.text
        assert re.search(r"Key: ([A-Z2-7]{4} ?){8}", door.text)
        door.type("3\r")
        door.hear("One-time code from the app")
        assert door.raw.isascii()
    with plink(town, port, "jan") as door:
        door.answer("Password: ", PASSWORD)
        door.hear("QR code (1, 2 or 3): ")
        # Longer lines are broken at 80 columns, and none is cut.
        assert "\n> blocks here (█▀▄█), choose 3.\n" in door.text
        key, uris = shown_key(door, "jan")
        for choice, palette in (("1", DARK), ("2", LIGHT)):
            door.type(f"{choice}\r")
            door.hear("QR code again): ")
            door.wait_until_still()
            assert_one_read(uris, paint(door.screen, palette))
        door.type(f"{one_time_code(key, time.time())}\r")
        door.hear("Enter: skip): ")
        codes = re.findall(r"^\| ([0-9A-Z]{4}(?:-[0-9A-Z]{4}){3})$", door.text, re.MULTILINE)
        assert len(codes) == 10
        door.type(f"{codes[3]}\r")
        door.answer("Press Return to begin session.", "")
        assert door.lets_in("jan")
