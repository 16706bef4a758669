"""Debian programs that tests run, and what else a test needs of its machine."""

import os
import shutil
from typing import NoReturn

import pytest

_WHERE = f"{os.environ.get('PATH', os.defpath)}:/usr/sbin:/sbin"
_IN_CI = os.environ.get("CI") == "true"

as_root = pytest.mark.skipif(os.geteuid() != 0 and not _IN_CI, reason="only root can do this")
"""Skip a test of somebody else. In CI, where nothing may be skipped, it fails."""


def find(program: str) -> str | None:
    return shutil.which(program, path=_WHERE)


def require(program: str) -> str:
    """The path of a program. If it is missing, the test fails in CI and is skipped elsewhere."""
    path = find(program)
    if path is None:
        cannot_run(f"{program} is not installed")
    return path


def in_own_run(*command: str) -> list[str]:
    """The command with a /run of its own, where root's sshd finds the folder that it insists on.

    On a host where sshd was never started, there is none.
    """
    if os.geteuid() != 0:
        return [*command]
    script = 'mount -t tmpfs run /run && mkdir /run/sshd && exec "$@"'
    return [require("unshare"), "--mount", "sh", "-c", script, "sh", *command]


def cannot_run(reason: str) -> NoReturn:
    """Say why a test cannot run here: as a failure in CI, and by skipping it elsewhere."""
    if _IN_CI:
        pytest.fail(reason)
    pytest.skip(reason)
