"""The terminal application.

Textual reads its environment variables when it is imported. Some of them log key strokes, import
code or press keys. So all that could open the application to others are removed before anything
here imports Textual. The sizes and the delay are removed too, because Textual does not limit them.
"""

import os

_HARMLESS = {"TEXTUAL_ANIMATIONS", "TEXTUAL_COLOR_SYSTEM", "TEXTUAL_DISABLE_KITTY_KEY"}
_COLOR_SYSTEMS = {"auto", "standard", "256", "truecolor"}

for _name in [name for name in os.environ if name.startswith("TEXTUAL")]:
    if _name not in _HARMLESS:
        del os.environ[_name]
# Textual raises for a value that it does not know.
if os.environ.get("TEXTUAL_COLOR_SYSTEM", "auto") not in _COLOR_SYSTEMS:
    del os.environ["TEXTUAL_COLOR_SYSTEM"]

os.environ.pop("ESCDELAY", None)
SIZE_VARIABLES = {name: os.environ.pop(name, "") for name in ("COLUMNS", "LINES")}
"""Used if nothing else says how large the terminal is."""
