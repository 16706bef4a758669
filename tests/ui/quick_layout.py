"""Tests draw rows with less work."""

from textual import strip

from tests.ui.replacing import replace_in


def begin() -> None:
    """Each row of each widget makes seven caches, which take longer than they spare."""

    def kept(maxsize: int) -> dict[object, object]:
        del maxsize  # a row is shown or gone long before
        return {}

    replace_in(strip, "FIFOCache", kept)
