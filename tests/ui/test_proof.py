"""Changes that need a fresh proof, session limits, and what a sign-in reports."""

from collections.abc import AsyncIterator

import pytest

from cwtui.accounts import throttle
from cwtui.accounts.audit.events import EventType
from cwtui.accounts.model import Attempts
from cwtui.accounts.session import PROOF_LIFETIME
from cwtui.ui.screens.dialogs.proof import ProofScreen
from cwtui.ui.screens.entry.backup_codes import BackupCodesScreen
from cwtui.ui.screens.entry.sign_in import SignInScreen
from cwtui.ui.screens.pages.account import AccountPage
from cwtui.ui.screens.pages.confirm_code import RegenerateBackupCodesPage
from cwtui.ui.screens.pages.settings import SettingsPage
from tests.accounts.world import HERE, NOW, PASSWORD, World
from tests.ui.admin_ways import account_of, create_user
from tests.ui.alone import LOCK, left_alone
from tests.ui.harness import Person, at_work
from tests.ui.plants import ADMIN, Plant, plant
from tests.ui.scenes import SCENES


@pytest.fixture
async def at_proof() -> AsyncIterator[tuple[Person, Plant]]:
    async with SCENES["proof"].played() as (person, there):
        yield person, there


async def test_the_change_is_made_after_the_proof(at_proof: tuple[Person, Plant]) -> None:
    person, there = at_proof
    person.screen(ProofScreen)
    assert not there.world.account("alice").mfa_required
    await person.write(PASSWORD)
    await person.press("enter")
    person.screen(AccountPage)
    assert there.world.account("alice").mfa_required
    # No proof is asked for in the next ten minutes.
    there.world.clock.forward(PROOF_LIFETIME)
    await person.click_button("Disable")
    await person.click_button("Update")
    assert not there.world.account("alice").mfa_required


async def test_after_a_clock_set_back_the_proof_text_is_still_true() -> None:
    """The proof no longer counts although it is not old; a new one allows the change."""
    async with SCENES["account_pending"].played() as (person, there):
        there.world.clock.forward(-60)
        await person.click_button("Update")
        person.screen(ProofScreen)
        assert "You will not be asked again for 10 minutes." in " ".join(person.text.split())
        assert " ago" not in person.text
        await person.press("f1")
        assert "clock of this host was set back" in " ".join(person.text.split())
        await person.press("escape")
        await person.write(PASSWORD)
        await person.press("enter")
        assert there.world.account("alice").mfa_required


async def test_an_action_ignored_meanwhile_is_not_done_later() -> None:
    async with SCENES["account"].played() as (person, there):
        there.world.clock.forward(PROOF_LIFETIME + 1)
        page = person.screen(AccountPage)
        page._reset_password(invited=False)
        page._remove()  # at once, while the first one is still running
        await person.settle()
        await person.write(PASSWORD)
        await person.press("enter")
        assert "Initial password of alice" in person.text
        assert there.world.accounts.get("alice") is not None


async def test_a_wrong_proof_changes_nothing_and_can_be_repeated(
    at_proof: tuple[Person, Plant],
) -> None:
    person, there = at_proof
    await person.write("wrong")
    await person.press("enter")
    assert "✗ The password is wrong." in person.text
    assert not there.world.account("alice").mfa_required
    await person.write(PASSWORD)
    await person.press("enter")
    assert there.world.account("alice").mfa_required


async def test_esc_returns_to_the_unsaved_form(at_proof: tuple[Person, Plant]) -> None:
    person, there = at_proof
    await person.write(PASSWORD)
    await person.press("escape")
    person.screen(AccountPage)
    assert "● required, press Update" in person.text
    assert not there.world.account("alice").mfa_required


async def test_typed_text_is_still_there_after_the_proof() -> None:
    there = plant()
    async with at_work(there.world.ports, there.world.clock, in_session=True) as person:
        await create_user(person, there)
        await person.write("grace")
        there.world.clock.forward(PROOF_LIFETIME + 1)
        await person.press("enter", "enter")
        person.screen(ProofScreen)
        await person.write(PASSWORD)
        await person.press("enter")
        assert "Initial password of grace" in person.text
        assert there.world.accounts.get("grace") is not None


