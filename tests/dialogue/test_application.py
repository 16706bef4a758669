"""The application as a dialogue: how a session ends."""

import pytest

from cwtui.accounts.audit.events import EventType
from cwtui.dialogue import application
from cwtui.dialogue.conversation import Gone
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


@pytest.mark.parametrize("until", ["failed attempt", "Signed in as", "Sign Out"])
def test_the_end_of_a_session_is_logged_whenever_the_terminal_is_lost(
    world: World, until: str
) -> None:
    world.add()
    person = Leaving(["alice", "wrong", PASSWORD])
    person.until = until
    with pytest.raises(Gone):
        application.run(world.ports, person, HERE, lambda: None)
    assert world.events[-1].event is EventType.SESSION_END
