"""A fresh copy of the same store for each fault, and checks for after it."""

import hashlib
import os
import pickle
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest

from cwtui import maintenance
from cwtui.accounts.errors import CannotCheck
from cwtui.accounts.upkeep.findings import Severity
from cwtui.config import Config
from tests.durability.faults import Faults
from tests.durability.saves import Save, config_in, unwatched

_PARTLY_RESTORED: Final = object()
"""The state of a store that is refused until the restore is run again."""


class Stage:
    """One kind of save: the state before and after it, and its calls in a clean run."""

    def __init__(self, template: Path, folder: Path, save: Save) -> None:
        self._folder, self.save = folder, save
        self._template = [*_entries(template)]  # read once, because it is copied for each fault
        config = self.fresh()
        self.old = save.state(config)
        self.clean = Faults()
        with self.clean.injected():
            save.act(config)
        self.new = save.state(config)
        assert self.new != self.old
        self._checked: dict[bytes, object] = {}
        """The state of stores that were checked, by their files."""

    def fresh(self) -> Config:
        shutil.rmtree(self._folder, ignore_errors=True)
        self._folder.mkdir(0o700)
        for name, _, content in self._template:
            if content is None:
                (self._folder / name).mkdir(0o700)
            else:
                with open(self._folder / name, "xb", opener=_private) as file:
                    file.write(content)
        return config_in(self._folder)

    def check(self, config: Config, sentence: str, where: str) -> None:
        """Check for the old or the new state or a refused partial restore; then save again.

        Many faults leave the same files, byte for byte, which are checked once.
        """
        files = hashlib.sha256(pickle.dumps([*_entries(self._folder)])).digest()
        if files not in self._checked:
            self._checked[files] = self._state_checked(config, where)
        state = self._checked[files]
        if state is _PARTLY_RESTORED:
            return
        assert state == self.new or sentence, where
        is_told_unchanged = "Nothing was changed" in sentence
        assert self.save.has_steps or state == self.old or not is_told_unchanged, where

    def _state_checked(self, config: Config, where: str) -> object:
        """The state, where nothing is damaged and the next save works."""
        save, state = self.save, _PARTLY_RESTORED
        if config.layout.marker.exists():
            with pytest.raises(CannotCheck, match="Run it again: cwtui store restore FILE"):
                save.state(config)
        else:
            state = save.state(config)
            assert state in (self.old, self.new), where
            damage = [
                finding.sentence
                for finding in maintenance.check(config, unwatched).findings
                if finding.severity is not Severity.WARNING
                and not (save.finding and save.finding in finding.sentence)
            ]
            assert damage == [], where
        if state != self.new:
            save.act(config)
            assert save.state(config) == self.new, where
        return state


def _entries(folder: Path, above: str = "") -> Iterator[tuple[str, int, bytes | None]]:
    """Name, mode and content of everything in the folder; folders have no content."""
    for entry in sorted(os.scandir(folder), key=lambda entry: entry.name):
        name, mode = above + entry.name, entry.stat(follow_symlinks=False).st_mode
        if entry.is_dir(follow_symlinks=False):
            yield name, mode, None
            yield from _entries(Path(entry.path), f"{name}/")
        else:
            yield name, mode, Path(entry.path).read_bytes()


def _private(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)
