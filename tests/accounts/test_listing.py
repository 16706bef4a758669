"""Filtering the list of users, and choosing roles."""

import pytest

from cwtui.accounts.account_state import MfaState
from cwtui.accounts.errors import InvalidInput
from cwtui.accounts.listing import AccountRow, Filter, Registered, select, typed
from cwtui.accounts.model import Origin
from cwtui.accounts.roles import ADMIN, MINIMUM, Permission, known, permissions, short
from cwtui.accounts.settings import OrganizationSettings

ROWS = [
    AccountRow(username="ada", display_name="Ada Lovelace", roles=(ADMIN,)),
    AccountRow(username="bob", second_factor=Registered(1.0), mfa_required=True),
    AccountRow(username="cho", display_name="Straße", mfa_required=True),
    AccountRow(username="dan", origin=Origin.LDAP, roles=(ADMIN, MINIMUM), enabled=False),
]


@pytest.mark.parametrize(
    ("wanted", "names"),
    [
        (Filter(), "ada bob cho dan"),
        (Filter(text="A"), "ada cho dan"),
        (Filter(text="  LOVE "), "ada"),
        (Filter(text="STRASSE"), "cho"),
        (Filter(text="\uff42\uff4f\uff42"), "bob"),
        (Filter(text="nobody"), ""),
        (Filter(role=ADMIN), "ada dan"),
        (Filter(role="unknown"), ""),
        (Filter(mfa=MfaState.ENABLED), "bob"),
        (Filter(mfa=MfaState.REQUIRED), "cho"),
        (Filter(mfa=MfaState.NONE), "ada dan"),
        (Filter(origin=Origin.LDAP), "dan"),
        (Filter(text="d", role=ADMIN, mfa=MfaState.NONE, origin=Origin.LOCAL), "ada"),
    ],
)
def test_filters_combine(wanted: Filter, names: str) -> None:
    assert [row.username for row in select(ROWS, wanted, OrganizationSettings())] == names.split()


@pytest.mark.parametrize(
    ("line", "wanted"),
    [
        ("", Filter()),
        ("  ann  Smith ", Filter(text="ann smith")),
        ("origin:ldap", Filter(origin=Origin.LDAP)),
        ("ORIGIN:LD ann", Filter(text="ann", origin=Origin.LDAP)),
        ("origin:l", Filter()),  # could become local or ldap
        ("origin:x", Filter(text="origin:x")),
        ("origin:", Filter(text="origin:")),
        ("mfa:n role:minimum", Filter(role=MINIMUM, mfa=MfaState.NONE)),
        ("role:admin", Filter(role=ADMIN)),
        ("a:b:c", Filter(text="a:b:c")),
    ],
)
def test_a_typed_filter_line_is_parsed(line: str, wanted: Filter) -> None:
    assert typed(line) == wanted


def test_roles_grant_their_permissions() -> None:
    assert permissions([ADMIN]) == set(Permission)
    assert permissions([MINIMUM]) == set()
    assert permissions(["unknown", MINIMUM]) == set()
    assert permissions([]) == set()


def test_lists_shorten_the_names_of_roles() -> None:
    assert [short(role) for role in (ADMIN, MINIMUM, "operators")] == [
        "admin",
        "minimum",
        "operators",
    ]


def test_known_roles_are_sorted_without_duplicates() -> None:
    assert known([MINIMUM, ADMIN, MINIMUM]) == (ADMIN, MINIMUM)


CHOOSE = "Choose from: connectware-admin, minimum-access."


@pytest.mark.parametrize(
    ("chosen", "sentence"),
    [
        ([], "An account needs at least one role, such as minimum-access."),
        (["root"], f"There is no role named root. {CHOOSE}"),
        ([ADMIN, "x" * 65], f"There is no role named {'x' * 64}. {CHOOSE}"),
        ([ADMIN, "\x1b[2J\u202e"], f"There is no role named <U+001B>[2J<U+202E>. {CHOOSE}"),
        ([""], f"There is no role named . {CHOOSE}"),
    ],
)
def test_missing_and_unknown_roles_are_refused(chosen: list[str], sentence: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        known(chosen)
    assert (refused.value.field, str(refused.value)) == ("roles", sentence)
