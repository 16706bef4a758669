"""Files of Authelia and Keycloak, in their documented formats."""

import base64
import importlib.util
import json
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cwtui.accounts.errors import Refused
from cwtui.accounts.importing import documents, yaml_text
from cwtui.accounts.importing.entries import Entry
from cwtui.accounts.importing.places import Note, Problem
from tests.accounts.importing.program_files import (
    KEY,
    OTHER,
    Found,
    assert_codes,
    devices,
    notes,
    problems,
    read,
    read_together,
    refusal,
)
from tests.fuzz.mutations import many, mutated
from tests.programs import cannot_run

BCRYPT = "$2b$12$" + "a" * 53
ARGON2 = "$argon2id$v=19$m=65536,t=3,p=4$c2FsdHNhbHRzYWx0c2FsdA$Bu4ke1IrRbSjwfbrIMB1GhUXGSvb"
NOT_BCRYPT = "The password cannot be checked here, as its hash is not bcrypt: it is not taken over."
MUST_ENROL = "As no device is taken over, neither is the password. The user must register a device."


@pytest.fixture
def _yaml() -> None:
    if importlib.util.find_spec("yaml") is None:
        cannot_run("PyYAML is not installed")


needs_yaml = pytest.mark.usefixtures("_yaml")


def entry(found: list[Entry | Problem | Note]) -> Entry:
    [one] = [one for one in found if isinstance(one, Entry)]
    return one


USERS = f"""\
# yaml-language-server: $schema=https://www.authelia.com/schemas/user-database.json
users:
  ann:
    disabled: false
    displayname: 'Ann Reed'
    password: '{BCRYPT}'
    email: ann@example.com
    groups:
      - admins
    given_name: ''
    address: null
    extra: {{}}
  bob:
    disabled: true
    displayname: "Bob"
    password: {ARGON2}
    groups: []
"""


