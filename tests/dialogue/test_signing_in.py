"""The sign-in as a dialogue, with a person who follows a script."""

import re
from itertools import islice

import pytest
from PIL import Image, ImageDraw, ImageFilter, ImageFont

from cwtui.accounts import sign_in
from cwtui.accounts.audit.events import EventType
from cwtui.accounts.credentials import passwords, totp
from cwtui.accounts.errors import Refused, SignInFailed, Throttled
from cwtui.accounts.preferences import Preferences
from cwtui.accounts.secret import Secret
from cwtui.dialogue.asking import CODE, PASSWORD, TooManyAttempts
from cwtui.dialogue.conversation import Drawing, Gone, Room
from cwtui.dialogue.enrolling import ROOM
from cwtui.dialogue.signing_in import Dialogue
from tests.accounts.world import HERE, Device, World
from tests.accounts.world import PASSWORD as RIGHT
from tests.console.decoders import assert_one_read
from tests.console.emulator import Emulator
from tests.console.picture import DARK, LIGHT, paint
from tests.dialogue.scripted import Answer, Scripted

DEJAVU_SANS_MONO = "/usr/share/fonts/truetype/dejavu/DejaVuSansMono.ttf"
NEW = "Another.9-Havel"


def talk(world: World, *answers: Answer) -> tuple[Dialogue, Scripted]:
    person = Scripted(list(answers))
    return Dialogue(world.ports, person, HERE, "sshd"), person


def test_password_and_code_sign_in(world: World) -> None:
    world.add()
    device = world.equip()
    dialogue, person = talk(world, RIGHT, device.code(world.clock()))
    assert dialogue.with_password("alice").session.username == "alice"
    assert person.heard == [("secret", PASSWORD), ("ask", CODE)]
    (event,) = [event for event in world.events if event.event is EventType.SIGN_IN]
    assert (event.actor, event.source) == ("alice", HERE)
    assert event.reason == "password, one-time code, device=Phone, door=sshd"


def test_a_backup_code_is_taken_at_the_same_prompt(world: World) -> None:
    world.add()
    device = world.equip()
    dialogue, person = talk(world, RIGHT, device.codes[0].reveal())
    assert dialogue.with_password("alice").backup_codes_left == 9
    assert person.last == ("tell", "You used a backup code. 9 unused backup codes left.")


def test_wrong_answers_are_told_and_asked_again(world: World) -> None:
    world.add()
    device = world.equip()
    wrong = device.wrong_code(world.clock())
    dialogue, person = talk(world, "wrong", RIGHT, wrong, "12", device.code(world.clock()))
    dialogue.with_password("alice")
    first, second, third, told = person.all("warn")
    assert first == "Username or password is wrong."
    assert second.startswith("This code is wrong. 4 attempts left.")
    assert third == "A one-time code has 6 digits; you typed 2."
    assert told.startswith("1 failed attempt before your first sign-in")


def test_three_wrong_answers_end_it(world: World) -> None:
    world.add()
    dialogue, person = talk(world, "one", "two", "three", RIGHT)
    with pytest.raises(TooManyAttempts):
        dialogue.with_password("alice")
    assert len(person.all("secret")) == 3


def test_a_person_who_must_wait_is_told_so_and_not_asked_again(world: World) -> None:
    world.settings(password_limit=2)
    world.add()
    dialogue, person = talk(world, "one", "two", RIGHT)
    with pytest.raises(SignInFailed, match="No attempts left"):
        dialogue.with_password("alice")
    assert len(person.all("secret")) == 2
    with pytest.raises(Throttled):
        dialogue.with_password("alice")


def test_a_person_who_must_wait_for_codes_is_told_before_the_question(world: World) -> None:
    world.settings(code_limit=1)
    world.add()
    device = world.equip()
    state = world.asked_for_code()
    with pytest.raises(SignInFailed):
        sign_in.with_one_time_code(world.ports, state, device.wrong_code(world.clock()))
    dialogue, person = talk(world, RIGHT, device.code(world.clock()))
    with pytest.raises(Throttled):
        dialogue.with_password("alice")
    assert person.all("ask") == []


