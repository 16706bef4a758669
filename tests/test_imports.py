"""The rooms of cwtui, seen from above: who imports whom."""

from graphlib import CycleError, TopologicalSorter

import grimp
import pytest


def test_no_module_imports_itself_in_a_circle() -> None:
    """Imports inside functions and for type checkers count as well."""
    graph = grimp.build_graph("cwtui")
    imports = {module: graph.find_modules_directly_imported_by(module) for module in graph.modules}
    assert len(imports) > 100
    try:
        TopologicalSorter(imports).prepare()
    except CycleError as error:
        pytest.fail("These import each other: " + " < ".join(error.args[1]))
