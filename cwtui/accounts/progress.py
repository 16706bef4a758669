"""How far work that takes a while has come."""

from collections.abc import Callable
from typing import TypeAlias

ShowProgress: TypeAlias = Callable[[int, int], None]
"""Called with how many are done, and of how many."""
