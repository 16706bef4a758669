"""Stores as the last versions of cwtui with older schemas wrote them."""

import shutil
from pathlib import Path

from tests.store.samples import FULL

ADA = FULL.username
"""An account in each of them, with a sign-in record."""


def files_of(schema: int) -> Path:
    return Path(__file__).with_name(f"schema_{schema}_files")


def copied(schema: int, folder: Path) -> Path:
    """Copy a store of this schema; changes in its journals belong to it. Returns where it is."""
    here = folder / "data"
    shutil.copytree(files_of(schema), here)
    for path in [here, *here.rglob("*")]:
        path.chmod(0o700 if path.is_dir() else 0o600)
    return here


def contents(folder: Path) -> dict[str, bytes]:
    """The bases and journals of a store, by their names in its folder."""
    found = [path for path in folder.rglob("*") if path.suffix in {".json", ".journal"}]
    return {str(path.relative_to(folder)): path.read_bytes() for path in found}


def kept_copies(folder: Path, schema: int) -> dict[str, bytes]:
    """The copies that a migration from this schema kept, by the names of their originals."""
    end = f".schema-{schema}"
    return {
        str(path.relative_to(folder)).removesuffix(end): path.read_bytes()
        for path in folder.rglob(f"*{end}")
    }
