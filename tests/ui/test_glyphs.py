"""Terminals without UTF-8 get ASCII, cell for cell."""

from pathlib import Path

import pytest
from rich.cells import cell_len

from cwtui.ui import glyphs, theme
from cwtui.ui.widgets.qr_code import QrCode
from tests.ui.scenes import SCENES

GOLDENS = Path(__file__).parent / "goldens"


def test_each_glyph_becomes_one_ascii_character() -> None:
    seen = {glyph for path in GOLDENS.glob("*.txt") for glyph in path.read_text("utf-8")}
    drawn = sorted(glyph for glyph in seen if not glyph.isascii() and not glyph.isalpha())
    assert len(drawn) > 10
    for glyph in drawn:
        assert cell_len(glyph) == 1
        replaced = glyphs.encoded(glyph, "ascii").decode("ascii")
        assert len(replaced) == 1, glyph
        # The halves of a QR code are never drawn there: see below.
        assert replaced != "?" or glyph == "▄", glyph


def test_characters_that_cannot_be_shown_keep_their_cells() -> None:
    assert glyphs.encoded("a漢b\u0301üc", "ascii") == b"a??b?c"
    assert glyphs.encoded("a漢ü●", "iso8859-1") == b"a??\xfc*"
    assert glyphs.encoded("a漢ü●", "utf-8") == "a漢ü●".encode()


@pytest.mark.parametrize("size", [(80, 24), (140, 50)])
async def test_a_qr_code_is_drawn_with_spaces(
    size: tuple[int, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in (("TERM", "vt220"), ("LC_ALL", "C")):
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("NO_COLOR", "")
    async with SCENES["register_device"].played(size, "") as (person, _):
        assert person.app.theme == theme.SIXTEEN_DARK.name
        code = person.app.screen.query(QrCode)
        if size == (80, 24):
            person.sees("The QR code does not fit here", "or enter the secret key by hand.")
            assert not code
        else:
            region = code.first().region
            rows = person.strips[region.y : region.bottom]
            inside = [part for row in rows for part in row.crop(region.x, region.right)]
            assert {part.text.strip() for part in inside} == {""}
            assert {bool(part.style and part.style.reverse) for part in inside} == {True, False}
        await person.press("f5")
        assert not person.app.screen.query(QrCode)
        person.sees("the secret key by hand.")
