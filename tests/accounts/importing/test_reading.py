"""What a file to import says, line by line, and what is wrong with it."""

import base64
import io
import json

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cwtui.accounts.errors import Refused
from cwtui.accounts.importing import formats, lines, saved
from cwtui.accounts.importing.entries import FIELDS, IGNORED, Entry
from cwtui.accounts.importing.places import Place, Problem
from cwtui.accounts.model import Origin

HASH = "$2b$12$" + "u" * 53
KEY = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"
URI = f"otpauth://totp/Example:ann?secret={KEY}&issuer=Example"


def read(content: bytes | str) -> list[Entry | Problem]:
    given = content if isinstance(content, bytes) else content.encode()
    return list(formats.entries(lines.lines(io.BytesIO(given))))


def only(content: bytes | str) -> Entry:
    [found] = read(content)
    assert isinstance(found, Entry), found
    return found


def problem(content: bytes | str) -> Problem:
    [found] = [one for one in read(content) if isinstance(one, Problem)]
    return found


def of_json(**fields: object) -> str:
    return json.dumps({"username": "ann"} | fields)


class TestCsv:
    def test_all_fields_are_read(self) -> None:
        found = only(
            "username,display_name,role,mfa_required,enabled,password_hash,otpauth_uris\n"
            f'Ann,"Reed, ""Ann""",minimum-access connectware-admin,yes,no,{HASH},{URI}\n'
        )
        assert (found.place.number, found.username, found.typed) == (2, "ann", "Ann")
        assert found.display_name == 'Reed, "Ann"'
        assert found.roles == ("connectware-admin", "minimum-access")
        assert (found.mfa_required, found.enabled) == (True, False)
        assert found.password_hash == HASH
        assert [key.reveal() for key in found.keys] == [KEY]

    def test_empty_fields_are_left_out(self) -> None:
        found = only("username,display_name,role,mfa_required,enabled,password_hash\nann,,,,,\n")
        assert found == Entry(place=Place(2), username="ann", typed="ann")
        assert found.new_roles == ("minimum-access",)

    def test_a_formula_is_text(self) -> None:
        assert only("username,display_name\nann,=1+1\n").display_name == "=1+1"

    @pytest.mark.parametrize("end", ["\n", "\r\n", ""])
    def test_files_of_other_systems_are_read(self, end: str) -> None:
        assert only(f"\ufeffusername,role\r\n\r\nann,minimum-access{end}").place.number == 3

    @pytest.mark.parametrize(
        ("line", "reason"),
        [
            ('ann,"open', "quotes are not closed"),
            ('ann,"a"b', "quotes are not closed"),
            ("ann", "has 1 field, and the first line has 2"),
            ("ann,b,c", "has 3 fields"),
            (",b", "Enter a username"),
            ("a b,c", "Use only letters"),
            ("ann,\x1b[31m", "Control characters"),
            ("ann,a\rb", "Control characters"),
            ("ann,a\u202eb", "invisible"),
            ("x" * 257 + ",b", "at most 64 characters"),
            ("ann,\0", "NUL"),
            ("ann," + "x" * 20_000, "longer than 16,384 bytes"),
        ],
    )
    def test_a_wrong_line_has_its_number_and_a_reason(self, line: str, reason: str) -> None:
        content = f"username,display_name\nfirst,\n{line}\nlast,\n"
        found = problem(content)
        assert found.place.number == 3
        assert reason in found.reason
        assert [one.username for one in read(content) if isinstance(one, Entry)] == [
            "first",
            "last",
        ]

    def test_a_line_in_another_encoding_has_its_number(self) -> None:
        found = problem(b"username,display_name\nann,M\xfcller\nbob,\n")
        assert (found.place.number, found.reason) == (2, "The line is not in UTF-8.")

    @pytest.mark.parametrize(
        ("header", "reason"),
        [
            ("name,role", "no column username"),
            ("ann,minimum-access", "no column username"),
            ("username,rolle", "no column rolle. Choose from: username, display_name"),
            ("username,role,role", "role appears twice"),
            ('"username', "Line 1: The quotes"),
            ("\0", "Line 1: The line contains the character NUL"),
        ],
    )
    def test_a_wrong_header_refuses_the_file(self, header: str, reason: str) -> None:
        with pytest.raises(Refused, match=reason):
            read(f"{header}\nann,x\n")

    def test_utf_16_is_named(self) -> None:
        with pytest.raises(Refused, match="UTF-16"):
            read("username\nann\n".encode("utf-16"))


