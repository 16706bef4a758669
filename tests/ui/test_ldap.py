"""LDAP users on the screen: what the directory decides, and who is missing from it."""

from collections.abc import AsyncIterator

import pytest
from msgspec.structs import replace

from cwtui.accounts.audit.events import EventType
from cwtui.accounts.directory_port import CannotTrustDirectory, PasswordNotice
from cwtui.config import Config
from cwtui.directory.config import DirectoryConfig
from cwtui.ui.screens.entry.one_time_code import OneTimeCodeScreen
from cwtui.ui.screens.entry.register_device import RegisterDeviceScreen
from cwtui.ui.screens.entry.sign_in import SignInScreen
from cwtui.ui.screens.pages.settings import SettingsPage
from tests.accounts.memory_directory import MemoryDirectory
from tests.accounts.world import PASSWORD, World
from tests.ui.harness import CONFIG, Person, at_work
from tests.ui.scenes import SCENES

LDAP_PASSWORD = "Havel-7.Ketzin"
WITH_DIRECTORY: Config = replace(
    CONFIG,
    directory=DirectoryConfig(
        servers=("ldaps://directory.example",),
        base="dc=example",
        roles={"minimum-access": ("cn=all,dc=example",)},
    ),
)


@pytest.fixture
def directory(world: World) -> MemoryDirectory:
    found = MemoryDirectory()
    found.add("erin", LDAP_PASSWORD, display_name="Erin Example")
    world.directory = found
    world.add_admin("ada")
    return found


@pytest.fixture
async def person(world: World, directory: MemoryDirectory) -> AsyncIterator[Person]:
    assert directory.people
    async with at_work(world.ports, world.clock, config=WITH_DIRECTORY) as someone:
        yield someone


async def check(person: Person) -> None:
    """The check that the application makes every few minutes."""
    assert person.app.router.session_watch is not None
    await person.app.router.session_watch.ask_directory()
    await person.settle()


async def test_an_ldap_user_reads_where_to_change_the_password(person: Person) -> None:
    await person.sign_in("erin", LDAP_PASSWORD)
    person.screen(SettingsPage)
    assert "You are an LDAP user." in person.text
    assert "Change Password" not in person.text


async def test_new_ldap_users_are_led_into_required_enrolment(world: World, person: Person) -> None:
    world.settings(mfa_required_for_new_ldap_users=True)
    await person.sign_in("erin", LDAP_PASSWORD)
    person.screen(RegisterDeviceScreen)


async def test_the_code_is_asked_for_after_the_ldap_password(world: World, person: Person) -> None:
    await person.sign_in("erin", LDAP_PASSWORD)
    person.app.router.sign_out()
    await person.settle()
    world.equip("erin")
    await person.sign_in("erin", LDAP_PASSWORD)
    person.screen(OneTimeCodeScreen)


async def test_a_directory_outage_is_explained(directory: MemoryDirectory, person: Person) -> None:
    directory.down = True
    await person.sign_in("erin", LDAP_PASSWORD)
    person.screen(SignInScreen)
    assert "✗ The directory cannot be reached" in person.text
    await person.fill("username", "ada")
    await person.fill("password", PASSWORD)
    await person.press("enter")
    person.screen(SettingsPage)


async def test_a_missing_user_is_signed_out_at_the_next_check(
    world: World, directory: MemoryDirectory, person: Person
) -> None:
    await person.sign_in("erin", LDAP_PASSWORD)
    await check(person)
    person.screen(SettingsPage)
    del directory.people["erin"]
    await check(person)
    person.screen(SignInScreen)
    person.sees("✗ Your account was removed, renamed or disabled in the directory.")
    ended = world.events[-1]
    assert (ended.event, ended.reason) == (EventType.SESSION_END, "gone from the directory")


async def test_an_earlier_session_is_no_longer_checked(
    world: World, directory: MemoryDirectory, person: Person
) -> None:
    await person.sign_in("erin", LDAP_PASSWORD)
    first = person.app.router.session_watch
    assert first is not None
    person.app.router.sign_out()
    world.clock.forward(1)
    await person.settle()
    await person.sign_in("erin", LDAP_PASSWORD)
    await first.ask_directory()
    assert directory.looked_up == []
    await check(person)
    assert directory.looked_up == ["erin"]


