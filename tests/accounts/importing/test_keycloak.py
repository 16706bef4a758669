"""Exports of a Keycloak realm, in their documented format."""

import base64
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cwtui.accounts.importing import documents
from cwtui.accounts.importing.entries import Entry
from tests.accounts.importing.program_files import (
    KEY,
    MUST_ENROL,
    NOT_BCRYPT,
    assert_codes,
    devices,
    entry,
    notes,
    problems,
    read,
    read_or_refused,
    refusal,
)
from tests.fuzz.mutations import many

PROGRAM = "keycloak"


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

    def test_a_user_who_must_set_up_mfa_must_do_so_here(self) -> None:
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
    def test_an_account_whose_factor_cannot_be_read_must_enrol_and_gets_no_password(
        self, lost: dict[str, object], sentence: str
    ) -> None:
        found = read("keycloak", realm(user(PASSWORD, lost)))
        one = entry(found)
        assert (one.password_hash, one.mfa_required, one.keys) == (None, True, ())
        said = [sentence for _, sentence in notes(found)]
        assert any(sentence in each for each in said)
        assert said[-1] == MUST_ENROL

    def test_an_account_with_another_device_need_not_enrol(self) -> None:
        found = read("keycloak", realm(user(otp(digits=8), otp())))
        assert entry(found).mfa_required is None
        assert len(entry(found).keys) == 1

    def test_other_credentials_that_are_left_out_are_reported(self) -> None:
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


@many(40)
@given(st.data())
def test_any_file_is_read_or_refused(data: st.DataObject) -> None:
    """DESIGN 4.4."""
    read_or_refused(
        PROGRAM, realm(user(PASSWORD, otp()), user(otp(digits=8), username="bob")), data
    )
