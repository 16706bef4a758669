"""How many conversations there may be at once."""

import os
from contextlib import ExitStack

import pytest

from cwtui.service.peers import Peer
from cwtui.service.room import MOST_OF_ONE, Full, Room

ROOT = Peer(1, 0)
MOST = 40


def stranger(number: int) -> Peer:
    return Peer(1, os.geteuid() + 4711 + number)


def test_one_unix_user_has_a_few() -> None:
    room = Room(MOST)
    for _ in range(MOST_OF_ONE):
        room.enter(stranger(0))
    with pytest.raises(Full):
        room.enter(stranger(0))
    room.enter(stranger(1))
    room.leave(stranger(0))
    room.enter(stranger(0))


def test_people_who_share_a_unix_user_cannot_keep_each_other_out() -> None:
    room = Room(MOST, frozenset({stranger(0).uid}))
    with ExitStack() as held:
        for _ in range(MOST_OF_ONE):
            room.enter(stranger(0))
            held.enter_context(room.sharing(stranger(0), "203.0.113.7"))
        room.enter(stranger(0))
        with pytest.raises(Full):
            held.enter_context(room.sharing(stranger(0), "203.0.113.7"))
        held.enter_context(room.sharing(stranger(0), "203.0.113.8"))
        # All of them together have a part of the room.
        room.enter(stranger(0))
        with pytest.raises(Full):
            room.enter(stranger(0))
    held.enter_context(room.sharing(stranger(0), "203.0.113.7"))


def test_many_unix_users_leave_room_for_root() -> None:
    """A local user can have 65,536 ids."""
    room = Room(MOST)
    for number in range(MOST // 2):
        room.enter(stranger(number))
    with pytest.raises(Full):
        room.enter(stranger(MOST))
    for _ in range(MOST // 2):
        assert room.wait_for_room(0)
        room.enter(ROOT)
    assert not room.wait_for_room(0)
    for number in range(MOST // 2):
        room.leave(stranger(number))
        room.leave(ROOT)
    assert room.is_empty()
