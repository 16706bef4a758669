"""Each screen at 80x24, cell by cell. Rewrite them with: CWTUI_UPDATE_GOLDENS=1 pytest tests/ui.

The pictures in screenshots/ are compared as well; `make screenshots` draws them anew.
"""

import os
from pathlib import Path

import pytest

from tests import screenshots
from tests.ui.harness import SMALL
from tests.ui.scenes import SCENES

GOLDENS = Path(__file__).parent / "goldens"
UPDATE = "CWTUI_UPDATE_GOLDENS" in os.environ


@pytest.mark.parametrize("name", SCENES)
async def test_screen(name: str) -> None:
    async with SCENES[name].played() as (person, _):
        seen = person.text + "\n"
        pictures = {name: screenshots.picture(person.strips, screenshots.title_of(name))}
        for variant, (scene, size, theme_name) in screenshots.VARIANTS.items():
            # Another size or theme, chosen now, looks as if it had been there from the start.
            if scene == name:
                person.app.theme = theme_name
                await person.resize(*(size or SMALL))
                pictures[variant] = screenshots.picture(person.strips, screenshots.title_of(name))
    golden = GOLDENS / f"{name}.txt"
    if UPDATE:
        golden.parent.mkdir(exist_ok=True)
        golden.write_text(seen, "utf-8")
    assert seen == golden.read_text("utf-8")
    for drawn, picture in pictures.items():
        kept = (screenshots.FOLDER / f"{drawn}.svg").read_text("utf-8")
        assert picture == kept, "draw it anew: make screenshots"


def test_there_is_nothing_without_a_screen() -> None:
    assert {path.stem for path in GOLDENS.iterdir()} == set(SCENES)
    drawn = {path.stem for path in screenshots.FOLDER.iterdir()}
    assert drawn == {*SCENES, *screenshots.VARIANTS}


def test_pictures_need_nothing_from_elsewhere() -> None:
    for path in screenshots.FOLDER.iterdir():
        content = path.read_text("utf-8").replace("http://www.w3.org/2000/svg", "")
        assert "http" not in content
        assert "url(" not in content
