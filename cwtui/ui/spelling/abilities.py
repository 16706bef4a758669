"""What types of terminals can do, besides what all of them can."""

from collections.abc import Mapping
from typing import Final, NamedTuple


class Abilities(NamedTuple):
    """What a type of terminal can do."""

    erases: bool = False
    """Erases characters without moving (ECH)."""
    in_colour: bool = False
    """What it erases gets the current background."""
    switches_off: bool = False
    """Switches a single attribute or colour off, and not only all of them."""
    scrolls: bool = False
    """Scrolls some rows and leaves the others in place (DECSTBM, IND and RI)."""


_VT100: Final = Abilities(scrolls=True)
_VT220: Final = Abilities(erases=True, switches_off=True, scrolls=True)
_XTERM: Final = Abilities(erases=True, in_colour=True, switches_off=True, scrolls=True)
_TYPES: Final[tuple[tuple[str, Abilities], ...]] = (
    ("vt100", _VT100),
    ("vt102", _VT100),
    ("vt220", _VT220),
    ("vt420", _VT220),
    ("vt", Abilities(erases=True, scrolls=True)),
    ("screen", Abilities(switches_off=True, scrolls=True)),
    ("tmux", Abilities(switches_off=True, scrolls=True)),
    ("xterm-kitty", _VT220),
    ("xterm", _XTERM),
    ("linux", _XTERM),
    ("putty", _XTERM),
    ("alacritty", _XTERM),
    ("rxvt-unicode", _XTERM),
    ("st-", _XTERM),
    ("konsole", _XTERM),
    ("vte", _XTERM),
    ("foot", _XTERM),
)
"""By how TERM begins. Not from terminfo: its files may be missing or somebody else's."""


def abilities(environ: Mapping[str, str]) -> Abilities:
    """Return what the terminal can do. An unknown type is asked for nothing of it."""
    term = environ.get("TERM", "")
    return next((each for begin, each in _TYPES if term.startswith(begin)), Abilities())
