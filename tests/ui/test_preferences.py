"""What a person prefers on the screen: kept for the account, and gone when the session ends."""

from dataclasses import replace
from typing import Final
from weakref import WeakKeyDictionary
from zoneinfo import ZoneInfo

import pytest
from msgspec.structs import replace as replace_fields

from cwtui import language
from cwtui.accounts.errors import CannotCheck
from cwtui.accounts.model import FailedSignIns
from cwtui.accounts.preferences import DEFAULTS, LanguageChoice, Preferences, Theme
from cwtui.language import Language
from cwtui.ui import look, theme
from cwtui.ui.context import Context
from cwtui.ui.screens.pages.display import DisplayPage
from cwtui.ui.screens.pages.settings import SettingsPage
from cwtui.ui.terminal.textual_app import TextualApp
from cwtui.ui.widgets.host_time import HostTime
from tests.accounts.world import HERE, NOW
from tests.language import Marked, german, marked
from tests.ui.harness import Person
from tests.ui.plants import ADMIN, Plant
from tests.ui.scenes import SCENES

USES_MOUSE: Final[WeakKeyDictionary[TextualApp, bool]] = WeakKeyDictionary()
CHOSEN: Final = Preferences(Theme.LIGHT, "Europe/Berlin", mouse=False)


@pytest.fixture(autouse=True)
def _mouse_is_noted(monkeypatch: pytest.MonkeyPatch) -> None:
    def use_mouse(app: TextualApp, *, on: bool) -> None:
        USES_MOUSE[app] = on

    monkeypatch.setattr(TextualApp, "use_mouse", use_mouse)


def shown(person: Person) -> tuple[str, bool, str]:
    """The theme, whether the mouse is used, and the clock in the header."""
    clock = str(person.app.screen.query_one(HostTime).content).rpartition(", ")[2]
    return person.app.theme, USES_MOUSE.get(person.app, True), clock


BEFORE: Final = (theme.DARK.name, True, "08:00 UTC")


# Which theme a terminal shows


def test_every_choice_has_a_theme_but_automatic() -> None:
    assert {*theme.CHOICES, "automatic"} == set(Theme)
    assert tuple(theme.CHOICES.values()) == theme.THEMES
    assert [theme.choice_of(name) for name in theme.THEMES] == list(theme.CHOICES)


@pytest.mark.parametrize("own", [theme.SIXTEEN_DARK.name, theme.SIXTEEN_LIGHT.name])
def test_a_terminal_with_few_colours_is_not_given_more(own: str) -> None:
    assert {theme.for_choice(choice, own) for choice in ("dark", "light", "automatic")} == {own}
    assert theme.for_choice("16-light", own) == theme.SIXTEEN_LIGHT.name
    assert theme.drawable(own) == (theme.SIXTEEN_DARK.name, theme.SIXTEEN_LIGHT.name)


def test_a_terminal_with_256_colours_shows_any_choice() -> None:
    own = theme.DARK.name
    assert {choice: theme.for_choice(choice, own) for choice in theme.CHOICES} == theme.CHOICES
    assert theme.for_choice("automatic", theme.LIGHT.name) == theme.LIGHT.name


# On the screen


async def test_the_language_applies_in_the_session_and_to_no_one_else() -> None:
    with german(Marked()):
        async with SCENES["sign_in"].played() as (person, there):
            chosen = Preferences(Theme.LIGHT, language=LanguageChoice.GERMAN)
            there.world.put(there.world.account(ADMIN).changed(preferences=chosen))
            person.sees("Sign in to Your Account")
            await person.sign_in(ADMIN)
            assert language.spoken() is Language.GERMAN
            person.app.router.sign_out()
            await person.settle()
            assert language.spoken() is Language.ENGLISH
            person.sees("Sign in to Your Account")


async def test_automatic_is_the_language_of_the_terminal() -> None:
    with german(Marked()):
        language.use(Language.GERMAN)
        async with SCENES["sign_in"].played() as (person, there):
            english = Preferences(language=LanguageChoice.ENGLISH)
            there.world.put(there.world.account(ADMIN).changed(preferences=english))
            for name, expected in (("dave", Language.GERMAN), (ADMIN, Language.ENGLISH)):
                there.world.put(there.world.account(name).changed(enabled=True))
                await person.sign_in(name)
                assert language.spoken() is expected
                person.app.router.sign_out()
                await person.settle()
                assert language.spoken() is Language.GERMAN


