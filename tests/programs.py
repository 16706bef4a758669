"""Programs of Debian that tests start."""

import os
import shutil

import pytest

_WHERE = f"{os.environ.get('PATH', os.defpath)}:/usr/sbin:/sbin"


def find(program: str) -> str | None:
    return shutil.which(program, path=_WHERE)


def require(program: str) -> str:
    """The path of a program that a test needs. Without it, the test fails in CI, else skips."""
    path = find(program)
    if path is None:
        reason = f"{program} is not installed"
        if os.environ.get("CI") == "true":
            pytest.fail(reason)
        pytest.skip(reason)
    return path
