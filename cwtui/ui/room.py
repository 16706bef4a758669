"""The room that screens need in the terminal's window, in cells."""

from typing import Final

MIN_COLUMNS: Final = 60
MIN_ROWS: Final = 20
PANEL_COLUMNS: Final = 33
"""What is beside the QR code on the screen where a device is registered."""
