"""Doors of a host that is cut off from the database."""

from pathlib import Path

import pytest
from msgspec.structs import replace

from cwtui import language
from cwtui.accounts.audit.events import EventType, Outcome
from cwtui.accounts.errors import CannotCheck, StoreTooNew
from cwtui.accounts.model import Origin
from cwtui.accounts.preferences import LanguageChoice, Preferences
from cwtui.accounts.reconciling import Reconciling
from cwtui.dialogue.asking import CODE
from cwtui.language import Language
from cwtui.service import refusals
from cwtui.service.packets import Phase, Verdict
from tests.accounts.world import PASSWORD, Device, World
from tests.language import Marked, german, marked
from tests.service.cut_off import CutOffHost

DAY = 24 * 3600.0
CANNOT_REACH = "This host cannot reach the account database"


def test_a_person_who_signed_in_here_gets_in_and_the_log_says_so(
    world: World, host: CutOffHost, device: Device
) -> None:
    host.line.cut()
    verdict, person = host.sign_in(PASSWORD, device.code(world.clock()))
    assert verdict is Verdict.ACCEPTED
    said = [text for _, text in person.heard]
    assert said[0] == (
        f"{CANNOT_REACH}. Only people who have signed in here in the last 7 days can sign in."
    )
    assert said[-1] == "Your sign-in was checked with a copy from 2027-01-15 08:00 UTC."
    at, before = world.clock(), len(world.events)
    world.clock.forward(60)
    host.back()
    *events, end = world.events[before:]
    assert {event.at for event in events} == {at}
    assert all(" while_cut_off=plant7/" in event.reason for event in events)
    assert events[-1].event is EventType.SIGN_IN
    assert events[-1].outcome is Outcome.SUCCESS
    assert end.event is EventType.CUT_OFF_END
    assert end.reason.startswith(f'events={len(events)} since="2027-01-15 09:00 UTC", ')
    assert world.records.get("alice").last_sign_in == at


def test_a_copy_knows_the_language_and_the_time_zone_of_its_owner(
    world: World, host: CutOffHost, device: Device
) -> None:
    preferences = Preferences(language=LanguageChoice.GERMAN, time_zone="Europe/Berlin")
    world.put(world.account().changed(preferences=preferences))
    host.cut_off.look_after()
    host.line.cut()
    with german(Marked()):
        code = device.code(world.clock())
        where = {"service": "sshd", "rhost": "203.0.113.7"}
        verdict, person = host.ask(Phase.AUTH, code, mode="code", **where)
        assert verdict is Verdict.ACCEPTED
        assert person.all("ask") == [marked(CODE)]
        copied = marked("Your sign-in was checked with a copy from {time}.")
        assert person.last == ("tell", copied.format(time="2027-01-15 10:00 +01:00"))
        assert language.spoken() is Language.ENGLISH


def test_wrong_passwords_and_used_codes_are_refused(
    world: World, host: CutOffHost, device: Device
) -> None:
    """Also a code that was used just before the line was cut."""
    used = device.code(world.clock())
    assert host.sign_in(PASSWORD, used)[0] is Verdict.ACCEPTED
    host.line.cut()
    assert host.warned("wrong") == "Username or password is wrong. 2 attempts left."
    assert "already used" in host.warned(PASSWORD, used)
    assert "This code is wrong." in host.warned(PASSWORD, device.wrong_code(world.clock()))
    world.clock.forward(30)
    code = device.code(world.clock())
    assert host.sign_in(PASSWORD, code)[0] is Verdict.ACCEPTED
    assert "already used" in host.warned(PASSWORD, code)
    host.back()
    assert "already used" in host.warned(PASSWORD, code)


