"""The speed of a serial line, and how much of what was written it has not sent yet.

A serial line says its speed, and sshd passes on that of the terminal at the other end. A terminal
without a line, such as a window, keeps the kernel's 38,400 baud, which mean nothing.
"""

import fcntl
import struct
import termios
from contextlib import suppress
from typing import Final

_SPEEDS: Final = (50, 75, 110, 134, 150, 200, 300, 600, 1200, 1800, 2400, 4800, 9600, 19200)
"""Bits per second of slow lines."""


def slow_speed(descriptor: int) -> int | None:
    """Return the bits per second of a slow line; None of any other terminal."""
    with suppress(termios.error):
        code = termios.tcgetattr(descriptor)[5]
        return next((each for each in _SPEEDS if getattr(termios, f"B{each}") == code), None)
    return None


def queued(descriptor: int) -> int:
    """Return how many bytes the kernel has not sent yet. It does not know of all lines."""
    with suppress(OSError):
        answer = fcntl.ioctl(descriptor, termios.TIOCOUTQ, b"\0" * 4)
        return int(struct.unpack("i", answer)[0])
    return 0
