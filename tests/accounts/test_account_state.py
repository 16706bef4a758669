"""What an account's state is, from its own settings and the organization's."""

import pytest

from cwtui.accounts import wording
from cwtui.accounts.account_state import (
    MfaState,
    Requirement,
    is_required,
    mfa_state,
    requirement,
)
from cwtui.accounts.listing import AccountRow, Registered
from cwtui.accounts.settings import Mfa, OrganizationSettings


@pytest.mark.parametrize(
    ("mfa", "flag", "says", "required", "state", "words"),
    [
        (Mfa.OFF, False, Requirement.NOT_REQUIRED, False, MfaState.NONE, "no"),
        (
            Mfa.OFF,
            True,
            Requirement.SUSPENDED,
            False,
            MfaState.NONE,
            "yes, but the organization's MFA is off",
        ),
        (Mfa.OPTIONAL, False, Requirement.NOT_REQUIRED, False, MfaState.NONE, "no"),
        (Mfa.OPTIONAL, True, Requirement.OF_ACCOUNT, True, MfaState.REQUIRED, "yes"),
        (
            Mfa.REQUIRED,
            False,
            Requirement.OF_EVERYONE,
            True,
            MfaState.REQUIRED,
            "yes, by the organization",
        ),
        (Mfa.REQUIRED, True, Requirement.OF_ACCOUNT, True, MfaState.REQUIRED, "yes"),
    ],
)
def test_account_and_organization_decide_together_whether_mfa_is_required(
    mfa: Mfa, flag: bool, says: Requirement, required: bool, state: MfaState, words: str
) -> None:
    settings = OrganizationSettings(mfa=mfa)
    without = AccountRow(username="alice", mfa_required=flag)
    assert requirement(without, settings) is says
    assert is_required(without, settings) is required
    assert mfa_state(without, settings) is state
    assert wording.required(says) == words
    having = AccountRow(username="alice", mfa_required=flag, second_factor=Registered(1.0))
    assert requirement(having, settings) is says
    assert mfa_state(having, settings) is MfaState.ENABLED
