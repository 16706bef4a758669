"""The module and the C programs of these tests, built once for a run."""

import fcntl
import shlex
import subprocess
from pathlib import Path
from typing import Final

from tests.programs import cannot_run, require

_PAM_HEADER: Final = Path("/usr/include/security/pam_modules.h")
_HERE: Final = Path(__file__).parent
_TOP: Final = _HERE.parent.parent
_SANITIZERS: Final = ("-fsanitize=address,undefined", "-fno-sanitize-recover=all")


def build(folder: Path) -> None:
    """Build everything into the folder, unless another process of the run did."""
    require("make")
    require("gcc")
    if not _PAM_HEADER.exists():
        cannot_run("libpam0g-dev is missing")
    folder.mkdir(mode=0o700, exist_ok=True)
    with (folder / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if (folder / "done").exists():
            return
        _run("make", "-s", "-C", _TOP, "pam", f"OUT={folder}")
        sanitized = (f"OUT={folder / 'sanitized'}", f"EXTRA={shlex.join(_SANITIZERS)}")
        _run("make", "-s", "-C", _TOP, "pam", *sanitized)
        _compile(folder / "client", "client.c", "-DWATCH_FREE")
        _compile(folder / "plain-client", "client.c")
        _compile(folder / "sanitized" / "client", "client.c", *_SANITIZERS)
        _compile(folder / "sanitized" / "fuzz", "fuzz.c", *_SANITIZERS)
        (folder / "done").touch()


def _compile(program: Path, source: str, *options: str) -> None:
    # With -rdynamic, libpam and the module call its syslog() and free().
    _run(
        "gcc", "-g", "-O1", "-Wall", "-Wextra", "-Werror", "-rdynamic",
        *options, "-o", program, _HERE / source, "-lpam",
    )  # fmt: skip


def _run(*command: object) -> None:
    done = subprocess.run(
        list(map(str, command)), capture_output=True, text=True, check=False, timeout=300
    )
    assert done.returncode == 0, done.stderr
