"""The sign-in over RADIUS, with a clock that stands still."""

import pytest

from cwtui import language
from cwtui.accounts import administration
from cwtui.accounts.audit.events import EventType, Outcome
from cwtui.accounts.errors import CannotCheck
from cwtui.accounts.model import Account
from cwtui.accounts.new_account import NewAccount
from cwtui.accounts.preferences import LanguageChoice, Preferences
from cwtui.accounts.secret import Secret
from cwtui.accounts.sign_in_progress import LIFETIME
from cwtui.dialogue.asking import CODE
from cwtui.language import Language
from cwtui.service.radius import challenges
from cwtui.service.radius.door import Answer, Question, RadiusDoor
from cwtui.service.radius.packets import Code
from tests.accounts.memory import MemoryAccounts
from tests.accounts.world import OPERATOR, PASSWORD, Device, World
from tests.language import Marked, german, marked

VPN = "192.0.2.10"
HOME = "203.0.113.7"


@pytest.fixture
def door(world: World) -> RadiusDoor:
    return RadiusDoor(world.ports)


def ask(
    door: RadiusDoor, typed: str, state: bytes = b"", username: str = "alice", **fields: str
) -> Answer:
    place = {"client": VPN, "station": HOME, **fields}
    return door.answer(Question(username=username, typed=Secret(typed), state=state, **place))


def equipped(world: World, username: str = "alice") -> Device:
    world.add(username)
    return world.equip(username)


def challenged(door: RadiusDoor, username: str = "alice") -> bytes:
    answer = ask(door, PASSWORD, username=username)
    assert (answer.code, answer.message) == (Code.ACCESS_CHALLENGE, CODE)
    assert len(answer.state) == 16
    return answer.state


def test_a_password_alone_is_accepted_if_no_code_is_needed(world: World, door: RadiusDoor) -> None:
    world.add()
    assert ask(door, PASSWORD) == Answer(Code.ACCESS_ACCEPT)
    (event,) = [event for event in world.events if event.event is EventType.SIGN_IN]
    assert (event.actor, event.source) == ("alice", f"{HOME} through {VPN}")
    assert event.reason == "password, door=radius"


def test_everything_is_in_the_language_of_the_host(world: World, door: RadiusDoor) -> None:
    """The account's language would tell after a wrong password that the account exists."""
    device = equipped(world)
    preferences = Preferences(language=LanguageChoice.ENGLISH)
    world.put(world.account().changed(preferences=preferences))
    door.language = Language.GERMAN
    with german(Marked()):
        assert ask(door, "wrong").message == marked("Username or password is wrong.")
        challenge = ask(door, PASSWORD)
        assert challenge.message == marked(CODE)
        wrong = ask(door, device.wrong_code(world.clock()), challenge.state)
        assert wrong.message.endswith(marked(CODE))
        assert wrong.message.startswith(marked("This code is wrong."))
        assert language.spoken() is Language.ENGLISH


def test_a_code_answers_the_challenge_once(world: World, door: RadiusDoor) -> None:
    device = equipped(world)
    state = challenged(door)
    code = device.code(world.clock())
    assert ask(door, code, state) == Answer(Code.ACCESS_ACCEPT)
    again = ask(door, code, state)
    assert again.code is Code.ACCESS_REJECT
    assert again.message == "This sign-in has ended. Start again."
    # The code itself is used up, too.
    used = ask(door, code, challenged(door))
    assert used.code is Code.ACCESS_CHALLENGE
    assert used.message.startswith("This code was already used.")


def test_a_backup_code_is_taken_and_the_number_left_is_said(world: World, door: RadiusDoor) -> None:
    device = equipped(world)
    answer = ask(door, device.codes[0].reveal(), challenged(door))
    assert answer.code is Code.ACCESS_ACCEPT
    assert answer.message == "You used a backup code. 9 unused backup codes left."


