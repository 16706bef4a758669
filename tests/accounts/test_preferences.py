"""How a person wants to see cwtui: colours, time zone and mouse."""

from datetime import UTC, datetime
from typing import Final

import pytest

from cwtui.accounts import administration, preferences, self_service
from cwtui.accounts.errors import InvalidInput, SessionEnded
from cwtui.accounts.preferences import DEFAULTS, LanguageChoice, Preferences, Theme
from cwtui.accounts.updates import Update
from cwtui.language import Language
from tests.accounts.world import OPERATOR, World

KNOWN: Final = (
    "America/Argentina/Cordoba", "America/Cordoba", "America/New_York", "Asia/Istanbul",
    "Etc/GMT-1", "Europe/Berlin", "Europe/Istanbul", "Factory", "GMT", "UTC", "localtime",
)  # fmt: skip
BERLIN: Final = Preferences(Theme.LIGHT, "Europe/Berlin", False, LanguageChoice.GERMAN)


@pytest.mark.parametrize(
    ("typed", "name"),
    [
        ("", ""),
        ("  ", ""),
        ("utc", ""),
        ("Europe/Berlin", "Europe/Berlin"),
        (" europe/BERLIN ", "Europe/Berlin"),
        ("berlin", "Europe/Berlin"),
        ("New York", "America/New_York"),
        ("america/new_york", "America/New_York"),
        ("cordoba", "America/Argentina/Cordoba"),
        ("america/cordoba", "America/Cordoba"),
        ("gmt", "GMT"),
        ("etc/gmt-1", "Etc/GMT-1"),
    ],
)
def test_a_time_zone_is_found_by_its_name_or_city(typed: str, name: str) -> None:
    assert preferences.zone_name(typed, KNOWN) == name


@pytest.mark.parametrize(
    "typed",
    [
        "Berlim", "Europe", "Europe/", "/Europe/Berlin", "../zoneinfo/Europe/Berlin", "Factory",
        "localtime", "/etc/localtime", "Europe/Berlin\0", "Europe//Berlin", "Europe/./Berlin",
        "A" * 65, "A" * 1_000_000, "\x1b[2J", "Europe/Berlin.", "+01:00",
    ],
)  # fmt: skip
def test_anything_else_is_no_time_zone(typed: str) -> None:
    with pytest.raises(InvalidInput, match="There is no time zone named") as refused:
        preferences.zone_name(typed, KNOWN)
    assert refused.value.field == "time_zone"
    assert len(str(refused.value)) < 250
    assert "\x1b" not in str(refused.value)


def test_an_ambiguous_city_lists_the_choices() -> None:
    with pytest.raises(InvalidInput, match=r"one of these: Asia/Istanbul, Europe/Istanbul\."):
        preferences.zone_name("istanbul", KNOWN)


def test_without_a_database_only_utc_can_be_chosen() -> None:
    assert preferences.zone_name("UTC", ()) == ""
    with pytest.raises(InvalidInput, match="install tzdata"):
        preferences.zone_name("Europe/Berlin", ())


def test_a_zone_that_this_host_does_not_know_is_utc() -> None:
    for name in ("", "Europe/Atlantis", "../../etc/passwd", "/etc/localtime", "Europe"):
        assert preferences.zone(name) is UTC
    summer = datetime(2027, 7, 1, 12, tzinfo=UTC)
    assert f"{summer.astimezone(preferences.zone('Europe/Berlin')):%H:%M %z}" == "14:00 +0200"
    assert {"Europe/Berlin", "America/New_York"} <= preferences.known_zones()


def test_every_language_can_be_chosen_and_automatic() -> None:
    assert {one.language for one in LanguageChoice} == {None, *Language}


def test_preferences_are_kept_with_the_account(world: World) -> None:
    world.add()
    session = world.session()
    assert session.preferences == DEFAULTS
    after = self_service.update_preferences(
        world.ports,
        session,
        theme=Theme.LIGHT,
        time_zone="berlin",
        mouse=False,
        language=LanguageChoice.GERMAN,
    )
    assert after == world.account().preferences == BERLIN
    only_mouse = self_service.update_preferences(world.ports, session, mouse=True)
    assert only_mouse == Preferences(Theme.LIGHT, "Europe/Berlin", language=LanguageChoice.GERMAN)
    assert world.session().preferences == only_mouse


def test_new_preferences_end_no_session_need_no_proof_and_write_no_event(world: World) -> None:
    world.add()
    here, elsewhere = world.session(), world.session(source="10.0.0.2")
    world.clock.forward(3600)
    events, commits = list(world.events), world.accounts.commits
    self_service.update_preferences(world.ports, here, theme=Theme.DARK)
    assert world.accounts.commits == commits + 1
    self_service.update_preferences(world.ports, here, theme=Theme.DARK)
    assert world.accounts.commits == commits + 1, "Unchanged preferences are not written again."
    self_service.overview(world.ports, elsewhere)
    assert world.events == events


def test_a_wrong_zone_changes_nothing(world: World) -> None:
    world.add()
    session = world.session()
    with pytest.raises(InvalidInput):
        self_service.update_preferences(
            world.ports, session, theme=Theme.DARK, time_zone="Europe/Atlantis"
        )
    assert world.account().preferences == DEFAULTS


def test_an_ended_session_changes_no_preferences(world: World) -> None:
    world.add()
    session = world.session()
    world.put(world.account().changed_ending_sessions(enabled=False))
    with pytest.raises(SessionEnded):
        self_service.update_preferences(world.ports, session, mouse=False)
    assert world.account().preferences == DEFAULTS


def test_preferences_survive_other_changes_of_the_account(world: World) -> None:
    world.add_admin("ada")
    world.add(preferences=BERLIN)
    administration.update_user(world.ports, OPERATOR, "alice", Update(mfa_required=True))
    administration.reset_password(world.ports, OPERATOR, "alice")
    assert world.account().preferences == BERLIN