async def test_preferences_apply_from_sign_in_to_sign_out_and_to_no_one_else() -> None:
    async with SCENES["sign_in"].played() as (person, there):
        there.world.put(there.world.account(ADMIN).changed(preferences=CHOSEN))
        await person.sign_in("alice")
        assert shown(person) == BEFORE, "Nothing applies before the sign-in is complete."
        await person.press("escape")
        await person.sign_in(ADMIN)
        person.screen(SettingsPage)
        assert shown(person) == (theme.LIGHT.name, False, "09:00 +01:00")
        person.app.router.sign_out()
        await person.settle()
        assert shown(person) == BEFORE
        await person.sign_in("dave-is-not-here")
        there.world.put(there.world.account("dave").changed(enabled=True))
        await person.sign_in("dave")
        assert shown(person) == BEFORE


@pytest.mark.parametrize("end", ["lock", "roles changed", "time limit"])
async def test_every_end_of_a_session_ends_its_preferences(end: str) -> None:
    async with SCENES["sign_in"].played() as (person, there):
        there.world.put(there.world.account(ADMIN).changed(preferences=CHOSEN))
        await person.sign_in(ADMIN)
        match end:
            case "lock":
                person.app.absence.lock()
            case "time limit":
                watch = person.app.router.session_watch
                assert watch is not None
                watch.end_at_limit()
            case _:
                there.world.put(there.world.account(ADMIN).changed_ending_sessions())
                await person.press("escape", "enter")
        await person.settle()
        assert "Sign in" in person.text
        assert shown(person) == BEFORE


async def test_preferences_are_saved_on_their_page_and_apply_at_once() -> None:
    async with SCENES["settings"].played() as (person, there):
        await person.click_button("Change Display")
        page = person.screen(DisplayPage)
        assert person.tab_order[1:] == ["Alternatives"] * 2 + [
            "time_zone",
            "Choice",
            "Save Display",
        ]
        await person.press("tab", "down", "down", "enter")
        await person.fill("time_zone", "Berlim")
        await person.press("enter")
        assert "There is no time zone named 'Berlim'." in person.error("time_zone")
        assert person.screen(DisplayPage) is page
        await person.press("escape")
        person.sees("Discard your changes to Display?")
        await person.press("escape")
        await person.fill("time_zone", "berlin")
        await person.press("tab", "space", "tab", "enter")
        person.screen(SettingsPage)
        assert there.world.account(ADMIN).preferences == CHOSEN
        assert shown(person)[:2] == (theme.LIGHT.name, False)
        await person.press("ctrl+p")
        await person.write("display")
        await person.press("enter")
        person.screen(DisplayPage)
        person.sees("(x) light", "Europe/Berlin", "[ ] Use the mouse", "09:00 +01:00")
        await person.click_button("Save Display")
        person.screen(SettingsPage)
        assert person.toasts[-1] == "Nothing was changed."


async def test_a_chosen_language_is_spoken_at_once_and_kept() -> None:
    with german(Marked()):
        async with SCENES["display"].played() as (person, there):
            await person.click("Deutsch")
            person.sees("Not saved yet: Language")
            await person.click_button("Save Display")
            assert language.spoken() is Language.GERMAN
            person.sees(marked("Change Display"))
            assert there.world.account(ADMIN).preferences.language is LanguageChoice.GERMAN
            await person.click_button("Change Display")
            person.sees("(x) Deutsch")
            await person.click(marked("automatic"))
            await person.click_button("Save Display")
            assert language.spoken() is Language.ENGLISH
            person.sees("Change Display")


async def test_a_terminal_with_few_colours_says_why_nothing_changes() -> None:
    few = theme.SIXTEEN_DARK.name
    async with SCENES["display"].played(theme_name=few) as (person, there):
        person.sees("With few colours or on a slow line, dark and light do not apply.")
        await person.press("tab", "down", "down", "enter")
        await person.click_button("Save Display")
        assert there.world.account(ADMIN).preferences.theme is Theme.LIGHT
        assert person.app.theme == few
    async with SCENES["display"].played() as (person, _):
        person.sees_nothing_of("few colours")


async def test_an_unknown_zone_of_the_account_does_not_stop_other_changes() -> None:
    async with SCENES["settings"].played() as (person, there):
        unknown = Preferences(time_zone="Europe/Atlantis")
        there.world.put(there.world.account(ADMIN).changed(preferences=unknown))
        person.app.context.use_preferences(unknown)
        await person.click_button("Change Display")
        await person.press("tab", "tab", "tab", "space", "tab", "enter")
        person.screen(SettingsPage)
        assert there.world.account(ADMIN).preferences == replace_fields(unknown, mouse=False)


