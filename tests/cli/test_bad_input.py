"""Bad input gives one sentence, a known exit status and no terminal control codes."""

import re
import unicodedata

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from tests.cli.commands import Host, run

HOSTILE = re.compile(
    "[\x00-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff]"
)
LONGEST = "x" * ((1 << 17) - 1)
"""Linux passes no longer argument (execve(2))."""
TYPED = st.one_of(
    st.text(st.characters(), max_size=80),
    st.sampled_from(
        [
            "",
            " ",
            "\0",
            "\x1b]52;c;eA==\x07",
            "\u202efdp.exe",
            "[@click=app.quit]x[/]",
            "{0.__class__}",
            "%s%n",
            "\udcff\udcfe",
            "e" + "\u0301" * 70,
            "\ufdfa" * 60,
            "--",
            "-",
            "--yes",
            LONGEST,
        ]
    ),
)
COMMANDS = [
    ["user", "show", "{}"],
    ["user", "unlock", "{}"],
    ["user", "reset-mfa", "{}"],
    ["user", "remove", "--yes", "{}"],
    ["user", "set", "admin", "--role", "{}"],
    ["user", "set", "{}", "--display-name", "{}"],
    ["user", "list", "--filter", "{}"],
    ["user", "list", "--role", "{}"],
    ["user", "list", "--mfa", "{}"],
    ["user", "list", "--{}"],
    ["user", "{}"],
    ["settings", "set", "{}", "1"],
    ["settings", "set", "password_lower", "{}"],
    ["settings", "set", "issuer", "{}"],
    ["{}"],
]


@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(typed=TYPED)
def test_any_text_gives_one_sentence_and_a_known_status(
    host: Host, command: list[str], typed: str
) -> None:
    result = host.run(*(part.replace("{}", typed) for part in command))
    assert result.status in {0, 1, 2, 4}
    assert not HOSTILE.search((result.out + result.err).replace("\n", ""))
    assert "Traceback" not in result.err
    assert "An unexpected error" not in result.err
    if result.status and not result.err.startswith("Usage: "):
        assert result.out == ""
        assert result.err.endswith("\n")
        assert result.err.count("\n") == 1
        assert len(result.err) < 1000
    assert host.ports().accounts.get("admin") is not None


@settings(max_examples=40)
@given(typed=TYPED.filter(lambda text: "\0" not in text and not text.startswith("/")))
@example(typed="\ud800")
@pytest.mark.parametrize("option", ["--config", "--store"])
def test_any_path_gives_one_sentence_and_a_known_status(option: str, typed: str) -> None:
    result = run(option, typed, "user", "list")
    assert result.status in {2, 3}
    assert result.err.count("\n") == 1
    assert not HOSTILE.search(result.err.replace("\n", ""))
    assert "An unexpected error" not in result.err


def test_an_argument_that_is_not_utf8_is_refused(host: Host) -> None:
    result = host.process("user", "show", b"\xff\xfe".decode(errors="surrogateescape"))
    assert (result.status, result.out) == (2, "")
    assert result.err.count("\n") == 1


def test_letters_the_terminal_lacks_are_escaped(host: Host) -> None:
    assert host.run("user", "set", "admin", "--display-name", "山田").status == 0
    # PYTHON is a variable of build tools, which changes nothing.
    variables = {"PYTHONIOENCODING": "ascii", "PYTHON": "/usr/bin/python3"}
    result = host.process("user", "show", "admin", env=variables)
    assert result.status == 0
    assert "\\u5c71\\u7530" in result.out


def test_letters_with_many_combining_marks_are_accepted(host: Host) -> None:
    name = "e" + "\u0301" * 20
    assert host.run("user", "show", name).err.startswith("There is no account")
    assert unicodedata.normalize("NFKC", name)[0] == "é"