def test_wrong_codes_are_asked_for_again_three_times(world: World, door: RadiusDoor) -> None:
    device = equipped(world)
    wrong = device.wrong_code(world.clock())
    first = ask(door, wrong, challenged(door))
    assert first.message == f"This code is wrong. 4 attempts left. {CODE}"
    second = ask(door, "12", first.state)
    assert second.message == f"A one-time code has 6 digits; you typed 2. {CODE}"
    assert len({first.state, second.state}) == 2
    last = ask(door, wrong, second.state)
    assert (last.code, last.state) == (Code.ACCESS_REJECT, b"")


def test_a_person_who_must_wait_is_told_so_without_a_question(
    world: World, door: RadiusDoor
) -> None:
    world.settings(code_limit=1, password_limit=1)
    device = equipped(world)
    wrong = ask(door, device.wrong_code(world.clock()), challenged(door))
    assert (wrong.code, "No attempts left" in wrong.message) == (Code.ACCESS_REJECT, True)
    waiting = ask(door, PASSWORD)
    assert waiting.code is Code.ACCESS_REJECT
    assert waiting.message.startswith("Too many failed attempts.")
    ask(door, "wrong")
    assert ask(door, PASSWORD).message.startswith("Too many failed attempts.")


def test_a_state_belongs_to_its_user_and_client_and_expires(world: World, door: RadiusDoor) -> None:
    device = equipped(world)
    world.add("bob")
    state = challenged(door)
    code = device.code(world.clock())
    assert ask(door, code, state, "bob").code is Code.ACCESS_REJECT
    assert ask(door, code, state, client="192.0.2.11").code is Code.ACCESS_REJECT
    assert ask(door, code, b"0" * 16).code is Code.ACCESS_REJECT
    world.clock.forward(LIFETIME)
    at_last = ask(door, "1", state)  # none of that has used it up
    assert at_last.code is Code.ACCESS_CHALLENGE
    # A further challenge does not begin the time anew.
    world.clock.forward(1)
    late = ask(door, device.code(world.clock()), at_last.state)
    expired = "The sign-in expired after 5 minutes. Start again."
    assert late == Answer(Code.ACCESS_REJECT, expired)
    assert door.challenges.count(world.clock()) == 0


def test_waiting_sign_ins_are_limited_for_each_and_for_all(
    world: World, door: RadiusDoor, monkeypatch: pytest.MonkeyPatch
) -> None:
    device = equipped(world)
    states = [challenged(door) for _ in range(challenges.MOST_OF_ONE + 1)]
    code = device.code(world.clock())
    assert ask(door, code, states[0]).code is Code.ACCESS_REJECT
    equipped(world, "bob")
    monkeypatch.setattr(challenges, "MOST", challenges.MOST_OF_ONE)
    refused = ask(door, PASSWORD, username="bob")
    assert refused.message == "Too many people are signing in. Try again in a few minutes."
    assert ask(door, code, states[1]).code is Code.ACCESS_ACCEPT


@pytest.mark.parametrize(
    ("field", "value", "sentence"),
    [
        ("enabled", False, "Your account is disabled. Ask an admin to enable it."),
        ("mfa_required", True, "You must set up multi-factor authentication first. Sign in to "),
    ],
)
def test_a_step_that_radius_cannot_do_is_rejected_with_the_way_out(
    world: World, door: RadiusDoor, field: str, value: bool, sentence: str
) -> None:
    world.put(world.add().changed(**{field: value}))
    rejected = ask(door, PASSWORD)
    assert rejected.code is Code.ACCESS_REJECT
    assert rejected.message.startswith(sentence)


@pytest.mark.parametrize(
    ("invited", "sentence"),
    [
        (False, "The initial password must be changed first. Sign in to cwtui."),
        (
            True,
            (
                "Choose a password first: sign in to cwtui with your username, and "
                "your invitation code as the password."
            ),
        ),
    ],
)
def test_an_initial_password_is_rejected(
    world: World, door: RadiusDoor, invited: bool, sentence: str
) -> None:
    made = administration.create_user(world.ports, OPERATOR, NewAccount("alice", invited=invited))
    rejected = ask(door, made.password.reveal())
    assert rejected.code is Code.ACCESS_REJECT
    assert rejected.message == sentence


