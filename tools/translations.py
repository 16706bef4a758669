"""Keep the German catalog up to date with the texts in the code.

The catalog (.po), and the form that cwtui reads (.mo), are committed, so that installing needs no
extra step. A test checks that they are current, and that nothing is missing.

    python -m tools.translations                  # take up new texts, drop old ones, compile
    python -m tools.translations missing          # print the texts without a translation as JSON
    python -m tools.translations merge FILE...    # add translations from such files, then compile
"""

import argparse
import ast
import io
import json
import string
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Final, TypeAlias

from babel.messages.catalog import Catalog, Message
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po, write_po

ROOT: Final = Path(__file__).parents[1]
PO: Final = ROOT / "cwtui" / "locale" / "de" / "LC_MESSAGES" / "cwtui.po"
MO: Final = PO.with_suffix(".mo")

TEXTS: Final = {"_": 1, "N_": 1, "ngettext": 2}
"""How many texts each function takes."""
_IMPORT: Final = "from cwtui.language import"
"""Only files with it have texts, so the others need not be parsed. A test looks at all of them."""
_HEADER: Final = """\
Language: de
MIME-Version: 1.0
Content-Type: text/plain; charset=utf-8
Content-Transfer-Encoding: 8bit
Plural-Forms: nplurals=2; plural=(n != 1);
"""
_NUMBER: Final = "number"
"""What `ngettext` puts into its texts; a form for one thing can do without it."""

Translation: TypeAlias = str | tuple[str, str]
"""A translation. Of texts with a number, the forms for one and for several."""


class German(Catalog):
    """The German catalog. Its header has no dates, names and versions, which would only change."""

    def __init__(self) -> None:
        super().__init__("de", header_comment="# German texts of cwtui.", fuzzy=False)

    def __iter__(self) -> Iterator[Message]:
        yield Message("", _HEADER)
        yield from texts(super().__iter__())


class Wrong(Exception):
    """A file with translations cannot be used. The sentence says why."""


def current() -> German:
    """Return the texts in the code, with the translations that the catalog has for them."""
    kept = _kept()
    catalog = German()
    for file, content in code().items():
        for line, text in sorted(extracted(content), key=lambda one: one[0]):
            catalog.add(text, locations=[(file, line)])
    for message in texts(catalog):
        before = kept.get(message.id)
        if before is not None and before.id == message.id and not before.fuzzy:
            message.string = before.string
    return catalog


def code() -> dict[str, str]:
    """Return the content of the files with texts, by their names in the project."""
    contents = {
        str(file.relative_to(ROOT)): file.read_text("utf-8")
        for file in sorted((ROOT / "cwtui").rglob("*.py"))
    }
    return {file: content for file, content in contents.items() if _IMPORT in content}


def calls(tree: ast.AST) -> Iterator[tuple[str, ast.Call]]:
    """Yield the calls of the functions that take texts, with their names."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in TEXTS:
            yield node.func.id, node


def extracted(source: str) -> Iterator[tuple[int, Translation]]:
    """Yield the texts in Python source with their lines.

    Babel's own extraction does not look into f-strings before Python 3.12.
    """
    for name, call in calls(ast.parse(source)):
        given = [one.value for one in call.args[: TEXTS[name]] if isinstance(one, ast.Constant)]
        match given:
            case [str(text)] if name != "ngettext":
                yield call.lineno, text
            case [str(singular), str(plural)]:
                yield call.lineno, (singular, plural)


def _kept() -> Catalog:
    if not PO.exists():
        return Catalog("de")
    with PO.open("rb") as file:
        return read_po(file, "de")


def texts(catalog: Iterable[Message]) -> Iterator[Message]:
    """Yield the messages of a catalog without its header."""
    return (message for message in catalog if message.id)


def written(catalog: Catalog) -> dict[Path, bytes]:
    """Return the content of both files."""
    po, mo = io.BytesIO(), io.BytesIO()
    write_po(po, catalog, width=100, include_lineno=False)
    write_mo(mo, catalog)
    return {PO: po.getvalue(), MO: mo.getvalue()}


def is_translated(message: Message) -> bool:
    return all(_forms(message.string))


def wrong(message: Message) -> str:
    """Return what is wrong with a translation; empty if it is right or there is none."""
    if not is_translated(message):
        return ""
    originals, translations = _forms(message.id), _forms(message.string)
    if len(translations) != len(originals):
        return f"it has {len(translations)} forms instead of {len(originals)}"
    for original, translation in zip(originals, translations, strict=True):
        try:
            needed, given = values(original), values(translation)
        except ValueError as error:
            return str(error)
        optional = {_NUMBER} if len(originals) > 1 and original == originals[0] else set()
        if needed - optional != given - optional:
            return f"{translation!r} needs the values {sorted(needed)}, but has {sorted(given)}"
        if _ends(original) != _ends(translation):
            return f"{translation!r} needs the spaces and lines at both ends that the original has"
    return ""


def _forms(text: object) -> list[str]:
    return [str(one) for one in text] if isinstance(text, (tuple, list)) else [str(text or "")]


def values(text: str) -> set[str]:
    """Return the names of the values in a text, such as `name` or `name!r`. Raises ValueError."""
    found = set()
    for _, name, form, how in string.Formatter().parse(text):
        if name is None:
            continue
        if not name.isidentifier() or form:
            message = f"{text!r} has a value that is more than a name: use `grouped` for numbers"
            raise ValueError(message)
        found.add(f"{name}!{how}" if how else name)
    return found


def _ends(text: str) -> tuple[str, str]:
    """Return the white space before and after a text."""
    bare = text.strip()
    before, _, after = text.partition(bare) if bare else (text, "", "")
    return before, after


def missing(catalog: Catalog) -> dict[str, Translation]:
    """Return the texts without a translation, with empty ones to be filled in."""
    return {
        _forms(message.id)[0]: ("", "") if message.pluralizable else ""
        for message in texts(catalog)
        if not is_translated(message)
    }


def merge(catalog: Catalog, files: Iterable[Path]) -> None:
    """Add the translations in JSON files, by the English text or its form for one. Raises Wrong."""
    known = {_forms(message.id)[0]: message for message in texts(catalog)}
    for file in files:
        for text, translation in json.loads(file.read_text("utf-8")).items():
            message = known.get(text)
            if message is None:
                problem = f"{file}: no text in the code reads {text!r}."
                raise Wrong(problem)
            message.string = tuple(translation) if message.pluralizable else translation
            if reason := wrong(message):
                problem = f"{file}: {text!r}: {reason}."
                raise Wrong(problem)


def main() -> None:
    """Update the catalog, or print what is missing."""
    parser = argparse.ArgumentParser(description="Keep the German catalog up to date.")
    acts = parser.add_subparsers(dest="act")
    acts.add_parser("missing", help="print the texts without a translation as JSON")
    acts.add_parser("merge", help="add translations").add_argument("files", nargs="+", type=Path)
    arguments = parser.parse_args()
    catalog = current()
    if arguments.act == "missing":
        sys.stdout.write(f"{json.dumps(missing(catalog), ensure_ascii=False, indent=1)}\n")
        return
    if arguments.act == "merge":
        try:
            merge(catalog, arguments.files)
        except Wrong as problem:
            sys.exit(str(problem))
    PO.parent.mkdir(parents=True, exist_ok=True)
    for path, content in written(catalog).items():
        path.write_bytes(content)
    total = len(list(texts(catalog)))
    sys.stdout.write(f"{total} texts, {len(missing(catalog))} without a translation\n")


if __name__ == "__main__":
    main()
