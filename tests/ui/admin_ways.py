"""How to reach admin pages, and dialogs that every screen has."""

from functools import cache
from unittest.mock import patch

from cwtui.accounts import roles
from cwtui.accounts.session import PROOF_LIFETIME
from cwtui.ui.screens.pages.batch import BatchPage
from cwtui.ui.screens.pages.create_user import CreateUserPage
from tests.ui.harness import Person
from tests.ui.plants import ADMIN, Plant
from tests.ui.way import Way, after
from tests.ui.ways import arrive, enter_session, signed_in


@Way
async def users(person: Person, there: Plant) -> None:
    enter_session(person, there)
    person.app.router.open_section("users")
    await person.settle()


@after(users)
async def users_filtered(person: Person, _: Plant) -> None:
    await person.press("/")
    await person.write("al")


@after(users)
async def users_none(person: Person, _: Plant) -> None:
    await person.press("/")
    await person.write("nobody")


@after(users)
async def users_selected(person: Person, _: Plant) -> None:
    await person.press("a", "end", "space")


@after(users_selected, back=("escape",))
async def acts(person: Person, _: Plant) -> None:
    await person.press("c")


@cache
def batch_of(act: str) -> Way:
    @after(users_selected, back=("escape",))
    async def way(person: Person, _: Plant) -> None:
        await person.press("c")
        await person.click(act)

    return way


@after(batch_of("Require MFA"))
async def batch_running(person: Person, _: Plant) -> None:
    """Two of five are done. Nothing is really done, so that the picture stays."""
    page = person.screen(BatchPage)
    with patch.object(page, "_carry_out"):
        await person.press("tab", "enter")
    assert page._batch is not None
    page._batch.done = 2
    page._batch.began -= 62
    page._show_progress()
    await person.settle()


@after(batch_of("Disable Account"))
async def batch_report(person: Person, _: Plant) -> None:
    await person.press("tab", "tab", "enter")


@cache
def account_of(username: str) -> Way:
    @Way
    async def way(person: Person, there: Plant) -> None:
        enter_session(person, there)
        person.app.router.open_account(username)
        await person.settle()

    return way


@after(account_of("alice"))
async def user_sessions(person: Person, _: Plant) -> None:
    await person.click_button("Sessions")


@after(user_sessions)
async def sign_out_user(person: Person, _: Plant) -> None:
    await person.click_button("Sign Out Everywhere")


@after(account_of("alice"))
async def account_pending(person: Person, _: Plant) -> None:
    await person.click_button("Enable")


@after(account_pending)
async def proof(person: Person, there: Plant) -> None:
    """A change that needs a fresh proof of identity."""
    there.world.clock.forward(PROOF_LIFETIME + 1)
    await person.click_button("Update")


@after(proof)
async def proof_wrong(person: Person, _: Plant) -> None:
    await person.write("wrong")
    await person.press("enter")


@Way
async def proof_with_code(person: Person, there: Plant) -> None:
    there.devices[ADMIN] = there.world.equip(ADMIN)
    person.app.context.session = there.world.session(ADMIN, there.devices[ADMIN])
    person.app.router.open_account("alice")
    await person.settle()
    await person.click_button("Enable")
    there.world.clock.forward(PROOF_LIFETIME + 1)
    await person.click_button("Update")


@after(account_pending)
async def account_updated(person: Person, _: Plant) -> None:
    await person.click_button("Update")


@after(account_of("alice"), back=("escape",))
async def confirm(person: Person, _: Plant) -> None:
    await person.click_button("Disable MFA")


@after(account_of("alice"), back=("escape",))
async def disable_account(person: Person, _: Plant) -> None:
    await person.click_button("Disable Account")


@after(account_of("alice"))
async def reset_password(person: Person, _: Plant) -> None:
    await person.click_button("Reset Password")


@after(reset_password)
async def invitation(person: Person, _: Plant) -> None:
    await person.press("shift+tab", "space")
    await person.click_button("Reset Password")


@after(invitation)
async def account_invited(person: Person, _: Plant) -> None:
    await person.press("escape", "enter")
    person.app.router.open_account("alice")
    await person.settle()


@Way
async def create_user(person: Person, there: Plant) -> None:
    enter_session(person, there)
    person.app.router.replace_screen(CreateUserPage(tuple(roles.BUILT_IN)))
    await person.settle()


@after(create_user)
async def initial_password(person: Person, _: Plant) -> None:
    await person.write("grace")
    await person.press("enter", "enter")


@after(create_user)
async def create_user_wrong(person: Person, _: Plant) -> None:
    await person.write("alice")
    await person.press("enter", "enter")


@Way
async def organization(person: Person, there: Plant) -> None:
    enter_session(person, there)
    person.app.router.open_section("organization")
    await person.settle()


@after(organization)
async def organization_wrong(person: Person, _: Plant) -> None:
    await person.fill("password_min", "many")
    await person.press("enter")


@Way
async def audit_log(person: Person, there: Plant) -> None:
    enter_session(person, there)
    person.app.router.open_section("audit_log")
    await person.settle()


@after(audit_log)
async def audit_log_filtered(person: Person, _: Plant) -> None:
    await person.press("/")
    await person.write("failure since:2d")


@after(audit_log)
async def audit_log_wrong(person: Person, _: Plant) -> None:
    await person.press("/")
    await person.write("since:tomorrow")


@after(audit_log, back=("escape",))
async def audit_event(person: Person, _: Plant) -> None:
    await person.press("down", "enter")


@after(arrive, back=("escape",))
async def help_on_sign_in(person: Person, _: Plant) -> None:
    await person.press("f1")


@after(account_of("alice"), back=("escape",))
async def help_on_account(person: Person, _: Plant) -> None:
    await person.press("f1")


@after(users, back=("escape", "escape"))
async def manual_topics(person: Person, _: Plant) -> None:
    await person.press("f1", "m")


@after(manual_topics, back=("escape",))
async def manual_topic(person: Person, _: Plant) -> None:
    await person.press("enter")


@after(users, back=("escape",))
async def quitting(person: Person, _: Plant) -> None:
    await person.press("q")


@after(signed_in, back=("escape",))
async def palette(person: Person, _: Plant) -> None:
    await person.press("ctrl+p")


@Way
async def list_of_roles(person: Person, there: Plant) -> None:
    enter_session(person, there)
    person.app.router.open_section("roles")
    await person.settle()


@cache
def role(name: str) -> Way:
    @after(list_of_roles, back=("escape",))
    async def way(person: Person, _: Plant) -> None:
        await person.click_button(name)

    return way


@after(role("help-desk"), back=("escape",))
async def create_role(person: Person, _: Plant) -> None:
    await person.click_button("Copy Permissions")


@after(list_of_roles)
async def create_role_wrong(person: Person, _: Plant) -> None:
    await person.click_button("Create Role")
    await person.write("Help Desk")
    await person.press("enter", "enter")


@Way
async def account_of_help_desk(person: Person, there: Plant) -> None:
    """A help desk that resets MFA sees an account, whose passwords it may not unlock."""
    enter_session(person, there)
    person.app.context.session = there.world.session("dora")
    person.app.router.open_account("alice")
    await person.settle()


@Way
async def users_of_help_desk(person: Person, there: Plant) -> None:
    """A help desk sees the users, and cannot manage roles."""
    there.world.clock.forward(30)
    person.app.context.session = there.world.session("alice", there.devices["alice"])
    person.app.router.open_section("users")
    await person.settle()
