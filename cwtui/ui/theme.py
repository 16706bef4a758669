"""The themes: a dark and a light one, and two with the terminal's own 16 colours."""

from collections.abc import Mapping
from typing import Final

from textual.theme import Theme

from cwtui.language import _
from cwtui.ui.background import is_light_by_environment


def _sixteen(
    name: str, *, primary: str, warning: str, error: str, success: str, dark: bool
) -> Theme:
    """Return a theme of the terminal's own colours."""
    paper, ink = ("ansi_black", "ansi_white") if dark else ("ansi_white", "ansi_black")
    variables = {
        "ansi-background": paper,
        "ansi-foreground": ink,
        "text-muted": "ansi_default",
        # Red is the darkest of these colours on many terminals, and the thinnest to look at.
        "error-text-style": "bold",
        "border": primary,
        "border-blurred": "ansi_default",
        "footer-key-foreground": primary,
        "block-cursor-foreground": paper,
        "block-cursor-background": ink,
        "block-cursor-text-style": "bold",
        "block-cursor-blurred-foreground": "ansi_default",
        "block-cursor-blurred-background": "ansi_default",
        "block-cursor-blurred-text-style": "bold",
        "input-cursor-text-style": "none",
        "input-cursor-foreground": paper,
        "input-cursor-background": ink,
        "input-selection-foreground": paper,
        "input-selection-background": primary,
        "scrollbar": ink,
        "scrollbar-hover": ink,
        "scrollbar-active": primary,
    }
    return Theme(
        name=name,
        ansi=True,
        primary=primary,
        warning=warning,
        error=error,
        success=success,
        foreground="ansi_default",
        background="ansi_default",
        dark=dark,
        variables=variables,
    )


# All of these are colours of the xterm 256 palette, which is what most people see, because OpenSSH
# does not forward COLORTERM. Other colours would be replaced by similar ones, and fields would lose
# their background.
DARK: Final = Theme(
    name="connectware-dark",
    primary="#5fafaf",
    secondary="#87afd7",
    accent="#d7af5f",
    foreground="#d0d0d0",
    background="#121212",
    surface="#303030",
    panel="#1c1c1c",
    success="#87d787",
    warning="#d7af5f",
    error="#ff8787",
    dark=True,
    variables={
        "border": "#5fafaf",
        "border-blurred": "#585858",
        "text-muted": "#8a8a8a",
        "error-text-style": "none",
        "footer-background": "#1c1c1c",
        "footer-key-foreground": "#5fafaf",
        "footer-description-foreground": "#8a8a8a",
        "input-selection-background": "#005f5f",
        "block-cursor-foreground": "#121212",
        "block-cursor-background": "#5fafaf",
        "block-cursor-text-style": "none",
        "block-cursor-blurred-foreground": "#d0d0d0",
        "block-cursor-blurred-background": "#005f5f",
        "scrollbar": "#585858",
        "scrollbar-hover": "#585858",
        "scrollbar-active": "#5fafaf",
        "scrollbar-background": "#1c1c1c",
        "scrollbar-background-hover": "#1c1c1c",
        "scrollbar-background-active": "#1c1c1c",
        "scrollbar-corner-color": "#1c1c1c",
    },
)

LIGHT: Final = Theme(
    name="connectware-light",
    primary="#005f5f",
    secondary="#005f87",
    accent="#875f00",
    foreground="#1c1c1c",
    background="#ffffff",
    surface="#dadada",
    panel="#eeeeee",
    success="#005f00",
    warning="#875f00",
    error="#af0000",
    dark=False,
    variables={
        "border": "#005f5f",
        "border-blurred": "#a8a8a8",
        "text-muted": "#585858",
        "error-text-style": "none",
        "footer-background": "#eeeeee",
        "footer-key-foreground": "#005f5f",
        "footer-description-foreground": "#585858",
        "input-selection-background": "#afd7d7",
        "block-cursor-foreground": "#ffffff",
        "block-cursor-background": "#005f5f",
        "block-cursor-text-style": "none",
        "block-cursor-blurred-foreground": "#1c1c1c",
        "block-cursor-blurred-background": "#afd7d7",
        "scrollbar": "#a8a8a8",
        "scrollbar-hover": "#a8a8a8",
        "scrollbar-active": "#005f5f",
        "scrollbar-background": "#eeeeee",
        "scrollbar-background-hover": "#eeeeee",
        "scrollbar-background-active": "#eeeeee",
        "scrollbar-corner-color": "#eeeeee",
    },
)

