"""The keys that can be configured to quit. (`q` also quits when no field has the focus.)"""

from typing import Final

from cwtui.language import N_, _

DEFAULT: Final = "ctrl+q"
_TAKEN: Final = {
    "ctrl+a": "goes to the start of a field",
    "ctrl+c": "copies",
    "ctrl+d": "deletes in a field",
    "ctrl+e": "goes to the end of a field",
    "ctrl+f": "deletes in a field",
    "ctrl+h": "is Backspace",
    "ctrl+i": "is Tab",
    "ctrl+j": "is Enter",
    "ctrl+k": "deletes in a field",
    "ctrl+l": "repaints the screen",
    "ctrl+m": "is Enter",
    "ctrl+p": "opens the list of commands",
    "ctrl+s": "is sent by terminals with flow control (XOFF)",
    "ctrl+u": "deletes in a field",
    "ctrl+v": "pastes",
    "ctrl+w": "deletes in a field",
    "ctrl+x": "cuts",
    "f1": "is Help",
    "f2": "shows what is typed",
    "f3": "changes the colours",
    "f4": "copies, or switches to backup codes",
    "f5": "redraws the QR code",
}
POSSIBLE: Final = (
    *(f"ctrl+{letter}" for letter in "bgnoqrtyz"),
    *(f"f{number}" for number in range(6, 13)),
)


def key(configured: str) -> str:
    """Return the key's name in Textual, such as ctrl+q. Raises ValueError with the reason."""
    name = configured.strip().lower().replace("-", "+")
    if name in POSSIBLE:
        return name
    taken = f"{configured} {_TAKEN[name]}. " if name in _TAKEN else ""
    letters = ", ".join(one.removeprefix("ctrl+") for one in POSSIBLE if "+" in one)
    raise ValueError(f"{taken}Use ctrl+ and one of {letters}, or one of f6 to f12")


_PRINTED: Final = {
    "slash": "/",
    "question_mark": "?",
    "ctrl": N_("Ctrl"),
    "shift": N_("Shift"),
    "escape": N_("Esc"),
    "enter": N_("Enter"),
    "space": N_("Space"),
    "tab": N_("Tab"),
    "home": N_("Home"),
    "end": N_("End"),
    "up": N_("Up"),
    "down": N_("Down"),
    "left": N_("Left"),
    "right": N_("Right"),
    "pageup": N_("Page Up"),
    "pagedown": N_("Page Down"),
}


def printed(part: str) -> str:
    """Return a part of a key's name in Textual as it is printed on keyboards."""
    return _(_PRINTED.get(part, part.capitalize()))


def shown(name: str) -> str:
    """Return the key as printed on keyboards, such as Ctrl+Q or F10."""
    return "+".join(map(printed, name.split("+")))
