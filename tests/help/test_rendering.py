"""Markdown rendered as text for a terminal."""

import re

import pytest

from cwtui.help.rendering import rendered

BOLD = re.compile(r"\x1b\[1m(.*?)\x1b\[22m")


def test_headings_are_underlined_and_text_is_indented() -> None:
    assert rendered("# Title\n\nText.\n\n## Part\n\nMore.\n\n### Deeper\n\nEnd.\n") == (
        "Title\n=====\n\n  Text.\n\nPart\n----\n\n  More.\n\nDeeper\n\n  End.\n"
    )


def test_paragraphs_are_wrapped_at_the_width() -> None:
    text = rendered("word " * 40, 30)
    assert {len(line) for line in text.splitlines()[:-1]} == {2 + 5 * 5 - 1}


def test_a_word_longer_than_the_line_is_not_split() -> None:
    assert "x" * 100 in rendered("a " + "x" * 100 + " b", 40)


def test_code_is_never_wrapped() -> None:
    line = "cwtui " + "x" * 90
    assert rendered(f"    {line}\n\n```\n  {line}\n\nend\n```\n", 40) == (
        f"    {line}\n\n      {line}\n\n    end\n"
    )


def test_a_command_stays_on_one_line() -> None:
    text = rendered("Then somebody runs the command `cwtui user unlock NAME` on the host.", 40)
    assert text == ("  Then somebody runs the command\n  `cwtui user unlock NAME` on the host.\n")


def test_lists_are_indented_and_nested() -> None:
    text = rendered(
        "1. One two three four five\n2. Two\n   - inner\n   - more\n\n\n- x\n\n  y\n", 20
    )
    assert text == (
        "  1. One two three\n     four five\n  2. Two\n     - inner\n     - more\n\n"
        "  - x\n\n    y\n"
    )


def test_a_table_that_fits_is_compact() -> None:
    assert rendered("| A | Long head |\n| --- | --- |\n| one | 2 |\n| x | |\n") == (
        "  A    Long head\n  ---  ---------\n  one  2\n  x\n"
    )


def test_a_table_that_does_not_fit_wraps_its_widest_column() -> None:
    text = rendered("| A | B |\n| --- | --- |\n| one | five words are in here |\n| x | y |\n", 20)
    assert text == (
        "  A    B\n  ---  -------------\n  one  five words\n       are in here\n\n  x    y\n"
    )


def test_plain_text_marks_commands_and_holds_no_escape_sequence() -> None:
    text = rendered("# A `b`\n\n**Bold** and `code`.\n\n| `x` |\n| --- |\n| **y** |\n")
    assert "\x1b" not in text
    assert "Bold and `code`." in text
    assert text.startswith("A b\n===\n")


def test_styled_text_is_bold_and_equally_wide() -> None:
    markdown = (
        "# Title\n\n**Two words** and `some code`, plain.\n\n| H | I |\n| --- | --- |\n| a | b |\n"
    )
    styled, plain = rendered(markdown, styled=True), rendered(markdown)
    assert BOLD.findall(styled) == ["Title", "Two", "words", "some code", "H", "I"]
    bare = re.sub(r"\x1b\[\d+m", "", styled)
    assert "  Two words and some code, plain.\n" in bare
    assert bare.splitlines()[0] == plain.splitlines()[0]


def test_only_external_links_show_their_target() -> None:
    text = rendered("[cwtui help ldap](ldap.md), [a site](https://example.com/x)")
    assert text == "  cwtui help ldap, a site <https://example.com/x>\n"


@pytest.mark.parametrize("markdown", ["> quote", "![picture](x.svg)", "<b>html</b>", "---"])
def test_unsupported_markdown_raises_an_error(markdown: str) -> None:
    with pytest.raises(NotImplementedError):
        rendered(markdown)