def test_a_backup_code_works_once_here_and_then_nowhere(
    world: World, host: CutOffHost, device: Device
) -> None:
    code = device.codes[0].reveal()
    host.line.cut()
    _, person = host.sign_in(PASSWORD, code)
    assert "9 unused backup codes left" in "".join(person.all("tell"))
    assert "not one of your unused" in host.warned(PASSWORD, code)
    host.back()
    assert "not one of your unused" in host.warned(PASSWORD, code)
    factor = world.account().second_factor
    assert factor is not None
    assert len(factor.backup_codes.hashes) == 9
    assert EventType.CUT_OFF_USED_TWICE not in world.event_types()


def test_a_backup_code_that_two_hosts_accepted_is_an_alarm(
    world: World, host: CutOffHost, device: Device, tmp_path: Path
) -> None:
    other = CutOffHost(world.ports, tmp_path / "other", name="plant8")
    assert other.sign_in(PASSWORD, device.code(world.clock()))[0] is Verdict.ACCEPTED
    world.clock.forward(60)
    for one in (host, other):
        one.line.cut()
        assert one.sign_in(PASSWORD, device.codes[0].reveal())[0] is Verdict.ACCEPTED
    host.back()
    assert EventType.CUT_OFF_USED_TWICE not in world.event_types()
    other.back()
    (alarm,) = [one for one in world.events if one.event is EventType.CUT_OFF_USED_TWICE]
    assert (alarm.actor, alarm.subject, alarm.source) == ("host:plant8", "alice", "plant8")
    assert alarm.outcome is Outcome.FAILURE
    assert alarm.reason.startswith("backup_codes=1, while_cut_off=plant8/")
    factor = world.account().second_factor
    assert factor is not None
    assert len(factor.backup_codes.hashes) == 9


def test_a_one_time_code_that_two_hosts_accepted_is_an_alarm(
    world: World, host: CutOffHost, device: Device
) -> None:
    host.line.cut()
    code = device.code(world.clock())
    assert host.sign_in(PASSWORD, code)[0] is Verdict.ACCEPTED
    world.clock.forward(1)
    world.session(device=device)
    host.back()
    (alarm,) = [one for one in world.events if one.event is EventType.CUT_OFF_USED_TWICE]
    assert alarm.reason.startswith("devices=Phone, ")


@pytest.mark.parametrize("user", ["bob", "nobody"])
def test_without_a_copy_nobody_gets_in(
    world: World, host: CutOffHost, device: Device, user: str
) -> None:
    """PAM must not hear that there is no such account: it could let in whom cwtui does not know."""
    del device
    world.add("bob")
    host.line.cut()
    # As somebody who has a copy, and mistypes the password.
    assert host.warned(PASSWORD, user=user) == "Username or password is wrong. 2 attempts left."
    for phase in (Phase.AUTH, Phase.ACCOUNT):
        verdict, person = host.ask(phase, user=user, service="sudo", mode="code")
        assert verdict is Verdict.CANNOT_CHECK
        assert "you have not signed in here in the last 7 days" in person.last[1]


def test_a_code_after_a_key_opens_with_the_copy(
    world: World, host: CutOffHost, device: Device
) -> None:
    host.line.cut()
    fields = {"service": "sudo", "mode": "code", "tty": "/dev/pts/1", "ruser": "alice"}
    verdict, _ = host.ask(Phase.AUTH, device.code(world.clock()), **fields)
    assert verdict is Verdict.ACCEPTED
    for phase in (Phase.ACCOUNT, Phase.OPEN, Phase.CLOSE):
        assert host.ask(phase, **fields)[0] is Verdict.ACCEPTED
    host.back()
    assert world.event_types()[-3:-1] == [EventType.HOST_OPEN, EventType.HOST_CLOSE]


def test_after_three_wrong_passwords_even_the_right_one_waits(
    world: World, host: CutOffHost, device: Device
) -> None:
    """Also after a restart; and the wait goes with the others' to the database."""
    host.line.cut()
    verdict, _ = host.sign_in("wrong", "wrong", "wrong")
    assert verdict is Verdict.TOO_MANY
    host.start()
    world.clock.forward(59 * 60)
    assert host.sign_in(PASSWORD)[0] is Verdict.TOO_MANY
    assert world.records.get("alice").password_attempts == {}
    host.back()
    assert host.sign_in(PASSWORD)[0] is Verdict.TOO_MANY
    world.clock.forward(60)
    assert host.sign_in(PASSWORD, device.code(world.clock()))[0] is Verdict.ACCEPTED


