"""The manual's topics: complete, readable on a console, and correct where checkable."""

import re
import tomllib
from functools import cache

import click
import msgspec
import pytest
from markdown_it import MarkdownIt
from markdown_it.token import Token
from msgspec import inspect as types

from cwtui import help as manual
from cwtui.accounts.account_words import Facts, account_words
from cwtui.accounts.audit.event_words import event_words
from cwtui.config import Config
from cwtui.help.rendering import rendered
from tests.cli.parsing import command_lines, parsed
from tools.manual import ROOT, comments, keys

FOLDER = ROOT / "cwtui" / "help"
NAMES = [topic.name for topic in manual.TOPICS]
SEED = {
    "account": (
        "Connectware Account",
        "Sign in to Your Account",
        "Changing Passwords",
        "Multi-Factor Authentication",
        "Prerequisites for Multi-Factor Authentication",
        "Setting up Multi-Factor Authentication",
        "Signing in with Multi-Factor Authentication",
        "Signing in with Multi-Factor Authentication Backup Codes",
        "Disabling Multi-Factor Authentication (User)",
        "Regenerating Backup Codes",
    ),
    "admin": ("Making Multi-Factor Authentication Mandatory for Individual Users (Admin)",),
}
LABELS = {
    "account": (
        "Username", "Password", "Sign In", "Settings", "Change Password", "Current Password",
        "New Password", "Confirm Password", "Save New Password",
        "Enable Multi-Factor Authentication", "Register Device", "Use backup code", "Backup Code",
        "Disable Multi-Factor Authentication", "Regenerate Backup Codes",
    ),
    "admin": ("User Management > Users and Roles", "MFA (Required)", "Enable", "Update"),
}  # fmt: skip
"""Exact titles and labels of the product."""


@cache
def tokens(name: str) -> list[Token]:
    flat: list[Token] = []
    for token in MarkdownIt("commonmark").enable("table").parse(manual.text(name)):
        flat += [token, *(token.children or [])]
    return flat


def headings(name: str) -> list[str]:
    return re.findall(r"^#+ (.*)$", manual.text(name), re.MULTILINE)


def blocks(name: str) -> list[str]:
    return [token.content for token in tokens(name) if token.type in {"fence", "code_block"}]


def spans(name: str) -> list[str]:
    return [token.content for token in tokens(name) if token.type == "code_inline"]


def test_every_topic_has_a_file_and_every_file_is_a_topic() -> None:
    assert {path.stem for path in FOLDER.glob("*.md")} == set(NAMES)


def test_the_topic_about_being_locked_out_comes_first() -> None:
    assert NAMES[0] == "locked-out"


def test_the_topic_for_admins_explains_every_filter_word() -> None:
    explaining = " ".join(spans("admin"))
    for vocabulary in (account_words(Facts()), event_words()):
        for word in (*(f"{word.name}:" for word in vocabulary.words), *vocabulary.short):
            assert word in explaining


def test_an_unknown_topic_is_refused() -> None:
    for name in ("nosuch", "", "../help/start", "start.md", "__init__"):
        with pytest.raises(manual.NoSuchTopic):
            manual.text(name)


def test_a_summary_is_one_short_sentence() -> None:
    for topic in manual.TOPICS:
        assert len(topic.summary) <= 60
        assert re.fullmatch(r"[A-Z][^.]+\.", topic.summary)


@pytest.mark.parametrize("name", NAMES)
def test_a_topic_has_one_title(name: str) -> None:
    assert manual.text(name).startswith("# ")
    assert (
        len(
            re.findall(
                r"^# ", re.sub(r"```.*?```", "", manual.text(name), flags=re.DOTALL), re.MULTILINE
            )
        )
        == 1
    )


@pytest.mark.parametrize("name", NAMES)
def test_a_topic_fits_a_console(name: str) -> None:
    assert max(map(len, manual.text(name).splitlines())) <= 80 or "|" in manual.text(name)
    assert max(map(len, rendered(manual.text(name)).splitlines())) <= 80


@pytest.mark.parametrize("name", NAMES)
def test_text_and_tables_fit_the_smallest_window(name: str) -> None:
    code = {f"    {line}".rstrip() for block in blocks(name) for line in block.splitlines()}
    for line in rendered(manual.text(name), 60).splitlines():
        assert len(line) <= 60 or line in code or line.strip() in {one.strip() for one in code}


@pytest.mark.parametrize("name", NAMES)
def test_links_point_to_existing_topics(name: str) -> None:
    for target in re.findall(r"\]\(([^)]+)\)", manual.text(name)):
        assert target.startswith("https://") or (FOLDER / target).is_file()


