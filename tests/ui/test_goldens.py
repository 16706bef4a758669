"""Each screen at 80x24, cell by cell. Rewrite them with: CWTUI_UPDATE_GOLDENS=1 pytest tests/ui.

The pictures in screenshots/ are compared as well; `make screenshots` draws them anew.
"""

import os
from pathlib import Path

import pytest

from tests import screenshots
from tests.ui.scenes import SCENES

GOLDENS = Path(__file__).parent / "goldens"
UPDATE = "CWTUI_UPDATE_GOLDENS" in os.environ


@pytest.mark.parametrize("name", SCENES)
async def test_screen(name: str) -> None:
    async with SCENES[name].played() as (person, _):
        seen = person.text + "\n"
        picture = screenshots.picture(person.strips, screenshots.title_of(name))
    golden = GOLDENS / f"{name}.txt"
    if UPDATE:
        golden.parent.mkdir(exist_ok=True)
        golden.write_text(seen, "utf-8")
    assert seen == golden.read_text("utf-8")
    kept = (screenshots.FOLDER / f"{name}.svg").read_text("utf-8")
    assert picture == kept, "draw it anew: make screenshots"


@pytest.mark.parametrize("name", screenshots.VARIANTS)
async def test_picture(name: str) -> None:
    kept = (screenshots.FOLDER / f"{name}.svg").read_text("utf-8")
    assert await screenshots.drawn(*screenshots.VARIANTS[name]) == kept


def test_there_is_nothing_without_a_screen() -> None:
    assert {path.stem for path in GOLDENS.iterdir()} == set(SCENES)
    drawn = {path.stem for path in screenshots.FOLDER.iterdir()}
    assert drawn == {*SCENES, *screenshots.VARIANTS}


def test_pictures_need_nothing_from_elsewhere() -> None:
    for path in screenshots.FOLDER.iterdir():
        content = path.read_text("utf-8").replace("http://www.w3.org/2000/svg", "")
        assert "http" not in content
        assert "url(" not in content
