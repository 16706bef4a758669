"""How to reach admin pages, and dialogs that every screen has."""

from unittest.mock import patch

from cwtui.accounts.session import PROOF_LIFETIME
from cwtui.ui.screens.pages.batch import BatchPage
from cwtui.ui.screens.pages.create_user import CreateUserPage
from tests.ui.harness import Person
from tests.ui.plants import ADMIN, Plant
from tests.ui.ways import Way, enter_session, signed_in


async def users(person: Person, there: Plant) -> None:
    enter_session(person, there)
    person.app.router.open_section("users")
    await person.settle()


async def users_filtered(person: Person, there: Plant) -> None:
    await users(person, there)
    await person.press("/")
    await person.write("al")


async def users_none(person: Person, there: Plant) -> None:
    await users(person, there)
    await person.press("/")
    await person.write("nobody")


async def users_selected(person: Person, there: Plant) -> None:
    await users(person, there)
    await person.press("a", "end", "space")


async def acts(person: Person, there: Plant) -> None:
    await users_selected(person, there)
    await person.press("c")


def batch_of(act: str) -> Way:
    async def way(person: Person, there: Plant) -> None:
        await acts(person, there)
        await person.click(act)

    return way


async def batch_running(person: Person, there: Plant) -> None:
    """Half of it is done. Nothing is really done, so that the picture stays."""
    await batch_of("Require MFA")(person, there)
    page = person.screen(BatchPage)
    with patch.object(page, "_carry_out"):
        await person.press("tab", "enter")
    assert page._batch is not None
    page._batch.done = 2
    page._show_progress()
    await person.settle()


async def batch_report(person: Person, there: Plant) -> None:
    await batch_of("Disable Account")(person, there)
    await person.press("tab", "enter")


def account_of(username: str) -> Way:
    async def way(person: Person, there: Plant) -> None:
        enter_session(person, there)
        person.app.router.open_account(username)
        await person.settle()

    return way


async def user_sessions(person: Person, there: Plant) -> None:
    await account_of("alice")(person, there)
    await person.click_button("Sessions")


async def sign_out_user(person: Person, there: Plant) -> None:
    await user_sessions(person, there)
    await person.click_button("Sign Out Everywhere")


async def account_pending(person: Person, there: Plant) -> None:
    await account_of("alice")(person, there)
    await person.click_button("Enable")


async def proof(person: Person, there: Plant) -> None:
    """A change that needs a fresh proof of identity."""
    await account_pending(person, there)
    there.world.clock.forward(PROOF_LIFETIME + 1)
    await person.click_button("Update")


async def proof_wrong(person: Person, there: Plant) -> None:
    await proof(person, there)
    await person.write("wrong")
    await person.press("enter")


async def proof_with_code(person: Person, there: Plant) -> None:
    there.devices[ADMIN] = there.world.equip(ADMIN)
    person.app.context.session = there.world.session(ADMIN, there.devices[ADMIN])
    person.app.router.open_account("alice")
    await person.settle()
    await person.click_button("Enable")
    there.world.clock.forward(PROOF_LIFETIME + 1)
    await person.click_button("Update")


async def account_updated(person: Person, there: Plant) -> None:
    await account_pending(person, there)
    await person.click_button("Update")


async def confirm(person: Person, there: Plant) -> None:
    await account_of("alice")(person, there)
    await person.click_button("Disable MFA")


async def disable_account(person: Person, there: Plant) -> None:
    await account_of("alice")(person, there)
    await person.click_button("Disable Account")


async def reset_password(person: Person, there: Plant) -> None:
    await account_of("alice")(person, there)
    await person.click_button("Reset Password")


async def invitation(person: Person, there: Plant) -> None:
    await reset_password(person, there)
    await person.press("shift+tab", "space")
    await person.click_button("Reset Password")


async def account_invited(person: Person, there: Plant) -> None:
    await invitation(person, there)
    await person.press("escape", "enter")
    person.app.router.open_account("alice")
    await person.settle()


async def initial_password(person: Person, there: Plant) -> None:
    await create_user(person, there)
    await person.write("grace")
    await person.press("enter", "enter")


async def create_user(person: Person, there: Plant) -> None:
    enter_session(person, there)
    person.app.router.replace_screen(CreateUserPage({}))
    await person.settle()


async def create_user_wrong(person: Person, there: Plant) -> None:
    await create_user(person, there)
    await person.write("alice")
    await person.press("enter", "enter")


async def organization(person: Person, there: Plant) -> None:
    enter_session(person, there)
    person.app.router.open_section("organization")
    await person.settle()


async def organization_wrong(person: Person, there: Plant) -> None:
    await organization(person, there)
    await person.fill("password_min", "many")
    await person.press("enter")


async def audit_log(person: Person, there: Plant) -> None:
    enter_session(person, there)
    person.app.router.open_section("audit_log")
    await person.settle()


async def audit_log_filtered(person: Person, there: Plant) -> None:
    await audit_log(person, there)
    await person.press("/")
    await person.write("failure since:2d")


async def audit_log_wrong(person: Person, there: Plant) -> None:
    await audit_log(person, there)
    await person.press("/")
    await person.write("since:tomorrow")


async def audit_event(person: Person, there: Plant) -> None:
    await audit_log(person, there)
    await person.press("down", "enter")


async def help_on_sign_in(person: Person, _: Plant) -> None:
    await person.press("f1")


async def help_on_account(person: Person, there: Plant) -> None:
    await account_of("alice")(person, there)
    await person.press("f1")


async def manual_topics(person: Person, there: Plant) -> None:
    await users(person, there)
    await person.press("f1", "m")


async def manual_topic(person: Person, there: Plant) -> None:
    await manual_topics(person, there)
    await person.press("enter")


async def quitting(person: Person, there: Plant) -> None:
    await users(person, there)
    await person.press("q")


async def palette(person: Person, there: Plant) -> None:
    await signed_in(person, there)
    await person.press("ctrl+p")


async def list_of_roles(person: Person, there: Plant) -> None:
    enter_session(person, there)
    person.app.router.open_section("roles")
    await person.settle()


def role(name: str) -> Way:
    async def way(person: Person, there: Plant) -> None:
        await list_of_roles(person, there)
        await person.click_button(name)

    return way


async def create_role(person: Person, there: Plant) -> None:
    await role("help-desk")(person, there)
    await person.click_button("Copy Permissions")


async def create_role_wrong(person: Person, there: Plant) -> None:
    await list_of_roles(person, there)
    await person.press("enter")
    await person.write("Help Desk")
    await person.press("enter", "enter")


async def account_of_help_desk(person: Person, there: Plant) -> None:
    """A help desk that resets MFA sees an account, whose passwords it may not unlock."""
    enter_session(person, there)
    person.app.context.session = there.world.session("dora")
    person.app.router.open_account("alice")
    await person.settle()


async def users_of_help_desk(person: Person, there: Plant) -> None:
    """A help desk sees the users, and cannot manage roles."""
    there.world.clock.forward(30)
    person.app.context.session = there.world.session("alice", there.devices["alice"])
    person.app.router.open_section("users")
    await person.settle()
