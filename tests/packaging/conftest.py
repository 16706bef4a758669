"""The files of the package, laid out without downloading anything."""

from pathlib import Path

import pytest

from tools import deb


@pytest.fixture(scope="module", name="tree")
def _tree(tmp_path_factory: pytest.TempPathFactory) -> Path:
    tree = tmp_path_factory.mktemp("package") / "tree"
    deb.make_tree(tree, deb.Target("1.2-3"))
    return tree
