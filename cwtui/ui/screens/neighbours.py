"""Finds the widget above, below or beside another one, for the arrow keys."""

from collections.abc import Sequence
from enum import StrEnum

from textual.geometry import Region


class Direction(StrEnum):
    UP = "up"
    DOWN = "down"
    LEFT = "left"
    RIGHT = "right"


def nearest(regions: Sequence[Region], here: Region, direction: Direction) -> int | None:
    """Return the position of the nearest region in this direction, or None if there is none.

    Up and Down go to the next row that has one, and there to the nearest column. Left and Right
    stay in the row.
    """
    distances = (
        (distance, position)
        for position, region in enumerate(regions)
        if (distance := _distance(here, region, direction)) is not None
    )
    nearest_one = min(distances, default=None)
    return None if nearest_one is None else nearest_one[1]


def _distance(here: Region, there: Region, direction: Direction) -> tuple[int, int] | None:
    """Return how far it is, first in this direction; None if it does not lie there."""
    if direction in {Direction.UP, Direction.DOWN}:
        rows = here.y - there.bottom if direction is Direction.UP else there.y - here.bottom
        return (rows, abs(there.x - here.x)) if rows >= 0 else None
    columns = here.x - there.right if direction is Direction.LEFT else there.x - here.right
    is_in_row = there.y < here.bottom and here.y < there.bottom
    return (columns, 0) if is_in_row and columns >= 0 else None