async def test_a_directory_outage_ends_no_session(
    directory: MemoryDirectory, person: Person
) -> None:
    await person.sign_in("erin", LDAP_PASSWORD)
    directory.down = True
    await check(person)
    person.screen(SettingsPage)


async def test_roles_and_name_of_ldap_users_cannot_be_edited() -> None:
    async with SCENES["account_ldap"].played() as (person, there):
        assert "from the directory at the last sign-in" in person.text
        await person.click_button("Enable")
        await person.click_button("Update")
        assert there.world.account("erin").mfa_required


async def test_the_list_marks_and_filters_origins() -> None:
    async with SCENES["users_gone"].played() as (person, _):
        assert [row.split()[1:3] for row in person.rows if " ✗ " in row] == [["ldap", "✗"]]
        assert [row.partition("bob ")[2].split()[:2] for row in person.rows if " ⚠ " in row] == [
            ["local", "⚠"]
        ]
        await person.press("/")
        await person.write("origin:ldap")
        assert "1 of 7 users" in person.text
        assert "erin" in person.text


@pytest.mark.parametrize(
    ("scene", "said"),
    [
        ("account_gone", "✗ ldap: gone since 2027-01-13"),
        ("account_hiding", "⚠ local: an LDAP user is also named bob"),
    ],
)
async def test_problems_with_an_account_are_shown_on_its_page(scene: str, said: str) -> None:
    async with SCENES[scene].played() as (person, _):
        assert said in person.text


@pytest.mark.parametrize("notice", [PasswordNotice(grace_left=2), None])
async def test_an_expired_password_is_reported_on_the_first_page(
    directory: MemoryDirectory, person: Person, notice: PasswordNotice | None
) -> None:
    password, user = directory.people["erin"]
    directory.people["erin"] = (password, replace(user, password_notice=notice))
    await person.sign_in("erin", LDAP_PASSWORD)
    person.screen(SettingsPage)
    told = "⚠ Your directory password has expired. 2 more sign-ins are allowed."
    assert (told in " ".join(person.text.split())) is (notice is not None)
    # The next user does not see it.
    directory.people["erin"] = (password, user)
    person.app.router.sign_out()
    await person.settle()
    await person.sign_in("erin", LDAP_PASSWORD)
    assert "has expired" not in person.text


async def test_a_wrong_certificate_is_a_matter_for_an_admin(
    directory: MemoryDirectory, person: Person
) -> None:
    """Trying again in a minute does not help."""
    directory.broken = CannotTrustDirectory(("ldaps://a has a certificate for another host",))
    await person.sign_in("erin", LDAP_PASSWORD)
    person.screen(SignInScreen)
    assert "Ask an admin to run: cwtui" in " ".join(person.text.split())
    assert "in a minute" not in person.text


@pytest.mark.parametrize("name", ["o'hara", "john doe", "r&d", "svc$", "a$b {c} ~d^%"])
async def test_unusual_ldap_names_are_shown_and_found(
    directory: MemoryDirectory, person: Person, name: str
) -> None:
    directory.add(name, LDAP_PASSWORD, ("connectware-admin",))
    await person.sign_in(name.title(), LDAP_PASSWORD)
    person.screen(SettingsPage)
    person.sees(f"{name} on ")
    await person.click("Users and Roles")
    await person.press("/")
    await person.write(name.upper())
    person.sees("1 of 2 users", name)
    await person.press("enter", "enter")
    person.sees(f"Users and Roles > {name}")


async def test_a_user_with_an_unusual_name_can_enrol(
    world: World, directory: MemoryDirectory, person: Person
) -> None:
    world.settings(mfa_required_for_new_ldap_users=True)
    directory.add("o'hara & co", LDAP_PASSWORD)
    await person.sign_in("O'Hara & Co", LDAP_PASSWORD)
    person.screen(RegisterDeviceScreen)


async def test_a_domain_before_the_name_is_explained(person: Person) -> None:
    await person.sign_in("WERK\\erin", LDAP_PASSWORD)
    person.screen(SignInScreen)
    assert person.error("username").startswith("Enter the username without a domain")