class TestJson:
    def test_all_fields_are_read(self) -> None:
        found = only(
            of_json(
                display_name="Ann",
                roles=["minimum-access", "connectware-admin"],
                mfa_required=True,
                enabled=False,
                origin="local",
                password_hash=HASH,
                otpauth_uris=[URI],
            )
        )
        assert (found.place.number, found.display_name, found.mfa_required) == (1, "Ann", True)
        assert found.roles == ("connectware-admin", "minimum-access")
        assert found.enabled is False
        assert len(found.keys) == 1

    def test_a_list_with_an_object_on_each_line_is_read(self) -> None:
        found = read(f"[\n{of_json()},\n{of_json(username='bob')}\n]\n")
        assert [(one.place.number, one.username) for one in found] == [(2, "ann"), (3, "bob")]

    def test_the_accounts_own_requirement_counts(self) -> None:
        both = only(of_json(mfa_required=True, mfa_required_of_account=False))
        assert both.mfa_required is False

    @pytest.mark.parametrize(
        ("line", "reason"),
        [
            ('{"username"', "not JSON, or not all of an object"),
            ('["ann"]', "JSON, but not one object"),
            ("[" * 10_000, "JSON, but not one object"),
            (of_json() + of_json(), "not JSON, or not all of an object"),
            (of_json(user="x"), "no field user"),
            (of_json(username=7), "username must be text"),
            (of_json(display_name=["a"]), "display_name must be text"),
            (of_json(mfa_required="perhaps"), "mfa_required must be yes or no"),
            (of_json(mfa_required=[]), "mfa_required must be yes or no"),
            (of_json(roles={"a": 1}), "roles must be text"),
            (of_json(origin="nis"), "origin must be local or ldap"),
        ],
    )
    def test_a_wrong_line_has_its_number_and_a_reason(self, line: str, reason: str) -> None:
        found = problem(f"{of_json()}\n{line}\n")
        assert found.place.number == 2
        assert reason in found.reason

    def test_users_of_a_directory_may_have_their_names(self) -> None:
        assert only(of_json(username="o'neil", origin="ldap")).origin is Origin.LDAP


class TestPasswords:
    @pytest.mark.parametrize("prefix", ["$2a$", "$2b$", "$2y$"])
    def test_hashes_of_other_programs_are_taken(self, prefix: str) -> None:
        assert only(of_json(password_hash=prefix + HASH[4:])).password_hash == HASH

    @pytest.mark.parametrize(
        "other",
        [
            "$2x$12$" + "u" * 53,
            "$2b$31$" + "u" * 53,
            "$2b$03$" + "u" * 53,
            "$2b$17$" + "u" * 53,
            "$2b$12$" + "u" * 52,
            HASH + "a",
            HASH + "\n",
            "$6$abc$def",
            "hunter2hunter2",
        ],
    )
    def test_other_hashes_are_refused_and_not_shown(self, other: str) -> None:
        found = problem(of_json(password_hash=other))
        assert "must be a bcrypt hash" in found.reason
        assert other not in found.reason

    def test_a_password_is_refused_and_not_shown(self) -> None:
        found = problem(f"username,password\nann,{'hunter2'}\n")
        assert "Passwords are not imported" in found.reason
        assert "hunter2" not in found.reason

    @pytest.mark.parametrize("given", [["hunter2"], {"hunter2": 1}, [], 0, False])
    def test_a_password_of_another_type_is_refused(self, given: object) -> None:
        found = problem(f"{of_json()}\n{of_json(password=given)}\n")
        assert found.place.number == 2
        assert "Passwords are not imported" in found.reason
        assert "hunter2" not in found.reason

    @pytest.mark.parametrize("state", ["set", "initial", "elsewhere"])
    def test_the_password_column_of_a_list_is_ignored(self, state: str) -> None:
        assert only(f"username,password\nann,{state}\n").password_hash is None

    def test_no_secret_is_in_the_text_of_an_entry(self) -> None:
        found = repr(only(of_json(password_hash=HASH, otpauth_uris=URI)))
        assert HASH not in found
        assert KEY not in found