def test_a_disabled_account_is_refused_after_the_right_password(world: World) -> None:
    world.add(enabled=False)
    dialogue, _ = talk(world, RIGHT)
    with pytest.raises(Refused, match="disabled"):
        dialogue.with_password("alice")


def test_leaving_ends_the_dialogue(world: World) -> None:
    world.add()
    world.equip()
    dialogue, _ = talk(world, RIGHT)
    with pytest.raises(Gone):
        dialogue.with_password("alice")


def enrol(world: World, choice: str) -> Scripted:
    """Sign in with an initial password, and do all that follows."""
    initial = Secret("first initial word")
    world.add(password=passwords.initial(initial).reveal(), mfa_required=True)
    world.put(world.account().changed(must_change_password=True))
    person = Scripted()

    def code() -> str:
        return Device(key_of(person), ()).code(world.clock())

    def backup_code() -> str:
        shown: list[str] = re.findall(r"(?:[0-9A-Z]{4}-){3}[0-9A-Z]{4}", said(person))
        return shown[3].lower()

    person.answers = [initial.reveal(), "ab", "ab", NEW, NEW, choice, "12", code, "x", backup_code]
    Dialogue(world.ports, person, HERE).with_password("alice")
    return person


def key_of(person: Scripted) -> Secret:
    key = re.search(r"Key: ([A-Z2-7 ]+)", said(person))
    assert key is not None
    return Secret(key[1].replace(" ", ""))


def said(person: Scripted) -> str:
    return "\n".join(person.all("tell"))


def test_an_enrolment_goes_from_the_initial_password_to_the_backup_codes(world: World) -> None:
    person = enrol(world, "3")
    factor = world.account().second_factor
    assert factor is not None
    assert factor.backup_codes.acknowledged
    assert not world.account().must_change_password
    assert person.all("secret") == [PASSWORD, *["New Password: ", "Confirm Password: "] * 2]
    assert said(person).count("Key: ") == 2  # once more instead of the QR code
    too_short, digits, no_code = person.all("warn")
    assert "at least 5" in too_short
    assert "6 digits" in digits
    assert "backup code" in no_code


def test_a_code_can_be_typed_where_the_qr_code_is_offered(world: World) -> None:
    """The key is there, too, so some have it in their app already."""
    person = enrol(world, "1 2")
    assert said(person).count("Key: ") == 1
    _, early, again, _ = person.all("warn")
    assert early == again == "A one-time code has 6 digits; you typed 2."


@pytest.mark.parametrize(("choice", "is_dark"), [("1", True), ("2", False)])
def test_the_qr_code_as_text_can_be_read(world: World, choice: str, *, is_dark: bool) -> None:
    person = enrol(world, choice)
    (drawn,) = [text for text in person.all("tell") if "█" in text and "QR" not in text]
    assert drawn.startswith("\n")
    assert len(drawn.splitlines()) <= ROOM[1] + 1
    terminal = Emulator(80, 24)
    terminal.feed(drawn.replace("\n", "\r\n").encode())
    secret = key_of(person)
    complete = islice(totp.uris(secret, "alice", world.settings().issuer), 2)
    expected = [uri.reveal() for uri in complete]
    assert_one_read(expected, paint(terminal.screen, DARK if is_dark else LIGHT))


def enrolling(world: World, room: Room, *answers: str) -> Scripted:
    """Sign in up to the QR code, in this room."""
    world.add(mfa_required=True)
    person = Scripted([RIGHT, *answers], room=room)
    with pytest.raises(Gone):
        Dialogue(world.ports, person, HERE).with_password("alice")
    return person


