"""The style sheets. Textual would look for them beside each subclass of a screen."""

from pathlib import Path, PurePath


def sheets(*names: str) -> list[str | PurePath]:
    """The paths of the style sheets of those names."""
    return [Path(__file__).with_name(f"{name}.tcss") for name in names]
