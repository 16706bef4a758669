"""The application as a dialogue: how a session ends."""

import re
from collections.abc import Callable
from contextlib import suppress
from threading import Event

import pytest

from cwtui import language
from cwtui.accounts import administration, open_sessions, sign_in
from cwtui.accounts.audit.events import EventType
from cwtui.accounts.errors import SessionEnded, SignInFailed
from cwtui.accounts.expiry import end_of
from cwtui.accounts.open_sessions import Process
from cwtui.accounts.preferences import LanguageChoice, Preferences
from cwtui.accounts.roles import Permission
from cwtui.accounts.secret import Secret
from cwtui.accounts.session import PROOF_LIFETIME
from cwtui.accounts.updates import Update
from cwtui.dialogue import application
from cwtui.dialogue.asking import CANCELLED, CODE
from cwtui.dialogue.conversation import Cancelled, Gone
from cwtui.language import Language
from tests.accounts.world import HERE, NOW, OPERATOR, PASSWORD, World
from tests.dialogue.scripted import Answer, Scripted
from tests.language import Marked, german, marked

PROCESS = Process("cwtui", "host", 1)


class Terminal:
    """Nobody has done anything there for 90 seconds."""

    def __init__(self) -> None:
        self.has_left = Event()

    def signed_in(self) -> None:
        pass

    def idle(self) -> float:
        return 90.0

    def leave(self) -> None:
        self.has_left.set()


class Leaving(Scripted):
    """A terminal that is lost when it should show `until`."""

    until = ""

    def tell(self, text: str) -> None:
        if self.until in text:
            raise Gone
        super().tell(text)

    warn = tell


def test_after_a_wrong_password_the_username_is_asked_for_again(world: World) -> None:
    world.add()
    person = Scripted(["alcie", PASSWORD, "alice", "wrong", "", PASSWORD, "q"])
    assert application.run(world.ports, person, HERE, Terminal(), PROCESS)
    assert [question for question in person.all("ask") if "Username" in question] == [
        "Username: ",
        "Username (Enter: alcie): ",
        "Username (Enter: alice): ",
    ]


def test_a_session_has_the_language_of_its_account(world: World) -> None:
    world.add(preferences=Preferences(language=LanguageChoice.GERMAN))
    with german(Marked()):
        person = Scripted(["alice", PASSWORD, "q"])
        assert application.run(world.ports, person, HERE, Terminal(), PROCESS)
        assert person.heard[:3] == [
            ("tell", "Sign in to Your Account"),
            ("ask", "Username: "),
            ("secret", "Password: "),
        ]
        assert person.last == ("tell", marked("You are signed out."))
        assert language.spoken() is Language.ENGLISH


def test_others_end_a_session_in_its_language(world: World) -> None:
    world.add(preferences=Preferences(language=LanguageChoice.GERMAN))
    terminal = Terminal()
    world.sessions.look_seconds = 0.02

    def ended() -> str:
        open_sessions.end(world.ports, OPERATOR, [one.id for one in world.sessions.all()])
        assert terminal.has_left.wait(10)
        raise Gone

    with german(Marked()):
        person = Scripted(["alice", PASSWORD, ended])
        with pytest.raises(SessionEnded) as raised:
            application.run(world.ports, person, HERE, terminal, PROCESS)
    assert not re.search("[a-z]", str(raised.value).replace("operator:root", ""))


def test_three_wrong_sign_ins_end_it(world: World) -> None:
    world.add()
    person = Scripted(["alice", "wrong", "", "wrong", "", "wrong", "", PASSWORD, "q"])
    assert not application.run(world.ports, person, HERE, Terminal(), PROCESS)
    assert person.answers == ["", PASSWORD, "q"]
    assert person.last == ("tell", "You are not signed in. To try again, start cwtui again.")


def test_one_letter_chooses_nothing_and_is_no_label(world: World) -> None:
    world.add()
    person = Scripted(["alice", PASSWORD, "c", "q"])
    assert application.run(world.ports, person, HERE, Terminal(), PROCESS)
    assert person.all("warn") == ["Type a number from 1 to 2, or q."]


def test_what_cannot_be_done_to_a_device_is_refused_before_a_code_is_asked_for(
    world: World,
) -> None:
    world.add(mfa_required=True)
    device = world.equip()
    code = device.code(world.clock())
    person = Scripted(
        ["alice", PASSWORD, code, "devices", "1", "remove", "add", "phone", "", cancelled, "q", "q"]
    )
    assert application.run(world.ports, person, HERE, Terminal(), PROCESS)
    assert person.all("warn") == [
        "This is your only device, and you must have one. Replace it instead.",
        "You already have a device named phone. Choose another name.",
        CANCELLED,
    ]
    assert person.all("ask").count(CODE) == 2  # at the sign-in, and for the name that is free


