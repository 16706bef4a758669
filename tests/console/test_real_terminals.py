"""The QR code in terminals with a window, read from what stands on their screen."""

import sys
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Final

import pytest

from cwtui.accounts.credentials.totp import uris
from tests import soak
from tests.console import qr_app
from tests.console.decoders import zbar, zxing
from tests.console.xserver import XServer, x_server
from tests.programs import require

COMPLETE: Final = [
    uri.reveal() for uri in islice(uris(qr_app.SECRET, qr_app.USERNAME, qr_app.ISSUER), 2)
]
_DEJAVU: Final = ("-fa", "DejaVu Sans Mono", "-fs", "11")
TERMINALS: Final = {
    "xterm": ["xterm", "-geometry", "80x24"],
    "xterm, lines 20 % higher": [
        *("xterm", "-geometry", "80x24", *_DEJAVU, "-xrm", "XTerm*scaleHeight: 1.2")
    ],
    "urxvt, 3 pixels between lines": ["urxvt", "-geometry", "80x24", "-lsp", "3"],
}
"""Command lines without -e."""
MORE: Final = {
    "st": ["st", "-g", "80x24"],
    "zutty": ["zutty", "-geometry", "80x24"],
    "alacritty": [
        *("alacritty", "-o", "window.dimensions.columns=80", "-o", "window.dimensions.lines=24")
    ],
    "kitty": [
        *("kitty", "-o", "remember_window_size=no"),
        *("-o", "initial_window_width=80c", "-o", "initial_window_height=24c"),
    ],
}
"""Terminals that are tried only in a soak, because they take long to install and to start."""


@pytest.fixture(scope="module")
def x(tmp_path_factory: pytest.TempPathFactory) -> Iterator[XServer]:
    with x_server(tmp_path_factory.mktemp("x")) as server:
        yield server


@pytest.mark.parametrize("name", [*TERMINALS, *(MORE if soak.times(0, 1) else ())])
def test_each_reader_reads_one_of_the_drawings_at_80x24(
    x: XServer, name: str, tmp_path: Path
) -> None:
    """The first drawing, or the one that F5 shows next."""
    [program, *arguments] = {**TERMINALS, **MORE}[name]
    unread = {zxing, zbar}
    for style in ("HALF_BLOCKS", "UPPER_BLOCKS"):
        showing = [sys.executable, "-m", "tests.console.qr_app", "textual-dark", style]
        with x.shown([require(program), *arguments, "-e", *showing], tmp_path):
            for picture in x.pictures():
                unread = {reader for reader in unread if reader(picture) not in COMPLETE}
                if not unread:
                    return
    pytest.fail(f"not read by {[reader.__name__ for reader in unread]}")