@pytest.mark.parametrize("name", NAMES)
def test_links_are_labelled_with_their_help_command(name: str) -> None:
    for text, target in re.findall(r"\[([^\]]+)\]\(([^)]+)\.md\)", manual.text(name)):
        assert " ".join(text.split()) == f"cwtui help {target}"


@pytest.mark.parametrize("name", NAMES)
def test_commands_in_a_topic_are_valid(name: str) -> None:
    for block in blocks(name):
        for line in re.sub(r"\\\n", " ", block).splitlines():
            for words in command_lines(line) if _is_a_command(line) else ():
                parsed(words)
    for span in spans(name):
        for words in command_lines(span) if span.startswith("cwtui ") else ():
            try:
                parsed(words)
            except click.MissingParameter:
                assert " ".join(words) == " ".join(words).lower()  # the name of a command alone
            except click.exceptions.Exit:
                assert words[-1] in {"--help", "--version"}


def _is_a_command(line: str) -> bool:
    """Not a systemd variable, and not the usage line above a command's options."""
    return "cwtui" in line and "=" not in line and "[OPTIONS]" not in line


def test_an_invalid_command_is_detected() -> None:
    (words,) = command_lines("sudo -u USER cwtui user unlok NAME | cat")
    with pytest.raises(click.UsageError):
        parsed(words)


@pytest.mark.parametrize("name", NAMES)
def test_make_targets_in_a_topic_exist(name: str) -> None:
    makefile = (ROOT / "Makefile").read_text()
    for code in [*blocks(name), *spans(name)]:
        for target in re.findall(r"^ *make ([a-z-]+)", code, re.MULTILINE):
            assert re.search(rf"^{target}:.*## ", makefile, re.MULTILINE), target


@pytest.mark.parametrize("name", NAMES)
def test_project_files_in_a_topic_exist(name: str) -> None:
    for code in [*blocks(name), *spans(name)]:
        for path in re.findall(r"(?:^|[ `])((?:cwtui|tests|tools)/[\w./-]+)", code):
            assert (ROOT / path).exists(), path


def test_names_that_development_finds_in_a_file_are_there() -> None:
    words = " ".join(manual.text("development").split())
    found = re.findall(r"`(\w+)` (?:in|of) `([\w/]+\.py)`", words)
    assert len(found) > 5
    for name, path in found:
        assert re.search(rf"\b{name}\b", (ROOT / path).read_text()), (name, path)


def test_project_files_in_comments_exist() -> None:
    for folder in ("cwtui", "tests", "tools"):
        for source in (ROOT / folder).rglob("*.py"):
            for path in re.findall(
                r"[\s\"(]((?:cwtui|tests|tools)/[\w./-]+\.(?:py|md|toml|tcss))\b",
                source.read_text("utf-8"),
            ):
                assert (ROOT / path).exists(), (source, path)


@pytest.mark.parametrize("name", SEED)
def test_the_products_titles_and_labels_are_exact(name: str) -> None:
    own = iter(headings(name))
    assert all(title in own for title in SEED[name])  # in this order
    bold = {
        " ".join(found.split())
        for found in re.findall(r"\*\*(.+?)\*\*", manual.text(name), re.DOTALL)
    }
    assert set(LABELS[name]) <= bold


def test_the_example_configuration_shows_every_key_and_default() -> None:
    (example,) = re.findall(r"```toml\n(.*?)```", manual.text("configuration"), re.DOTALL)
    assert msgspec.convert(tomllib.loads(example), Config) == Config()
    shown = tomllib.loads(example)
    for key, _ in keys():
        table, _, name = key.partition(".")
        assert table == "directory" or name in shown[table], key


def test_every_configuration_key_has_its_meaning_and_range() -> None:
    meanings = comments("configuration") | comments("ldap")
    assert set(meanings) == {key for key, _ in keys()}
    for key, field in keys():
        match field.type:
            case types.IntType(ge=low, le=high) | types.FloatType(ge=low, le=high):
                assert f"{low:g} to {high:g}" in meanings[key], key
            case types.LiteralType(values=values):
                assert all(f'"{value}"' in meanings[key] for value in values), key
            case _:
                assert meanings[key], key


def test_the_readme_links_every_topic_and_its_links_work() -> None:
    readme = (ROOT / "README.md").read_text()
    links = re.findall(r"\]\(([^)]+)\)", readme)
    assert {f"cwtui/help/{name}.md" for name in NAMES} <= set(links)
    assert all((ROOT / link).is_file() for link in links)
    assert len(readme.splitlines()) <= 120
    for line in readme.splitlines():
        if line.startswith("    "):
            for words in command_lines(line):
                parsed(words)