def test_codes_that_were_not_acknowledged_are_asked_about_elsewhere(
    world: World, door: RadiusDoor
) -> None:
    world.add()
    device = world.equip(acknowledged=False)
    assert ask(door, device.code(world.clock()), challenged(door)).code is Code.ACCESS_ACCEPT


def test_a_name_must_be_the_accounts_to_the_letter(world: World, door: RadiusDoor) -> None:
    world.add()
    for typed in ("Alice", " alice", "nobody\u00a0", "ALICE"):
        answer = ask(door, PASSWORD, username=typed)
        assert answer.code is Code.ACCESS_REJECT
        assert answer.message == f"Type your username as {typed.strip().lower()}."
    assert world.events == []
    world.add("root")
    rooted = ask(door, PASSWORD, username="root")
    assert rooted == Answer(Code.ACCESS_REJECT, "Nobody becomes root with a Connectware account.")
    assert ask(door, PASSWORD, username="a\0b").code is Code.ACCESS_REJECT
    assert ask(door, "", username="alice").message == "Enter your password."


def test_unknown_names_are_answered_like_wrong_passwords(world: World, door: RadiusDoor) -> None:
    world.add()
    assert ask(door, "wrong") == ask(door, "wrong", username="nobody")


def test_stations_have_counts_of_their_own_and_are_shown_safely(
    world: World, door: RadiusDoor
) -> None:
    world.settings(password_limit=1)
    world.add()
    ask(door, PASSWORD)  # from now on, a known place
    ask(door, "wrong", station="\x1b[31m" + "x" * 200)
    assert ask(door, PASSWORD, station="elsewhere").code is Code.ACCESS_REJECT
    assert ask(door, PASSWORD).code is Code.ACCESS_ACCEPT
    (failed,) = [
        event
        for event in world.events
        if event.outcome is Outcome.FAILURE and event.reason != "throttled"
    ]
    assert failed.source.startswith("<U+001B>[31mxxx")
    assert len(failed.source) < 100
    assert ask(door, PASSWORD, station="").code is Code.ACCESS_REJECT  # the client itself


def test_password_and_code_can_be_joined_if_the_setting_says_so(world: World) -> None:
    device = equipped(world)
    joined = RadiusDoor(world.ports, ",")
    code = device.code(world.clock())
    off = ask(RadiusDoor(world.ports), f"{PASSWORD},{code}")
    assert off.message.startswith("Username or password is wrong.")
    for one in (code, device.codes[0].reveal()):
        assert ask(joined, f"{PASSWORD},{one}").code is Code.ACCESS_ACCEPT
    wrong = ask(joined, f"{PASSWORD},{device.wrong_code(world.clock())}")
    assert wrong.code is Code.ACCESS_REJECT
    assert wrong.message.startswith("This code is wrong.")
    emergency = ask(joined, f"{PASSWORD},4711-0815")
    assert emergency.message.startswith("This is not one of your unused backup codes.")
    # Without a code, it is asked for; also if the password contains the separator.
    assert ask(joined, PASSWORD).code is Code.ACCESS_CHALLENGE
    world.add("bob", "one, two, three")
    assert ask(joined, "one, two, three", username="bob").code is Code.ACCESS_ACCEPT


def test_a_store_that_cannot_be_read_rejects(
    world: World, door: RadiusDoor, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(_: MemoryAccounts, __: str) -> Account | None:
        raise CannotCheck("/srv/store is gone.")

    world.add()
    monkeypatch.setattr(MemoryAccounts, "get", broken)
    rejected = ask(door, PASSWORD)
    assert rejected.code is Code.ACCESS_REJECT
    assert rejected.message == "Cannot check this now. Tell the operator of this host."
