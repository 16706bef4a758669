"""What types of terminals have beyond the VT100."""

from collections.abc import Mapping
from typing import Final, NamedTuple


class Abilities(NamedTuple):
    """What a type of terminal has beyond the VT100."""

    erases: bool = False
    """Erases characters without moving (ECH)."""
    in_colour: bool = False
    """What it erases gets the current background."""
    switches_off: bool = False
    """Switches a single attribute or colour off, and not only all of them."""


_XTERM: Final = Abilities(erases=True, in_colour=True, switches_off=True)
_VT100: Final = Abilities()
_TYPES: Final[tuple[tuple[str, Abilities], ...]] = (
    ("vt100", _VT100),
    ("vt102", _VT100),
    ("vt220", Abilities(erases=True, switches_off=True)),
    ("vt420", Abilities(erases=True, switches_off=True)),
    ("vt", Abilities(erases=True)),
    ("screen", Abilities(switches_off=True)),
    ("tmux", Abilities(switches_off=True)),
    ("xterm-kitty", Abilities(erases=True, switches_off=True)),
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
    """Return what the terminal has; of an unknown type, no more than a VT100."""
    term = environ.get("TERM", "")
    return next((each for begin, each in _TYPES if term.startswith(begin)), _VT100)
