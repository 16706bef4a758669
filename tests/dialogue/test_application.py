"""The application as a dialogue: how a session ends."""

import pytest

from cwtui.accounts.audit.events import EventType
from cwtui.dialogue import application
from cwtui.dialogue.asking import CANCELLED
from cwtui.dialogue.conversation import Cancelled, Gone
from tests.accounts.world import HERE, PASSWORD, World
from tests.dialogue.scripted import Scripted


class Leaving(Scripted):
    """A terminal that is lost when it should show `until`."""

    until = ""

    def tell(self, text: str) -> None:
        if self.until in text:
            raise Gone
        super().tell(text)

    warn = tell


def test_after_a_wrong_password_the_username_is_asked_for_again(world: World) -> None:
    world.add()
    person = Scripted(["alcie", PASSWORD, "alice", "wrong", "", PASSWORD, "q"])
    assert application.run(world.ports, person, HERE, lambda: None)
    assert [question for question in person.all("ask") if "Username" in question] == [
        "Username: ",
        "Username (Enter: alcie): ",
        "Username (Enter: alice): ",
    ]


def test_three_wrong_sign_ins_end_it(world: World) -> None:
    world.add()
    person = Scripted(["alice", "wrong", "", "wrong", "", "wrong", "", PASSWORD, "q"])
    assert not application.run(world.ports, person, HERE, lambda: None)
    assert person.answers == ["", PASSWORD, "q"]


def cancelled() -> str:
    raise Cancelled


def test_a_cancelled_question_leads_back_to_where_one_can_choose(world: World) -> None:
    world.add()
    person = Scripted(
        [cancelled, "alice", cancelled, "alice", PASSWORD, cancelled, "change", cancelled, "q"]
    )
    assert application.run(world.ports, person, HERE, lambda: None)
    assert person.all("warn").count(CANCELLED) == 4
    assert person.all("ask").count("Username: ") == 3
    assert person.all("ask").count("Choose: ") == 3


@pytest.mark.parametrize("until", ["failed attempt", "Signed in as", "Sign Out"])
def test_the_end_of_a_session_is_logged_whenever_the_terminal_is_lost(
    world: World, until: str
) -> None:
    world.add()
    person = Leaving(["alice", "wrong", "", PASSWORD])
    person.until = until
    with pytest.raises(Gone):
        application.run(world.ports, person, HERE, lambda: None)
    assert world.events[-1].event is EventType.SESSION_END
