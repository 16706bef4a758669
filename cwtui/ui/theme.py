"""How it looks: a dark and a light theme of our own, or the terminal's own few colours."""

from collections.abc import Mapping
from typing import Final

from textual.theme import Theme

DARK: Final = Theme(
    name="connectware-dark",
    primary="#3fb6a8",
    secondary="#7aa2c9",
    accent="#e0af68",
    foreground="#d7dde4",
    background="#10151b",
    surface="#1a222b",
    panel="#161c24",
    success="#7ec97b",
    warning="#e0af68",
    error="#f0787a",
    dark=True,
    variables={
        "border": "#3fb6a8",
        "border-blurred": "#2b3541",
        "text-muted": "#8a97a5",
        "footer-background": "#161c24",
        "footer-key-foreground": "#3fb6a8",
        "footer-description-foreground": "#8a97a5",
        "input-selection-background": "#3fb6a8 35%",
        "block-cursor-foreground": "#10151b",
        "block-cursor-background": "#3fb6a8",
        "block-cursor-text-style": "none",
    },
)

LIGHT: Final = Theme(
    name="connectware-light",
    primary="#0b6e63",
    secondary="#2f5d8a",
    accent="#8a5a00",
    foreground="#1c252e",
    background="#f7f8f9",
    surface="#e6eaed",
    panel="#eceff1",
    success="#22702a",
    warning="#8a5a00",
    error="#b3261e",
    dark=False,
    variables={
        "border": "#0b6e63",
        "border-blurred": "#c3ccd3",
        "text-muted": "#5a6772",
        "footer-background": "#eceff1",
        "footer-key-foreground": "#0b6e63",
        "footer-description-foreground": "#5a6772",
        "input-selection-background": "#0b6e63 30%",
        "block-cursor-foreground": "#f7f8f9",
        "block-cursor-background": "#0b6e63",
        "block-cursor-text-style": "none",
    },
)

THEMES: Final = (DARK.name, LIGHT.name, "ansi-dark", "ansi-light")
"""In the order in which F3 cycles them."""

_FEW_COLOURS: Final = ("linux", "xterm", "screen", "ansi", "cons25", "sun")


def first_theme(environ: Mapping[str, str]) -> str:
    """The theme to begin with: the terminal's own 16 colours where it has no more, or none."""
    term = environ.get("TERM", "")
    plain = term in _FEW_COLOURS or term.startswith("vt")
    few = "NO_COLOR" in environ or (plain and not environ.get("COLORTERM"))
    return "ansi-dark" if few else DARK.name
