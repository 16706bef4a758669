"""Which private names of Textual the screens' code uses, found in its source."""

import ast
import importlib
import inspect
import pkgutil
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from types import ModuleType
from typing import NamedTuple

from cwtui import ui


class Use(NamedTuple):
    """A private name, and the module of ours that uses it."""

    module: str
    name: str


@cache
def uses() -> set[Use]:
    """Imports of private modules, overridden methods, and attributes of other objects."""
    return {use for module in modules() for use in _uses_of(module)}


def modules() -> Iterator[ModuleType]:
    for found in pkgutil.walk_packages(ui.__path__, f"{ui.__name__}."):
        yield importlib.import_module(found.name)


def _uses_of(module: ModuleType) -> Iterator[Use]:
    tree = ast.parse(Path(str(module.__file__)).read_text())
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and "textual._" in f"{node.module}":
            yield from (Use(module.__name__, f"{node.module}:{one.name}") for one in node.names)
        elif isinstance(node, ast.Attribute) and _is_private(node.attr) and not _is_own(node):
            yield Use(module.__name__, node.attr)
    for _, kind in inspect.getmembers(module, inspect.isclass):
        if kind.__module__ == module.__name__:
            theirs = {name for base in _textual_bases(kind) for name in private_names(base)}
            yield from (Use(module.__name__, name) for name in private_names(kind) & theirs)


def _is_private(name: str) -> bool:
    return name.startswith("_") and not name.startswith("__")


def _is_own(node: ast.Attribute) -> bool:
    """Whether it is an attribute of `self`, which is looked at by its class, or of a module."""
    return isinstance(node.value, ast.Name) and node.value.id in {"self", "cls", "os"}


def _textual_bases(kind: type) -> list[type]:
    return [base for base in kind.__mro__ if base.__module__.partition(".")[0] == "textual"]


def private_names(kind: type) -> frozenset[str]:
    """The private methods and attributes that the class defines, sets or reads."""
    if kind not in _FOUND:
        _FOUND[kind] = frozenset(_private_names(kind))
    return _FOUND[kind]


_FOUND: dict[type, frozenset[str]] = {}


def _private_names(kind: type) -> set[str]:
    try:
        tree = ast.parse(inspect.cleandoc("\n" + inspect.getsource(kind)))
    except (OSError, TypeError, SyntaxError):  # it is written in C, or inside a function
        return set()
    names = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and _is_private(node.name):
            names.add(node.name)
        elif isinstance(node, ast.Attribute) and _is_private(node.attr) and _is_own(node):
            names.add(node.attr)
    return names
