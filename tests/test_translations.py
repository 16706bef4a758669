"""Texts can be translated: what the code hands to gettext, and how translations are checked."""

import ast
import json
import re
import symtable
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest
from babel.messages.catalog import Message

from tools import translations
from tools.translations import TEXTS, German, Wrong, calls

CODE: Final = translations.code()
ALL_CODE: Final = {
    str(path.relative_to(translations.ROOT)): path.read_text("utf-8")
    for path in (translations.ROOT / "cwtui").rglob("*.py")
}
"""Also the files that import no function for texts."""
_SENTENCE: Final = re.compile(r"(?:[A-Z][a-z]|cwtui |X ).*?[a-z]{2,} [a-z]{2,}", re.DOTALL)
"""It begins with a capital letter or with a value. A reason for the audit log does not."""
ENGLISH_CALLS: Final = frozenset(
    {"log", "log_once", "command", "group", "option", "argument", "option_with", "text_option"}
    | {"word_option", "yes_option", "role_option", "expires_option", "invite_option", "_permission"}
)
"""What is English in any case: the log of the service, and the help of commands and options."""
ENGLISH_TEXTS: Final = frozenset(
    {
        "AuthenticationMethods publickey,keyboard-interactive:pam",
        "Filter words",
        "Got unexpected extra argument",
        "KbdInteractiveAuthentication yes",
        "PasswordAuthentication no",
        "Raise LimitNOFILE= or TasksMax= of the service.",
        "Sudo version",
        "X (Debian package X)",
    }
)
"""What other programs read or say, and words of --help, --version and the service's log."""
ENGLISH_FILES: Final = (
    "cwtui/__main__.py",  # before the language is known
    "cwtui/cli/completion.py",  # programs
    "cwtui/cli/root.py",  # the help of commands
    "cwtui/help/",  # the manual
    "cwtui/host/crash.py",  # reports
    "cwtui/service/radius/drops.py",  # the log of the service
)


def misused(tree: ast.AST) -> Iterator[str]:
    """What cannot be extracted, or whose values do not fit, with the line."""
    for name, call in calls(tree):
        given = call.args[: TEXTS[name]]
        literals = [one.value for one in given if isinstance(one, ast.Constant)]
        if len(literals) < TEXTS[name]:
            # `_(CONSTANT)` and `_(CONSTANTS["name"])` translate what `N_` has marked elsewhere.
            if name != "_" or any(map(has_literal, given)):
                yield f"{call.lineno}: {name} needs its texts as literals"
            continue
        own = {"number"} if name == "ngettext" else set()
        values = {keyword.arg for keyword in call.keywords} - own
        try:
            named = {one.partition("!")[0] for text in literals for one in values_in(text)} - own
        except ValueError as error:
            yield f"{call.lineno}: {error}"
            continue
        if name != "N_" and named != values and None not in values:  # None: **values
            yield f"{call.lineno}: the text names {named}, the call has {values}"


def has_literal(node: ast.AST) -> bool:
    """Whether a text is in the expression, and not just the name of one."""
    if isinstance(node, ast.Subscript):
        return has_literal(node.value)
    return isinstance(node, ast.JoinedStr | ast.BinOp) or any(
        isinstance(part, ast.Constant) and isinstance(part.value, str) and part.value
        for part in ast.walk(node)
    )


def values_in(text: object) -> set[str]:
    return translations.values(str(text))


def test_texts_are_literals_and_get_the_values_that_they_name() -> None:
    found = {file: [*misused(ast.parse(content))] for file, content in CODE.items()}
    assert {file: lines for file, lines in found.items() if lines} == {}


@pytest.mark.parametrize(
    "call",
    [
        "_('a' if b else 'c')", "_(f'a {b}')", "_('a ' + b)", "N_(A)", "N_('a' + 'b')",
        "ngettext('a', b, 2)", "_('a {b}')", "_('a {b}', c=1)", "_('a', b=1)", "_('{b:,}', b=1)",
        "ngettext('{number} a', '{number} {b}', 2)",
    ],
)  # fmt: skip
def test_misuse_is_found(call: str) -> None:
    assert [*misused(ast.parse(call))]


