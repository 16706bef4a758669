"""Spares the tests of rules most of the hashing."""

from collections.abc import Iterator
from functools import cache

import bcrypt
import pytest


@pytest.fixture(scope="package", autouse=True)
def _each_hash_once() -> Iterator[None]:
    """bcrypt depends on its arguments alone, and thousands of tests use the same passwords."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(bcrypt, "checkpw", cache(bcrypt.checkpw))
        patch.setattr(bcrypt, "hashpw", cache(bcrypt.hashpw))
        yield
