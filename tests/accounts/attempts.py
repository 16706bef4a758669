"""Failed attempts to sign in."""

import pytest

from cwtui.accounts.errors import SignInFailed, Throttled
from cwtui.accounts.model import (
    Ending,
    FailedSignIns,
    KnewPassword,
)
from tests.accounts.world import HERE, World

ELSEWHERE = "198.51.100.7"


def wrong(
    world: World, username: str = "alice", source: str = HERE, password: str = "wrong"
) -> SignInFailed:
    """A wrong password from there."""
    with pytest.raises(SignInFailed) as failed:
        world.begin(username, password, source)
    return failed.value


def ban(world: World, username: str = "alice", source: str = HERE) -> None:
    for _ in range(5):
        assert not isinstance(wrong(world, username, source), Throttled)
    assert isinstance(wrong(world, username, source), Throttled)


def knew(ending: Ending, at: float, source: str = ELSEWHERE, count: int = 1) -> FailedSignIns:
    return FailedSignIns(
        count, knew_password=KnewPassword(at, source, ending), right_passwords=count
    )