# The terminal's own colours. Blue is hard to read on black, so the dark theme uses brighter ones.
SIXTEEN_DARK: Final = _sixteen(
    "connectware-16-dark",
    primary="ansi_bright_cyan",
    warning="ansi_bright_yellow",
    error="ansi_bright_red",
    success="ansi_bright_green",
    dark=True,
)
SIXTEEN_LIGHT: Final = _sixteen(
    "connectware-16-light",
    primary="ansi_blue",
    warning="ansi_magenta",
    error="ansi_red",
    success="ansi_green",
    dark=False,
)

OURS: Final = (DARK, LIGHT, SIXTEEN_DARK, SIXTEEN_LIGHT)
THEMES: Final = tuple(theme.name for theme in OURS)
"""In the order in which F3 cycles through them."""
CHOICES: Final = {
    "dark": DARK.name,
    "light": LIGHT.name,
    "16-dark": SIXTEEN_DARK.name,
    "16-light": SIXTEEN_LIGHT.name,
}
"""The themes by their names in a person's preferences, which also know "automatic"."""
_OF_FEW_COLOURS: Final = (SIXTEEN_DARK.name, SIXTEEN_LIGHT.name)

_FEW_COLOURS: Final = ("linux", "xterm", "screen", "ansi", "cons25", "sun")


def is_monochrome(environ: Mapping[str, str]) -> bool:
    """Whether this is a DEC terminal without colours. It ignores them, but can show reverse."""
    term = environ.get("TERM", "")
    return term.startswith("vt") and not term.startswith("vt525")


def first_theme(environ: Mapping[str, str], *, is_slow: bool = False) -> str:
    """Return the first theme: with the terminal's own 16 colours if it has at most these.

    So it does on a slow line, because other colours take twice as many bytes.
    """
    term = environ.get("TERM", "")
    plain = term in _FEW_COLOURS or term.startswith("vt")
    few = is_slow or (
        "NO_COLOR" in environ or is_monochrome(environ) or (plain and not environ.get("COLORTERM"))
    )
    dark = SIXTEEN_DARK if few else DARK
    return on_background(dark.name, light=bool(is_light_by_environment(environ)))


def on_background(name: str, *, light: bool) -> str:
    """Return the theme for a light or dark background with as many colours as `name` has."""
    few = has_few_colours(name)
    if light:
        return SIXTEEN_LIGHT.name if few else LIGHT.name
    return SIXTEEN_DARK.name if few else DARK.name


def has_few_colours(own: str) -> bool:
    """Whether a terminal that this theme suits shows at most 16 colours."""
    return own in _OF_FEW_COLOURS


def drawable(own: str) -> tuple[str, ...]:
    """Return the themes that a terminal can show; `own` is the one that suits it."""
    return _OF_FEW_COLOURS if has_few_colours(own) else THEMES


def for_choice(choice: str, own: str) -> str:
    """Return the chosen theme if the terminal can show it, or else the one that suits it."""
    chosen = CHOICES.get(choice, own)
    return chosen if chosen in drawable(own) else own


def announced(name: str, *, has_colours: bool) -> str:
    """Return the sentence that says which theme is shown now."""
    look = _("dark") if name in {DARK.name, SIXTEEN_DARK.name} else _("light")
    if not has_colours:
        return _("Colours: none, {look}", look=look)
    if has_few_colours(name):
        return _("Colours: the terminal's 16, {look}", look=look)
    return _("Colours: {look}", look=look)


def choice_of(name: str) -> str:
    """Return the name of the theme in a person's preferences."""
    return next(choice for choice, theme in CHOICES.items() if theme == name)