@pytest.mark.parametrize(
    "call",
    [
        "_('a' 'b')", "_(A)", "_(NAMES[one])", "_(NAMES['a'])", "_(NAMES[0])",
        "_('{b} {c!r}', b=1, c=2)", "N_('a {b}')",
        "ngettext('{number} {b}', '{number} {b}', 2, b=1)", "_(A, b=1)", "_(A, **b)",
        "_(A.get(b, ''))",
        "ngettext('one', '{number}', 2)", "ngettext('one', 'more', 2)",
    ],
)  # fmt: skip
def test_right_use_is_not_taken_for_misuse(call: str) -> None:
    assert [*misused(ast.parse(call))] == []


def untranslated(tree: ast.AST) -> Iterator[str]:
    """The sentences that no function for texts gets, with their lines."""
    left_out: set[int] = set()
    for node in ast.walk(tree):  # outer nodes come before inner ones
        if id(node) in left_out:
            left_out.update(map(id, ast.iter_child_nodes(node)))
        elif isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
            left_out.add(id(node.value))  # a docstring
        elif isinstance(node, ast.Call) and called(node) in TEXTS:
            left_out.update(map(id, node.args[: TEXTS[called(node)]]))
        elif isinstance(node, ast.Call) and called(node) in ENGLISH_CALLS:
            left_out.update(map(id, ast.iter_child_nodes(node)))
        elif isinstance(node, ast.JoinedStr | ast.Constant):
            parts = node.values if isinstance(node, ast.JoinedStr) else [node]
            left_out.update(map(id, parts))
            texts = [str(one.value) if isinstance(one, ast.Constant) else "X" for one in parts]
            text = "".join(texts)
            if _SENTENCE.match(text) and text not in ENGLISH_TEXTS:
                yield f"{node.lineno}: {text}"


def called(call: ast.Call) -> str:
    return str(getattr(call.func, "id", getattr(call.func, "attr", "")))


def test_sentences_are_translated() -> None:
    found = {
        file: [*untranslated(ast.parse(content))]
        for file, content in ALL_CODE.items()
        if not file.startswith(ENGLISH_FILES)
    }
    assert {file: lines for file, lines in found.items() if lines} == {}


def test_an_untranslated_sentence_is_found() -> None:
    for code in (
        "Refused('This is so for now.')",
        "errors.Refused(f'It is {a} not so.')",
        "say('Nothing was changed.')",
        "tell(f'{a} is not there.', b)",
        "TEXT = 'cwtui was not found.'",
        "_(NAMES[0]) + 'This is so for now.'",
    ):
        assert [*untranslated(ast.parse(code))]
    for code in (
        "Refused(_('This is so for now.'))",
        "Refused(f'{a}. {b}')",
        "Refused('field', b, 'no role there')",
        "log(f'It is {a} not so.')",
        "def f():\n 'It is not so.'",
    ):
        assert [*untranslated(ast.parse(code))] == []


def hidden(source: str, file: str = "") -> Iterator[str]:
    """The scopes in which `_` is another name than the function, and is used."""
    module = symtable.symtable(source, file, "exec")
    yield from (scope.get_name() for scope in scopes(module) if hides(scope))
    names = [node for statement in ast.parse(source).body for node in outside_functions(statement)]
    if any(node.id == "_" and isinstance(node.ctx, ast.Store) for node in names):
        yield "module"


def scopes(table: symtable.SymbolTable) -> Iterator[symtable.SymbolTable]:
    for child in table.get_children():
        yield child
        yield from scopes(child)


def hides(scope: symtable.SymbolTable) -> bool:
    if "_" not in scope.get_identifiers():
        return False
    is_own = scope.lookup("_").is_local()
    users = [scope, *(one for one in scopes(scope) if "_" in one.get_identifiers())]
    free = [one.lookup("_").is_free() or one is scope for one in users]
    used = [one.lookup("_").is_referenced() for one in users]
    return is_own and any(here and read for here, read in zip(free, used, strict=True))


def outside_functions(node: ast.AST) -> Iterator[ast.Name]:
    if isinstance(node, ast.Name):
        yield node
    if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda | ast.expr):
        for child in ast.iter_child_nodes(node):
            yield from outside_functions(child)
    elif isinstance(node, ast.Tuple):
        for child in node.elts:
            yield from outside_functions(child)


def test_texts_are_extracted_wherever_they_are() -> None:
    source = """f"{_('a')} {ngettext('b', 'bs', 2)}"; N_("c" "d"); _(E); _(F["g"])"""
    assert [*translations.extracted(source)] == [(1, "cd"), (1, "a"), (1, ("b", "bs"))]