@pytest.mark.parametrize(("choice", "is_dark"), [("1", True), ("2", False)])
def test_the_qr_code_of_letters_can_be_read_from_a_distance(
    world: World, choice: str, *, is_dark: bool
) -> None:
    person = enrolling(world, Room(80, 1000, Drawing.ASCII), choice)
    (drawn,) = [text for text in person.all("tell") if "@@@@" in text]
    assert drawn.isascii()
    lines = drawn.strip("\n").split("\n")
    assert f"{len(lines[0])} columns and {len(lines)} rows" in said(person)
    uris = totp.uris(key_of(person), "alice", world.settings().issuer)
    assert_one_read([uri.reveal() for uri in uris], seen_from_afar(lines, is_dark=is_dark))


def seen_from_afar(lines: list[str], *, is_dark: bool) -> Image.Image:
    """The text in a font of terminals, as a camera sees it that is too far away for letters."""
    font = ImageFont.truetype(DEJAVU_SANS_MONO, 14)
    ink, paper = ("#d0d0d0", "#000000") if is_dark else ("#202020", "#ffffff")
    width, height = round(font.getlength("@")), sum(font.getmetrics())
    image = Image.new("RGB", (width * (len(lines[0]) + 8), height * (len(lines) + 4)), paper)
    pen = ImageDraw.Draw(image)
    for y, line in enumerate(lines, 2):
        pen.text((4 * width, y * height), line, font=font, fill=ink)
    blurred = image.convert("L").filter(ImageFilter.GaussianBlur(0.7 * width))
    return blurred.resize((image.width * 2 // width, image.height * 4 // height))


def test_the_needed_window_is_named_if_the_qr_code_does_not_fit(world: World) -> None:
    person = enrolling(world, Room(60, 1000, Drawing.ASCII))
    assert "A QR code needs a window of 74 columns." in said(person)
    assert person.last == ("ask", "One-time code from the app: ")


def test_without_a_drawing_only_the_key_is_shown(world: World) -> None:
    person = enrolling(world, Room(80, 24, Drawing.NONE))
    assert "Key: " in said(person)
    assert "QR" not in said(person)


def test_the_drawing_can_be_changed_at_the_question_for_the_code(world: World) -> None:
    world.add(mfa_required=True)
    dialogue, person = talk(world, RIGHT, "1", "2", "", "1")
    with pytest.raises(Gone):
        dialogue.with_password("alice")
    drawings = [text for text in person.all("tell") if "█" in text and "QR" not in text]
    assert len(drawings) == 3
    assert drawings[0] == drawings[2] != drawings[1]


@pytest.mark.parametrize(
    ("answer", "is_acknowledged", "is_asked"),
    [("new", True, True), ("have", True, False), ("", False, False)],
)
def test_codes_that_were_not_saved_are_offered_again(
    world: World, answer: str, *, is_acknowledged: bool, is_asked: bool
) -> None:
    world.add()
    device = world.equip(acknowledged=False)
    answers = [RIGHT, device.code(world.clock()), "what?", answer, ""]
    dialogue, person = talk(world, *answers)
    dialogue.with_password("alice")
    factor = world.account().second_factor
    assert factor is not None
    assert factor.backup_codes.acknowledged is is_acknowledged
    assert any("type one of" in question for question in person.all("ask")) is is_asked
    assert person.all("warn") == ["Type new or have, or only press Enter."]


def test_times_are_in_the_zone_of_the_account(world: World) -> None:
    world.add(preferences=Preferences(time_zone="Europe/Berlin"))
    device = world.equip(acknowledged=False)
    dialogue, person = talk(world, RIGHT, device.code(world.clock()), "")
    dialogue.with_password("alice")
    assert "codes, created on 2027-01-15 09:00 +01:00. None" in person.all("tell")[0]
    world.clock.forward(30)
    dialogue, person = talk(world, "wrong", RIGHT, device.code(world.clock()), "")
    dialogue.with_password("alice")
    assert "Last sign-in: 2027-01-15 09:00 +01:00" in person.all("tell")[-1]
    assert "UTC" not in person.all("warn")[-1]
