"""Progress reports of long-running work."""

from collections.abc import Callable
from typing import TypeAlias

ShowProgress: TypeAlias = Callable[[int, int], None]
"""Called with the number of finished items and the total."""