def test_the_last_sign_in_is_told_once_before_what_failed_since(world: World) -> None:
    world.add()
    for typed in (PASSWORD, "wrong", "wrong"):
        with suppress(SignInFailed):
            sign_in.with_password(world.ports, "alice", Secret(typed), "192.0.2.7")
    person = Scripted(["alice", PASSWORD, "q"])
    assert application.run(world.ports, person, HERE, Terminal(), PROCESS)
    said = [text for kind, text in person.heard if kind in {"tell", "warn"}]
    (last,) = [number for number, text in enumerate(said) if "Last sign-in:" in text]
    assert said[last + 1].startswith("2 failed attempts since then")


def cancelled() -> str:
    raise Cancelled


def test_a_cancelled_question_leads_back_to_where_one_can_choose(world: World) -> None:
    world.add()
    person = Scripted(
        [cancelled, "alice", cancelled, "alice", PASSWORD, cancelled, "change", cancelled, "q"]
    )
    assert application.run(world.ports, person, HERE, Terminal(), PROCESS)
    assert person.all("warn").count(CANCELLED) == 4
    assert person.all("ask").count("Username: ") == 3
    assert person.all("ask").count("Choose: ") == 3


@pytest.mark.parametrize("until", ["failed attempt", "Signed in as", "Sign Out"])
def test_the_end_of_a_session_is_logged_whenever_the_terminal_is_lost(
    world: World, until: str
) -> None:
    world.add()
    person = Leaving(["alice", "wrong", "", PASSWORD])
    person.until = until
    with pytest.raises(Gone):
        application.run(world.ports, person, HERE, Terminal(), PROCESS)
    assert world.events[-1].event is EventType.SESSION_END


def asked_meanwhile(world: World, terminal: Terminal, seen: list[float]) -> Callable[[], str]:
    def ask() -> str:
        (one,) = open_sessions.every(world.ports, OPERATOR)
        open_sessions.end(world.ports, OPERATOR, [one.id])
        assert terminal.has_left.wait(10)
        seen.extend(one.active_at for one in world.sessions.all())
        raise Gone

    return ask


def test_a_session_that_others_end_says_so_and_is_logged(world: World) -> None:
    world.add()
    world.sessions.look_seconds = 0.02
    terminal, seen = Terminal(), list[float]()
    person = Scripted(["alice", PASSWORD, asked_meanwhile(world, terminal, seen)])
    with pytest.raises(SessionEnded, match="An administrator signed you out"):
        application.run(world.ports, person, HERE, terminal, PROCESS)
    assert seen == [NOW - 90]
    assert world.sessions.all() == []
    last = world.events[-1]
    assert (last.event, last.reason) == (EventType.SESSION_END, "ended by operator:root")


def test_a_session_that_cannot_be_listed_goes_on_and_says_so(world: World) -> None:
    world.add()
    world.sessions.fails = True
    person = Scripted(["alice", PASSWORD, "q"])
    assert application.run(world.ports, person, HERE, Terminal(), PROCESS)
    assert "missing from the list of open sessions" in person.all("warn")[0]


def test_an_admin_invites_users_who_choose_a_password(world: World) -> None:
    world.add_admin("ada")
    world.add()
    create = ["Create User", "bob", "Bob", "no", "yes"]
    invite = ["Users", "alice", "alice", "Invite", "yes", "q"]
    person = Scripted(["ada", PASSWORD, *create, *invite, "q", "q"])
    assert application.run(world.ports, person, HERE, Terminal(), PROCESS)
    told = "\n".join(person.all("tell"))
    codes = dict(re.findall(r"invitation code of (\w+), shown only now:\n(\S+)", told))
    assert [*codes] == ["bob", "alice"]
    for name, code in codes.items():
        chosen = "correct horse battery"
        person = Scripted([name, code.lower(), chosen, chosen, "q"])
        assert application.run(world.ports, person, HERE, Terminal(), PROCESS)
        assert "Choose a password. Your invitation code works until" in person.all("tell")[1]
        assert not world.account(name).invited


