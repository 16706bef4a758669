"""Python's own variables: some import code, open a prompt or log, and none of it is cwtui's.

Whoever may send variables along (AcceptEnv of sshd, a unit, sudo) must not gain anything by them.
Nothing is imported here that the interpreter has not loaded already: PYTHONPATH may still be in
effect, and then any other import could load somebody else's file.
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
"""These choose an encoding, buffering and less, and stay. Python has new ones each year: what is
not named here is dropped."""


_THIS = "/proc/self/exe"


def isolate() -> None:
    """Drop Python's variables; if the interpreter obeyed one, start again in isolated mode.

    PYTHONINSPECT cannot be taken back in a running interpreter, and neither can what PYTHONPATH
    put before the standard library: `python -I` ignores all of them. What such a variable made
    the interpreter load before this runs was loaded: only a command that begins with `python -I`
    prevents that.

    Raises OSError if the interpreter cannot be started again, or if sys.executable is another
    program: Python 3.11 obeys PYTHONEXECUTABLE even with -I.
    """
    found = {name: os.environ[name] for name in os.environ if name.startswith("PYTHON")}
    dropped = [name for name in found if name not in HARMLESS]
    for name in dropped:
        del os.environ[name]
    # Python takes an empty variable for none.
    obeyed = not sys.flags.ignore_environment and any(found[name] for name in dropped)
    if obeyed and _is_program():
        if os.path.exists(_THIS) and not os.path.samefile(_THIS, sys.executable):
            raise OSError
        isolated = [sys.executable, "-I", "-m", "cwtui", *sys.argv[1:]]
        os.execv(sys.executable, isolated)  # noqa: S606  this program, and no shell


def _is_program() -> bool:
    """Whether this is `cwtui` or `python -m cwtui`, and not another program that uses it."""
    main = sys.modules["__main__"]
    spec = getattr(main, "__spec__", None)
    return spec.name == "cwtui.__main__" if spec is not None else hasattr(main, "__file__")
