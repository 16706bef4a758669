"""Accounts that expire or are disabled with a reason, and what their owners are told."""

import pytest

from cwtui.accounts import (
    administration,
    expiry,
    host_sign_in,
    recovery,
    self_service,
    sign_in,
    ssh_keys,
    user_list,
    user_ssh_keys,
)
from cwtui.accounts.errors import InvalidInput, Refused, SessionEnded, SignInEnded, SignInFailed
from cwtui.accounts.listing import View
from cwtui.accounts.new_account import NewAccount
from cwtui.accounts.secret import Secret
from cwtui.accounts.sign_in_states import CodeNeeded, SignedIn
from cwtui.accounts.updates import Update
from cwtui.language import Language, speaking
from tests.accounts.ssh_lines import ED25519
from tests.accounts.world import HERE, OPERATOR, PASSWORD, World, outcome

DAY = 86400.0
LAST_DAY = "2027-01-17"
END = 1_800_230_400.0
"""The end of that day. The world begins two days before, at 8:00."""
HOSTILE = "left\u202e"


def update(world: World, to: Update) -> administration.Updated:
    return administration.update_user(world.ports, OPERATOR, "alice", to)


def listed(world: World, words: str) -> list[str]:
    return [one.username for one in user_list.list_users(world.ports, OPERATOR, View(words)).rows]


# Days


@pytest.mark.parametrize("typed", [LAST_DAY, f" {LAST_DAY} "])
def test_an_account_expires_at_the_end_of_its_last_day_in_utc(typed: str) -> None:
    assert expiry.end_of(typed) == END
    assert expiry.last_day(END) == LAST_DAY


def test_never_is_no_last_day() -> None:
    assert [expiry.end_of(typed) for typed in ("never", "NEVER ", "")] == [None] * 3
    assert expiry.last_day(None) == "never"


def test_the_persons_own_word_for_never_is_shown_and_read() -> None:
    with pytest.raises(InvalidInput, match="or never\\. "):
        expiry.end_of("nie")
    with speaking(Language.GERMAN):
        assert expiry.last_day_shown(None) == "nie"
        assert expiry.last_day_shown(END) == LAST_DAY
        assert [expiry.end_of(typed) for typed in ("nie", " Nie", "never")] == [None] * 3
        with pytest.raises(InvalidInput, match=r"JJJJ-MM-TT.*oder never \(nie\)\. "):
            expiry.end_of("31.12.2026")


@pytest.mark.parametrize(
    "typed",
    [
        *("2027-02-30", "20270117", "2027-W02-7", "17.01.2027", "soon", "\x1b[31m", "9" * 9999),
        *("0001-01-01", "1969-12-30", "9999-12-31", "2027-01-1\u0667", "2027-01-17T00:00"),
    ],
)
def test_other_text_is_no_day(world: World, typed: str) -> None:
    world.add()
    with pytest.raises(InvalidInput, match="YYYY-MM-DD") as refused:
        update(world, Update(expires=typed))
    assert refused.value.field == "expires"
    assert len(str(refused.value)) < 250
    assert "\x1b" not in str(refused.value)


def test_a_past_day_is_refused_unless_the_account_has_it_already(world: World) -> None:
    world.add()
    with pytest.raises(InvalidInput, match=r"2027-01-14 is over\. Enter today's date"):
        update(world, Update(expires="2027-01-14"))
    with pytest.raises(InvalidInput, match="is over"):
        administration.create_user(world.ports, OPERATOR, NewAccount("bob", expires="2027-01-14"))
    assert update(world, Update(expires="2027-01-15")).changed
    world.clock.forward(5 * DAY)
    assert not update(world, Update(expires="2027-01-15")).changed


# Expired accounts


def test_an_account_can_be_used_until_its_last_day_is_over(world: World) -> None:
    made = administration.create_user(world.ports, OPERATOR, NewAccount("bob", expires=LAST_DAY))
    assert made.account.expires_at == END
    assert world.events[-1].reason.endswith(f"expires_at={LAST_DAY}")
    world.add(expires_at=END)
    world.clock.at = END - 1
    world.session()
    world.clock.at = END
    with pytest.raises(SignInEnded, match=f"expired at the end of {LAST_DAY}") as ended:
        world.begin()
    assert not ended.value.may_return