class TestAutheliaUsers:
    @needs_yaml
    def test_people_are_read_from_yaml(self) -> None:
        ann, bob = (one for one in read("authelia", USERS) if isinstance(one, Entry))
        assert (ann.username, ann.display_name, ann.enabled) == ("ann", "Ann Reed", True)
        assert ann.password_hash == BCRYPT
        assert ann.roles is None
        assert (ann.mfa_required, bob.mfa_required) == (True, True)
        assert (bob.username, bob.enabled, bob.password_hash) == ("bob", False, None)
        assert notes(read("authelia", USERS)) == [("bob", NOT_BCRYPT)]

    def test_people_are_read_from_json(self) -> None:
        user = {"displayname": "Ann", "password": "{CRYPT}" + BCRYPT, "groups": None}
        found = entry(read("authelia", json.dumps({"users": {"ann": user}})))
        assert (found.username, found.display_name, found.password_hash) == ("ann", "Ann", BCRYPT)

    @pytest.mark.parametrize(
        ("fields", "reason"),
        [
            ({"displayname": "x"}, "`password`"),
            ({"password": ["hunter2"]}, "`$.password`"),
            ({"password": BCRYPT, "disabled": "hunter2"}, "`$.disabled`"),
            ("hunter2", "Expected `object`"),
        ],
    )
    def test_a_wrong_user_has_a_place_and_a_reason(self, fields: object, reason: str) -> None:
        content = json.dumps({"users": {"bob": {"password": BCRYPT}, "ann": fields}})
        [(place, username, said)] = problems(read("authelia", content))
        assert (place, username) == ("entry 2", "ann")
        assert reason in said
        assert "hunter2" not in said

    def test_a_name_that_cannot_be_a_username_is_refused(self) -> None:
        content = json.dumps({"users": {"a b\x1b[31m": {"password": BCRYPT}}})
        [(_, username, _)] = problems(read("authelia", content))
        assert "\x1b" not in username

    @needs_yaml
    @pytest.mark.parametrize("content", ["", "people: 1", "- a", "users: 1", "{", "7"])
    def test_another_file_is_refused(self, content: str) -> None:
        assert "is not a users file of Authelia" in refusal("authelia", content)

    def test_without_the_library_for_yaml_the_refusal_says_what_helps(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setitem(sys.modules, "yaml", None)
        said = refusal("authelia", USERS)
        assert "install cwtui[yaml], or make JSON of the file: yq -o json FILE" in said


def bomb() -> str:
    lines = ["a0: &a0 [x,x]"]
    lines += [f"a{n}: &a{n} [*a{n - 1},*a{n - 1}]" for n in range(1, 40)]
    return "\n".join(lines)


@needs_yaml
class TestYaml:
    @pytest.mark.parametrize(
        ("content", "reason"),
        [
            (bomb(), "Line 1 has an anchor, an alias or a tag"),
            ("a: !!python/object:os.system x", "Line 1 has an anchor, an alias or a tag"),
            ("a: *b", "Line 1 has an anchor"),
            ("[" * 30, "Line 1 is nested too deeply"),
            ("[" * 100_000, "nested too deeply|is not YAML"),
            ("a: b\na: c", "Line 2 has a key that is no text, or there twice"),
            ("? [a]\n: b", "Line 1 has a key that is no text"),
            ("a: b\n---\nc: d", "several YAML documents"),
            ("a: [b\nc: d", "not YAML on line 2"),
            ("a: \x07", "is not YAML"),
            (b"a: \xff", "not in UTF-8"),
        ],
    )
    def test_what_is_more_than_text_is_refused(self, content: str | bytes, reason: str) -> None:
        text = content if isinstance(content, bytes) else content.encode()
        with pytest.raises(Refused, match=reason.replace("[", r"\[")):
            yaml_text.parsed(text)

    def test_events_are_bounded(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(yaml_text, "_EVENTS_MOST", 10)
        with pytest.raises(Refused, match="too long"):
            yaml_text.parsed(b"[a, b, c, d, e, f, g, h]")

    def test_all_values_are_text_or_nothing(self) -> None:
        found = yaml_text.parsed(b"a: 1\nb: no\nc: ~\nd: 'null'\ne:\nf: [x, {g: 2026-01-01}]")
        inner = ["x", {"g": "2026-01-01"}]
        assert found == {"a": "1", "b": "no", "c": None, "d": "null", "e": None, "f": inner}

    @many(40)
    @given(st.one_of(mutated(USERS.encode()), st.binary(max_size=200)))
    def test_any_text_is_read_or_refused(self, content: bytes) -> None:
        try:
            yaml_text.parsed(content)
        except Refused:
            return


def configuration(**fields: object) -> dict[str, object]:
    secret = base64.b64encode(str(fields.pop("key", KEY)).encode()).decode()
    made = {"created_at": "2023-05-14T15:28:21+10:00", "last_used_at": None, "username": "ann"}
    rest = {"issuer": "Authelia", "algorithm": "SHA1", "digits": 6, "period": 30}
    return made | rest | {"secret": secret} | fields


def export(*configurations: dict[str, object]) -> str:
    return json.dumps({"totp_configurations": configurations})


class TestAutheliaDevices:
    @needs_yaml
    def test_devices_are_read_from_yaml(self) -> None:
        secret = configuration()["secret"]
        content = (
            "totp_configurations:\n    - created_at: 2023-05-14T15:28:21+10:00\n"
            "      last_used_at: null\n      username: ann\n      issuer: Authelia\n"
            f"      algorithm: SHA1\n      digits: 6\n      period: 30\n      secret: {secret}\n"
        )
        assert_codes(read("authelia", content), KEY)

    def test_devices_are_read_from_json_and_csv(self) -> None:
        expected = {"ann": [KEY], "bob": [OTHER]}
        content = export(configuration(), configuration(username="bob", key=OTHER))
        assert devices(read("authelia", content)) == expected
        content = (
            "issuer,username,algorithm,digits,period,secret\n"
            f"Authelia,ann,SHA1,6,30,{KEY}\nAuthelia,bob,SHA1,6,30,{OTHER}\n"
        )
        assert devices(read("authelia", content)) == expected

    @pytest.mark.parametrize(
        ("fields", "reason"),
        [
            ({"algorithm": "SHA256"}, "only SHA-1"),
            ({"digits": 8}, "8 digits"),
            ({"period": 60}, "60 seconds"),
            ({"secret": "hunter2"}, "not in base64"),
            ({"key": "hunter2!"}, "not in base32"),
            ({"secret": None}, "`$.secret`"),
        ],
    )
    def test_a_wrong_one_has_a_place_and_a_reason(
        self, fields: dict[str, object], reason: str
    ) -> None:
        found = read("authelia", export(configuration(username="bob"), configuration(**fields)))
        [(place, _, said)] = problems(found)
        assert place == "entry 2"
        assert reason in said
        assert "hunter2" not in said

    @pytest.mark.parametrize("row", ["x", "x,ann,SHA1,six,30," + KEY])
    def test_a_wrong_line_of_csv_has_its_place(self, row: str) -> None:
        content = f"issuer,username,algorithm,digits,period,secret\n{row}\n"
        [(place, _, _)] = problems(read("authelia", content))
        assert place == "line 2"

    @pytest.mark.parametrize("row", [b'"x', b"\xff"])
    def test_a_file_that_is_no_csv_is_refused(self, row: bytes) -> None:
        content = b"issuer,username,algorithm,digits,period,secret\n" + row
        assert "The file is not CSV in UTF-8." in refusal("authelia", content)


class TestAutheliaTogether:
    """The users file and the export in one import: nobody is without their device in between."""

    def both(self, users: list[str], *configurations: dict[str, object]) -> Found:
        people = {name: {"password": BCRYPT} for name in users}
        return read_together("authelia", json.dumps({"users": people}), export(*configurations))

    def test_people_get_their_devices(self) -> None:
        found = self.both(["ann", "bob"], configuration(), configuration(username="eve"))
        ann, bob = (one for one in found if isinstance(one, Entry))
        assert ([key.reveal() for key in ann.keys], ann.only_devices) == ([KEY], False)
        assert (bob.username, bob.keys, bob.mfa_required) == ("bob", (), True)
        assert ann.password_hash == bob.password_hash == BCRYPT
        assert notes(found) == [("eve", "Left out: the users file does not have this user.")]

    def test_no_password_alone_opens_an_account_whose_device_stays_behind(self) -> None:
        found = self.both(["ann"], configuration(digits=8))
        [(place, username, _)] = problems(found)
        assert (place, username) == ("entry 1", "ann")
        assert (entry(found).password_hash, entry(found).mfa_required) == (None, True)
        assert notes(found) == [("ann", MUST_ENROL)]

    def test_a_users_file_alone_says_what_is_missing(self) -> None:
        users = json.dumps({"users": {"ann": {"password": BCRYPT}}})
        [(username, said)] = notes(read_together("authelia", users))
        assert username == ""
        assert "Give Authelia's TOTP export in the same command" in said
        assert notes(read_together("authelia", export(configuration()))) == []


def credential(kind: str, secret: object, data: object) -> dict[str, object]:
    made = {"id": "1", "type": kind, "createdDate": 1_700_000_000_000, "userLabel": "Phone"}
    return made | {"secretData": json.dumps(secret), "credentialData": json.dumps(data)}


def otp(value: str = "a1b2c3d4e5f6g7h8i9j0", **data: object) -> dict[str, object]:
    usual: dict[str, object] = {"subType": "totp", "digits": 6, "counter": 0, "period": 30}
    return credential("otp", {"value": value}, usual | {"algorithm": "HmacSHA1"} | data)


PASSWORD = credential(
    "password",
    {"value": "aGFzaA==", "salt": "c2FsdA==", "additionalParameters": {}},
    {"hashIterations": 210_000, "algorithm": "pbkdf2-sha512", "additionalParameters": {}},
)


def user(*credentials: dict[str, object], **fields: object) -> dict[str, object]:
    made: dict[str, object] = {"id": "1", "username": "ann", "enabled": True, "totp": False}
    names = {"firstName": "Ann", "lastName": "Reed", "email": "ann@example.com"}
    return made | names | {"credentials": credentials, "requiredActions": []} | fields


def realm(*users: object) -> str:
    return json.dumps({"id": "1", "realm": "acme", "roles": {"realm": []}, "users": users})


class TestKeycloak:
    def test_people_are_read_with_their_devices(self) -> None:
        found = read("keycloak", realm(user(PASSWORD, otp())))
        one = entry(found)
        assert (one.username, one.display_name, one.enabled) == ("ann", "Ann Reed", True)
        assert (one.password_hash, one.mfa_required) == (None, None)
        assert notes(found) == [("ann", NOT_BCRYPT)]
        assert_codes(found, base64.b32encode(b"a1b2c3d4e5f6g7h8i9j0").decode())

    def test_a_key_in_base32_is_read(self) -> None:
        assert devices(read("keycloak", realm(user(otp(KEY, secretEncoding="BASE32"))))) == {
            "ann": [KEY]
        }

    def test_who_must_set_up_mfa_must_do_so_here(self) -> None:
        found = entry(read("keycloak", realm(user(PASSWORD, requiredActions=["CONFIGURE_TOTP"]))))
        assert found.mfa_required is True

    @pytest.mark.parametrize(
        ("lost", "sentence"),
        [
            (otp(digits=8), "have 8 digits"),
            (otp(subType="hotp"), "codes by counter"),
            (otp(algorithm="HmacSHA256"), "only SHA-1"),
            (otp("short"), "has 40 bits"),
            (otp(secretEncoding="BASE64"), "unknown encoding"),
            (credential("otp", {}, {}), "not as expected"),
            (credential("webauthn", {}, {}), "A security key is left out."),
            (credential("webauthn-passwordless", {}, {}), "A passkey is left out."),
        ],
    )
    def test_no_password_alone_opens_an_account_whose_factor_is_left_behind(
        self, lost: dict[str, object], sentence: str
    ) -> None:
        found = read("keycloak", realm(user(PASSWORD, lost)))
        one = entry(found)
        assert (one.password_hash, one.mfa_required, one.keys) == (None, True, ())
        said = [sentence for _, sentence in notes(found)]
        assert any(sentence in each for each in said)
        assert said[-1] == MUST_ENROL

    def test_another_device_is_enough(self) -> None:
        found = read("keycloak", realm(user(otp(digits=8), otp())))
        assert entry(found).mfa_required is None
        assert len(entry(found).keys) == 1

    def test_what_else_is_left_out_is_said(self) -> None:
        codes = credential("recovery-authn-codes", {"codes": []}, {})
        found = read("keycloak", realm(user(codes, credential("x\x1b", {}, {}))))
        assert [sentence for _, sentence in notes(found)] == [
            "Recovery codes are left out: make new backup codes.",
            "A credential of another kind is left out.",
        ]

    def test_clients_and_people_of_a_directory_are_left_out(self) -> None:
        content = realm(
            user(username="service-account-x", serviceAccountClientId="x"),
            user(username="bob", federationLink="1"),
        )
        found = read("keycloak", content)
        assert not [one for one in found if isinstance(one, Entry)]
        assert [name for name, _ in notes(found)] == ["service-account-x", "bob"]

    @pytest.mark.parametrize(
        ("wrong", "reason"),
        [
            ({"enabled": True}, "`username`"),
            (user(username=7), "`$.username`"),
            (user(username="a b"), "Use only letters"),
            (user(credentials="hunter2"), "`$.credentials`"),
            ("hunter2", "Expected `object`"),
        ],
    )
    def test_a_wrong_user_has_a_place_and_a_reason(self, wrong: object, reason: str) -> None:
        [(place, _, said)] = problems(read("keycloak", realm(user(), wrong)))
        assert place == "entry 2"
        assert reason in said
        assert "hunter2" not in said

    @pytest.mark.parametrize("content", [b"", b"{}", b"[]", b"{" * 10_000, b"\xff"])
    def test_another_file_is_refused(self, content: bytes) -> None:
        assert "is not an export of a Keycloak realm with its users" in refusal("keycloak", content)

    def test_people_are_bounded(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(documents, "ENTRIES_MOST", 1)
        assert "more than 1 entry" in refusal("keycloak", realm(user(), user(username="bob")))


SAMPLES: list[tuple[str, str]] = [
    ("authelia", json.dumps({"users": {"ann": {"displayname": "A", "password": BCRYPT}}})),
    ("authelia", export(configuration(), configuration(digits=8))),
    ("keycloak", realm(user(PASSWORD, otp()), user(otp(digits=8), username="bob"))),
]
"""Samples for each format with accounts or devices of a server."""


@pytest.mark.parametrize(("program", "text"), SAMPLES)
@many(40)
@given(st.data())
def test_any_file_is_read_or_refused(program: str, text: str, data: st.DataObject) -> None:
    """DESIGN 4.4."""
    sample = text.encode()
    starts = st.sampled_from([b"{", b"users:", b"issuer,username,algorithm,digits,period,secret\n"])
    other = st.builds(bytes.__add__, starts, st.binary(max_size=99))
    content = data.draw(st.one_of(mutated(sample), other))
    try:
        found = read(program, content)
    except Refused:
        return
    for one in found:
        assert isinstance(one, Entry | Problem | Note)
        assert KEY not in repr(one)
