"""Workers of a group may cancel each other: so each purpose has a group of its own."""

import ast
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from tests.ui.private_api import modules


def groups() -> Iterator[str]:
    """The group of each worker in the user interface's source; empty if none is named."""
    for module in modules():
        for node in ast.walk(ast.parse(Path(str(module.__file__)).read_text())):
            if isinstance(node, ast.Call) and _begins_worker(node.func):
                named = {keyword.arg: keyword.value for keyword in node.keywords}
                group = named.get("group")
                yield str(group.value) if isinstance(group, ast.Constant) else ""
            elif isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                bare = [one for one in node.decorator_list if not isinstance(one, ast.Call)]
                yield from ("" for one in bare if _begins_worker(one))


def _begins_worker(function: ast.expr) -> bool:
    if isinstance(function, ast.Attribute):
        return function.attr == "run_worker"
    return isinstance(function, ast.Name) and function.id == "work"


def test_every_worker_has_a_group_of_its_own() -> None:
    counted = Counter(groups())
    assert len(counted) > 5
    assert "" not in counted, "a worker without a group"
    assert max(counted.values()) == 1, counted
