"""How long attacks, kills and random walks go on: shortly in each run, long in `make soak`."""

import os
from typing import Final

VARIABLE: Final = "CWTUI_SOAK_SECONDS"


def seconds(usually: float) -> float:
    """For how long to go on: as usual, or as long as CWTUI_SOAK_SECONDS says."""
    return float(os.environ.get(VARIABLE, usually))


def times(usually: int, in_a_soak: int) -> int:
    """How often to do something."""
    return in_a_soak if VARIABLE in os.environ else usually
