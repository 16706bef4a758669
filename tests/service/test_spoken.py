"""Which language a door speaks."""

import re

import pytest

from cwtui import language
from cwtui.accounts.preferences import LanguageChoice, Preferences
from cwtui.config import ServiceConfig
from cwtui.dialogue.conversation import Gone
from cwtui.language import Language
from cwtui.service.doors import Doors
from cwtui.service.figures import Figures
from cwtui.service.packets import Phase, Request, Verdict
from tests.accounts.world import NOW, PASSWORD, World
from tests.dialogue.scripted import Scripted
from tests.language import Marked, german
from tests.service.test_doors import DESK, ROOT, ask, auth, equipped


@pytest.fixture
def doors(world: World) -> Doors:
    return Doors(world.ports, ServiceConfig(), Figures(NOW), elapsed=world.clock)


def spoken_to(person: Scripted) -> set[Language]:
    """The languages in which something was said, if German has the catalog Marked."""
    return {
        Language.ENGLISH if re.search("[a-z]", text) else Language.GERMAN
        for _, text in person.heard
    }


@pytest.mark.parametrize("of_host", Language)
@pytest.mark.parametrize("of_account", LanguageChoice)
def test_a_conversation_has_one_language(
    world: World, doors: Doors, of_host: Language, of_account: LanguageChoice
) -> None:
    """The account's, if something has shown who it is; else it would tell that it exists."""
    equipped(world)
    preferences = Preferences(language=of_account)
    world.put(world.account().changed(preferences=preferences))
    doors.language = of_host
    with german(Marked()):
        verdict, person = auth(doors, "wrong", PASSWORD, *["12"] * 3, mode="full", **DESK)
        assert verdict is Verdict.TOO_MANY
        assert len(person.heard) == 10
        assert spoken_to(person) == {of_host}
        verdict, person = auth(doors, *["12"] * 3)
        assert verdict is Verdict.TOO_MANY
        assert spoken_to(person) == {of_account.language or of_host}
        assert language.spoken() is Language.ENGLISH


@pytest.mark.parametrize(
    ("asked", "spoken"),
    [("de", Language.GERMAN), ("en", Language.ENGLISH), ("\x1b", Language.GERMAN)],
)
def test_a_gate_speaks_the_language_of_its_terminal(
    world: World, doors: Doors, asked: str, spoken: Language
) -> None:
    world.add()
    doors.language = Language.GERMAN
    with german(Marked()):
        _, person = ask(doors, Phase.GATE, *["wrong"] * 3, language=asked)
    assert spoken_to(person) == {spoken}


@pytest.mark.parametrize(
    ("fields", "spelled"),
    [
        ({"tty": "ssh"}, "bestätigen"),
        ({"tty": "/dev/pts/1"}, "bestätigen"),
        ({"tty": "tty1"}, "bestätigen"),
        ({"tty": "/dev/ttyS0"}, "bestaetigen"),
        ({"tty": "hvc0"}, "bestaetigen"),
        ({"tty": "/dev/console"}, "bestaetigen"),
        # Our own clients say what their terminal shows, and others may say anything.
        ({"tty": "ttyS0", "charset": "utf-8"}, "bestätigen"),
        ({"tty": "/dev/pts/1", "charset": "ascii"}, "bestaetigen"),
        ({"tty": "/dev/pts/1", "charset": "rot13"}, "bestaetigen"),
    ],
)
def test_german_on_a_serial_line_has_no_umlauts(
    world: World, doors: Doors, fields: dict[str, str], spelled: str
) -> None:
    world.add(must_change_password=True)
    doors.language = Language.GERMAN
    given = {"user": "alice", "service": "door", "mode": "full", **DESK, **fields}
    person = Scripted([PASSWORD, "new password"])
    with pytest.raises(Gone):
        doors.answer(Request(Phase.AUTH, given), ROOT, person)
    assert f"Passwort {spelled}: " in person.all("secret")
