"""A session is listed as open while it lasts, and ends when others ask that of it."""

from cwtui.accounts import open_sessions
from cwtui.accounts.audit.events import EventType
from cwtui.ui.screens.entry.sign_in import SignInScreen
from tests.accounts.world import OPERATOR, PASSWORD, World
from tests.ui.harness import Person, at_work


async def look(person: Person) -> None:
    """Let the watch look now, as it does every few seconds."""
    assert person.app.router.session_watch is not None
    await person.app.router.session_watch.look()
    await person.settle()


async def test_a_session_is_listed_until_the_person_signs_out(world: World) -> None:
    world.add()
    async with at_work(world.ports, world.clock) as person:
        await person.sign_in("alice", PASSWORD)
        await person.until(lambda: len(world.sessions.kept) == 1)
        (one,) = world.sessions.all()
        assert (one.username, one.door) == ("alice", "cwtui")
        world.clock.forward(300)
        await look(person)
        assert world.sessions.all()[0].active_at == one.started_at
        await person.press("down")
        world.clock.forward(30)
        await look(person)
        assert world.sessions.all()[0].active_at == one.started_at + 300
        person.app.router.sign_out()
        await person.until(lambda: not world.sessions.kept)


async def test_a_session_that_was_asked_to_end_says_who_asked(world: World) -> None:
    world.add()
    async with at_work(world.ports, world.clock) as person:
        await person.sign_in("alice", PASSWORD)
        await person.until(lambda: len(world.sessions.kept) == 1)
        open_sessions.end(world.ports, OPERATOR, list(world.sessions.kept))
        await look(person)
        person.screen(SignInScreen)
        assert person.notice == "✗ An administrator signed you out."
        await person.until(lambda: not world.sessions.kept)
        last = world.events[-1]
        assert (last.event, last.reason) == (EventType.SESSION_END, "ended by operator:root")


async def test_the_watch_looks_by_itself(world: World) -> None:
    world.add()
    world.sessions.look_seconds = 0.02
    async with at_work(world.ports, world.clock) as person:
        await person.sign_in("alice", PASSWORD)
        await person.until(lambda: len(world.sessions.kept) == 1)
        open_sessions.end(world.ports, OPERATOR, list(world.sessions.kept))
        await person.until(lambda: person.app.context.session is None)


async def test_a_session_that_cannot_be_listed_goes_on_and_says_so_once(world: World) -> None:
    world.add()
    world.sessions.fails = True
    async with at_work(world.ports, world.clock) as person:
        await person.sign_in("alice", PASSWORD)
        await person.until(lambda: "missing from the list" in person.text)
        told = len(person.app._notifications)
        await look(person)
        assert len(person.app._notifications) == told
        assert person.app.context.session is not None
        world.sessions.fails = False
        await look(person)
        assert len(world.sessions.kept) == 1


async def test_a_session_that_ended_before_it_was_listed_is_not_listed(world: World) -> None:
    world.add()
    world.sessions.fails = True
    async with at_work(world.ports, world.clock) as person:
        await person.sign_in("alice", PASSWORD)
        watch = person.app.router.session_watch
        assert watch is not None
        person.app.router.sign_out()
        await person.settle()
        world.sessions.fails = False
        await watch.look()
        assert world.sessions.kept == {}