async def test_a_proof_with_a_device_needs_password_and_code() -> None:
    async with SCENES["proof_with_code"].played() as (person, there):
        await person.write(PASSWORD)
        await person.press("enter")
        person.screen(ProofScreen)  # the code is still missing
        await person.write(there.wrong_code(ADMIN))
        assert person.error("code") == "This code is wrong. 4 attempts left."
        assert person.focus == "code"  # the password is right, and need not be typed again
        await person.write(there.code(ADMIN))  # the sixth digit submits it
        person.screen(AccountPage)
        assert there.world.account("alice").mfa_required


async def test_a_proof_accepts_a_backup_code() -> None:
    async with SCENES["proof_with_code"].played() as (person, there):
        await person.write(PASSWORD)
        await person.press("enter")
        await person.paste(there.devices[ADMIN].codes[3].reveal())
        await person.press("enter")
        person.screen(AccountPage)


async def test_a_code_typed_before_the_proof_is_not_used_after_it() -> None:
    """It would be too old by then, and count as a failed attempt. The proof comes first."""
    async with SCENES["settings_enabled"].played() as (person, there):

        async def prove() -> None:
            person.screen(ProofScreen)
            assert "One-time code" not in person.text
            there.world.clock.forward(90)
            await person.write(PASSWORD)
            await person.press("enter")

        there.world.clock.forward(PROOF_LIFETIME + 1)
        await person.click("Regenerate Backup Codes")
        await prove()
        person.screen(RegenerateBackupCodesPage)
        there.world.clock.forward(PROOF_LIFETIME)
        before = there.world.records.get("alice")
        await person.write(there.code("alice"))
        await prove()
        person.screen(RegenerateBackupCodesPage)
        person.sees("Enter the code that your app shows now.")
        assert person.focus == "code"
        assert person.error("code") == ""
        assert there.world.records.get("alice") == before
        await person.write(there.code("alice"))
        person.screen(BackupCodesScreen)


async def test_an_idle_proof_screen_keeps_nothing(
    at_proof: tuple[Person, Plant],
) -> None:
    person, there = at_proof
    await person.write(PASSWORD)
    await left_alone(person, LOCK, 600)
    person.screen(SignInScreen)
    assert there.world.events[-1].reason == "idle"
    await person.sign_in(ADMIN, PASSWORD)
    person.screen(SettingsPage)
    assert not there.world.account("alice").mfa_required


async def test_a_session_ended_elsewhere_ends_at_the_proof(at_proof: tuple[Person, Plant]) -> None:
    person, there = at_proof
    there.world.put(there.world.account(ADMIN).changed_ending_sessions(enabled=False))
    await person.write(PASSWORD)
    await person.press("enter")
    person.screen(SignInScreen)
    assert "✗ Your account was disabled." in person.text
    assert not there.world.account("alice").mfa_required


# The session limit


async def test_a_session_ends_at_its_limit_without_activity(world: World) -> None:
    world.add()
    async with at_work(world.ports, world.clock) as person:
        await person.sign_in("alice", PASSWORD)
        session, watch = person.app.context.session, person.app.router.session_watch
        assert session is not None
        assert watch is not None
        world.clock.at = session.ends_at
        watch.end_at_limit()
        await person.settle()
        person.screen(SignInScreen)
        assert "✗ A session lasts at most 12 hours." in person.text
        assert (world.events[-1].event, world.events[-1].reason) == (
            EventType.SESSION_END,
            "time limit",
        )


async def test_an_earlier_sessions_limit_does_not_end_the_next(world: World) -> None:
    world.add()
    async with at_work(world.ports, world.clock) as person:
        await person.sign_in("alice", PASSWORD)
        first = person.app.router.session_watch
        assert first is not None
        person.app.router.sign_out()
        world.clock.forward(1)
        await person.settle()
        await person.sign_in("alice", PASSWORD)
        first.end_at_limit()
        await person.settle()
        person.screen(SettingsPage)


@pytest.mark.parametrize(
    ("fields", "reason"),
    [({"enabled": False}, "disabled"), ({"roles": ("minimum-access",)}, "roles changed")],
)
async def test_a_session_ended_elsewhere_is_recorded(
    fields: dict[str, object], reason: str
) -> None:
    async with SCENES["settings"].played() as (person, there):
        there.world.put(there.world.account(ADMIN).changed_ending_sessions(**fields))
        person.app.router.open_section("users")
        await person.settle()
        person.screen(SignInScreen)
        ended = there.world.events[-1]
        assert (ended.event, ended.actor, ended.reason) == (EventType.SESSION_END, ADMIN, reason)