def test_nobody_learns_that_an_account_expired_without_its_password(world: World) -> None:
    world.add(expires_at=END)
    world.add("bob")
    world.clock.at = END
    wrong = [str(outcome(lambda: world.begin(name, "wrong"))) for name in ("alice", "bob", "cho")]  # noqa: B023  called at once
    assert len(set(wrong)) == 1
    assert "expire" not in wrong[0]


def test_a_sign_in_and_a_session_end_with_the_last_day(world: World) -> None:
    world.add(expires_at=END)
    device = world.equip()
    world.clock.at = END - 60
    session = world.session(device=device)
    world.clock.forward(30)
    state = world.asked_for_code()
    world.clock.at = END
    with pytest.raises(SignInEnded, match="expired"):
        sign_in.with_one_time_code(world.ports, state, device.code(world.clock()))
    with pytest.raises(SessionEnded, match="expired") as ended:
        self_service.overview(world.ports, session)
    assert (ended.value.reason, ended.value.may_return) == ("expired", False)


@pytest.mark.parametrize(
    "fields", [{"expires_at": END}, {"enabled": False, "disabled_reason": HOSTILE}]
)
def test_doors_that_ask_for_no_password_say_only_that_it_is_disabled(
    world: World, fields: dict[str, object]
) -> None:
    world.put(world.add().changed(**fields))
    world.equip()
    world.clock.at = END
    for call in (
        lambda: host_sign_in.begin(world.ports, "alice", HERE, "sshd"),
        lambda: host_sign_in.check_entry(world.ports, "alice"),
    ):
        with pytest.raises(Refused) as refused:
            call()
        assert str(refused.value) == "Your account is disabled. Ask an admin to enable it."


def test_a_door_that_asked_for_no_password_does_not_say_why_later_either(world: World) -> None:
    world.add(expires_at=END)
    device = world.equip()
    world.clock.at = END - 60
    state = host_sign_in.begin(world.ports, "alice", HERE, "sshd")
    assert isinstance(state, CodeNeeded)
    world.clock.at = END
    with pytest.raises(SignInEnded) as ended:
        sign_in.with_one_time_code(world.ports, state, device.code(world.clock()))
    assert str(ended.value) == "Your account is disabled. Ask an admin to enable it."


def test_a_program_that_checks_a_password_says_why(world: World) -> None:
    world.add(expires_at=END)
    world.clock.at = END
    check = host_sign_in.check_password
    with pytest.raises(Refused, match="expired at the end"):
        check(world.ports, "alice", Secret(PASSWORD), HERE, "verify")
    with pytest.raises(SignInFailed, match="wrong"):
        check(world.ports, "alice", Secret("wrong"), HERE, "verify")


def test_ssh_keys_of_an_expired_account_open_no_door(world: World) -> None:
    world.add(expires_at=END)
    user_ssh_keys.add(world.ports, OPERATOR, "alice", ED25519)
    assert ssh_keys.authorized_lines(world.ports, "alice")
    world.clock.at = END
    assert ssh_keys.authorized_lines(world.ports, "alice") == []


def test_another_last_day_lets_the_owner_in_again(world: World) -> None:
    world.add(expires_at=END)
    world.clock.at = END
    update(world, Update(expires="2027-02-01"))
    assert world.events[-1].reason == "expires_at=2027-02-01"
    world.session()
    update(world, Update(expires="never"))
    assert world.events[-1].reason == "expires_at=never"
    assert world.account().expires_at is None


