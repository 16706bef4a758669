"""List what people read in cwtui, with file and line, so that all of it can be read in one go.

Lists string literals that contain a space and a letter (placeholders are shown as {}), and the
docstrings of commands, which are their help. Other docstrings are for developers and left out.

    python -m tools.sentences                    # everything in cwtui/
    python -m tools.sentences cwtui/store        # one folder or file
    python -m tools.sentences --topics           # also the lines of the help topics
"""

import argparse
import ast
import re
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Final, NamedTuple

ROOT: Final = Path(__file__).parents[1]

_SENTENCE: Final = re.compile(r"(?=.*\s)(?=.*[^\W\d_])", re.DOTALL)
_Function = ast.FunctionDef | ast.AsyncFunctionDef


class Sentence(NamedTuple):
    """One text, with the file relative to the project, and the line where it starts."""

    file: str
    line: int
    text: str

    def __str__(self) -> str:
        return f"{self.file}:{self.line}: {' '.join(self.text.split())}"


def in_code(source: str, file: str = "") -> list[Sentence]:
    """Return the sentences in Python source, sorted by line."""
    nodes = list(ast.walk(ast.parse(source)))
    commands = (node for node in nodes if isinstance(node, _Function) and _is_command(node))
    hidden = set(_statements(nodes)) - set(_statements(commands))
    inside = {id(part) for node in nodes for part in _parts(node)}
    found = [
        Sentence(file, node.lineno, _shown(node))
        for node in nodes
        if isinstance(node, ast.Constant | ast.JoinedStr) and id(node) not in hidden | inside
    ]
    return sorted(one for one in found if _SENTENCE.match(one.text))


def in_topic(markdown: str, file: str = "") -> list[Sentence]:
    """Return the lines of a help topic, without blank lines."""
    lines = enumerate(markdown.splitlines(), 1)
    return [Sentence(file, number, line) for number, line in lines if line.strip()]


def listed(paths: Iterable[Path], *, topics: bool = False) -> Iterator[Sentence]:
    """Yield the sentences in these files and folders; `topics` includes Markdown files."""
    for path in paths:
        for file in sorted(path.rglob("*")) if path.is_dir() else [path]:
            name = str(file.relative_to(ROOT)) if file.is_relative_to(ROOT) else str(file)
            if file.suffix == ".py":
                yield from in_code(file.read_text("utf-8"), name)
            elif file.suffix == ".md" and topics:
                yield from in_topic(file.read_text("utf-8"), name)


def _statements(nodes: Iterable[ast.AST]) -> Iterator[int]:
    """Yield the ids of docstrings, and of strings that document constants and fields."""
    for node in nodes:
        for statement in [node, *node.body[:1]] if isinstance(node, _Function) else [node]:
            if isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Constant):
                yield id(statement.value)


def _is_command(function: ast.FunctionDef | ast.AsyncFunctionDef) -> bool:
    names = [ast.unparse(decorator).partition("(")[0] for decorator in function.decorator_list]
    return any(name.rpartition(".")[2] in {"command", "group"} for name in names)


def _parts(node: ast.AST) -> list[ast.expr]:
    """Return the parts of an f-string, which are listed with it."""
    if isinstance(node, ast.JoinedStr):
        return node.values
    return [node.format_spec] if isinstance(node, ast.FormattedValue) and node.format_spec else []


def _shown(node: ast.expr) -> str:
    """Return the text of a literal; an f-string has {} for its values. Empty if it is no text."""
    if isinstance(node, ast.JoinedStr):
        return "".join(
            str(part.value) if isinstance(part, ast.Constant) else "{}" for part in node.values
        )
    return node.value if isinstance(node, ast.Constant) and isinstance(node.value, str) else ""


def main() -> None:
    """Print the sentences."""
    parser = argparse.ArgumentParser(description="List what people read in cwtui.")
    parser.add_argument("paths", nargs="*", type=Path, default=[ROOT / "cwtui"])
    parser.add_argument("--topics", action="store_true", help="also list the help topics")
    arguments = parser.parse_args()
    paths = [path.resolve() for path in arguments.paths]
    for sentence in listed(paths, topics=arguments.topics):
        sys.stdout.write(f"{sentence}\n")


if __name__ == "__main__":
    main()
