"""How much disk space the stores of tests reserve."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

import pytest

from cwtui.host import reserve

WHOLE: Final = reserve.MARGIN
_SMALL: Final = 1 << 17
"""Bytes, in which each save of a test has room. Thousands of stores are made, copied and read."""


@contextmanager
def small() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(reserve, "MARGIN", _SMALL)
        yield