def test_no_scope_uses_the_underscore_for_a_value_and_for_texts() -> None:
    # Also without the import: a local `_` hides from the linter that it is missing.
    found = {file: [*hidden(content, file)] for file, content in ALL_CODE.items()}
    assert {file: names for file, names in found.items() if names} == {}


@pytest.mark.parametrize(
    "source",
    [
        "def f():\n for _ in (): pass\n return _('a')",
        "def f(_): return _('a')",
        "def f():\n a, _ = 1, 2\n return lambda: _('a')",
        "f = [_('a') for _ in ()]",
        "for a, _ in (): pass",
    ],
)
def test_a_hidden_function_is_found(source: str) -> None:
    assert [*hidden(f"from cwtui.language import _\n{source}")]


def test_a_value_that_nobody_reads_hides_nothing() -> None:
    source = "def f():\n for _ in (): pass\ndef g(): return [_(a) for a in (lambda _: 1,)]"
    assert [*hidden(f"from cwtui.language import _\n{source}")] == []


# Translations


def test_the_german_catalog_is_current_and_complete() -> None:
    now = translations.current()
    for path, content in translations.written(now).items():
        assert path.read_bytes() == content, f"{path.name}: run make translations."
    assert translations.missing(now) == {}
    assert [reason for one in translations.texts(now) if (reason := translations.wrong(one))] == []


def catalog(*texts: str | tuple[str, str]) -> German:
    made = German()
    for text in texts:
        made.add(text)
    return made


@pytest.mark.parametrize(
    ("text", "translation", "is_right"),
    [
        ("{name} is off.", "{name} ist aus.", True),
        ("{name} is off.", "", True),  # there is none
        ("{name} is off.", "Aus.", False),
        ("{name} is off.", "{user} ist aus.", False),
        ("{name!r} is off.", "{name} ist aus.", False),
        ("{name} is off.", "{name:>9} ist aus.", False),
        ("{name} is off.", "{name ist aus.", False),
        ("Password: ", "Passwort: ", True),
        ("Password: ", "Passwort:", False),
        ("a\n\nb", "c\nd", True),
        (("{number} user", "{number} users"), ("{number} Konto", "{number} Konten"), True),
        (("{number} user", "{number} users"), ("Ein Konto", "{number} Konten"), True),
        (("One user", "{number} users"), ("{number} Konto", "{number} Konten"), True),
        (("{number} user", "{number} users"), ("{number} Konto", "Konten"), False),
        (("{number} of {all}", "{number} of {all}"), ("{number}", "{number} von {all}"), False),
    ],
)
def test_a_translation_has_the_values_of_its_text(
    text: str | tuple[str, str], translation: str | tuple[str, str], is_right: bool
) -> None:
    assert (translations.wrong(Message(text, translation)) == "") is is_right


def test_translations_are_merged_from_files(tmp_path: Path) -> None:
    made = catalog("Sign Out", "Cancel", ("{number} user", "{number} users"))
    assert translations.missing(made) == {
        "Sign Out": "",
        "Cancel": "",
        "{number} user": ("", ""),
    }
    file = tmp_path / "some.json"
    file.write_text(
        json.dumps({"Sign Out": "Abmelden", "{number} user": ["{number} Konto", "{number} Konten"]})
    )
    translations.merge(made, [file])
    assert translations.missing(made) == {"Cancel": ""}
    content = translations.written(made)[translations.PO].decode()
    assert 'msgid "Sign Out"\nmsgstr "Abmelden"' in content
    assert 'msgstr[1] "{number} Konten"' in content


@pytest.mark.parametrize(
    ("given", "reason"),
    [
        ({"Sign In": "Anmelden"}, "no text in the code reads 'Sign In'"),
        ({"{name} is off.": "Aus."}, "needs the values"),
        ({"{number} user": ["{number} Konto"]}, "has 1 forms instead of 2"),
    ],
)
def test_translations_that_do_not_fit_are_refused(
    tmp_path: Path, given: object, reason: str
) -> None:
    file = tmp_path / "some.json"
    file.write_text(json.dumps(given))
    with pytest.raises(Wrong, match=reason):
        translations.merge(catalog("{name} is off.", ("{number} user", "{number} users")), [file])
