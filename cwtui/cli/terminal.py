"""The terminal: whether there is one, and what is asked on it."""

import sys
from typing import Final, TextIO

from cwtui.accounts.errors import InvalidInput
from cwtui.accounts.secret import Secret
from cwtui.cli.errors import WrongUsage

_WITHOUT_SCREEN: Final = {"dumb", "unknown"}


def is_there() -> bool:
    """Whether something can be asked: standard input and standard error are terminals."""
    return _is_terminal(sys.stdin) and _is_terminal(sys.stderr)


def check_for_application(term: str | None) -> None:
    """Raise WrongUsage unless screens can be drawn here. `term` is the variable TERM."""
    streams = {"input": sys.stdin, "output": sys.stdout, "error": sys.stderr}
    for name, stream in streams.items():
        if not _is_terminal(stream):
            raise WrongUsage(
                f"The application needs a terminal, and standard {name} is none: "
                "use ssh -t, or give a command (cwtui --help lists them)."
            )
    if term in _WITHOUT_SCREEN:
        raise WrongUsage(
            f"The application cannot draw on a terminal of the kind {term!r}: "
            "set TERM to yours, such as xterm-256color or linux."
        )
    encoding = sys.__stderr__.encoding if sys.__stderr__ is not None else ""
    if encoding.lower().replace("-", "") != "utf8":
        raise WrongUsage(
            f"The application draws in UTF-8, and this terminal is set to {encoding}: "
            "start it with LC_ALL=C.UTF-8."
        )


def check_can_ask(act: str, *, yes: bool) -> None:
    """Raise WrongUsage unless somebody can be asked before that act, or it was said to do it."""
    if not yes and not is_there():
        raise WrongUsage(f"There is no terminal to ask on: give --yes to {act}.")


def ask_yes(question: str) -> bool:
    """Ask on the terminal; no answer is no."""
    from cwtui.accounts.text import visible

    sys.stderr.write(f"{visible(question)} [y/N] ")
    sys.stderr.flush()
    return sys.stdin.buffer.readline().strip().lower() in {b"y", b"yes"}


def ask_new_password() -> tuple[Secret, Secret]:
    """Ask twice, without echo. Raises InvalidInput, and WrongUsage where the echo stays."""
    import getpass
    import warnings

    try:
        with warnings.catch_warnings():
            # Without control of the echo getpass warns, and shows the password.
            warnings.simplefilter("error", getpass.GetPassWarning)
            return (
                Secret(getpass.getpass("Password: ", sys.stderr)),
                Secret(getpass.getpass("Confirm Password: ", sys.stderr)),
            )
    except getpass.GetPassWarning:
        raise WrongUsage("This terminal cannot hide what is typed: use --password-stdin.") from None
    except UnicodeDecodeError:
        raise InvalidInput(
            "password", "What was typed is not UTF-8: set the terminal to it."
        ) from None


def _is_terminal(stream: TextIO | None) -> bool:
    return stream is not None and stream.isatty()
