"""Answers to a bind that no slapd gives: Active Directory's and 389 Directory Server's.

The messages are as these servers are documented to write them; no such server was asked.
"""

import pytest

from cwtui.accounts.directory import (
    DirectoryAccountDisabled,
    DirectoryAccountLocked,
    DirectoryMisconfigured,
    DirectoryPasswordExpired,
    DirectoryPasswordMustChange,
    DirectoryRefused,
    NoDirectoryUser,
    WrongDirectoryPassword,
)
from cwtui.directory.answers import Answer, check_answer, check_bind
from cwtui.directory.transport import Unreachable


def active_directory(code: str) -> str:
    return (
        "80090308: LdapErr: DSID-0C090446, comment: AcceptSecurityContext error, "
        f"data {code}, v3839\0"
    )


@pytest.mark.parametrize(
    ("code", "kind", "says"),
    [
        ("525", NoDirectoryUser, "Username or password is wrong."),
        ("52e", WrongDirectoryPassword, "Username or password is wrong."),
        ("52E", WrongDirectoryPassword, "Username or password is wrong."),
        ("530", DirectoryAccountDisabled, "at this time"),
        ("531", DirectoryAccountDisabled, "from this host"),
        ("532", DirectoryPasswordExpired, "has expired"),
        ("533", DirectoryAccountDisabled, "is disabled"),
        ("701", DirectoryAccountDisabled, "has expired"),
        ("773", DirectoryPasswordMustChange, "has to be changed"),
        ("775", DirectoryAccountLocked, "locked"),
        ("0", WrongDirectoryPassword, "Username or password is wrong."),
        ("ffffffff", WrongDirectoryPassword, "Username or password is wrong."),
        ("zz", WrongDirectoryPassword, "Username or password is wrong."),
    ],
)
def test_active_directorys_codes(code: str, kind: type[Exception], says: str) -> None:
    with pytest.raises(kind) as refused:
        check_bind(Answer(49, "invalidCredentials", active_directory(code)))
    assert type(refused.value) is kind
    assert says in str(refused.value)
    assert "data" not in str(refused.value)


@pytest.mark.parametrize(
    ("answer", "was_right"),
    [
        *((Answer(49, "", active_directory(code)), True) for code in ("530", "531", "532", "533")),
        *((Answer(49, "", active_directory(code)), True) for code in ("701", "773")),
        *((Answer(49, "", active_directory(code)), False) for code in ("525", "52e", "775", "0")),
        (Answer(49, "", "", policy=0), True),  # expired
        (Answer(0, "", "", policy=2), True),  # to be changed
        (Answer(49, "", "", policy=1), False),  # locked
        (Answer(19, "", ""), False),
        (Answer(53, "", "Account inactivated."), False),
        (Answer(49, "", ""), False),
    ],
)
def test_which_refusals_say_that_the_password_was_right(answer: Answer, was_right: bool) -> None:
    """Such a sign-in is no wrong try. In doubt it is one."""
    with pytest.raises(DirectoryRefused) as refused:
        check_bind(answer)
    assert refused.value.password_was_right is was_right


@pytest.mark.parametrize(
    ("answer", "kind"),
    [
        (Answer(49, "invalidCredentials", ""), WrongDirectoryPassword),
        (Answer(32, "noSuchObject", ""), WrongDirectoryPassword),
        (Answer(34, "invalidDNSyntax", "invalid DN"), WrongDirectoryPassword),
        (Answer(48, "inappropriateAuthentication", ""), WrongDirectoryPassword),
        (Answer(49, "invalidCredentials", "password expired!", 0), DirectoryPasswordExpired),
        (Answer(49, "invalidCredentials", "", 1), DirectoryAccountLocked),
        (Answer(0, "success", "", 2), DirectoryPasswordMustChange),
        (Answer(0, "success", "", 0), DirectoryPasswordExpired),
        (Answer(19, "constraintViolation", "Exceed password retry limit."), DirectoryAccountLocked),
        (
            Answer(53, "unwillingToPerform", "Account inactivated. Contact system administrator."),
            DirectoryAccountDisabled,
        ),
        (Answer(53, "unwillingToPerform", "no global superior"), DirectoryMisconfigured),
        (Answer(8, "strongerAuthRequired", ""), DirectoryMisconfigured),
        (Answer(13, "confidentialityRequired", "TLS required"), DirectoryMisconfigured),
        (Answer(10, "referral", ""), DirectoryMisconfigured),
        (Answer(2, "protocolError", ""), DirectoryMisconfigured),
        (Answer(14, "saslBindInProgress", ""), DirectoryMisconfigured),
        (Answer(51, "busy", ""), Unreachable),
        (Answer(52, "unavailable", ""), Unreachable),
    ],
)
def test_other_answers(answer: Answer, kind: type[Exception]) -> None:
    with pytest.raises(kind):
        check_bind(answer)


@pytest.mark.parametrize("policy", [None, 3, 8])
def test_success(policy: int | None) -> None:
    """Errors of the policy from 3 on are about changing a password."""
    check_bind(Answer(0, "success", "", policy))
    check_answer(Answer(0, "success", "", policy))


def test_what_a_server_says_is_made_visible() -> None:
    """DESIGN 4.3."""
    with pytest.raises(DirectoryMisconfigured) as raised:
        check_answer(Answer(2, "protocolError", "\x1b[2J" + "x" * 1000))
    assert "<U+001B>" in str(raised.value)
    assert len(str(raised.value)) < 300
