"""What is offered and said about copying, for each kind of terminal."""

import base64
import re

import pytest

from cwtui.ui import clipboard
from cwtui.ui.clipboard import CopyWay, copy_way, sequence

TMUX = {"TMUX": "/tmp/tmux-1000/default,4711,0"}
STY = {"STY": "4711.pts-0.plant-7"}


@pytest.mark.parametrize(
    ("term", "more", "way"),
    [
        ("xterm-256color", {}, CopyWay.TERMINAL),
        ("xterm", {}, CopyWay.TERMINAL),
        ("foot", {}, CopyWay.TERMINAL),
        ("linux", {}, CopyWay.NONE),
        ("vt100", {}, CopyWay.NONE),
        ("vt220", {}, CopyWay.NONE),
        ("vt320", {}, CopyWay.NONE),
        ("ansi", {}, CopyWay.NONE),
        ("dumb", {}, CopyWay.NONE),
        ("cons25", {}, CopyWay.NONE),
        ("", {}, CopyWay.NONE),
        ("tmux-256color", TMUX, CopyWay.TMUX),
        ("screen", TMUX, CopyWay.TMUX),
        ("xterm-256color", TMUX, CopyWay.TMUX),
        ("screen", TMUX | STY, CopyWay.TMUX),
        ("tmux-256color", {}, CopyWay.TMUX_OUTSIDE),
        ("screen.xterm-256color", STY, CopyWay.SCREEN),
        ("screen.xterm-256color", {}, CopyWay.SCREEN),
        ("screen.linux", STY, CopyWay.NONE),
        ("screen.linux", {}, CopyWay.NONE),
        ("screen", STY, CopyWay.SCREEN),
        ("screen-256color", {}, CopyWay.TMUX_OR_SCREEN),
    ],
)
def test_only_what_can_work_is_offered(term: str, more: dict[str, str], way: CopyWay) -> None:
    assert copy_way({"TERM": term, **more}, kiosk=False) is way


@pytest.mark.parametrize("term", ["tmux-256color", "screen", "xterm-256color"])
def test_a_kiosk_never_starts_tmux(term: str) -> None:
    assert copy_way({"TERM": term, **TMUX}, kiosk=True) is not CopyWay.TMUX


def test_nothing_claims_that_a_terminal_took_the_text() -> None:
    for way in CopyWay:
        explained = clipboard.explained(way, "F4", "the codes")
        assert "clipboard" in explained or way is CopyWay.TMUX
        is_sent = way not in {CopyWay.NONE, CopyWay.TMUX}
        assert explained.count("Terminals do not confirm this") == is_sent
        if way is not CopyWay.NONE:
            assert "aste to check." in clipboard.said(way)
            assert "opied" not in clipboard.said(way)


def test_screen_gets_pieces_that_it_can_hold_and_the_terminal_gets_the_whole() -> None:
    """GNU screen keeps 256 characters of a control string in its older versions."""
    text = "Grüße " * 200
    whole = f"\x1b]52;c;{base64.b64encode(text.encode()).decode()}\a"
    assert sequence(text, CopyWay.TERMINAL) == whole
    assert sequence(text, CopyWay.TMUX_OUTSIDE) == whole
    assert sequence(text, CopyWay.NONE) == ""
    pieces = re.findall(
        r"\x1bP([^\x1b]*(?:\x1b[^\\][^\x1b]*)?)\x1b\\", sequence(text, CopyWay.SCREEN)
    )
    assert "".join(pieces) == whole
    assert max(map(len, pieces)) < 256
    assert sequence(text, CopyWay.TMUX_OR_SCREEN) == sequence(text, CopyWay.SCREEN) + whole
