"""Convert Markdown to a man page with the macros of man(7).

Level 2 headings become sections and level 3 headings subsections. A table becomes a list of its
first column, with the other columns as text.
"""

from collections.abc import Iterable, Iterator
from typing import Final

from markdown_it import MarkdownIt
from markdown_it.tree import SyntaxTreeNode

_ESCAPES: Final = str.maketrans(
    {
        "\\": r"\(rs",
        "-": r"\-",
        "~": r"\(ti",
        "^": r"\(ha",
        "'": r"\(aq",
        "`": r"\(ga",
        "\u2717": "x",
        "\u26a0": "!",
    }
)


def page(name: str, section: int, version: str, markdown: str) -> str:
    """Return the whole page. The first line of `markdown` is not a title."""
    head = f'.TH {name.upper()} {section} "" "cwtui {version}" "cwtui"'
    tree = SyntaxTreeNode(MarkdownIt("commonmark").enable("table").parse(markdown))
    # Not hyphenated, so that commands and file names can be copied.
    return "\n".join([head, ".nh", ".ad l", *_blocks(tree.children)]) + "\n"


def _blocks(nodes: Iterable[SyntaxTreeNode]) -> Iterator[str]:
    for node in nodes:
        yield from _block(node)


def _block(node: SyntaxTreeNode) -> Iterator[str]:
    match node.type:
        case "heading":
            macro = ".SH" if node.tag == "h2" else ".SS"
            title = _text(node.children[0])
            yield f'{macro} "{title.upper() if node.tag == "h2" else title}"'
        case "paragraph":
            yield ".PP"
            yield _paragraph(node)
        case "fence" | "code_block":
            yield from (".PP", ".RS 1", ".nf")
            yield from (_line(line) for line in node.content.rstrip("\n").split("\n"))
            yield from (".fi", ".RE")
        case "bullet_list" | "ordered_list":
            yield from _list(node)
        case "table":
            yield from _table(node)
        case _:
            raise NotImplementedError(node.type)


def _list(node: SyntaxTreeNode) -> Iterator[str]:
    for number, item in enumerate(node.children, 1):
        mark = r"\(bu 2" if node.type == "bullet_list" else f"{number}. 3"
        first, *rest = item.children
        yield f".IP {mark}"
        yield _paragraph(first)
        if rest:
            yield ".RS 3"
            yield from _blocks(rest)
            yield ".RE"


def _table(node: SyntaxTreeNode) -> Iterator[str]:
    _, body = node.children
    for row in body.children:
        first, *others = (cell.children[0] for cell in row.children)
        yield ".TP"
        yield _begun(_text(first))
        yield _begun(", ".join(filter(None, map(_text, others))))


def _paragraph(node: SyntaxTreeNode) -> str:
    return _begun(_text(node))


def _text(node: SyntaxTreeNode) -> str:
    match node.type:
        case "text":
            return str(node.content).translate(_ESCAPES)
        case "code_inline":
            return f"\\fB{node.content.translate(_ESCAPES)}\\fR"
        case "softbreak" | "hardbreak":
            return " "
        case "strong":
            return f"\\fB{''.join(map(_text, node.children))}\\fR"
        case _:
            return "".join(map(_text, node.children))


def _line(line: str) -> str:
    return _begun(line.translate(_ESCAPES))


def _begun(line: str) -> str:
    """Escape a line that starts with a dot, which would be a macro."""
    return f"\\&{line}" if line.startswith(".") else line
