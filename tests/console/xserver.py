"""Xvfb, and what stands on its screen."""

import os
import struct
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from PIL import Image

from tests.programs import require

PATIENCE: Final = 20.0
STILL: Final = 4.0
"""Seconds after which nothing more is expected on a screen that does not change."""
SIZE: Final = "1000x700x24"


class XServer:
    """A display that nobody sees. It keeps its screen in a file (XWD format)."""

    def __init__(self, display: str, folder: Path) -> None:
        self.display = display
        self._screen = folder / "Xvfb_screen0"

    @contextmanager
    def shown(self, terminal: list[str], home: Path) -> Iterator[None]:
        """A terminal with this command line, until the end of the block."""
        environ = {
            "DISPLAY": self.display,
            "HOME": str(home),
            "LANG": "C.UTF-8",
            "PATH": os.environ["PATH"],
            "LIBGL_ALWAYS_SOFTWARE": "1",
        }
        with (home / "terminal.log").open("wb") as log:
            process = subprocess.Popen(terminal, env=environ, stdout=log, stderr=log)
        try:
            yield
        finally:
            process.terminate()
            process.wait(PATIENCE)

    def pictures(self, still: float = PATIENCE) -> Iterator[Image.Image]:
        """What the screen shows, again and again until it has not changed for so many seconds.

        Stop when it shows what it should: a busy machine draws nothing for a while, too.
        """
        before, since = b"", time.monotonic()
        while time.monotonic() < since + still:
            now = self._screen.read_bytes()
            if now != before:
                yield _image(now)
                before, since = now, time.monotonic()
            time.sleep(0.1)


def _image(xwd: bytes) -> Image.Image:
    header = struct.unpack(">25I", xwd[:100])
    size, (width, height), line, colours = header[0], header[4:6], header[12], header[19]
    pixels = xwd[size + 12 * colours :]
    return Image.frombytes("RGB", (width, height), pixels, "raw", "BGRX", line)


@contextmanager
def x_server(folder: Path) -> Iterator[XServer]:
    """An Xvfb on a display of its own, which listens to no network."""
    reading, writing = os.pipe()
    command = [
        *(require("Xvfb"), "-displayfd", str(writing), "-nolisten", "tcp"),
        *("-screen", "0", SIZE, "-fbdir", str(folder)),
    ]
    process = subprocess.Popen(command, pass_fds=[writing], stderr=subprocess.DEVNULL)
    os.close(writing)
    try:
        with os.fdopen(reading) as number:
            yield XServer(f":{number.readline().strip()}", folder)
    finally:
        process.terminate()
        process.wait(PATIENCE)
