"""Files of other programs, made by the program where Debian has it."""

import io
import json
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cwtui.accounts.errors import Refused
from cwtui.accounts.importing import documents, programs
from cwtui.accounts.importing.entries import Entry
from cwtui.accounts.importing.given import Given
from cwtui.accounts.importing.places import Note, Problem
from tests.accounts.importing import test_authelia, test_keycloak
from tests.accounts.importing.program_files import (
    HEX,
    HOME,
    KEY,
    OTHER,
    assert_codes,
    devices,
    notes,
    problems,
    read,
    refusal,
)
from tests.console.decoders import one_time_code
from tests.fuzz.mutations import many, mutated
from tests.programs import as_root, require


class TestGoogleAuthenticator:
    def made(self, folder: Path, *arguments: str) -> bytes:
        path = folder / ".google_authenticator"
        program = require("google-authenticator")
        common = ("-f", "-q", "-r", "3", "-R", "30", "-w", "3", "-s", str(path))
        subprocess.run([program, *common, *arguments], check=True, capture_output=True, timeout=60)
        return path.read_bytes()

    def test_a_file_of_the_program_gives_its_device_and_codes(self, tmp_path: Path) -> None:
        content = self.made(tmp_path, "-t", "-d", "-e", "5")
        secret, *others = content.decode().splitlines()
        found = read("google-authenticator", content, path=HOME)
        assert_codes(found, secret)
        [entry] = [one for one in found if isinstance(one, Entry)]
        assert (entry.username, entry.only_devices) == ("ann", True)
        codes = [code.reveal() for code in entry.emergency_codes]
        assert len(codes) == 5
        assert codes == [line for line in others if line.isdigit()]
        assert notes(found) == [("ann", "Left out, as cwtui has its own rules: RATE_LIMIT.")]

    @pytest.mark.parametrize(
        ("arguments", "reason"),
        [(("-c",), "codes by counter"), (("-t", "-d", "-S", "60"), "change every 60 seconds")],
    )
    def test_other_codes_of_the_program_are_refused(
        self, tmp_path: Path, arguments: tuple[str, ...], reason: str
    ) -> None:
        content = self.made(tmp_path, *arguments)
        [(place, username, said)] = problems(read("google-authenticator", content, path=HOME))
        assert (place, username) == (".google_authenticator", "ann")
        assert reason in said
        assert not any(line in said for line in content.decode().splitlines())

    def test_codes_that_appear_twice_or_are_too_many_are_left_out(self) -> None:
        codes = [str(10_000_000 + number) for number in range(11)]
        for lines, most in ((codes[:10] + codes[:1], 0), (codes, 1)):
            found = read("google-authenticator", "\n".join([KEY, *lines]), path=HOME)
            [entry] = [one for one in found if isinstance(one, Entry)]
            assert [code.reveal() for code in entry.emergency_codes] == codes[:10]
            sentence = ("ann", "Emergency codes after the first 10 are left out.")
            assert notes(found) == [sentence] * most

    def test_options_with_other_rules_are_named(self) -> None:
        content = (
            f'{KEY}\r\n" RESETTING_TIME_SKEW 47822956-958\r\n" RATE_LIMIT 3 30 1439976483\r\n'
            '" WINDOW_SIZE 17\r\n" DISALLOW_REUSE 47959316\r\n" TOTP_AUTH\r\n" LAST0 10.0.0.1 1\r\n'
        )
        found = read("google-authenticator", content, path=HOME)
        assert devices(found) == {"ann": [KEY]}
        said = "Left out, as cwtui has its own rules: RATE_LIMIT, WINDOW_SIZE."
        assert notes(found) == [("ann", said)]
        same = read("google-authenticator", f'{KEY}\n" WINDOW_SIZE 3\n" TOTP_AUTH\n', path=HOME)
        assert notes(same) == []

    @pytest.mark.parametrize(
        ("content", "reason"),
        [
            ("", "no secret key"),
            ("\n12345678\n", "no secret key"),
            ("CJEWH6THAJH5FUKI\n", "has 80 bits"),
            ("hunter2 hunter2\n", "not in base32"),
            (f"{KEY}\nhunter2\n", "Line 2 is neither an option nor an emergency code"),
            (f'{KEY}\n" HUNTER2\n', "Line 2 has an unknown option"),
            (f'{KEY}\n" HOTP_COUNTER 1\n" TOTP_AUTH\n', "by counter"),
            (f'{KEY}\n" STEP_SIZE x\n', "every 0 seconds"),
            (f'{KEY}\n" TIME_SKEW -120\n', "its clock is wrong"),
            (b"\xff\xfe\x00", "not in base32"),
        ],
    )
    def test_each_fault_has_a_reason_without_secrets(
        self, content: bytes | str, reason: str
    ) -> None:
        [(_, username, said)] = problems(read("google-authenticator", content, path=HOME))
        assert username == "ann"
        assert reason in said
        assert "hunter2" not in said.lower()
        assert KEY not in said

    @pytest.mark.parametrize("content", ["hunter2\n", f'{KEY}\n" RATE_LIMIT 3 30\n'])
    def test_the_name_of_a_folder_cannot_write_to_the_terminal(self, content: str) -> None:
        path = "/home/\x1b[31mann/.google_authenticator"
        found = read("google-authenticator", content, path=path)
        said = [one.username for one in found if isinstance(one, Problem | Note)]
        assert said
        assert not any("\x1b" in username for username in said)

    def test_the_username_can_be_given(self) -> None:
        found = read("google-authenticator", f"{KEY}\n", path="", username="Bob")
        assert devices(found) == {"bob": [KEY]}

    @pytest.mark.parametrize("path", ["", "/etc/google/ann", "/.google_authenticator"])
    def test_without_a_name_the_file_is_refused(self, path: str) -> None:
        assert "--username" in refusal("google-authenticator", f"{KEY}\n", path=path)

    def test_a_long_file_is_not_read(self) -> None:
        assert "more than 65,536 bytes" in refusal(
            "google-authenticator", b"x" * 100_000, path=HOME
        )


