"""Debian programs that tests run."""

import os
import shutil

import pytest

_WHERE = f"{os.environ.get('PATH', os.defpath)}:/usr/sbin:/sbin"


def find(program: str) -> str | None:
    return shutil.which(program, path=_WHERE)


def require(program: str) -> str:
    """The path of a program. If it is missing, the test fails in CI and is skipped elsewhere."""
    path = find(program)
    if path is None:
        reason = f"{program} is not installed"
        if os.environ.get("CI") == "true":
            pytest.fail(reason)
        pytest.skip(reason)
    return path
