"""Each system call of a save fails once, in each possible way.

Afterwards the store has the old or the complete new state, an error says so, nothing is damaged,
and the next save works. In a soak every call fails, otherwise the first and last of equal calls.
"""

import os
import re
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from cwtui.accounts.errors import CannotCheck
from cwtui.host import reserve
from tests import soak
from tests.accounts.world import Device
from tests.durability.faults import Faults, Kind
from tests.durability.saves import SAVES, SIGN_IN, few_files, made_in, save_of
from tests.durability.stage import Stage
from tests.store.processes import Worker

FROM_RESERVE = {"account", "record", "first record", "audit", SIGN_IN}
"""Saves that take room from the reserve if the disk is full."""
EVERY = soak.times(0, in_a_soak=1) == 1


@pytest.fixture(scope="module", autouse=True)
def _few_files() -> Iterator[None]:
    with few_files():
        yield


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """In memory if possible, since thousands of small files would be slow on a disk."""
    in_memory = Path("/dev/shm")
    if not os.access(in_memory, os.W_OK):
        yield tmp_path_factory.mktemp("faults")
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


@pytest.fixture(scope="module")
def stage_of(template: tuple[Path, Device], folder: Path) -> Callable[[str], Stage]:
    """The stage of a save, which is the same for all kinds of faults."""
    source, device = template

    @cache
    def made(name: str) -> Stage:
        return Stage(source, folder / "host", save_of(name, device.codes[0]))

    return made


@pytest.fixture(scope="module")
def killer(template: tuple[Path, Device], folder: Path) -> Iterator[Worker]:
    """A process that kills saves; it starts once, because importing takes longer than a save."""
    source, device = template
    with Worker(source, folder / "killed", module="tests.durability.killed") as worker:
        worker.tell(device.codes[0].reveal())
        yield worker


@pytest.mark.parametrize("kind", [kind for kind in Kind if kind is not Kind.KILLED])
@pytest.mark.parametrize("name", [*SAVES, SIGN_IN])
def test_a_failing_system_call_does_not_harm_a_save(
    stage_of: Callable[[str], Stage], name: str, kind: Kind
) -> None:
    stage = stage_of(name)
    points = stage.clean.points(kind, every=EVERY)
    assert points
    for point in points:
        config, sentence = stage.fresh(), ""
        with Faults(point, kind).injected():
            try:
                stage.save.act(config)
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
def test_a_kill_before_any_system_call_does_not_harm_a_save(killer: Worker, name: str) -> None:
    """kill -9 at each instant that matters, without any cleaning up."""
    kills = killer.ask(name)
    assert kills.isdecimal(), kills or "it ended"
    assert int(kills) >= 2  # one write and one sync, for a record
