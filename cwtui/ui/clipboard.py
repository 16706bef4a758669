"""What can take a copy of a secret here, how it is sent, and what may be said about it.

OSC 52 (XTerm's "Control Sequences") asks the terminal to put text into its clipboard. No terminal
confirms it, and many ignore it, so nothing here says that it was copied. tmux ignores it by
default (set-clipboard is `external`) but takes text for its own buffer from a command. GNU screen
ignores it too, but passes on what is wrapped in a device control string (DCS).
"""

from collections.abc import Mapping
from enum import Enum, auto
from typing import Final

from cwtui.language import N_, _
from cwtui.ui import background


class CopyWay(Enum):
    """How text can be copied from where the application runs."""

    NONE = auto()
    """Not at all: the Linux console, a DEC terminal, or an unknown one that might print it."""
    TERMINAL = auto()
    """OSC 52."""
    TMUX = auto()
    """The buffer of the tmux that this runs in."""
    TMUX_OUTSIDE = auto()
    """OSC 52 to a tmux that this cannot reach, because it runs on another host."""
    SCREEN = auto()
    """OSC 52, wrapped for GNU screen."""
    TMUX_OR_SCREEN = auto()
    """One of them, on another host. Each ignores what is meant for the other."""


_WRAPPED: Final = (CopyWay.SCREEN, CopyWay.TMUX_OR_SCREEN)
_PIECE: Final = 252
"""How many characters are wrapped together. GNU screen keeps at least 256 (MAXSTR)."""

COPIED_TO_TMUX: Final = N_("✓ Copied to tmux. Paste with your prefix key, then ].")
_ONLY_IF_SET: Final = N_("tmux passes it on only with set-clipboard on.")
_SENT: Final = N_("Sent to your terminal. Paste to check.")
_NOT_ACCEPTED: Final = N_("tmux did not accept it.")
_SENT_THROUGH_SCREEN: Final = N_("Sent through GNU screen to your terminal. Paste to check.")
_SAID: Final = {
    CopyWay.TERMINAL: (_SENT,),
    CopyWay.TMUX: (_NOT_ACCEPTED, _SENT),
    CopyWay.TMUX_OUTSIDE: (_SENT, _ONLY_IF_SET),
    CopyWay.SCREEN: (_SENT_THROUGH_SCREEN,),
    CopyWay.TMUX_OR_SCREEN: (_SENT, _ONLY_IF_SET),
}
_NOWHERE: Final = N_("{what} cannot be copied here: this terminal has no clipboard.")
_SENDS: Final = N_("{key} sends {what} to your terminal's clipboard.")
_TO_TMUX: Final = N_("{key} copies {what} to tmux. Paste with your tmux prefix key, then ].")
_THROUGH_SCREEN: Final = N_("{key} sends {what} through GNU screen to your terminal's clipboard.")
_NOT_CONFIRMED: Final = N_("Terminals do not confirm this, and some ignore it: paste to check.")
_EXPLAINED: Final = {
    CopyWay.NONE: (_NOWHERE,),
    CopyWay.TERMINAL: (_SENDS, _NOT_CONFIRMED),
    CopyWay.TMUX: (_TO_TMUX,),
    CopyWay.TMUX_OUTSIDE: (_SENDS, _ONLY_IF_SET, _NOT_CONFIRMED),
    CopyWay.SCREEN: (_THROUGH_SCREEN, _NOT_CONFIRMED),
    CopyWay.TMUX_OR_SCREEN: (_SENDS, _ONLY_IF_SET, _NOT_CONFIRMED),
}


def copy_way(environ: Mapping[str, str], *, kiosk: bool) -> CopyWay:
    """Return how text can be copied, as far as the environment tells.

    A kiosk never starts tmux: its users may control TMUX, and the server that TMUX names can tell
    the command that talks to it to run a program.
    """
    term = environ.get("TERM", "")
    if environ.get("TMUX") and not kiosk:
        return CopyWay.TMUX
    if term.startswith("tmux"):
        return CopyWay.TMUX_OUTSIDE
    if term.startswith("screen."):
        # The name of the terminal around it follows.
        known = background.knows_osc(term.removeprefix("screen."))
        return CopyWay.SCREEN if known else CopyWay.NONE
    if term.startswith("screen"):
        return CopyWay.SCREEN if environ.get("STY") else CopyWay.TMUX_OR_SCREEN
    return CopyWay.TERMINAL if background.knows_osc(term) else CopyWay.NONE


def sequence(text: str, way: CopyWay) -> str:
    """Return what asks the terminal to put the text into its clipboard; empty if it cannot."""
    if way is CopyWay.NONE:
        return ""
    import base64

    encoded = base64.b64encode(text.encode("utf-8", "replace")).decode("ascii")
    plain = f"\x1b]52;c;{encoded}\a"
    if way not in _WRAPPED:
        return plain
    pieces = (plain[start : start + _PIECE] for start in range(0, len(plain), _PIECE))
    wrapped = "".join(f"\x1bP{piece}\x1b\\" for piece in pieces)
    return wrapped if way is CopyWay.SCREEN else wrapped + plain


def said(way: CopyWay) -> str:
    """Return what is known after `sequence` was sent."""
    return " ".join(map(_, _SAID[way]))


def explained(way: CopyWay, key: str, what: str) -> str:
    """Return a sentence for the help. `key` is what copies, `what` is what it copies."""
    told = " ".join(_(sentence, key=key, what=what) for sentence in _EXPLAINED[way])
    return told[0].upper() + told[1:]
