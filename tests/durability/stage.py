"""A fresh copy of the same store for each fault, and checks for after it."""

import shutil
from pathlib import Path

import pytest

from cwtui import maintenance
from cwtui.accounts.errors import CannotCheck
from cwtui.accounts.upkeep.findings import Severity
from cwtui.config import Config
from tests.durability.faults import Faults
from tests.durability.saves import Save, config_in, unwatched


class Stage:
    """One kind of save: the state before and after it, and its calls in a clean run."""

    def __init__(self, template: Path, folder: Path, save: Save) -> None:
        self._folder, self.save = folder, save
        # Read once, because it is copied for each fault.
        self._folders = [path.relative_to(template) for path in template.rglob("*/")]
        self._files = {
            path.relative_to(template): path.read_bytes()
            for path in template.rglob("*")
            if path.is_file()
        }
        config = self.fresh()
        self.old = save.state(config)
        self.clean = Faults()
        with self.clean.injected():
            save.act(config)
        self.new = save.state(config)
        assert self.new != self.old

    def fresh(self) -> Config:
        shutil.rmtree(self._folder, ignore_errors=True)
        self._folder.mkdir(0o700)
        for folder in self._folders:
            (self._folder / folder).mkdir(0o700, exist_ok=True)
        for file, content in self._files.items():
            (self._folder / file).write_bytes(content)
            (self._folder / file).chmod(0o600)
        return config_in(self._folder)

    def check(self, config: Config, sentence: str, where: str) -> None:
        """Check for the old or the new state or a refused partial restore; then save again."""
        save = self.save
        if config.layout.marker.exists():
            with pytest.raises(CannotCheck, match="Run it again: cwtui store restore FILE"):
                save.state(config)
        else:
            state = save.state(config)
            assert state in (self.old, self.new), where
            assert state == self.new or sentence, where
            is_told_unchanged = "Nothing was changed" in sentence
            assert save.has_steps or state == self.old or not is_told_unchanged, where
            damage = [
                finding.sentence
                for finding in maintenance.check(config, unwatched).findings
                if finding.severity is not Severity.WARNING
                and not (save.finding and save.finding in finding.sentence)
            ]
            assert damage == [], where
            if state == self.new:
                return
        save.act(config)
        assert save.state(config) == self.new, where
