"""What screens and commands say of an account, and of times."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import msgspec
import pytest
from msgspec.structs import replace

from cwtui import language
from cwtui.accounts import (
    account_state,
    failed_sign_in_words,
    failed_sign_ins,
    sources,
    times,
    wording,
)
from cwtui.accounts.administration import Details
from cwtui.accounts.audit.lines import Record
from cwtui.accounts.devices import DeviceState
from cwtui.accounts.expiry import end_of
from cwtui.accounts.listing import AccountRow
from cwtui.accounts.model import (
    Account,
    Attempts,
    Ending,
    FailedSignIns,
    KnewPassword,
    Origin,
    SignInRecord,
    WrongCodes,
)
from cwtui.accounts.settings import OrganizationSettings
from cwtui.accounts.text import counted
from cwtui.accounts.unlocking import Unlocked
from cwtui.language import Language
from tests.accounts.world import NOW, World
from tests.language import Marked, german, marked

HOSTILE = "\x1b[31m\u202e"
SHOWN = "<U+001B>[31m<U+202E>"
GONE = {"origin": Origin.LDAP, "gone_since": NOW}
HIDES = {"in_directory_too": True}


def account(**fields: object) -> Account:
    return Account(username="alice", created_at=NOW).changed(**fields)


def test_a_source_is_shown_in_the_language_of_the_person() -> None:
    record = SignInRecord(last_sign_in=NOW, last_source=sources.CONSOLE)
    assert wording.last_sign_in(record) == "2027-01-15 08:00 UTC from local console"
    with german(Marked()):
        language.use(Language.GERMAN)
        assert wording.last_sign_in(record).endswith(marked("local console"))
        assert sources.shown("192.0.2.7") == "192.0.2.7"
        assert sources.shown(HOSTILE) == SHOWN


@pytest.mark.parametrize(
    ("invited", "valid", "over"),
    [
        (
            False,
            "initial, valid until 2027-01-15 08:00 UTC",
            "initial password expired on 2027-01-15 08:00 UTC",
        ),
        (
            True,
            "invited, until 2027-01-15 08:00 UTC",
            "invitation expired on 2027-01-15 08:00 UTC",
        ),
    ],
)
def test_an_initial_password_or_invitation_says_until_when_it_is_valid(
    invited: bool, valid: str, over: str
) -> None:
    one = account(password="$2b$", initial_password_expires_at=NOW, invited=invited)
    assert wording.password(one, NOW - 1) == valid
    assert wording.password(one, NOW) == over


@pytest.mark.parametrize(
    ("fields", "short", "full"),
    [
        ({}, "local", "local"),
        ({"origin": Origin.LDAP}, "ldap", "ldap"),
        (GONE, "ldap, gone", "ldap: gone since 2027-01-15"),
        (GONE | HIDES, "ldap, gone", "ldap: gone since 2027-01-15"),
        (HIDES, "local, also in ldap", "local: an LDAP user is also named alice"),
    ],
)
def test_the_origin_is_said_in_short_and_in_full(
    fields: dict[str, object], short: str, full: str
) -> None:
    one = account(**fields)
    row = msgspec.convert(
        {"username": "alice", **{name: getattr(one, name) for name in fields}}, AccountRow
    )
    assert (wording.origin(one), wording.origin_in_full(one)) == (short, full)
    assert wording.origin(row) == short
    assert (account_state.origin_note(one) is None) is ("," not in short)


def test_status_and_mfa_are_said_in_words(world: World) -> None:
    world.add("alice")
    one = world.account("alice")
    assert (status(one), wording.mfa(one.second_factor)) == ("enabled", "not enabled")
    locked = SignInRecord(password_attempts={"": Attempts(5, NOW, NOW + 300)})
    assert status(one, locked) == "locked until 2027-01-15 08:05 UTC"
    world.equip("alice")
    factor = world.account("alice").second_factor
    assert factor is not None
    assert wording.mfa(factor) == "enabled since 2027-01-15"
    assert wording.unused_codes(factor) == "10 unused"
    assert status(one.changed(enabled=False), locked) == "disabled"
    left = one.changed(enabled=False, disabled_reason="left\u202e")
    assert status(left) == 'disabled: "left<U+202E>"'
    expired = one.changed(expires_at=end_of("2027-01-14"))
    assert status(expired) == "expired since 2027-01-15 00:00 UTC"
    assert status(one, is_unused=True) == "unused: no sign-in for 90 days"
    assert wording.expires(one) == "never"
    assert wording.expires(expired) == "at the end of 2027-01-14 (UTC)"


def status(account: Account, record: SignInRecord | None = None, *, is_unused: bool = False) -> str:
    settings = OrganizationSettings(unused_days=90)
    return wording.status(Details(account, record or SignInRecord(), settings, NOW, is_unused))


def test_the_state_of_a_device_is_said_in_words() -> None:
    unused = DeviceState("0a1b2c3d", "Phone", NOW, None, 0)
    assert wording.device(unused) == "registered 2027-01-15, not used yet"
    used = replace(unused, last_used_at=NOW + 86400, clock_ahead=30)
    assert wording.device(used) == "registered 2027-01-15, used 2027-01-16"
    assert (wording.clock_ahead(used), wording.clock_ahead(unused)) == (
        "clock about 30 s ahead",
        "",
    )
    assert wording.clock_ahead(replace(used, clock_ahead=-30)) == "", "It may have been typed late."
    assert wording.device_replaced("Tablet", "Phone") == "Tablet replaced Phone."
    assert wording.device_replaced("Phone", "Phone") == "The device Phone was replaced."
    assert wording.renamed("Phone", HOSTILE) == f"Phone is now called {SHOWN}."


@pytest.mark.parametrize(
    ("outcome", "said"),
    [
        (Unlocked(True, 5), "Unlocked bob. The user can try again now."),
        (Unlocked(False, 1), "bob was not locked. 1 failed attempt was cleared."),
        (Unlocked(False, 3), "bob was not locked. 3 failed attempts were cleared."),
        (
            Unlocked(True, 5, left=3),
            (
                "Cleared 5 failed attempts at the code. There are failed attempts at the password "
                "of bob. Only somebody with the permission manage-users can clear those."
            ),
        ),
        (Unlocked(False, 0), "bob was not locked: there are no failed attempts."),
    ],
)
def test_the_outcome_of_unlocking_is_said(outcome: Unlocked, said: str) -> None:
    assert wording.unlocked("bob", outcome) == said


@pytest.mark.parametrize(
    ("left", "said"),
    [
        (0, "0 unused backup codes left"),
        (1, "1 unused backup code left"),
        (2, "2 unused backup codes left"),
    ],
)
def test_the_number_of_backup_codes_left_is_said(left: int, said: str) -> None:
    assert wording.backup_codes_left(left) == said


def test_the_last_sign_in_is_said_with_its_time_and_source() -> None:
    never = SignInRecord()
    assert wording.last_sign_in(never) == "never"
    at = never.changed(last_sign_in=NOW)
    assert wording.last_sign_in(at) == "2027-01-15 08:00 UTC"
    there = at.changed(last_source=HOSTILE)
    assert wording.last_sign_in(there) == f"2027-01-15 08:00 UTC from {SHOWN}"


@pytest.mark.parametrize(
    ("actor", "subject", "said"),
    [
        ("ada", "", "ada"),
        ("ada", "ada", "ada"),
        ("ada", "bob", "ada > bob"),
        (HOSTILE, "bob", f"{SHOWN} > bob"),
        ("ada", HOSTILE, f"ada > {SHOWN}"),
    ],
)
def test_an_event_says_who_did_it_to_whom(actor: str, subject: str, said: str) -> None:
    record = Record(
        n=1,
        previous="0",
        at=datetime.fromtimestamp(NOW, UTC),
        event="user.update",
        actor=actor,
        subject=subject,
        source="10.0.0.1",
        outcome="success",
    )
    assert wording.who(record, ">") == said


def test_failed_sign_ins_for_the_person_and_for_others() -> None:
    wrong = FailedSignIns(1, NOW, HOSTILE)
    assert failed_sign_in_words.sentence(wrong) == (
        f"1 failed attempt since then, on 2027-01-15 08:00 UTC from {SHOWN}. If that was not you, "
        "make sure that your password is hard to guess."
    )
    assert failed_sign_in_words.summary(wrong, is_first_sign_in=True) == [
        "1 before the first sign-in",
        f"wrong password: last 2027-01-15 08:00 UTC from {SHOWN}",
    ]
    knew = KnewPassword(NOW, HOSTILE, Ending.STOPPED)
    right = FailedSignIns(1200, NOW, "10.0.0.1", knew)
    assert failed_sign_in_words.sentence(right) == (
        "1,200 failed attempts since then. One used your password but entered no code (2027-01-15 "
        f"08:00 UTC, {SHOWN}). If that was not you, change your password now."
    )
    assert failed_sign_in_words.summary(right) == [
        "1,200 since the last sign-in",
        "wrong password: last 2027-01-15 08:00 UTC from 10.0.0.1",
        f"correct password: last 2027-01-15 08:00 UTC from {SHOWN}",
        "(stopped at the code)",
    ]


ENDINGS = {
    Ending.REFUSED: "but was refused",
    Ending.STOPPED: "but entered no code",
    Ending.WRONG_CODE: "but entered a wrong code",
    Ending.NEW_PASSWORD: "but chose no new password",
    Ending.NEW_PASSWORD_AFTER_CODE: "and a code but chose no new password",
    Ending.ENROLMENT: "but did not set up MFA",
    Ending.BACKUP_CODES: "and a code but did not confirm the backup codes",
}
WITH_CODE = {Ending.NEW_PASSWORD_AFTER_CODE, Ending.BACKUP_CODES}
PROVED_ALL = WITH_CODE | {Ending.NEW_PASSWORD, Ending.ENROLMENT}


@pytest.mark.parametrize("ending", ENDINGS)
def test_each_ending_is_told_with_how_far_the_sign_in_got(ending: Ending) -> None:
    knew = KnewPassword(NOW, "203.0.113.7", ending)
    rest = (
        f" used your password {ENDINGS[ending]} (2027-01-15 08:00 UTC, 203.0.113.7). If that was "
        "not you, change your password now."
    )
    kinds = ("failed attempt", "failed attempts")
    if ending in PROVED_ALL:
        kinds = ("unfinished sign-in", "failed or unfinished sign-ins")
    one, more = FailedSignIns(1, None, "", knew), FailedSignIns(3, NOW - 60, "10.0.0.9", knew)
    assert failed_sign_in_words.sentence(one) == f"1 {kinds[0]} since then. It{rest}"
    assert failed_sign_in_words.sentence(more) == f"3 {kinds[1]} since then. One{rest}"
    assert failed_sign_in_words.sentence(one, is_first_sign_in=True) == (
        f"1 {kinds[0]} before your first sign-in. It{rest}"
    )
    assert failed_sign_in_words.summary(one)[-1] == f"({ending})"
    several = replace(more, right_passwords=2, wrong_codes={"10.0.0.8": WrongCodes(5, NOW - 30)})
    used = "used a code but " if ending in WITH_CODE else ""
    last = ENDINGS[ending].rpartition("but ")[2]
    assert failed_sign_in_words.sentence(several) == (
        f"3 {kinds[1]} since then. 2 used your password. The last of them {used}{last} "
        "(2027-01-15 08:00 UTC, 203.0.113.7). 5 wrong codes in all, the last on 2027-01-15 07:59 "
        "UTC from 10.0.0.8. If that was not you, change your password now."
    )


@pytest.mark.parametrize("ending", ENDINGS)
def test_after_a_change_nobody_is_advised_to_change_the_password_again(ending: Ending) -> None:
    """The change applies to those who knew the old password. A later one counts anew."""
    one = FailedSignIns(1, None, "", KnewPassword(NOW, "203.0.113.7", ending))
    before = SignInRecord(failed=one)
    after = failed_sign_ins.with_old_password(before, NOW + 60)
    assert failed_sign_ins.with_old_password(after, NOW + 90) == after
    assert after.failed is not None
    code = " and a code" if ending in WITH_CODE else ""
    told = f"used your old password{code} (2027-01-15 08:00 UTC, 203.0.113.7)"
    assert failed_sign_in_words.sentence(after.failed) == (
        f"1 {'unfinished sign-in' if code else 'failed attempt'} since then. It {told}. "
        "Your password was changed since."
    )
    assert failed_sign_in_words.summary(after.failed)[-1].endswith("password changed since)")
    later = failed_sign_ins.with_failure(after, "203.0.113.8", NOW + 120, Ending.STOPPED)
    assert later.failed is not None
    assert failed_sign_in_words.sentence(later.failed) == (
        "2 failed attempts since then. One used your password but entered no code (2027-01-15 "
        "08:02 UTC, 203.0.113.8). If that was not you, change your password now."
    )
    assert failed_sign_ins.without_stop(later, "203.0.113.8", after) == after
    assert failed_sign_ins.restored(after.failed) == replace(
        one, knew_password=None, right_passwords=1
    )
    several = replace(one, count=3, right_passwords=2, last_at=NOW)
    old = failed_sign_ins.with_old_password(SignInRecord(failed=several), NOW + 60).failed
    assert old is not None
    last = "the last of them with a code, " if code else "the last of them "
    assert f"2 used your old password ({last}2027-01-15" in failed_sign_in_words.sentence(old)


def test_old_passwords_from_an_unknown_source_are_told() -> None:
    unknown = SignInRecord(failed=FailedSignIns(1, right_passwords=1))
    after = failed_sign_ins.with_old_password(unknown, NOW).failed
    assert after is not None
    assert failed_sign_in_words.sentence(after) == (
        "1 failed attempt since then. Someone entered your old password. Where from was not "
        "recorded. Your password was changed since."
    )
    assert failed_sign_in_words.summary(after)[1] == "correct password: last 2027-01-15 08:00 UTC"
    for record in (SignInRecord(), SignInRecord(failed=FailedSignIns(2, NOW, "10.0.0.1"))):
        assert failed_sign_ins.with_old_password(record, NOW) == record


@pytest.mark.parametrize("ending", ENDINGS)
def test_the_persons_own_first_step_is_told_without_alarm(ending: Ending) -> None:
    """The same place and nothing wrong: told all the same, as another person may be there too."""
    knew = KnewPassword(NOW, "2001:db8::7", ending)
    one, both = FailedSignIns(1, None, "", knew), FailedSignIns(2, None, "", knew, 2)
    here, now = "2001:db8::8", "change your password now."
    sentence = failed_sign_in_words.sentence(one, here=here, is_first_sign_in=True)
    assert f"used your password {ENDINGS[ending]} (2027-01-15 08:00 UTC, 2001:db8::7)" in sentence
    is_own = ending in PROVED_ALL
    assert failed_sign_ins.is_alarming(one, here) is not is_own
    assert failed_sign_ins.is_alarming(one, "203.0.113.7")
    assert failed_sign_ins.is_alarming(both, here)
    if not is_own:
        assert sentence.endswith(f"If that was not you, {now}")
        return
    assert sentence.startswith("1 unfinished sign-in before your first sign-in. It used your")
    hint = "It came from where you are now: if it was you, ignore this. "
    assert sentence.endswith(f"{hint}If not, {now}")
    changed = failed_sign_in_words.sentence(one, here=here, password_changed=True)
    assert changed.endswith(f"{hint}You have changed your password since.")
    assert "now: if all of them were you, ignore" in failed_sign_in_words.sentence(both, here=here)
    assert "where you are" not in failed_sign_in_words.sentence(one, here="203.0.113.7")


@pytest.mark.parametrize(
    ("number", "what", "said"),
    [(0, "key", "0 keys"), (1, "key", "1 key"), (1200, "key", "1,200 keys"), (2, "try", "2 tries")],
)
def test_a_count_has_its_noun_in_singular_or_plural(number: int, what: str, said: str) -> None:
    assert counted(number, what, "tries" if what == "try" else "") == said


def test_times_are_written_in_one_form() -> None:
    assert times.minute(NOW) == "2027-01-15 08:00"
    assert times.utc_minute(NOW) == "2027-01-15 08:00 UTC"
    assert times.day(NOW) == "2027-01-15"
    for shown in (times.minute, times.utc_minute, times.day):
        assert shown(None) == "never"


def test_times_in_a_zone_have_its_offset() -> None:
    berlin, kolkata = ZoneInfo("Europe/Berlin"), ZoneInfo("Asia/Kolkata")
    summer = NOW + 180 * 86400
    assert times.minute(NOW, berlin) == "2027-01-15 09:00"
    assert times.full_minute(NOW, berlin) == "2027-01-15 09:00 +01:00"
    assert times.full_minute(summer, berlin) == "2027-07-14 10:00 +02:00"
    assert times.clock(NOW, kolkata) == "13:30 +05:30"
    assert times.clock(NOW, ZoneInfo("America/St_Johns")) == "04:30 -03:30"
    assert times.clock(NOW) == "08:00 UTC"
    assert times.day(NOW + 16 * 3600, kolkata) == "2027-01-16"
    assert times.full_minute(None, berlin) == "never"
    assert times.full_minute(253402300799.0, kolkata) == "9999-12-31 23:59 UTC"
    assert [times.place(zone) for zone in (UTC, berlin, ZoneInfo("America/New_York"))] == [
        "UTC",
        "Berlin",
        "New York",
    ]
    record = SignInRecord(last_sign_in=NOW, last_source="10.0.0.1")
    assert wording.last_sign_in(record, berlin) == "2027-01-15 09:00 +01:00 from 10.0.0.1"
    knew = FailedSignIns(1, None, "", KnewPassword(NOW, "10.0.0.1", Ending.STOPPED))
    for failed in (knew, FailedSignIns(1, NOW, "10.0.0.1")):
        assert "2027-01-15 09:00 +01:00" in failed_sign_in_words.sentence(failed, berlin)


@pytest.mark.parametrize(
    ("matching", "is_filtered", "said"),
    [
        (None, False, "1,200 users"),
        (None, True, "… of 1,200 users"),
        (1200, True, "1,200 users"),
        (0, True, "0 of 1,200 users"),
        (1100, True, "1,100 of 1,200 users"),
    ],
)
def test_the_count_of_a_list_says_how_many_match(
    matching: int | None, is_filtered: bool, said: str
) -> None:
    assert wording.users_counted(matching, 1200, is_filtered=is_filtered) == said