class TestUsersOath:
    @as_root
    def test_a_file_that_pam_oath_has_written_gives_its_device(self, tmp_path: Path) -> None:
        """After a code, pam_oath writes the line anew, with what it knows of the code."""
        users, rules = tmp_path / "users.oath", tmp_path / "pam.d"
        users.write_text(f"# made by hand\nHOTP/T30/6\tann\t-\t{HEX}\n")
        users.chmod(0o600)
        rules.mkdir()
        (rules / "oath").write_text(f"auth required pam_oath.so usersfile={users} window=3\n")
        done = subprocess.run(
            [require("unshare"), "-m", "sh", "-c", 'mount --bind "$0" /etc/pam.d && exec "$@"',
             rules, require("pamtester"), "oath", "ann", "authenticate"],
            input=one_time_code(KEY, time.time()), capture_output=True, text=True, check=False,
            timeout=30,
        )  # fmt: skip
        assert done.returncode == 0, done
        content = users.read_text()
        assert len(content.splitlines()[1].split()) == 7
        assert_codes(read("users.oath", content), KEY)

    def test_one_user_can_have_several_devices(self) -> None:
        content = (
            f"HOTP/T30 ann - {HEX}\nHOTP/T30/6 bob + {HEX.upper()}\n"
            f"HOTP/T30/6 ann - {'ab' * 20} 0 123456 2026-11-27T03:42:16L\n"
        )
        found = devices(read("users.oath", content))
        assert found["bob"] == [KEY]
        assert found["ann"][0] == KEY
        assert len(found["ann"]) == 2

    def test_a_pin_is_left_out_and_not_shown(self) -> None:
        found = read("users.oath", f"HOTP/T30/6 ann 4711 {HEX}\n")
        assert devices(found) == {"ann": [KEY]}
        assert notes(found) == [("ann", "The PIN is left out: the account has a password.")]

    @pytest.mark.parametrize(
        ("line", "reason"),
        [
            (f"HOTP/E/6 ann - {HEX} 5", "by counter"),
            (f"HOTP ann - {HEX}", "by counter"),
            (f"HOTP/T60/6 ann - {HEX}", "every 60 seconds"),
            (f"HOTP/T30/8 ann - {HEX}", "have 8 digits"),
            (f"TOTP ann - {HEX}", "its type is not one of pam_oath"),
            ("HOTP/T30/6 ann - " + "ab" * 8, "has 64 bits"),
            ("HOTP/T30/6 ann - hunter2", "not written in hexadecimal"),
        ],
    )
    def test_a_wrong_line_has_its_place_and_a_reason(self, line: str, reason: str) -> None:
        [(place, username, said)] = problems(read("users.oath", f"#\n{line}\n"))
        assert (place, username) == ("line 2", "ann")
        assert reason in said
        assert HEX not in said
        assert "hunter2" not in said

    @pytest.mark.parametrize("line", ["HOTP/T30/6", "HOTP/T30/6 ann -", "\x1b[31m"])
    def test_a_line_of_another_form_is_refused(self, line: str) -> None:
        [(place, _, said)] = problems(read("users.oath", line))
        assert place == "line 1"
        assert "needs a type, a username, a PIN or -, and a key" in said

    def test_names_that_are_one_here_are_not_brought_together(self) -> None:
        """Unix users Ann and ann are two people."""
        found = read("users.oath", f"HOTP/T30/6 ann - {HEX}\nHOTP/T30/6 Ann - {'ab' * 20}\n")
        assert problems(found) == [("line 2", "Ann", "Here this is the username of line 1 (ann).")]

    def test_more_than_five_devices_are_refused(self) -> None:
        content = "".join(f"HOTP/T30/6 ann - {n:02x}{'ab' * 19}\n" for n in range(6))
        [(place, _, reason)] = problems(read("users.oath", content))
        assert (place, reason) == ("line 6", "An account can have at most 5 devices.")

    def test_one_key_twice_is_one_device(self) -> None:
        found = read("users.oath", f"HOTP/T30/6 ann - {HEX}\n" * 2)
        assert devices(found) == {"ann": [KEY]}
        assert notes(found) == [("ann", "Left out: the same secret key appears twice.")]