@pytest.mark.parametrize("act", ["Reset Password", "Invite"])
def test_an_admin_whose_proof_is_old_gives_it_and_the_act_goes_on(world: World, act: str) -> None:
    world.add_admin("ada")
    world.add()

    def later() -> str:
        world.clock.forward(PROOF_LIFETIME + 1)
        return act

    acts: list[Answer] = [later, "yes", PASSWORD, "q"]
    person = Scripted(["ada", PASSWORD, "Users", "alice", "alice", *acts, "q", "q"])
    assert application.run(world.ports, person, HERE, Terminal(), PROCESS)
    assert person.all("warn") == []
    assert any("alice, shown only now" in text for text in person.all("tell"))


def test_an_admin_disables_an_account_with_a_reason_and_gives_it_a_last_day(world: World) -> None:
    world.add_admin("ada")
    world.add()
    acts: list[Answer] = ["Disable Account", "yes", "On leave.", "Change Expiry", "2027-01-17"]
    person = Scripted(["ada", PASSWORD, "Users", "alice", "alice", *acts, "q", "q", "q"])
    assert application.run(world.ports, person, HERE, Terminal(), PROCESS)
    account = world.account()
    assert (account.enabled, account.disabled_reason) == (False, "On leave.")
    assert account.expires_at == end_of("2027-01-17")
    shown = [text for text in person.all("tell") if text.startswith("User alice")][-1]
    assert 'Status: disabled: "On leave."' in shown
    assert "Expires: at the end of 2027-01-17 (UTC)" in shown


def test_what_others_did_meanwhile_is_not_lost_unasked(world: World) -> None:
    world.add_admin("ada")
    world.add()
    world.equip("alice")

    def after(theirs: Callable[[], object], act: str) -> Callable[[], str]:
        def answer() -> str:
            theirs()
            return act

        return answer

    def reset() -> None:
        administration.reset_password(world.ports, OPERATOR, "alice")

    def disable() -> None:
        theirs = Update(enabled=False, disabled_reason="Reason A")
        administration.update_user(world.ports, OPERATOR, "alice", theirs)

    acts: list[Answer] = [
        *(after(reset, "Invite"), "yes", "no"),
        *(after(reset, "Reset Password"), "yes", "no"),
        *(after(lambda: world.equip_too("Tablet", "alice"), "Disable MFA"), "yes", "no"),
        *(after(disable, "Disable Account"), "yes", "Reason B", "no"),
    ]
    person = Scripted(["ada", PASSWORD, "Users", "alice", "alice", *acts, "q", "q", "q"])
    assert application.run(world.ports, person, HERE, Terminal(), PROCESS)
    alice = world.account("alice")
    assert alice.second_factor is not None
    assert (alice.disabled_reason, alice.invited) == ("Reason A", False)
    asked = [text for text in person.all("tell") if "in the meantime" in text]
    assert asked == [
        "operator:root has set Password to a new one in the meantime.",
        "operator:root has set Password to a new one in the meantime.",
        "Somebody has set Devices to Phone, Tablet in the meantime.",
        "operator:root has set Reason to Reason A in the meantime.",
    ]


def test_a_help_desk_is_offered_what_it_may_do_and_no_more(world: World) -> None:
    resets = (Permission.READ_USERS, Permission.RESET_MFA)
    world.settings(custom_roles={"help-desk": resets}, code_limit=1)
    world.add("hal", roles=("help-desk",))
    world.add()
    device = world.equip()
    with pytest.raises(SignInFailed):
        sign_in.with_one_time_code(
            world.ports, world.asked_for_code(), device.wrong_code(world.clock())
        )
    acts: list[Answer] = ["Unlock", "Disable MFA", "yes", "q"]
    person = Scripted(["hal", PASSWORD, "Users", "alice", "alice", *acts, "q", "q"])
    assert application.run(world.ports, person, HERE, Terminal(), PROCESS)
    assert world.account().second_factor is None
    assert world.begin() is not None
    told = person.all("tell")
    assert not any("Create User" in text for text in told)
    shown = [index for index, text in enumerate(told) if text.startswith("User alice")]
    assert told[shown[0] + 1 :][:3] == ["1  Disable MFA", "2  Unlock", "q  Back"]
    assert told[shown[-1] + 1] == "q  Back"


def test_the_owner_is_warned_before_the_last_day_and_then_told_why(world: World) -> None:
    world.add(expires_at=world.clock() + 86400)
    person = Scripted(["alice", PASSWORD, "q"])
    assert application.run(world.ports, person, HERE, Terminal(), PROCESS)
    assert any(text.startswith("Your account expires at the end of") for text in person.all("warn"))
    world.clock.forward(86400)
    person = Scripted(["alice", PASSWORD, "q"])
    assert not application.run(world.ports, person, HERE, Terminal(), PROCESS)
    assert any(text.startswith("Your account expired at the end") for text in person.all("warn"))
