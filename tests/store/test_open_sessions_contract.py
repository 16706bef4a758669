"""Open sessions, in every kind of store."""

from msgspec.structs import replace

from cwtui.accounts.model import EndAsked, OpenSession
from tests.accounts.world import NOW
from tests.store.stores import Stores

ASKED = EndAsked("ada", "10.0.0.9")


def opened(number: int, username: str = "alice") -> OpenSession:
    return OpenSession(
        id=f"{number:012x}",
        username=username,
        source="10.0.0.1",
        door="cwtui",
        host="jump-1",
        pid=100 + number,
        started_at=NOW + number,
        active_at=NOW + number,
    )


def test_sessions_are_listed_until_they_end(stores: Stores) -> None:
    here, elsewhere = stores.sessions(), stores.sessions()
    assert elsewhere.all() == []
    for one in (opened(2), opened(1), opened(3, "bob")):
        here.begin(one)
    assert elsewhere.all() == [opened(1), opened(2), opened(3, "bob")]
    assert elsewhere.all("alice") == [opened(1), opened(2)]
    assert elsewhere.all("carol") == []
    here.end(opened(1).id)
    here.end(opened(1).id)
    assert [one.id for one in elsewhere.all()] == [opened(2).id, opened(3).id]


def test_a_session_that_is_asked_to_end_learns_who_asked(stores: Stores) -> None:
    here, elsewhere = stores.sessions(), stores.sessions()
    here.begin(opened(1))
    here.begin(opened(2))
    assert here.look(opened(1).id, NOW) is None
    asked = elsewhere.ask_to_end([opened(1).id, "f" * 12], ASKED)
    assert asked == {opened(1).id}
    assert here.look(opened(1).id, NOW) == ASKED
    assert here.look(opened(2).id, NOW) is None
    assert [one.is_ending for one in elsewhere.all()] == [True, False]
    here.end(opened(1).id)
    assert elsewhere.ask_to_end([opened(1).id], ASKED) == frozenset()


def test_a_session_asked_twice_still_ends(stores: Stores) -> None:
    here, elsewhere = stores.sessions(), stores.sessions()
    here.begin(opened(1))
    elsewhere.ask_to_end([opened(1).id], ASKED)
    elsewhere.ask_to_end([opened(1).id], replace(ASKED, actor="operator:root"))
    asked = here.look(opened(1).id, NOW)
    assert asked is not None
    assert asked.actor in {"ada", "operator:root"}


def test_names_that_are_no_ids_ask_nothing_to_end(stores: Stores) -> None:
    here = stores.sessions()
    here.begin(opened(1))
    asked = here.ask_to_end(["../accounts.json", "", f"{opened(1).id}\n", "*"], ASKED)
    assert asked == frozenset()
    assert here.look(opened(1).id, NOW) is None
