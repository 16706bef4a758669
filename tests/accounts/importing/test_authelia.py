"""Files of Authelia, in their documented formats."""

import base64
import importlib.util
import json
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cwtui.accounts.errors import Refused
from cwtui.accounts.importing import yaml_text
from cwtui.accounts.importing.entries import Entry
from tests.accounts.importing.program_files import (
    KEY,
    MUST_ENROL,
    NOT_BCRYPT,
    OTHER,
    Found,
    assert_codes,
    devices,
    entry,
    notes,
    problems,
    read,
    read_or_refused,
    read_together,
    refusal,
)
from tests.fuzz.mutations import many, mutated
from tests.programs import cannot_run

PROGRAM = "authelia"
BCRYPT = "$2b$12$" + "u" * 53
ARGON2 = "$argon2id$v=19$m=65536,t=3,p=4$c2FsdHNhbHRzYWx0c2FsdA$Bu4ke1IrRbSjwfbrIMB1GhUXGSvb"


@pytest.fixture
def _yaml() -> None:
    if importlib.util.find_spec("yaml") is None:
        cannot_run("PyYAML is not installed")


needs_yaml = pytest.mark.usefixtures("_yaml")


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
            ("a: b\na: c", "Line 2 has a key that is not text, or appears twice"),
            ("? [a]\n: b", "Line 1 has a key that is not text"),
            ("a: b\n---\nc: d", "several YAML documents"),
            ("a: [b\nc: d", "not YAML on line 2"),
            ("a: \x07", "is not YAML"),
            (b"a: \xff", "not in UTF-8"),
        ],
    )
    def test_yaml_with_more_than_texts_is_refused(self, content: str | bytes, reason: str) -> None:
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

    def test_the_case_of_a_name_does_not_matter(self) -> None:
        found = self.both(["Ann"], configuration(username="ann"))
        assert [key.reveal() for key in entry(found).keys] == [KEY]
        assert notes(found) == []

    @pytest.mark.parametrize(
        "wrong",
        [{"digits": 8}, {"digits": 100_000}, {"secret": None}, {"digits": 8, "username": "ANN"}],
    )
    def test_an_account_whose_device_cannot_be_read_must_enrol_and_gets_no_password(
        self, wrong: dict[str, object]
    ) -> None:
        found = self.both(["ann"], configuration(**wrong))
        [(place, username, _)] = problems(found)
        assert (place, username.lower()) == ("entry 1", "ann")
        assert (entry(found).password_hash, entry(found).mfa_required) == (None, True)
        assert notes(found) == [("ann", MUST_ENROL)]

    def test_a_users_file_alone_says_what_is_missing(self) -> None:
        users = json.dumps({"users": {"ann": {"password": BCRYPT}}})
        [(username, said)] = notes(read_together("authelia", users))
        assert username == ""
        assert "Give Authelia's TOTP export in the same command" in said
        assert notes(read_together("authelia", export(configuration()))) == []


SAMPLES = (
    json.dumps({"users": {"ann": {"displayname": "A", "password": BCRYPT}}}),
    export(configuration(), configuration(digits=8)),
)


@pytest.mark.parametrize("text", SAMPLES)
@many(40)
@given(st.data())
def test_any_file_is_read_or_refused(text: str, data: st.DataObject) -> None:
    """DESIGN 4.4."""
    read_or_refused(PROGRAM, text, data)