def test_filters_find_expired_accounts_and_those_that_expire_soon(world: World) -> None:
    world.add("always")
    world.add("long", expires_at=END + 90 * DAY)
    world.add("over", expires_at=world.clock())
    world.add("soon", expires_at=END)
    world.add("stopped", expires_at=world.clock(), enabled=False)
    assert listed(world, "expired") == listed(world, "status:expired") == ["over"]
    assert listed(world, "status:disabled") == ["stopped"]
    assert listed(world, "enabled") == ["always", "long", "soon"]
    assert listed(world, "expires:<14d !expired enabled") == ["soon"]
    assert listed(world, "expires:>14d") == ["long"]
    assert listed(world, "expires:never") == ["always"]
    assert listed(world, "expires:>2027-01-17") == ["long", "soon"]
    assert administration.show_user(world.ports, OPERATOR, "over").status == "expired"


def test_the_owner_is_warned_in_the_last_two_weeks(world: World) -> None:
    def warned() -> tuple[str, ...]:
        state = world.begin()
        assert isinstance(state, SignedIn)
        return state.warnings

    world.add(expires_at=END)
    world.clock.at = END - 15 * DAY
    assert warned() == ()
    world.clock.at = END - 14 * DAY
    (told,) = warned()
    assert told.startswith(f"Your account expires at the end of {LAST_DAY} (UTC). Ask an admin")


def test_recovery_gives_an_expired_admin_no_last_day(world: World) -> None:
    world.add_admin("ada", expires_at=END)
    with pytest.raises(Refused, match="can still sign in: ada"):
        recovery.recover_admin(world.ports, OPERATOR, "ada")
    world.clock.at = END
    made = recovery.recover_admin(world.ports, OPERATOR, "ada")
    assert made.account.expires_at is None
    assert "last day removed" in world.events[-1].reason
    world.begin("ada", made.password.reveal())


# Reasons


def test_the_owner_reads_the_reason_once_the_password_is_right(world: World) -> None:
    world.add()
    session = world.session()
    update(world, Update(enabled=False, disabled_reason='On leave. Ask "Eve".'))
    assert world.events[-1].reason == ('enabled=False disabled_reason="On leave. Ask \\"Eve\\"."')
    with pytest.raises(SignInEnded) as ended:
        world.begin()
    sentence = 'Your account is disabled: "On leave. Ask "Eve"." Ask an admin to enable it.'
    assert str(ended.value) == sentence
    with pytest.raises(SignInFailed) as failed:
        world.begin(password="wrong")
    assert "leave" not in str(failed.value)
    with pytest.raises(SessionEnded, match=r"was disabled: .On leave"):
        self_service.overview(world.ports, session)


def test_a_reason_is_one_short_line_and_shows_what_is_in_it(world: World) -> None:
    world.add(enabled=False, disabled_reason=HOSTILE)
    with pytest.raises(SignInEnded, match=r"left<U\+202E>"):
        world.begin()
    for reason in ("x" * 101, "two\nlines", HOSTILE, "\x1b[31m"):
        with pytest.raises(InvalidInput) as refused:
            update(world, Update(enabled=False, disabled_reason=reason))
        assert refused.value.field == "reason"
    assert world.account().disabled_reason == HOSTILE


def test_a_reason_can_be_changed_and_goes_when_the_account_is_enabled(world: World) -> None:
    world.add()
    with pytest.raises(InvalidInput, match="Only a disabled account has a reason"):
        update(world, Update(disabled_reason="left"))
    with pytest.raises(InvalidInput, match="Only a disabled account has a reason"):
        update(world, Update(enabled=True, disabled_reason="left"))
    assert update(world, Update(enabled=False)).account.disabled_reason == ""
    epoch = world.account().session_epoch
    assert update(world, Update(enabled=False, disabled_reason="left")).changed
    assert not update(world, Update(enabled=False)).changed  # keeps the reason
    assert not update(world, Update(enabled=False, disabled_reason="left")).changed
    assert world.account().session_epoch == epoch
    assert update(world, Update(disabled_reason="")).account.disabled_reason == ""
    update(world, Update(enabled=False, disabled_reason="left"))
    after = update(world, Update(enabled=True)).account
    assert (after.enabled, after.disabled_reason, after.enabled_at) == (True, "", world.clock())
