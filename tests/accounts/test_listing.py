"""What lists of accounts show and find."""

from cwtui.accounts.listing import Names

ROWS = [
    Names("bob-cat", ""),
    Names("john", ""),
    Names("john doe", "John Doe"),
    Names("kai", "Johnny Bob"),
]


def found(text: str) -> str:
    return ", ".join(names.username for names in ROWS if names.contain(text))


def test_text_is_found_in_both_names_of_an_account() -> None:
    assert found("john") == "john, john doe, kai"
    assert found(" JOHN DOE ") == "john doe"
    assert found("\uff4aohn") == "john, john doe, kai"
    assert found("bob") == "bob-cat, kai"
    assert found("johnny bob") == "kai"
    assert found("zoe") == ""