class TestDevices:
    @pytest.mark.parametrize(
        "uri",
        [
            f"otpauth://totp/ann?secret={KEY}",
            f"otpauth://totp/E%20x:ann?secret={KEY.lower()}&issuer=E%20x",
            f"OTPAUTH://TOTP/ann?secret={KEY}&algorithm=SHA1&digits=6&period=30&image=https://x",
            f"otpauth://totp/ann?secret={KEY}%3D%3D&algorithm=sha-1",
        ],
    )
    def test_usual_uris_are_taken(self, uri: str) -> None:
        assert [key.reveal() for key in only(of_json(otpauth_uris=uri)).keys] == [KEY]

    @pytest.mark.parametrize(
        ("uri", "reason"),
        [
            (URI.replace("totp", "hotp"), "codes by counter"),
            (URI.replace("otpauth", "https"), "does not begin with otpauth://totp/"),
            (f"{URI}&algorithm=SHA256", "only SHA1"),
            (f"{URI}&digits=8", "only 6 digits"),
            (f"{URI}&period=60", "only 30 seconds"),
            (f"{URI}&encoder=steam", "an unknown parameter"),
            (f"{URI}&secret={KEY}", "the same parameter twice"),
            (f"{URI}&{KEY}", "is not a URI"),
            ("otpauth://totp/ann", "no secret key"),
            ("otpauth://totp/ann?issuer=x", "no secret key"),
            ("otpauth://totp/ann?secret=JBSWY3DPEHPK3PXP", "80 bits"),
            ("otpauth://totp/ann?secret=" + "A" * 128, "640 bits"),
            ("otpauth://totp/ann?secret=18901890189018901890", "not in base32"),
            ("otpauth://[totp/ann?secret=" + KEY, "is not a URI"),
        ],
    )
    def test_other_uris_are_refused_and_not_shown(self, uri: str, reason: str) -> None:
        found = problem(of_json(otpauth_uris=[uri]))
        assert reason in found.reason
        assert KEY not in found.reason
        assert "=" not in found.reason.replace("?secret=...", "")

    def test_several_uris_are_separated_by_spaces_in_csv(self) -> None:
        other = URI.replace(KEY, "K" * 32)
        found = only(f"username,otpauth_uris\nann,{URI} {other}\n")
        assert [key.reveal() for key in found.keys] == [KEY, "K" * 32]

    def test_six_devices_are_too_many(self) -> None:
        uris = [URI.replace(KEY, letter * 32) for letter in "ABCDEF"]
        assert "at most 5 devices" in problem(of_json(otpauth_uris=uris)).reason

    def test_one_key_twice_is_refused(self) -> None:
        found = problem(of_json(otpauth_uris=[URI, URI.lower().replace("example", "other")]))
        assert "same secret key" in found.reason

    @given(st.binary(min_size=14, max_size=64))
    def test_the_key_is_that_of_the_uri(self, key: bytes) -> None:
        letters = base64.b32encode(key).decode().rstrip("=")
        [found] = only(of_json(otpauth_uris=f"otpauth://totp/x?secret={letters}")).keys
        assert found.reveal() == letters


class TestBounds:
    def test_too_many_lines_are_refused(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(lines, "LINES_MOST", 3)
        assert len(read("username\na\nb\n")) == 2
        with pytest.raises(Refused, match="Split it"):
            read("username\na\nb\nc\n")

    def test_too_many_bytes_are_refused(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(lines, "BYTES_MOST", 1 << 18)
        with pytest.raises(Refused, match="Split it"):
            read(b"username\n" + (b"x" * (1 << 20)) + b"\n\n")

    def test_an_endless_line_is_not_read_to_its_end(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(lines, "BYTES_MOST", 1 << 18)

        class Endless:
            asked = 0

            def readline(self, size: int = -1, /) -> bytes:
                self.asked += size
                return b"x" * size

        source = Endless()
        with pytest.raises(Refused, match="Split it"):
            list(lines.lines(source))
        assert source.asked < 1 << 20


@given(st.binary(max_size=300), st.sampled_from([b"", b"username\n", b"{", b"username,role\n"]))
def test_any_content_is_read_or_refused(content: bytes, start: bytes) -> None:
    """DESIGN 4.4."""
    try:
        found = read(start + content)
    except Refused:
        return
    for one in found:
        assert isinstance(one, Entry | Problem)


values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=9),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=5), inner),
    max_leaves=3,
)


@given(st.dictionaries(st.sampled_from([*FIELDS, *IGNORED, *saved.FIELDS]), values))
def test_any_values_are_read_or_refused(fields: dict[str, object]) -> None:
    [found] = read(msgspec.json.encode(fields))
    assert isinstance(found, Entry | Problem)
