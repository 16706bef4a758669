"""Each call of the operating system that a save makes fails once, in each way that it can.

After it the old state stays, or the new one is there whole; a sentence says so; nothing is
damaged; and the next save works. In a soak every call fails, else the first and the last of those
that do the same.
"""

import os
import re
import shutil
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from cwtui import maintenance, reserve
from cwtui.accounts.errors import CannotCheck
from cwtui.config import Config
from cwtui.store import records
from tests import soak
from tests.accounts.world import Device
from tests.durability.faults import Call, Faults, Kind
from tests.durability.saves import SAVES, Save, config_in, made_in, sign_in_save, unwatched

EVERY = soak.times(0, in_a_soak=1) == 1
SIGN_IN = "sign-in"
FULL = "No room is reserved"


@pytest.fixture(scope="module", autouse=True)
def _few_files() -> Iterator[None]:
    """A restore locks and replaces each of them: three show what sixty-four would."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(records, "FILES", 3)
        yield


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Path]:
    """In memory, where there is such a folder: thousands of small files tell nothing of a disk."""
    in_memory = Path("/dev/shm")
    if not os.access(in_memory, os.W_OK):
        yield tmp_path
        return
    with TemporaryDirectory(dir=in_memory) as made:
        yield Path(made)


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Device]:
    folder = tmp_path_factory.mktemp("template")
    _, device = made_in(folder)
    for reserved in folder.rglob(reserve.NAME):
        reserved.unlink()  # quicker to copy, and made again by each save
    return folder, device


class Stage:
    """The same store anew for each fault."""

    def __init__(self, template: Path, folder: Path) -> None:
        self._template, self._folder = template, folder

    def fresh(self) -> Config:
        shutil.rmtree(self._folder, ignore_errors=True)
        shutil.copytree(self._template, self._folder)
        return config_in(self._folder)


@pytest.mark.parametrize("kind", Kind)
@pytest.mark.parametrize("name", [*SAVES, SIGN_IN])
def test_no_call_that_fails_harms_a_save(
    template: tuple[Path, Device], folder: Path, name: str, kind: Kind
) -> None:
    source, device = template
    save = sign_in_save(device) if name == SIGN_IN else SAVES[name]
    stage = Stage(source, folder / "host")
    config = stage.fresh()
    old = save.state(config)
    clean = Faults()
    with clean.injected():
        save.act(config)
    new = save.state(config)
    assert new != old
    points = clean.points(kind, every=EVERY)
    assert points
    for point in points:
        run_with(point, kind, save, stage.fresh(), old, new)


def run_with(point: Call, kind: Kind, save: Save, config: Config, old: object, new: object) -> None:
    sentence = ""
    with Faults(point, kind).injected():
        try:
            save.act(config)
        except CannotCheck as refusal:
            sentence = str(refusal)
    where = f"{point} failed: {sentence or 'done'}"
    assert sentence == "" or re.fullmatch(r"[A-Z/].*(\.|cwtui [a-z].*)", sentence), where
    if config.layout.marker.exists():
        with pytest.raises(CannotCheck, match="Run it again: cwtui store restore FILE"):
            save.state(config)
    else:
        state = save.state(config)
        assert state in (old, new), where
        assert state == new or sentence, where
        assert save.has_steps or state == old or "Nothing was changed" not in sentence, where
        damage = [
            finding.sentence
            for finding in maintenance.check(config, unwatched).findings
            if save.finding not in finding.sentence and FULL not in finding.sentence
        ]
        assert damage == [], where
    if not config.layout.marker.exists() and save.state(config) == new:
        return
    save.act(config)
    assert save.state(config) == new, where
