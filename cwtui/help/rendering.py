"""Render Markdown as plain text for a terminal of 60 columns or more.

Headings start at the left edge, and everything else is indented. With `styled`, headings, commands
and labels are bold. Otherwise the text has underlines and backticks instead of escape sequences.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from typing import Final

from markdown_it import MarkdownIt
from markdown_it.tree import SyntaxTreeNode

WIDTH: Final = 80
"""Lines longer than this are hard to read."""
_INDENT: Final = "  "
_GAP: Final = "  "
_BOLD, _NORMAL = "\x1b[1m", "\x1b[22m"
_STYLE: Final = re.compile(r"\x1b\[\d+m")
_FIXED_SPACE: Final = "\0"
"""Replaces spaces in commands, to keep them on one line. Markdown text cannot contain NUL."""
_UNDERLINES: Final = {"h1": "=", "h2": "-"}


def rendered(markdown: str, width: int = WIDTH, *, styled: bool = False) -> str:
    """Return the text in lines of at most `width` columns. Code and long words are not broken."""
    tree = SyntaxTreeNode(MarkdownIt("commonmark").enable("table").parse(markdown))
    lines = _Renderer(width, styled=styled).blocks(tree.children, width)
    return "\n".join(lines).strip("\n").replace(_FIXED_SPACE, " ") + "\n"


class _Renderer:
    def __init__(self, width: int, *, styled: bool) -> None:
        self._longest_command = width * 3 // 5
        self._styled = styled

    def blocks(self, nodes: Iterable[SyntaxTreeNode], width: int) -> list[str]:
        lines: list[str] = []
        for node in nodes:
            if node.type == "heading":
                lines += ["", *self._heading(node, width), ""]
            else:
                block = self._block(node, width - len(_INDENT))
                lines += [*_indented(block, _INDENT), ""]
        return _without_double_blanks(lines)

    def _block(self, node: SyntaxTreeNode, width: int) -> list[str]:
        match node.type:
            case "paragraph":
                return _wrapped(self._words(node), width)
            case "fence" | "code_block":
                return list(_indented(node.content.rstrip("\n").split("\n"), _INDENT))
            case "bullet_list" | "ordered_list":
                return self._list(node, width)
            case "table":
                return self._table(node, width)
        raise NotImplementedError(node.type)

    def _heading(self, node: SyntaxTreeNode, width: int) -> list[str]:
        title = _wrapped(self._words(node.children[0], bold=True), width)
        if self._styled or node.tag not in _UNDERLINES:
            return title
        return [*title, _UNDERLINES[node.tag] * max(map(len, title))]

    def _list(self, node: SyntaxTreeNode, width: int) -> list[str]:
        lines: list[str] = []
        start = int(node.attrs.get("start", 1))
        for number, item in enumerate(node.children, start):
            mark = "- " if node.type == "bullet_list" else f"{number}. "
            inner: list[str] = []
            for child in item.children:
                if inner and child.type not in {"bullet_list", "ordered_list"}:
                    inner.append("")
                inner += self._block(child, width - len(mark))
            lines += _indented(inner, " " * len(mark), mark)
        return lines

    def _table(self, node: SyntaxTreeNode, width: int) -> list[str]:
        head, *body = (row for part in node.children for row in part.children)
        rows = [[self._words(cell.children[0], bold=True) for cell in head.children]]
        rows += [[self._words(cell.children[0]) for cell in row.children] for row in body]
        widths = _column_widths(rows, width)
        cells = [
            [_wrapped(words, columns) for words, columns in zip(row, widths, strict=True)]
            for row in rows
        ]
        long = any(len(cell) > 1 for row in cells[1:] for cell in row)
        lines: list[str] = []
        for number, row in enumerate(cells):
            if long and number > 1:
                lines.append("")
            lines += _side_by_side(row, widths)
            if number == 0:
                lines.append(_GAP.join("-" * columns for columns in widths))
        return lines

    def _words(self, node: SyntaxTreeNode, *, bold: bool = False) -> list[str]:
        """Return the words of a paragraph, heading or cell, each with its style."""
        return self._text(node, bold=bold).split()  # fixed spaces do not split

    def _text(self, node: SyntaxTreeNode, *, bold: bool) -> str:
        match node.type:
            case "text":
                return _bold(node.content) if bold and self._styled else node.content
            case "code_inline":
                code = node.content
                if len(code) <= self._longest_command:
                    code = code.replace(" ", _FIXED_SPACE)
                return _bold(code) if self._styled else code if bold else f"`{code}`"
            case "softbreak" | "hardbreak":
                return " "
            case "paragraph" | "inline" | "em" | "link" | "strong":
                strong = bold or node.type == "strong"
                text = "".join(self._text(child, bold=strong) for child in node.children)
                target = str(node.attrs.get("href", ""))
                return f"{text} <{target}>" if target.startswith("https:") else text
        raise NotImplementedError(node.type)


def _bold(text: str) -> str:
    """Make each word bold separately, so that lines can break between them."""
    return re.sub(r"\S+", lambda word: f"{_BOLD}{word[0]}{_NORMAL}", text)


def _length(text: str) -> int:
    return len(_STYLE.sub("", text))


def _wrapped(words: Sequence[str], width: int) -> list[str]:
    lines = [""]
    for word in words:
        if lines[-1] and _length(lines[-1]) + 1 + _length(word) > width:
            lines.append(word)
        else:
            lines[-1] = f"{lines[-1]} {word}".lstrip()
    return lines


def _column_widths(rows: Sequence[Sequence[Sequence[str]]], width: int) -> list[int]:
    """Return the width of the longest cell of each column; the widest shrink until they fit."""
    columns = list(zip(*rows, strict=True))
    widths = [max(_length(" ".join(cell)) for cell in column) for column in columns]
    least = [max(_length(word) for cell in column for word in cell or [""]) for column in columns]
    room = width - len(_GAP) * (len(widths) - 1)
    while sum(widths) > room:
        wide = [place for place, wide in enumerate(widths) if wide > least[place]]
        if not wide:
            break
        widths[max(wide, key=widths.__getitem__)] -= 1
    return widths


def _side_by_side(cells: Sequence[Sequence[str]], widths: Sequence[int]) -> Iterator[str]:
    for number in range(max(map(len, cells))):
        parts = (
            _padded(cell[number] if number < len(cell) else "", width)
            for cell, width in zip(cells, widths, strict=True)
        )
        yield _GAP.join(parts).rstrip()


def _padded(text: str, width: int) -> str:
    return text + " " * (width - _length(text))


def _indented(lines: Iterable[str], indent: str, first: str | None = None) -> Iterator[str]:
    for number, line in enumerate(lines):
        start = first if first is not None and number == 0 else indent
        yield f"{start}{line}".rstrip()


def _without_double_blanks(lines: Sequence[str]) -> list[str]:
    return [line for place, line in enumerate(lines) if line or (place and lines[place - 1])]
