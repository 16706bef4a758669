"""The list of all texts that people read."""

from tools import sentences
from tools.sentences import Sentence

SOURCE = '''"""A docstring of a module."""
NAME = "one-word"
"""A docstring of a constant."""
SENTENCE = "The first sentence."


@click.command("show", help="Show it.")
def show(name: str) -> None:
    """The help of a command.

    It has two paragraphs.
    """
    say(f"Shows {name:>8} and "
        "more.")


def helper() -> None:
    """A docstring of a function."""
'''


def test_literals_and_the_help_of_commands_are_listed() -> None:
    assert list(map(str, sentences.in_code(SOURCE, "x.py"))) == [
        "x.py:4: The first sentence.",
        "x.py:7: Show it.",
        "x.py:9: The help of a command. It has two paragraphs.",
        "x.py:13: Shows {} and more.",
    ]


def test_lines_of_a_topic_are_listed_without_blank_ones() -> None:
    assert sentences.in_topic("# Title\n\nText.\n", "x.md") == [
        Sentence("x.md", 1, "# Title"),
        Sentence("x.md", 3, "Text."),
    ]


def test_folders_are_searched_with_those_in_them() -> None:
    folders = [sentences.ROOT / "cwtui" / name for name in ("keyring", "service")]
    found = {one.file.rpartition("/")[0] for one in sentences.listed(folders)}
    assert found == {"cwtui/keyring", "cwtui/service", "cwtui/service/radius"}


def test_topics_are_listed_on_request() -> None:
    folder = sentences.ROOT / "cwtui" / "help"
    assert not any(one.file.endswith(".md") for one in sentences.listed([folder]))
    assert any(one.file.endswith("start.md") for one in sentences.listed([folder], topics=True))
