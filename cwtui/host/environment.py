"""Ignore Python's environment variables: some load code, open a prompt or write logs.

People who can pass variables (through AcceptEnv of sshd, a unit or sudo) must not gain anything.
This module imports only what the interpreter has already loaded, because PYTHONPATH may still be
in effect, and other imports could load foreign files.
"""

import os
import sys

HARMLESS = frozenset(
    {
        "PYTHONCOERCECLOCALE",
        "PYTHONDONTWRITEBYTECODE",
        "PYTHONIOENCODING",
        "PYTHONNOUSERSITE",
        "PYTHONSAFEPATH",
        "PYTHONUNBUFFERED",
        "PYTHONUTF8",
    }
)
"""These only set encoding, buffering and the like, and are kept. All others are removed, as each
version of Python may add new ones."""


_THIS = "/proc/self/exe"


def isolate() -> None:
    """Remove Python's variables; if the interpreter obeyed one, restart it in isolated mode.

    PYTHONINSPECT and PYTHONPATH cannot be undone in a running interpreter, but `python -I` ignores
    them. Code that a variable loaded before this function runs has already run; only starting with
    `python -I` prevents that.

    Raises OSError if the interpreter cannot be restarted, or if sys.executable is another program:
    Python 3.11 obeys PYTHONEXECUTABLE even with -I.
    """
    found = {name: os.environ[name] for name in os.environ if _is_pythons(name)}
    dropped = [name for name in found if name not in HARMLESS]
    for name in dropped:
        del os.environ[name]
    # Python ignores empty variables.
    obeyed = not sys.flags.ignore_environment and any(found[name] for name in dropped)
    if obeyed and _is_program():
        if os.path.exists(_THIS) and not os.path.samefile(_THIS, sys.executable):
            raise OSError
        isolated = [sys.executable, "-I", "-m", "cwtui", *sys.argv[1:]]
        os.execv(sys.executable, isolated)  # noqa: S606  runs this program, not a shell


def _is_pythons(name: str) -> bool:
    # PYTHON alone is a variable of make and other build tools.
    return name.startswith("PYTHON") and name != "PYTHON"


def _is_program() -> bool:
    """Whether this process is `cwtui` or `python -m cwtui`, not another program that imports it."""
    main = sys.modules["__main__"]
    spec = getattr(main, "__spec__", None)
    return spec.name == "cwtui.__main__" if spec is not None else hasattr(main, "__file__")
