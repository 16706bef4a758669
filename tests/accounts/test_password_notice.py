"""At sign-in, people are told that their directory password expires soon."""

from zoneinfo import ZoneInfo

import pytest
from msgspec.structs import replace

from cwtui.accounts import sign_in
from cwtui.accounts.directory_port import PasswordNotice
from cwtui.accounts.secret import Secret
from cwtui.accounts.sign_in_states import CodeNeeded, SignedIn
from tests.accounts.memory_directory import MemoryDirectory
from tests.accounts.world import HERE, NOW, World

LDAP_PASSWORD = "Havel-7.Ketzin"
DAY = 86400


@pytest.mark.parametrize(
    ("notice", "says"),
    [
        (PasswordNotice(expires_at=NOW + DAY), "expires on 2027-01-16."),
        (
            PasswordNotice(grace_left=2),
            "has expired. 2 more sign-ins are allowed.",
        ),
        (
            PasswordNotice(grace_left=1),
            "has expired. 1 more sign-in is allowed.",
        ),
        (PasswordNotice(grace_left=0), "has expired. This was the last sign-in allowed."),
    ],
)
def test_each_notice_has_its_sentence(notice: PasswordNotice, says: str) -> None:
    assert (
        notice.sentence()
        == f"Your directory password {says} Change it where you usually change your password."
    )


def test_the_day_of_a_notice_is_in_the_persons_zone() -> None:
    late = PasswordNotice(expires_at=NOW + DAY + 15.5 * 3600)  # 23:30 UTC
    assert "expires on 2027-01-16." in late.sentence()
    assert "expires on 2027-01-17." in late.sentence(ZoneInfo("Europe/Berlin"))


@pytest.mark.parametrize("with_mfa", [False, True])
def test_the_notice_reaches_the_end_of_the_sign_in(world: World, with_mfa: bool) -> None:
    directory = MemoryDirectory()
    world.directory = directory
    user = directory.add("erin", LDAP_PASSWORD)
    sign_in.with_password(world.ports, "erin", Secret(LDAP_PASSWORD), HERE)
    notice = PasswordNotice(expires_at=NOW + DAY)
    directory.people["erin"] = (LDAP_PASSWORD, replace(user, password_notice=notice))
    device = world.equip("erin") if with_mfa else None
    state = sign_in.with_password(world.ports, "erin", Secret(LDAP_PASSWORD), HERE)
    if device is not None:
        assert isinstance(state, CodeNeeded)
        state = sign_in.with_one_time_code(world.ports, state, device.code(world.clock()))
    assert isinstance(state, SignedIn)
    assert state.password_notice == notice
