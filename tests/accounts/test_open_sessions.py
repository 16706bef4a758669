"""Who may end which session, and what is then left of it."""

import pytest

from cwtui.accounts import open_sessions, recent_proofs, self_service
from cwtui.accounts.audit.events import EventType
from cwtui.accounts.errors import (
    CannotCheck,
    NotPermitted,
    ProofNeeded,
    Refused,
    SessionEnded,
    UnknownAccount,
    UnknownSession,
)
from cwtui.accounts.open_sessions import Process
from cwtui.accounts.roles import Permission
from cwtui.accounts.session import PROOF_LIFETIME, Session
from tests.accounts.world import HERE, OPERATOR, World

PROCESS = Process("cwtui", "jump-1", 4711)
ELSEWHERE = "10.0.0.2"


def begun(world: World, username: str = "alice", source: str = HERE) -> Session:
    world.clock.forward(1)
    session = world.session(username, source=source)
    open_sessions.begin(world.ports, session, PROCESS)
    return session


def test_a_session_is_listed_with_where_it_is_and_since_when(world: World) -> None:
    world.add()
    session = begun(world)
    world.clock.forward(100)
    open_sessions.look(world.ports, session, idle=40)
    (one,) = open_sessions.own(world.ports, session)
    assert (one.id, one.username, one.source) == (session.id, "alice", HERE)
    assert (one.door, one.host, one.pid) == ("cwtui", "jump-1", 4711)
    assert (one.started_at, one.active_at) == (session.started_at, world.clock() - 40)


def test_people_see_and_end_only_their_own_sessions(world: World) -> None:
    world.add()
    world.add("bob")
    here, there, bobs = begun(world), begun(world, source=ELSEWHERE), begun(world, "bob")
    assert [one.id for one in open_sessions.own(world.ports, here)] == [here.id, there.id]
    with pytest.raises(UnknownSession):
        open_sessions.end_own(world.ports, here, bobs.id)
    with pytest.raises(Refused, match="that you are using"):
        open_sessions.end_own(world.ports, here, here.id)
    with pytest.raises(NotPermitted):
        open_sessions.of_user(world.ports, here, "bob")
    with pytest.raises(NotPermitted):
        open_sessions.end_of_user(world.ports, here, "bob", bobs.id)
    with pytest.raises(NotPermitted):
        open_sessions.sign_out_user(world.ports, here, "bob")
    open_sessions.end_own(world.ports, here, there.id)
    with pytest.raises(SessionEnded, match=f"You ended this session from {HERE}") as ended:
        open_sessions.look(world.ports, there, 0)
    assert ended.value.reason == "ended by alice"
    open_sessions.look(world.ports, bobs, 0)
    assert world.events[-1].event is EventType.SESSION_END_ASKED
    assert world.events[-1].reason == f"session={there.id} door=cwtui source={ELSEWHERE}"


def test_an_admin_ends_a_session_of_somebody_else(world: World) -> None:
    world.add_admin()
    world.add("bob")
    ada, bobs = begun(world, "ada"), begun(world, "bob")
    with pytest.raises(UnknownSession):
        open_sessions.end_of_user(world.ports, ada, "bob", ada.id)
    with pytest.raises(Refused, match="own account"):
        open_sessions.end_of_user(world.ports, ada, "ada", ada.id)
    assert open_sessions.end_of_user(world.ports, ada, "bob", bobs.id).id == bobs.id
    with pytest.raises(SessionEnded, match="An administrator signed you out"):
        open_sessions.look(world.ports, bobs, 0)
    assert (world.events[-1].actor, world.events[-1].subject) == ("ada", "bob")


def test_nobody_ends_sessions_of_those_who_may_do_more(world: World) -> None:
    world.settings(custom_roles={"help-desk": (Permission.READ_USERS, Permission.MANAGE_USERS)})
    world.add("dora", roles=("help-desk",))
    world.add_admin()
    dora, ada = begun(world, "dora"), begun(world, "ada")
    assert len(open_sessions.of_user(world.ports, dora, "ada")) == 1
    with pytest.raises(NotPermitted):
        open_sessions.end_of_user(world.ports, dora, "ada", ada.id)
    with pytest.raises(NotPermitted):
        open_sessions.sign_out_user(world.ports, dora, "ada")
    assert not any(one.is_ending for one in world.sessions.all())


def test_signing_out_everywhere_ends_sessions_that_are_not_listed(world: World) -> None:
    world.add()
    here, listed, unlisted = begun(world), begun(world, source=ELSEWHERE), world.session()
    proofs, place = recent_proofs.RecentProofs(), recent_proofs.Place(HERE, is_certain=True)
    proofs.remember(world.account(), place, world.clock())
    open_sessions.sign_out_everywhere(world.ports, here)
    for one in (here, listed, unlisted):
        with pytest.raises(SessionEnded, match="signed out everywhere"):
            self_service.overview(world.ports, one)
    with pytest.raises(SessionEnded, match="You ended this session"):
        open_sessions.look(world.ports, listed, 0)
    open_sessions.look(world.ports, here, 0)  # it signs out by itself
    assert not proofs.cover(world.account(), place, world.clock(), 10)
    assert world.events[-1].event is EventType.SESSION_END_EVERYWHERE


def test_others_are_signed_out_everywhere_even_if_sessions_cannot_be_listed(world: World) -> None:
    world.add_admin()
    world.add("bob")
    ada, bobs = begun(world, "ada"), begun(world, "bob")
    world.sessions.fails = True
    open_sessions.sign_out_user(world.ports, ada, "bob")
    with pytest.raises(SessionEnded):
        self_service.overview(world.ports, bobs)
    with pytest.raises(Refused, match="own account"):
        open_sessions.sign_out_user(world.ports, ada, "ada")
    with pytest.raises(UnknownAccount):
        open_sessions.sign_out_user(world.ports, OPERATOR, "nobody")


def test_ending_sessions_needs_a_recent_proof_and_a_log(world: World) -> None:
    world.add_admin()
    world.add("bob")
    ada, other, bobs = begun(world, "ada"), begun(world, "ada"), begun(world, "bob")
    world.audit.fails = True
    with pytest.raises(CannotCheck):
        open_sessions.end_own(world.ports, ada, other.id)
    with pytest.raises(CannotCheck):
        open_sessions.sign_out_everywhere(world.ports, ada)
    world.audit.fails = False
    assert not any(one.is_ending for one in world.sessions.all())
    self_service.overview(world.ports, other)
    world.clock.forward(PROOF_LIFETIME + 1)
    for act in (
        lambda: open_sessions.end_own(world.ports, ada, other.id),
        lambda: open_sessions.sign_out_everywhere(world.ports, ada),
        lambda: open_sessions.end_of_user(world.ports, ada, "bob", bobs.id),
        lambda: open_sessions.sign_out_user(world.ports, ada, "bob"),
    ):
        with pytest.raises(ProofNeeded):
            act()
    assert not any(one.is_ending for one in world.sessions.all())


def test_the_operator_ends_the_named_sessions_that_are_still_open(world: World) -> None:
    world.add()
    world.add("bob")
    first, second = begun(world), begun(world, "bob")
    named = ["0" * 12, first.id, second.id, first.id]
    ended = open_sessions.end(world.ports, OPERATOR, named)
    assert [(one.username, one.is_ending) for one in ended] == [("alice", True), ("bob", True)]
    assert open_sessions.end(world.ports, OPERATOR, ["0" * 12]) == []
    with pytest.raises(SessionEnded) as over:
        open_sessions.look(world.ports, second, 0)
    assert over.value.reason == "ended by operator:root"
