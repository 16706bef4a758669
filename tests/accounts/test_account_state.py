"""What an account's state is, from its own settings and the organization's."""

import pytest

from cwtui.accounts import wording
from cwtui.accounts.account_state import (
    MfaState,
    Requirement,
    Status,
    is_required,
    locked_until,
    mfa_state,
    requirement,
    status,
)
from cwtui.accounts.listing import AccountRow, Present
from cwtui.accounts.model import Attempts, SignInRecord
from cwtui.accounts.settings import Mfa, OrganizationSettings


@pytest.mark.parametrize(
    ("mfa", "flag", "says", "required", "state", "words", "why"),
    [
        (Mfa.OFF, False, Requirement.NOT_REQUIRED, False, MfaState.NONE, "not required", ""),
        (
            Mfa.OFF,
            True,
            Requirement.SUSPENDED,
            False,
            MfaState.NONE,
            "not required yet",
            "The organization's MFA is off.",
        ),
        (Mfa.OPTIONAL, False, Requirement.NOT_REQUIRED, False, MfaState.NONE, "not required", ""),
        (Mfa.OPTIONAL, True, Requirement.OF_ACCOUNT, True, MfaState.REQUIRED, "required", ""),
        (
            Mfa.REQUIRED,
            False,
            Requirement.OF_EVERYONE,
            True,
            MfaState.REQUIRED,
            "required",
            "The organization requires it of everyone.",
        ),
        (Mfa.REQUIRED, True, Requirement.OF_ACCOUNT, True, MfaState.REQUIRED, "required", ""),
    ],
)
def test_account_and_organization_decide_together_whether_mfa_is_required(
    mfa: Mfa, flag: bool, says: Requirement, required: bool, state: MfaState, words: str, why: str
) -> None:
    settings = OrganizationSettings(mfa=mfa)
    without = AccountRow(username="alice", mfa_required=flag)
    assert requirement(without, settings) is says
    assert is_required(without, settings) is required
    assert mfa_state(without, settings) is state
    assert (wording.required(says), wording.why_required(says)) == (words, why)
    having = AccountRow(username="alice", mfa_required=flag, second_factor=Present())
    assert requirement(having, settings) is says
    assert mfa_state(having, settings) is MfaState.ENABLED


@pytest.mark.parametrize(
    ("passwords", "codes", "until"),
    [
        ({}, {}, None),
        ({"": Attempts(4, 90.0)}, {}, None),
        ({"": Attempts(5, 90.0, 390.0)}, {}, 390.0),
        ({"": Attempts(5, 90.0, 100.0)}, {}, None),
        ({"": Attempts(5, 90.0, 390.0)}, {"10.0.0.1": Attempts(5, 95.0, 395.0)}, 395.0),
    ],
)
def test_an_account_is_locked_while_any_source_has_to_wait(
    passwords: dict[str, Attempts], codes: dict[str, Attempts], until: float | None
) -> None:
    record = SignInRecord(password_attempts=passwords, code_attempts=codes)
    assert locked_until(record, 100.0) == until
    state = Status.ENABLED if until is None else Status.LOCKED
    assert status(AccountRow(username="alice"), until) is state
    assert AccountRow(username="alice", locked_until=until).status is state
    assert status(AccountRow(username="alice", enabled=False), until) is Status.DISABLED
