"""How long attacks, kills and random walks last: short in each run, long in `make soak`."""

import os
from typing import Final

VARIABLE: Final = "CWTUI_SOAK_SECONDS"


def seconds(usually: float) -> float:
    """How long to continue: the usual time, or CWTUI_SOAK_SECONDS."""
    return float(os.environ.get(VARIABLE, usually))


def times(usually: int, in_a_soak: int) -> int:
    """How often to do something."""
    return in_a_soak if VARIABLE in os.environ else usually
