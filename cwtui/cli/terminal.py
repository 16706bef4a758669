"""Check the terminal, and ask questions on it."""

import sys
from collections.abc import Mapping
from typing import TYPE_CHECKING, Final, TextIO

from cwtui.accounts.errors import InvalidInput
from cwtui.accounts.secret import Secret
from cwtui.cli.errors import Failed, WrongUsage

if TYPE_CHECKING:
    from cwtui.dialogue.conversation import Drawing

NOT_THERE: Final = "Cannot ask without a terminal."
WITHOUT_SCREEN: Final = frozenset({"dumb", "unknown"})
"""Values of TERM for terminals that only print lines."""


def is_there() -> bool:
    """Whether questions can be asked: standard input and standard error are terminals."""
    return _is_terminal(sys.stdin) and _is_terminal(sys.stderr)


def check_for_application(*, plain: bool = False, kiosk: bool = False) -> None:
    """Raise WrongUsage unless the terminal can show screens, or lines if `plain`."""
    instead = "" if kiosk else ", or give a command (cwtui --help lists them)"
    streams = {"input": sys.stdin, "output": sys.stdout, "error": sys.stderr}
    for name, stream in streams.items():
        if not _is_terminal(stream):
            raise WrongUsage(
                f"The application needs a terminal, but standard {name} is not one. "
                f"Use ssh -t{instead}."
            )
    if plain:
        return
    encoding = sys.__stderr__.encoding if sys.__stderr__ is not None else ""
    if encoding.lower().replace("-", "") != "utf8":
        raise WrongUsage(
            f"The application needs UTF-8, but this terminal is set to {encoding}. "
            "Start it with LC_ALL=C.UTF-8."
        )


def drawing_and_charset(
    environ: Mapping[str, str], chosen: "Drawing | None" = None
) -> tuple["Drawing", str]:
    """Return how a dialogue draws QR codes on this terminal, and the terminal's character set.

    Without a locale, a terminal that only prints lines counts as one that shows ASCII.
    """
    from cwtui.dialogue.conversation import Drawing
    from cwtui.ui.glyphs import charmap

    charset = charmap(environ)
    if chosen is not None:
        return chosen, "utf-8" if chosen is Drawing.UTF8 else charset
    return (Drawing.UTF8 if charset == "utf-8" else Drawing.ASCII), charset


def check_can_ask(act: str, *, yes: bool) -> None:
    """Raise Failed if the user must confirm `act` (no `yes`), but there is no terminal."""
    if not yes and not is_there():
        raise Failed(f"{NOT_THERE} Use --yes to {act}.")


def ask_yes(question: str) -> bool:
    """Ask on the terminal. No answer means no."""
    from cwtui.accounts.text import visible

    sys.stderr.write(f"{visible(question)} [y/N] ")
    sys.stderr.flush()
    return sys.stdin.buffer.readline().strip().lower() in {b"y", b"yes"}


def ask_new_password() -> tuple[Secret, Secret]:
    """Ask twice without echo. Raises InvalidInput, and Failed if there is no way to ask."""
    return ask_secret("Password"), ask_secret("Password", "Confirm Password")


def ask_new_passphrase() -> Secret:
    """Ask twice without echo. Raises InvalidInput, and Failed if there is no way to ask."""
    passphrase = ask_secret("Passphrase")
    if ask_secret("Passphrase", "Confirm Passphrase") != passphrase:
        raise InvalidInput(
            "passphrase", "The passphrases do not match. Type the same passphrase twice."
        )
    return passphrase


def ask_secret(what: str, prompt: str = "") -> Secret:
    """Ask without echo for `what`. Raises InvalidInput, and Failed if there is no way to ask."""
    name = what.lower()
    if not is_there():
        raise Failed(f"Cannot ask for the {name} without a terminal. Use --{name}-stdin.")
    import getpass
    import warnings

    try:
        with warnings.catch_warnings():
            # If getpass cannot disable the echo, it warns and shows what is typed.
            warnings.simplefilter("error", getpass.GetPassWarning)
            return Secret(getpass.getpass(f"{prompt or what}: ", sys.stderr))
    except getpass.GetPassWarning:
        raise Failed(f"This terminal cannot hide the {name}. Use --{name}-stdin.") from None
    except UnicodeDecodeError:
        raise InvalidInput(name, "The input is not UTF-8. Set your terminal to UTF-8.") from None


def _is_terminal(stream: TextIO | None) -> bool:
    return stream is not None and stream.isatty()
