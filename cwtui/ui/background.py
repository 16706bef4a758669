"""Finds out whether the terminal's background is light or dark.

The question is OSC 11 of XTerm's "Control Sequences"; COLORFGBG is what rxvt and Konsole set.
"""

import re
from collections.abc import Mapping
from typing import Final

QUESTION: Final = "\x1b]11;?\x1b\\"
PATIENCE: Final = 1.0
"""Seconds to wait for an answer, so that colours do not change after someone has begun to type."""
LONGEST: Final = 40
"""How many bytes of an answer are kept."""

_ANSWER: Final = (
    rb"(?i)11;(?:rgba?:([0-9a-f]{1,4})/([0-9a-f]{1,4})/([0-9a-f]{1,4})(?:/[0-9a-f]{1,4})?"
    rb"|#([0-9a-f]{2})([0-9a-f]{2})([0-9a-f]{2}))"
)
_ANSWERING: Final = (
    "xterm", "rxvt", "tmux", "screen", "alacritty", "contour", "foot", "ghostty", "gnome",
    "iterm", "kitty", "konsole", "mintty", "putty", "st-", "vte", "wezterm",
)  # fmt: skip
"""How TERM begins for terminals that answer, or at least ignore the question."""
_MIDDLE_GREY: Final = 0.5
_WEIGHTS: Final = (0.299, 0.587, 0.114)
"""How bright red, green and blue are (ITU-R BT.601)."""
_DARK_INDEXES: Final = frozenset({0, 1, 2, 3, 4, 5, 6, 8})


def is_asked(environ: Mapping[str, str]) -> bool:
    """Whether to ask: colours are used, and the terminal knows the question.

    Other terminals might print it.
    """
    return knows_osc(environ.get("TERM", "")) and "NO_COLOR" not in environ


def knows_osc(term: str) -> bool:
    """Whether terminals with this TERM obey or at least ignore operating system commands (OSC)."""
    return term.startswith(_ANSWERING)


def is_light(answer: bytes) -> bool | None:
    """Whether the answer, without introducer and end, says light. None if it is not an answer."""
    found = re.fullmatch(_ANSWER, answer)
    if found is None:
        return None
    channels = [digits for digits in found.groups() if digits is not None]
    parts = [int(digits, 16) / int("f" * len(digits), 16) for digits in channels]
    bright = sum(weight * part for weight, part in zip(_WEIGHTS, parts, strict=True))
    return bright > _MIDDLE_GREY


def is_light_by_environment(environ: Mapping[str, str]) -> bool | None:
    """Whether COLORFGBG, such as 0;15 or 15;default;0, says light. None if it says nothing."""
    index = environ.get("COLORFGBG", "").rpartition(";")[2]
    if not index.isascii() or not index.isdigit() or len(index) > 2:  # noqa: PLR2004  0 to 15
        return None
    return int(index) not in _DARK_INDEXES
