"""What lists of accounts show and find."""

from cwtui.accounts.listing import AccountRow, named

ROWS = [
    AccountRow(username="bob-cat"),
    AccountRow(username="john"),
    AccountRow(username="john doe", display_name="John Doe"),
    AccountRow(username="kai", display_name="Johnny Bob"),
]


def found(text: str) -> tuple[str, str]:
    exact, others = named(ROWS, text)
    return exact.username if exact else "", ", ".join(row.username for row in others)


def test_the_user_with_exactly_this_name_is_apart_from_the_others() -> None:
    assert found("john") == ("john", "john doe, kai")
    assert found(" JOHN DOE ") == ("john doe", "")
    assert found("\uff4aohn") == ("john", "john doe, kai")
    assert found("bob") == ("", "bob-cat, kai")
    assert found("johnny bob") == ("", "kai")
    assert found("zoe") == ("", "")
