"""The keys that can be configured to quit. (`q` also quits when no field has the focus.)"""

from typing import Final

from cwtui.language import N_, _

DEFAULT: Final = "ctrl+q"
_TAKEN: Final = {
    "ctrl+a": N_("{key} goes to the start of a field."),
    "ctrl+c": N_("{key} copies."),
    "ctrl+d": N_("{key} deletes in a field."),
    "ctrl+e": N_("{key} goes to the end of a field."),
    "ctrl+f": N_("{key} deletes in a field."),
    "ctrl+h": N_("{key} is Backspace."),
    "ctrl+i": N_("{key} is Tab."),
    "ctrl+j": N_("{key} is Enter."),
    "ctrl+k": N_("{key} deletes in a field."),
    "ctrl+l": N_("{key} repaints the screen."),
    "ctrl+m": N_("{key} is Enter."),
    "ctrl+p": N_("{key} opens the list of commands."),
    "ctrl+s": N_("{key} is sent by terminals with flow control (XOFF)."),
    "ctrl+u": N_("{key} deletes in a field."),
    "ctrl+v": N_("{key} pastes."),
    "ctrl+w": N_("{key} deletes in a field."),
    "ctrl+x": N_("{key} cuts."),
    "f1": N_("{key} is Help."),
    "f2": N_("{key} shows what is typed."),
    "f3": N_("{key} changes the colours."),
    "f4": N_("{key} copies, or switches to backup codes."),
    "f5": N_("{key} redraws the QR code."),
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
    taken = f"{_(_TAKEN[name], key=configured)} " if name in _TAKEN else ""
    letters = ", ".join(one.removeprefix("ctrl+") for one in POSSIBLE if "+" in one)
    use = _("Use ctrl+ and one of {letters}, or one of f6 to f12", letters=letters)
    raise ValueError(f"{taken}{use}")


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
