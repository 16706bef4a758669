"""Each screen at 80x24, cell by cell. Rewrite with: CWTUI_UPDATE_GOLDENS=1 pytest tests/ui.

The pictures in screenshots/ are compared too; `make screenshots` redraws them. While each screen
is reached, secrets appear only where they are to be shown: see tests/secrets/screens.py.
"""

import os
from pathlib import Path

import pytest
from textual.strip import Strip

from tests import screenshots
from tests.secrets.screens import watching
from tests.ui import looks
from tests.ui.fitting import check_smallest
from tests.ui.harness import Person
from tests.ui.plants import Plant
from tests.ui.scenes import JOURNEYS, SCENES, play_through
from tests.ui.test_after_code import check_harmless_focus
from tests.ui.test_each_screen import check_screen

GOLDENS = Path(__file__).parent / "goldens"
FEW = GOLDENS / "few_colours"
"""What differs in 16 colours, and then in none; b, _ and r mark what is bold, underlined, reversed.
"""
UPDATE = "CWTUI_UPDATE_GOLDENS" in os.environ
QUICK = bool(os.environ.get("CWTUI_QUICK"))
"""`make quick` compares one look of each screen, and draws no pictures."""


@pytest.mark.parametrize("stops", JOURNEYS, ids="-".join)
async def test_each_screen_matches_its_golden_and_pictures_and_keeps_secrets(
    stops: list[str], capfd: pytest.CaptureFixture[str]
) -> None:
    if QUICK:
        await play_through(stops, check_looks)
        return

    async def check(name: str, person: Person, there: Plant) -> None:
        watch.note(person, there)
        with watch.paused():
            await check_looks(name, person, there)
            is_last = name == stops[-1]
            # Without colours, buttons have brackets, which take room.
            await check_smallest(name, person, is_last=is_last)
            if not is_last:
                await looks.undo(person)

    with watching() as watch:
        await play_through(stops, check)
    watch.check("".join(capfd.readouterr()))


async def check_looks(name: str, person: Person, _: Plant) -> None:
    primary = person.app.screen.query("Button.-primary")
    assert len(primary) <= 1, "One filled button a screen."
    check_harmless_focus(person.app.screen)
    check_screen(name, person)
    strips = person.strips
    rows = [strip.text for strip in strips]
    compare(GOLDENS / f"{name}.txt", "".join(f"{row.rstrip()}\n" for row in rows))
    if not QUICK:
        await compare_looks(person, name, strips)


@pytest.mark.parametrize("name", screenshots.GERMAN)
async def test_each_german_picture_is_current(name: str) -> None:
    kept = screenshots.FOLDER / f"{name}-german.svg"
    drawn = await screenshots.german_picture(name)
    assert drawn == kept.read_text("utf-8"), "draw them anew: make screenshots"


async def compare_looks(person: Person, name: str, first: list[Strip]) -> None:
    rows, few, changed = [strip.text for strip in first], "", []
    async for file, strips in screenshots.views(person, name, first):
        if file in {f"{name}-16", f"{name}-none"}:
            few += looks.golden(file.removeprefix(f"{name}-"), rows, strips)
            rows = [strip.text for strip in strips]
        picture = screenshots.picture(strips, screenshots.title_of(name))
        kept = screenshots.FOLDER / f"{file}.svg"
        if not kept.exists() or picture != kept.read_text("utf-8"):
            changed.append(file)
    compare(FEW / f"{name}.txt", few)
    assert UPDATE or not changed, "draw them anew: make screenshots"


def compare(golden: Path, text: str) -> None:
    if UPDATE:
        golden.parent.mkdir(exist_ok=True)
        golden.write_text(text, "utf-8")
    assert text == golden.read_text("utf-8")


def test_every_golden_and_picture_belongs_to_a_scene() -> None:
    assert {path.stem for path in GOLDENS.glob("*.txt")} == set(SCENES)
    assert {path.stem for path in FEW.iterdir()} == set(SCENES)
    assert {path.stem for path in screenshots.FOLDER.iterdir()} == screenshots.names()


def test_pictures_load_nothing_external() -> None:
    for path in screenshots.FOLDER.iterdir():
        content = path.read_text("utf-8").replace("http://www.w3.org/2000/svg", "")
        assert "http" not in content
        assert "url(" not in content
