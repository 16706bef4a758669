"""Each screen at 80x24, cell by cell. Rewrite them with: CWTUI_UPDATE_GOLDENS=1 pytest tests/ui."""

import os
from pathlib import Path

import pytest

from tests.ui.scenes import SCENES

GOLDENS = Path(__file__).parent / "goldens"


@pytest.mark.parametrize("name", SCENES)
async def test_screen(name: str) -> None:
    async with SCENES[name].played() as (person, _):
        seen = person.text + "\n"
    golden = GOLDENS / f"{name}.txt"
    if "CWTUI_UPDATE_GOLDENS" in os.environ:
        golden.parent.mkdir(exist_ok=True)
        golden.write_text(seen, "utf-8")
    assert seen == golden.read_text("utf-8")


def test_there_is_no_golden_without_a_screen() -> None:
    assert {path.stem for path in GOLDENS.iterdir()} == set(SCENES)
