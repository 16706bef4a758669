"""Each system call of a save fails once, in each possible way.

Afterwards the store has the old or the complete new state, an error says so, nothing is damaged,
and the next save works. In a soak every call fails, otherwise the first and last of equal calls.
"""

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from cwtui.accounts.errors import CannotCheck
from cwtui.host import reserve
from tests import soak
from tests.accounts.world import Device
from tests.durability.faults import Faults, Kind
from tests.durability.saves import SAVES, SIGN_IN, a_small_reserve, few_files, made_in, sign_in_save
from tests.durability.stage import Stage
from tests.store.processes import ROOT

FROM_RESERVE = {"account", "record", "first record", "audit", SIGN_IN}
"""Saves that take room from the reserve if the disk is full."""
EVERY = soak.times(0, in_a_soak=1) == 1


@pytest.fixture(scope="module", autouse=True)
def _few_files_and_a_small_reserve() -> Iterator[None]:
    with few_files(), a_small_reserve():
        yield


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Path]:
    """In memory if possible, since thousands of small files would be slow on a disk."""
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


@pytest.mark.parametrize("kind", [kind for kind in Kind if kind is not Kind.KILLED])
@pytest.mark.parametrize("name", [*SAVES, SIGN_IN])
def test_a_failing_system_call_does_not_harm_a_save(
    template: tuple[Path, Device], folder: Path, name: str, kind: Kind
) -> None:
    source, device = template
    save = sign_in_save(device.codes[0]) if name == SIGN_IN else SAVES[name]
    stage = Stage(source, folder / "host", save)
    points = stage.clean.points(kind, every=EVERY)
    assert points
    for point in points:
        config, sentence = stage.fresh(), ""
        with Faults(point, kind).injected():
            try:
                save.act(config)
            except CannotCheck as refusal:
                sentence = str(refusal)
        where = f"{point} failed: {sentence or 'done'}"
        assert sentence == "" or re.fullmatch(r"[A-Z/].*(\.\)?|cwtui [a-z].*)", sentence), where
        # The second write into a journal commits the line, and needs no space.
        is_growing = point.what == "write" or (point.what == "pwrite" and point.number == 0)
        if kind in {Kind.FULL_ONCE, Kind.QUOTA} and is_growing and name in FROM_RESERVE:
            assert sentence == "", where
        stage.check(config, sentence, where)


@pytest.mark.parametrize("name", [*SAVES, SIGN_IN])
def test_a_kill_before_any_system_call_does_not_harm_a_save(
    template: tuple[Path, Device], folder: Path, name: str
) -> None:
    """kill -9 at each instant that matters, without any cleaning up."""
    source, device = template
    done = subprocess.run(
        [sys.executable, "-m", "tests.durability.killed", source, folder / "host", name],
        input=device.codes[0].reveal(),
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert int(done.stdout) >= 2  # one write and one sync, for a record
