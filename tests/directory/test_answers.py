"""What the answers to a bind mean for each kind of server.

test_real_servers.py asks real Samba and 389 Directory Server.
"""

import pytest

from cwtui.accounts.directory_port import (
    DirectoryAccountDisabled,
    DirectoryAccountLocked,
    DirectoryMisconfigured,
    DirectoryPasswordExpired,
    DirectoryPasswordMustChange,
    DirectoryRefused,
    NoDirectoryUser,
    PasswordNotice,
    WrongDirectoryPassword,
)
from cwtui.directory import binding
from cwtui.directory.answers import Answer, Policy, check_answer, check_bind, policy
from cwtui.directory.entries import Entry
from cwtui.directory.transport import Unreachable
from tests.accounts.world import NOW
from tests.directory.active_directory import filetime


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
        ("773", DirectoryPasswordMustChange, "must change"),
        ("775", DirectoryAccountLocked, "locked"),
        ("0", WrongDirectoryPassword, "Username or password is wrong."),
        ("ffffffff", WrongDirectoryPassword, "Username or password is wrong."),
        ("zz", WrongDirectoryPassword, "Username or password is wrong."),
    ],
)
def test_active_directory_codes_are_understood(code: str, kind: type[Exception], says: str) -> None:
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
        (Answer(49, "", "", policy=Policy(0)), True),  # expired
        (Answer(0, "", "", policy=Policy(2)), True),  # to be changed
        (Answer(49, "", "", policy=Policy(1)), False),  # locked
        (Answer(19, "", ""), False),
        (Answer(53, "", "Account inactivated."), False),
        (Answer(49, "", ""), False),
    ],
)
def test_refusals_tell_whether_the_password_was_right(answer: Answer, was_right: bool) -> None:
    """A right password does not count as a failed attempt; in doubt it does."""
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
        (
            Answer(49, "invalidCredentials", "password expired!", Policy(0)),
            DirectoryPasswordExpired,
        ),
        (Answer(49, "invalidCredentials", "", Policy(1)), DirectoryAccountLocked),
        (Answer(0, "success", "", Policy(2)), DirectoryPasswordMustChange),
        (Answer(0, "success", "", Policy(0)), DirectoryPasswordExpired),
        (Answer(19, "constraintViolation", "Exceed password retry limit."), DirectoryAccountLocked),
        (Answer(19, "constraintViolation", "", Policy(1)), DirectoryAccountLocked),
        (Answer(19, "constraintViolation", ""), DirectoryAccountDisabled),
        (
            Answer(
                19,
                "constraintViolation",
                "Account inactivity limit exceeded. Contact system administrator to reset.",
                Policy(1),
            ),
            DirectoryAccountDisabled,
        ),
        (
            Answer(53, "unwillingToPerform", "Account inactivated. Contact system administrator."),
            DirectoryAccountDisabled,
        ),
        (
            Answer(
                53,
                "unwillingToPerform",
                "Account inactivated. Contact system administrator.",
                Policy(1),
            ),
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
def test_other_bind_answers_raise_the_right_error(answer: Answer, kind: type[Exception]) -> None:
    with pytest.raises(kind) as refused:
        check_bind(answer)
    assert type(refused.value) is kind


@pytest.mark.parametrize(
    ("value", "said"),
    [
        ("3000", Policy()),
        ("3003810101", Policy(error=1)),
        ("3005a003800105", Policy(seconds=5)),
        ("3005a003810102", Policy(grace=2)),
        ("3008a003810100810100", Policy(grace=0, error=0)),
    ],
)
def test_the_password_policy_control_is_decoded(value: str, said: Policy) -> None:
    """draft-behera-ldap-password-policy-11 section 6.2, in hexadecimal."""
    assert policy(bytes.fromhex(value)) == said


@pytest.mark.parametrize(
    ("said", "notice"),
    [
        (Policy(), None),
        (Policy(grace=2), PasswordNotice(grace_left=2)),
        (Policy(grace=0, seconds=5), PasswordNotice(grace_left=0)),
        (Policy(seconds=60), PasswordNotice(expires_at=NOW + 60)),
        (Policy(seconds=10**12), None),
        (Policy(seconds=-1), None),
        (Policy(grace=-1), None),
        (Policy(grace=10**9), None),
    ],
)
def test_the_policy_becomes_a_password_notice(said: Policy, notice: PasswordNotice | None) -> None:
    """Impossible values from a server are ignored."""
    assert binding.notice(Answer(0, "success", "", said), Entry("cn=x", {}), NOW) == notice


@pytest.mark.parametrize(
    ("at", "is_told"),
    [(NOW + 4 * 86400, True), (NOW + 6 * 86400, False), (NOW - 1, False), (None, False)],
)
def test_active_directory_password_expiry_is_announced(at: float | None, is_told: bool) -> None:
    """Windows warns five days ahead. The value for "never" is not a time."""
    value = "9223372036854775807" if at is None else filetime(at)
    entry = Entry("cn=x", {"msds-userpasswordexpirytimecomputed": (value.encode(),)})
    notice = binding.notice(Answer(0, "success", ""), entry, NOW)
    assert (notice is not None) is is_told
    if notice is not None:
        assert notice.expires_at == pytest.approx(at)


@pytest.mark.parametrize("error", [None, 3, 8])
def test_success_ignores_policy_errors_about_changing(error: int | None) -> None:
    """Policy errors from 3 upwards are about changing a password."""
    check_bind(Answer(0, "success", "", Policy(error)))
    check_answer(Answer(0, "success", "", Policy(error)))


def test_text_from_a_server_is_made_visible() -> None:
    """DESIGN 4.3."""
    with pytest.raises(DirectoryMisconfigured) as raised:
        check_answer(Answer(2, "protocolError", "\x1b[2J" + "x" * 1000))
    assert "<U+001B>" in str(raised.value)
    assert len(str(raised.value)) < 300