def aegis(*entries: object) -> str:
    header = {"slots": None, "params": None}
    return json.dumps({"version": 1, "header": header, "db": {"version": 3, "entries": entries}})


def of_aegis(**fields: object) -> dict[str, object]:
    info = {"secret": KEY, "algo": "SHA1", "digits": 6, "period": 30}
    info |= {name: fields.pop(name) for name in [*fields] if name in {*info, "counter"}}
    entry = {"type": "totp", "uuid": "1", "name": "ann", "issuer": "Acme", "note": "", "icon": None}
    return entry | {"favorite": False, "info": info} | fields


def of_andotp(name: str = "ann", **fields: object) -> dict[str, object]:
    entry = {"secret": KEY, "issuer": "Acme", "label": name, "digits": 6, "type": "TOTP"}
    more = {"algorithm": "SHA1", "thumbnail": "Default", "last_used": 0, "used_frequency": 0}
    return entry | more | {"period": 30, "tags": []} | fields


class App(NamedTuple):
    program: str
    file: Callable[..., str]
    entry: Callable[..., dict[str, object]]


AEGIS = App("aegis", aegis, of_aegis)
ANDOTP = App("andotp", lambda *entries: json.dumps(entries), of_andotp)


@pytest.mark.parametrize("app", [AEGIS, ANDOTP], ids=lambda app: app.program)
class TestApps:
    """By their documented formats."""

    def test_the_label_is_the_username(self, app: App) -> None:
        content = app.file(app.entry(), app.entry(name="bob", secret=OTHER))
        assert devices(read(app.program, content)) == {"ann": [KEY], "bob": [OTHER]}
        assert_codes(read(app.program, app.file(app.entry())), KEY)

    def test_the_person_can_be_named(self, app: App) -> None:
        content = app.file(app.entry(name="Ann's phone"), app.entry(secret=OTHER))
        assert devices(read(app.program, content, username="eve")) == {"eve": [KEY, OTHER]}

    def test_devices_of_other_services_are_not_taken(self, app: App) -> None:
        others = app.entry(issuer="Bank", secret=OTHER), app.entry(issuer="x", type="hotp")
        content = app.file(app.entry(), *others)
        assert "Choose one with --issuer: Acme, Bank, x." in refusal(app.program, content)
        assert devices(read(app.program, content, issuer="ACME")) == {"ann": [KEY]}
        said = refusal(app.program, content, issuer="Other")
        assert "no device of this issuer. Choose from: Acme, Bank, x." in said

    @pytest.mark.parametrize(
        ("fields", "reason"),
        [
            ({"type": "hotp", "counter": 7}, "codes by counter"),
            ({"type": "steam"}, "codes of another kind"),
            ({"digits": 8}, "have 8 digits"),
            ({"period": 60}, "every 60 seconds"),
            ({"secret": "JBSWY3DP"}, "has 40 bits"),
            ({"secret": "hunter2!"}, "not in base32"),
            ({"secret": None}, "not as expected"),
            ({"secret": ["hunter2"]}, "not as expected"),
            ({"digits": 10**30}, "not as expected"),
            ({"issuer": {"hunter2": 1}}, "not as expected"),
        ],
    )
    def test_a_wrong_entry_has_its_place_and_a_reason(
        self, app: App, fields: dict[str, object], reason: str
    ) -> None:
        found = read(app.program, app.file(app.entry(), app.entry(**fields)))
        [(place, _, said)] = problems(found)
        assert place == "entry 2"
        assert reason in said
        assert "hunter2" not in said

    @pytest.mark.parametrize(
        "content", [b"", b"[", b"[" * 100_000, b"\xff", b"7", b'{"db":"eA=="}']
    )
    def test_an_encrypted_file_or_no_export_is_refused(self, app: App, content: bytes) -> None:
        assert "The file is not a plain" in refusal(app.program, content)

    def test_entries_are_bounded(self, app: App, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(documents, "ENTRIES_MOST", 2)
        assert "more than 2 entries" in refusal(app.program, app.file(*[app.entry()] * 3))


def test_a_file_with_too_many_bytes_is_not_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(documents, "BYTES_MOST", 1 << 17)

    class Endless(io.BytesIO):
        asked = 0

        def readline(self, size: int | None = -1, /) -> bytes:
            self.asked += size or 0
            return b"[" * (size or 0)

    source = Endless()
    with pytest.raises(Refused, match="more than 131,072 bytes"):
        list(programs.PROGRAMS["aegis"].read(Given(source)))
    assert source.asked < 1 << 20


SAMPLES = {
    "google-authenticator": f'{KEY}\n" RATE_LIMIT 3 30\n" STEP_SIZE 30\n" TOTP_AUTH\n12345678\n',
    "users.oath": f"HOTP/T30/6 ann - {HEX}\nHOTP/E bob + {HEX} 5\n",
    "aegis": aegis(of_aegis(), of_aegis(name="bob", type="hotp")),
    "andotp": json.dumps([of_andotp(), of_andotp(name="bob", period=60)]),
}


@pytest.mark.parametrize("program", SAMPLES)
@many(40)
@given(st.data())
def test_any_file_is_read_or_refused(program: str, data: st.DataObject) -> None:
    """DESIGN 4.4."""
    sample = SAMPLES[program].encode()
    content = data.draw(st.one_of(mutated(sample), st.binary(max_size=100)))
    try:
        found = read(program, content, path=HOME)
    except Refused:
        return
    for one in found:
        assert isinstance(one, Entry | Problem | Note)
        assert KEY not in repr(one)


def test_each_format_has_a_sample() -> None:
    assert {*SAMPLES, test_authelia.PROGRAM, test_keycloak.PROGRAM} == {*programs.PROGRAMS}
