"""Tests lay out a screen with less work."""

from textual import strip


def begin() -> None:
    _keep_parts_of_rows_in_plain_dictionaries()


def _keep_parts_of_rows_in_plain_dictionaries() -> None:
    """Each row of each widget makes seven caches, which take longer than they spare."""

    def kept(maxsize: int) -> dict[object, object]:
        del maxsize  # a row is shown or gone long before
        return {}

    strip.FIFOCache = kept  # type: ignore[assignment,attr-defined]  # only for tests