async def test_f3_is_kept_for_the_account_once_it_rests(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(look, "_REST", 0.05)
    async with SCENES["settings"].played() as (person, there):
        commits = there.world.accounts.commits
        person.send("f3", "f3")
        await person.settle()
        await person.until(lambda: there.world.account(ADMIN).preferences != DEFAULTS)
        assert there.world.account(ADMIN).preferences.theme is Theme.SIXTEEN_DARK
        assert there.world.accounts.commits == commits + 1
        await keep_fails(person, there)


async def test_f3_just_before_signing_out_is_kept() -> None:
    async with SCENES["settings"].played() as (person, there):
        await person.press("f3")
        person.app.router.sign_out()
        await person.settle()
        assert there.world.account(ADMIN).preferences.theme is Theme.LIGHT
        assert shown(person) == BEFORE


async def test_f3_on_the_display_page_is_not_undone_by_saving_the_rest() -> None:
    async with SCENES["display"].played() as (person, there):
        await person.press("f3")
        person.app.look._keep()
        await person.settle()
        await person.press("tab", "tab", "tab", "space", "tab", "enter")
        person.screen(SettingsPage)
        assert there.world.account(ADMIN).preferences == Preferences(Theme.LIGHT, mouse=False)


async def keep_fails(person: Person, there: Plant) -> None:
    def full() -> None:
        message = "The disk is full."
        raise CannotCheck(message)

    there.world.accounts.before_change = full
    await person.press("f3")
    problem = ["These colours could not be saved for your next sign-in. The disk is full."]
    await person.until(lambda: person.toasts == problem)


async def test_f3_before_sign_in_is_kept_for_nobody_but_stays(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(look, "_REST", 0.0)
    async with SCENES["sign_in"].played() as (person, there):
        await person.press("f3")
        await person.sign_in(ADMIN)
        assert person.app.theme == theme.LIGHT.name
        assert there.world.account(ADMIN).preferences == DEFAULTS
        person.app.router.sign_out()
        await person.settle()
        assert shown(person) == BEFORE


async def test_a_background_found_late_changes_only_what_nobody_chose() -> None:
    async with SCENES["sign_in"].played() as (person, there):
        there.world.put(
            there.world.account(ADMIN).changed(preferences=Preferences(Theme.SIXTEEN_LIGHT))
        )
        await person.sign_in(ADMIN)
        person.app.background_is(light=True)
        assert person.app.theme == theme.SIXTEEN_LIGHT.name
        person.app.router.sign_out()
        await person.settle()
        assert person.app.theme == theme.LIGHT.name


# Times


async def test_times_on_every_page_are_in_the_persons_zone() -> None:
    async with SCENES["audit_log"].played((160, 40)) as (person, there):
        record = there.world.records.get(ADMIN).changed(
            last_source=HERE, failed=FailedSignIns(1, NOW - 60, "203.0.113.7")
        )
        session = replace(there.world.session(ADMIN), preferences=CHOSEN)
        person.app.router.begin_session(session, record)
        person.app.router.open_section("audit_log")
        await person.settle()
        person.sees("Time (Berlin)", "2027-01-15 08:36:00 +01:00", "09:00 +01:00")
        await person.press("/")
        await person.write("since:2027-01-15T08:37")
        person.sees_nothing_of("08:36:00")
        await person.press("escape", "enter")
        person.sees("2027-01-15 09:00:00 +01:00", "2027-01-15 08:00:00")
        await person.press("escape")
        person.app.router.open_section("users")
        await person.settle()
        person.sees("Last (Berlin)", "2027-01-15 06:00")
        person.app.router.open_account("alice")
        await person.settle()
        person.sees("2027-01-15 06:00 +01:00")
        person.app.router.open_section("settings")
        await person.settle()
        person.sees("Last sign-in: 2027-01-15 09:00 +01:00", "on 2027-01-15 08:59 +01:00 from")


@pytest.mark.parametrize(
    "name",
    [
        *("settings_after_stop", "device", "ssh_key", "own_sessions", "end_own_session"),
        *("account_unused", "account_invited", "invitation", "print_view"),
    ],
)
async def test_no_time_is_left_in_utc(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Other pages with times are above. Host times before the sign-in are in UTC."""
    far = property(lambda _: ZoneInfo("Pacific/Kiritimati"), lambda *_: None)
    monkeypatch.setattr(Context, "zone", far, raising=False)
    async with SCENES[name].played() as (person, _):
        shown = "\n".join(strip.text for strip in person.strips)
    assert "+14:00" in shown or "(Kiritimati)" in shown
    assert "UTC" not in shown
