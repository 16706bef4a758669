"""`cwtui help` and `cwtui version`."""

import pytest

from cwtui import __version__
from cwtui.help import TOPICS, text
from tests.cli.commands import Host, run

MISSING_CONFIG = ("--config", "/nowhere/config.toml")
SCREEN = 24


def test_help_lists_topics_with_the_most_urgent_first() -> None:
    result = run(*MISSING_CONFIG, "help")
    lines = result.out.splitlines()
    assert (result.status, result.err) == (0, "")
    assert [line.split()[0] for line in lines if line.startswith("  ")] == [t.name for t in TOPICS]
    assert lines[2].startswith("  locked-out ")
    assert len(lines) < SCREEN
    assert max(map(len, lines)) <= 80


@pytest.mark.parametrize("name", [topic.name for topic in TOPICS])
def test_a_topic_is_plain_text_in_a_pipe(name: str) -> None:
    result = run(*MISSING_CONFIG, "help", name)
    title = text(name).splitlines()[0].removeprefix("# ")
    assert (result.status, result.err) == (0, "")
    assert result.out.startswith(f"{title}\n{'=' * len(title)}\n")
    assert "\x1b" not in result.out


def test_a_topic_is_found_in_any_case() -> None:
    assert run("help", "LDAP").out == run("help", "ldap").out


@pytest.mark.parametrize("words", [("user", "add"), ("user",), ("audit", "verify"), ("version",)])
def test_help_command_matches_its_help_option(words: tuple[str, ...]) -> None:
    result = run("help", *words)
    assert result.status == 0
    assert result.out.rstrip() == run(*words, "--help").out.rstrip()


@pytest.mark.parametrize(
    ("words", "hint"),
    [
        (("lockedout",), "Did you mean locked-out?"),
        (("changelog",), "Did you mean changes?"),
        (("usr",), "Did you mean user?"),
        (("user", "ad"), "Did you mean add?"),
        (("xyz",), "cwtui help lists the topics."),
        (("user", "add", "x"), "'user add x'"),
        (("ldap", "x"), "There is no topic or command 'ldap'"),
        (("\x1b[31m",), "<U+001B>"),
    ],
)
def test_an_unknown_topic_is_wrong_usage_with_a_hint(words: tuple[str, ...], hint: str) -> None:
    result = run("help", *words)
    assert (result.status, result.out) == (2, "")
    assert hint in result.err
    assert result.err.count("\n") == 1


@pytest.mark.parametrize("words", [("-V",), ("--version",), ("version",)])
def test_the_version_is_printed(words: tuple[str, ...]) -> None:
    result = run(*MISSING_CONFIG, *words)
    assert (result.status, result.out, result.err) == (0, f"cwtui {__version__}\n", "")


def test_help_creates_no_files(new_host: Host) -> None:
    assert new_host.run("help", "locked-out").status == 0
    assert set(new_host.files()) == {"config.toml"}
