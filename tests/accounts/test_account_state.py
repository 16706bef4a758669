"""What an account's state is, from its own settings and the organization's."""

from typing import Any

import pytest
from msgspec.structs import replace

from cwtui.accounts import wording
from cwtui.accounts.account_state import (
    CLOSED,
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
    assert status(AccountRow(username="alice"), until, 100.0, is_unused=False) is state
    assert AccountRow(username="alice", locked_until=until).status(100.0) is state


@pytest.mark.parametrize(
    ("fields", "is_unused", "expected"),
    [
        ({}, False, Status.ENABLED),
        ({"expires_at": 101.0}, False, Status.ENABLED),
        ({"expires_at": 100.0}, False, Status.EXPIRED),
        ({}, True, Status.UNUSED),
        ({"expires_at": 100.0}, True, Status.EXPIRED),
        ({"expires_at": 100.0, "enabled": False}, True, Status.DISABLED),
        ({"enabled": False}, True, Status.DISABLED),
    ],
)
def test_a_closed_account_says_why_whether_it_is_locked_or_not(
    fields: dict[str, Any], is_unused: bool, expected: Status
) -> None:
    row = AccountRow(username="alice", is_unused=is_unused, **fields)
    assert row.status(100.0) is expected
    is_open = expected is Status.ENABLED
    assert replace(row, locked_until=390.0).status(100.0) is (
        Status.LOCKED if is_open else expected
    )
    assert (expected in CLOSED) is not is_open