def test_guesses_at_made_up_names_are_counted_alike(world: World, host: CutOffHost) -> None:
    world.add()
    assert host.sign_in(PASSWORD)[0] is Verdict.ACCEPTED
    host.line.cut()
    assert host.sign_in("wrong", "wrong", "wrong", user="nobody")[0] is Verdict.TOO_MANY
    host.back()
    assert host.sign_in("wrong", user="nobody")[0] is Verdict.TOO_MANY


def test_a_restart_during_the_cut_changes_nothing(
    world: World, host: CutOffHost, device: Device
) -> None:
    host.line.cut()
    code = device.code(world.clock())
    assert host.sign_in(PASSWORD, code)[0] is Verdict.ACCEPTED
    host.start()
    assert host.cut_off.is_cut_off
    assert "already used" in host.warned(PASSWORD, code)
    world.clock.forward(30)
    assert host.sign_in(PASSWORD, device.code(world.clock()))[0] is Verdict.ACCEPTED
    host.line.mend()
    host.start()
    assert not host.cut_off.is_cut_off
    assert world.event_types()[-1] is EventType.CUT_OFF_END


def test_a_clock_that_was_set_back_lets_nobody_in(
    world: World, host: CutOffHost, device: Device
) -> None:
    host.line.cut()
    assert host.sign_in(PASSWORD, device.code(world.clock()))[0] is Verdict.ACCEPTED
    host.ahead -= 60
    host.start()
    world.clock.forward(30)
    verdict, person = host.sign_in(PASSWORD, device.codes[0].reveal())
    assert verdict is Verdict.CANNOT_CHECK
    assert "its clock was set back" in person.last[1]
    host.ahead += 60
    assert host.sign_in(PASSWORD, device.codes[0].reveal())[0] is Verdict.ACCEPTED


def test_a_clock_that_was_always_wrong_is_no_hindrance(world: World, tmp_path: Path) -> None:
    """One-time codes follow the database's time, also while the host is cut off."""
    host = CutOffHost(world.ports, tmp_path / "copies", ahead=-4000.0)
    world.add()
    device = world.equip()
    assert host.sign_in(PASSWORD, device.code(world.clock()))[0] is Verdict.ACCEPTED
    host.line.cut()
    host.start()
    world.clock.forward(30)
    assert host.sign_in(PASSWORD, device.code(world.clock()))[0] is Verdict.ACCEPTED


def test_copies_of_another_database_are_not_used(
    world: World, host: CutOffHost, device: Device
) -> None:
    host.line.cut()
    host.store = "postgresql://other/accounts"
    host.start()
    verdict, person = host.sign_in(PASSWORD, device.code(world.clock()))
    assert verdict is Verdict.CANNOT_CHECK
    assert "has no copies of it" in person.last[1]


