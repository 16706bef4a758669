"""How admins change the organization settings, and what requiring MFA asks first."""

from collections.abc import Callable

import pytest

from cwtui.accounts import organization, user_list
from cwtui.accounts.audit.events import EventType
from cwtui.accounts.errors import TO_EVERYTHING, InvalidInput, LowersMfa, RequiresMfa
from cwtui.accounts.listing import View
from cwtui.accounts.settings import Mfa
from tests.accounts.world import OPERATOR, World


def test_settings_change_all_or_none_and_are_recorded(world: World) -> None:
    world.add_admin("ada")
    actor = world.session("ada")
    values = {"mfa": "required", "code_limit": "3"}
    saved = organization.update_settings(world.ports, actor, values, TO_EVERYTHING)
    after = saved.settings
    assert (after.mfa, after.code_limit, saved.changed) == (Mfa.REQUIRED, 3, True)
    assert world.accounts.settings() == after == organization.show_settings(world.ports, actor)
    assert world.events[-1].reason == "mfa=required code_limit=3"
    with pytest.raises(InvalidInput):
        organization.update_settings(world.ports, actor, {"mfa": "off", "code_limit": "0"})
    assert world.accounts.settings() == after
    events = len(world.events)
    again = organization.update_settings(world.ports, actor, {"mfa": "required"})
    assert again == organization.Saved(after, changed=False)
    assert len(world.events) == events


def _device(world: World) -> None:
    world.equip("ada")


def _flag(world: World) -> None:
    world.put(world.account("ada").changed(mfa_required=True))


AND_YOU = (
    "3 users who can sign in have no device yet, and you are one of them. They must register one "
    "at the next sign-in."
)


@pytest.mark.parametrize(
    ("others", "so_is", "sentence"),
    [
        (0, None, "You have no device yet. You must register one at your next sign-in."),
        (
            2,
            None,
            AND_YOU,
        ),
        (
            2,
            _device,
            (
                "2 users who can sign in have no device yet. They must register one at the next "
                "sign-in."
            ),
        ),
        (
            1,
            _device,
            (
                "1 user who can sign in has no device yet. The user must register one at the next "
                "sign-in."
            ),
        ),
        (
            2,
            _flag,
            (
                "3 users who can sign in have no device yet. They must register one at the next "
                "sign-in; 1 of them must already."
            ),
        ),
    ],
)
def test_requiring_mfa_says_whom_it_affects_and_changes_nothing_until_agreed(
    world: World, others: int, so_is: Callable[[World], None] | None, sentence: str
) -> None:
    world.add_admin("ada")
    world.add("disabled", enabled=False)
    world.add("expired", expires_at=world.clock() - 1)
    world.add("equipped")
    world.equip("equipped")
    for number in range(others):
        world.add(f"user-{number}")
    if so_is is not None:
        so_is(world)
    actor = world.session("ada") if so_is is not _device and so_is is not _flag else OPERATOR
    with pytest.raises(RequiresMfa) as needed:
        organization.update_settings(world.ports, actor, {"mfa": "required"})
    assert str(needed.value) == sentence
    listed = user_list.count_users(
        world.ports, actor, View("!mfa:enabled !disabled !expired !unused")
    )
    assert sentence.startswith("You have" if listed == 1 and not others else f"{listed} user")
    assert world.accounts.settings().mfa is Mfa.OPTIONAL
    assert EventType.SETTINGS_UPDATE not in world.event_types()
    agreed = frozenset({RequiresMfa})
    saved = organization.update_settings(world.ports, actor, {"mfa": "required"}, agreed)
    assert (saved.settings.mfa, saved.must_enrol) == (Mfa.REQUIRED, sentence)


def test_requiring_mfa_asks_nothing_if_everyone_has_a_device_or_must_have_one(
    world: World,
) -> None:
    world.add("equipped")
    world.equip("equipped")
    world.add("flagged", mfa_required=True)
    saved = organization.update_settings(world.ports, OPERATOR, {"mfa": "required"})
    assert saved.settings.mfa is Mfa.REQUIRED


@pytest.mark.parametrize(
    ("before", "after", "asked"),
    [
        (Mfa.REQUIRED, "optional", "Multi-factor authentication will no longer be required"),
        (Mfa.REQUIRED, "off", "Nobody will have to set up multi-factor authentication"),
        (Mfa.OPTIONAL, "off", "Nobody will have to set up multi-factor authentication"),
        (Mfa.OFF, "optional", ""),
        (Mfa.OFF, "off", ""),
    ],
)
def test_less_mfa_for_everyone_is_asked_before(
    world: World, before: Mfa, after: str, asked: str
) -> None:
    world.settings(mfa=before)
    if asked:
        with pytest.raises(LowersMfa, match=asked):
            organization.update_settings(world.ports, OPERATOR, {"mfa": after})
        assert world.accounts.settings().mfa is before
        world.settings(mfa=Mfa.OFF)
        world.accounts.before_change = lambda: world.settings(mfa=before)
        with pytest.raises(LowersMfa, match=asked):
            organization.update_settings(world.ports, OPERATOR, {"mfa": after})
    agreed = frozenset({LowersMfa})
    saved = organization.update_settings(world.ports, OPERATOR, {"mfa": after}, agreed)
    assert saved.settings.mfa == after
