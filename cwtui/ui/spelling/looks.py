"""The codes of styles, and the shortest change from one to another.

Black on white looks like white on black reversed, so there may be several ways to the same look.
"""

from functools import cache
from itertools import islice
from typing import Final

from rich.color import ColorSystem
from rich.style import Style
from textual.strip import Strip


class Look:
    """The codes of a style. Colours are those of the foreground; empty means the terminal's own.

    There is one object for each look, so that comparing them is fast.
    """

    __slots__ = ("ink", "on", "paper")

    def __init__(self, on: frozenset[str], ink: str, paper: str) -> None:
        self.on, self.ink, self.paper = on, ink, paper


@cache
def the_look(on: frozenset[str] = frozenset(), ink: str = "", paper: str = "") -> Look:
    """Return the look. Themes have some dozens."""
    return Look(on, ink, paper)


PLAIN: Final = the_look()
_BOLD: Final = "1"
REVERSE: Final = "7"
_SWITCH_OFF: Final = {
    _BOLD: "22",
    "2": "22",
    "3": "23",
    "4": "24",
    "5": "25",
    REVERSE: "27",
    "9": "29",
}
UNSEEN_ON_BLANKS: Final = frozenset({_BOLD, "2", "3", "5"})
_INKS: Final = frozenset({*range(30, 38), *range(90, 98)})
_PAPER: Final = 10
"""How much the code of a background is higher than that of the same ink."""
_EXACT: Final = "38;"
"""How a colour begins that looks the same as ink and as paper. The 16 colours may not."""
_DARK_INKS: Final = frozenset(map(str, range(30, 38)))
"""These do so too, unless they are bold."""
_BLACK: Final = "30"
_WHITE: Final = "97"
"""The console draws it as light grey paper. A QR code is evenly grey there if that is reversed."""


def look_of(style: Style | None, system: ColorSystem) -> Look:
    if style is None:
        return PLAIN
    rest = iter(Strip.render_ansi(style, system).split(";"))
    on, ink, paper = set[str](), "", ""
    for code in filter(None, rest):
        match int(code):
            case 38 | 48:
                way = next(rest)
                colour = ";".join(["38", way, *islice(rest, 1 if way == "5" else 3)])
                ink, paper = (colour, paper) if code == "38" else (ink, colour)
            case 39:
                ink = ""
            case 49:
                paper = ""
            case number if number in _INKS:
                ink = code
            case number if number - _PAPER in _INKS:
                paper = str(number - _PAPER)
            case _:
                on.add(code)
    return the_look(frozenset(on), ink, paper)


def _as_paper(colour: str) -> str:
    number, mark, rest = colour.partition(";")
    return f"{int(number) + _PAPER}{mark}{rest}"


def is_seen_as_blank(look: Look, paper: str) -> bool:
    """Whether a blank in this look shows this background and nothing else."""
    if look.on <= UNSEEN_ON_BLANKS:
        return look.paper == paper
    if look.on - {REVERSE} - UNSEEN_ON_BLANKS or look.ink != paper:
        return False
    return paper.startswith(_EXACT) or (paper in _DARK_INKS and _BOLD not in look.on)


def reversed_look(look: Look) -> Look | None:
    """Return the look with the colours exchanged that looks the same, if there is one."""
    exact = look.ink.startswith(_EXACT) and look.paper.startswith(_EXACT)
    if exact or (look.ink == _WHITE and look.paper == _BLACK and not look.on):
        return the_look(look.on ^ {REVERSE}, look.paper, look.ink)
    return None


def change(before: Look | None, after: Look, *, switches_off: bool) -> str:
    """Return the shortest sequence that changes one look into the other."""
    if before == after:
        return ""
    wanted = [*sorted(after.on), *filter(None, [after.ink])]
    wanted += [_as_paper(after.paper)] if after.paper else []
    anew = f"\x1b[{';'.join(['0', *wanted])}m" if wanted else "\x1b[m"
    if before is None:
        return anew
    codes: list[str] = []
    gone, added = before.on - after.on, after.on - before.on
    if gone - _SWITCH_OFF.keys():
        return anew
    off = {_SWITCH_OFF[each] for each in gone}
    added |= {each for each in after.on & before.on if _SWITCH_OFF.get(each) in off}
    codes += [*sorted(off), *sorted(added)]
    if before.ink != after.ink:
        codes.append(after.ink or "39")
    if before.paper != after.paper:
        codes.append(_as_paper(after.paper) if after.paper else "49")
    needs_off = off or "39" in codes or "49" in codes
    changed = f"\x1b[{';'.join(codes)}m"
    return anew if (needs_off and not switches_off) or len(anew) < len(changed) else changed