def test_a_database_that_answers_decides_alone(
    world: World, host: CutOffHost, device: Device, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A host that was cut off does not go on with copies if it is refused."""
    host.line.cut()
    host.start()
    assert host.sign_in(PASSWORD, device.code(world.clock()))[0] is Verdict.ACCEPTED
    world.clock.forward(30)

    def connect() -> None:
        raise StoreTooNew("The database has schema 9.")

    monkeypatch.setattr(host.cut_off, "connect", connect)
    host.cut_off.look_after()
    verdict, person = host.sign_in(PASSWORD, device.code(world.clock()))
    assert (verdict, person.heard) == (Verdict.CANNOT_CHECK, [("warn", refusals.CANNOT_CHECK)])
    monkeypatch.undo()
    host.back()
    # At the beginning, too.
    host.line.error = CannotCheck("The database refuses the connection.")
    host.line.cut()
    verdict, person = host.sign_in(PASSWORD, device.codes[0].reveal())
    assert verdict is Verdict.CANNOT_CHECK
    assert CANNOT_REACH not in "".join(text for _, text in person.heard)


def test_a_person_whose_copy_was_half_written_waits_for_the_database(
    world: World, host: CutOffHost, device: Device
) -> None:
    """What the database has of the person is not known, so nothing may be added."""
    world.add("bob")
    assert host.sign_in(PASSWORD, user="bob")[0] is Verdict.ACCEPTED
    state = host.copies.state
    host.copies.save(replace(state, writing="alice", writing_since=world.clock()))
    host.line.cut()
    assert host.warned(PASSWORD, device.code(world.clock())).startswith("Username or password")
    assert host.sign_in(PASSWORD, user="bob")[0] is Verdict.ACCEPTED
    host.back()
    assert host.sign_in(PASSWORD, device.code(world.clock()))[0] is Verdict.ACCEPTED


def test_a_sign_in_with_a_copy_does_not_succeed_after_the_return(
    world: World, host: CutOffHost, device: Device
) -> None:
    """It would be written to copies that nobody reads any more."""
    host.line.cut()
    code = device.code(world.clock())

    def late() -> str:
        host.back()
        return code

    verdict, person = host.sign_in(PASSWORD, late)
    assert verdict is Verdict.CANNOT_CHECK
    assert person.last[1] == "This host can reach the account database again. Start again."
    assert host.sign_in(PASSWORD, code)[0] is Verdict.ACCEPTED


def test_a_sign_in_with_a_copy_does_not_go_on_if_the_return_fails(
    host: CutOffHost, device: Device, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A backup code used then would not be used up in the database."""
    host.line.cut()
    host.warned("wrong")
    code = device.codes[0].reveal()

    def cut_when_written(*_: object) -> None:
        host.line.cut()
        host.line.pass_()

    def late() -> str:
        host.line.mend()
        with monkeypatch.context() as patch:
            patch.setattr(Reconciling, "_done", cut_when_written)
            host.cut_off.look_after()
        assert host.copies.state.writing == "alice"
        return code

    verdict, _ = host.sign_in(PASSWORD, late)
    assert verdict is Verdict.CANNOT_CHECK
    assert host.cut_off.is_cut_off
    host.back()
    assert host.sign_in(PASSWORD, code)[0] is Verdict.ACCEPTED
    assert "not one of your unused" in host.warned(PASSWORD, code)


def test_people_of_the_directory_need_a_key_as_first_factor(world: World, host: CutOffHost) -> None:
    world.add()
    device = world.equip()
    world.put(world.account().changed(origin=Origin.LDAP, password=None))
    fields = {"service": "sudo", "mode": "code", "tty": "/dev/pts/1", "ruser": "alice"}
    assert host.ask(Phase.AUTH, device.code(world.clock()), **fields)[0] is Verdict.ACCEPTED
    host.line.cut()
    world.clock.forward(30)
    host.doors.has_directory = True
    verdict, person = host.ask(Phase.AUTH, device.code(world.clock()), **fields)
    assert verdict is Verdict.ACCEPTED
    assert person.heard[0][1].endswith("Passwords of the directory do not work now.")
    assert host.sign_in(PASSWORD)[0] is not Verdict.ACCEPTED


def test_nobody_is_let_in_whom_the_log_has_no_room_for(
    world: World, host: CutOffHost, device: Device, monkeypatch: pytest.MonkeyPatch
) -> None:
    host.line.cut()
    assert host.sign_in(PASSWORD, device.code(world.clock()))[0] is Verdict.ACCEPTED
    monkeypatch.setattr("cwtui.store.local_copies._MOST_LOG", 100)
    verdict, person = host.sign_in(PASSWORD, device.codes[0].reveal())
    assert verdict is Verdict.CANNOT_CHECK
    assert "its log is full" in person.last[1]
