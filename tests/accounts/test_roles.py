"""Choosing roles, and their short names."""

import pytest

from cwtui.accounts.errors import InvalidInput
from cwtui.accounts.roles import ADMIN, MINIMUM, Permission, known, permissions, short


def test_roles_grant_their_permissions() -> None:
    assert permissions([ADMIN], {}) == set(Permission)
    assert permissions([MINIMUM], {}) == set()
    assert permissions(["unknown", MINIMUM], {}) == set()
    assert permissions([], {}) == set()


def test_lists_shorten_the_names_of_roles() -> None:
    assert [short(role) for role in (ADMIN, MINIMUM, "operators")] == [
        "admin",
        "minimum",
        "operators",
    ]


def test_known_roles_are_sorted_without_duplicates() -> None:
    assert known([MINIMUM, ADMIN, MINIMUM], {}) == (ADMIN, MINIMUM)


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
        known(chosen, {})
    assert (refused.value.field, str(refused.value)) == ("roles", sentence)