# What a sign-in reports


async def test_sign_in_shows_the_last_and_the_failed_sign_ins(world: World) -> None:
    world.add()
    world.session()
    async with at_work(world.ports, world.clock) as person:
        await person.sign_in("alice", "wrong")
        await person.sign_in("alice", PASSWORD)
        assert f"Last sign-in: 2027-01-15 08:00 UTC from {HERE}" in person.text
        assert "⚠ 1 failed attempt since then, on 2027-01-15 08:00 UTC" in person.text
        person.app.router.sign_out()
        await person.settle()
        await person.sign_in("alice", PASSWORD)
        assert "failed attempt" not in person.text


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        (0, "⚠ 1 failed attempt before your first sign-in. It used your password but "),
        (2, "⚠ 3 failed attempts before your first sign-in. One used your password but "),
    ],
)
async def test_sign_in_warns_that_someone_used_the_password(
    world: World, wrong: int, said: str
) -> None:
    world.add()
    device = world.equip()
    world.asked_for_code(source="203.0.113.7")
    async with at_work(world.ports, world.clock) as person:
        for _ in range(wrong):
            await person.sign_in("alice", "wrong")
        await person.sign_in("alice", PASSWORD)
        await person.enter_code(device.code(world.clock()))
        person.sees(
            f"{said}entered no code (2027-01-15 08:00 UTC, 203.0.113.7). If that was not you, "
            "change your password now."
        )


async def test_the_warning_admits_that_the_source_is_unknown(world: World) -> None:
    world.add()
    device = world.equip()
    async with at_work(world.ports, world.clock) as person:
        await person.sign_in("alice", PASSWORD)
        world.asked_for_code(source="203.0.113.7")
        await person.enter_code(device.wrong_code(world.clock()))
        await person.enter_code(device.code(world.clock()))
        person.sees(
            "⚠ 1 failed attempt before your first sign-in. Someone entered your password.",
            "change your password now.",
        )
        person.sees_nothing_of("never")


async def test_a_first_sign_in_speaks_of_no_earlier_one(world: World) -> None:
    world.add()
    async with at_work(world.ports, world.clock) as person:
        await person.sign_in("alice", "wrong")
        await person.sign_in("alice", PASSWORD)
        person.screen(SettingsPage)
        assert "Last sign-in" not in person.text
        person.sees("1 failed attempt before your first sign-in, on 2027")
        person.app.router.sign_out()
        await person.settle()
        world.add("bob", must_change_password=True)
        world.begin("bob")  # his own first step
        await person.sign_in("bob", PASSWORD)
        new = "Another.9-Havel"
        person.send(*new, "tab", *new, "enter")
        await person.settle()
        person.sees(
            "1 unfinished sign-in before your first sign-in. It used your password but chose no "
            f"new password (2027-01-15 08:00 UTC, {HERE}). It came from where you are now: if it "
            "was you, ignore this. You have changed your password since."
        )
        assert "⚠ 1 unfinished" not in person.words


# Unlocking on the account's page


async def test_an_admin_can_unlock_on_the_account_page() -> None:
    async with SCENES["account_locked"].played() as (person, there):
        person.sees("⚠ locked until", "11:00 UTC", "22 in a row")
        await person.click_button("Unlock")
        person.sees("Unlocked alice. The user can try again now.", "● enabled")
        assert not person.app.screen.query("#unlock")
        assert there.world.records.get("alice").password_attempts == {}
        assert there.world.events[-1].event is EventType.USER_UNLOCK


async def test_a_running_wait_is_shown_with_its_end() -> None:
    there = plant()
    waiting = Attempts(5, NOW, NOW + 300)
    there.world.records.kept["alice"] = there.world.records.get("alice").changed(
        code_attempts={throttle.STRANGERS: waiting}
    )
    async with at_work(there.world.ports, there.world.clock, in_session=True) as person:
        await account_of("alice")(person, there)
        person.sees("⚠ locked until 2027-01-15 08:05 UTC", "5 in a row")
