"""Check the terminal, and ask questions on it."""

import sys
from collections.abc import Mapping
from typing import TYPE_CHECKING, Final, NamedTuple, TextIO

from cwtui.accounts.errors import InvalidInput
from cwtui.accounts.secret import Secret
from cwtui.cli.errors import Failed, WrongUsage
from cwtui.language import N_, _

if TYPE_CHECKING:
    from cwtui.dialogue.conversation import Drawing

_NOT_THERE: Final = N_("Cannot ask without a terminal.")
WITHOUT_SCREEN: Final = frozenset({"dumb", "unknown"})
"""Values of TERM for terminals that only print lines."""


class Asked(NamedTuple):
    """A secret that is asked for a field, and the texts about it, not translated yet."""

    field: str
    prompt: str
    cannot_ask: str
    cannot_hide: str


PASSWORD: Final = Asked(
    "password",
    N_("Password"),
    N_("Cannot ask for the password without a terminal. Use --password-stdin."),
    N_("This terminal cannot hide the password. Use --password-stdin."),
)
PASSPHRASE: Final = Asked(
    "passphrase",
    N_("Passphrase"),
    N_("Cannot ask for the passphrase without a terminal. Use --passphrase-stdin."),
    N_("This terminal cannot hide the passphrase. Use --passphrase-stdin."),
)


def is_there() -> bool:
    """Whether questions can be asked: standard input and standard error are terminals."""
    return _is_terminal(sys.stdin) and _is_terminal(sys.stderr)


def check_for_application(*, plain: bool = False, kiosk: bool = False) -> None:
    """Raise WrongUsage unless the terminal can show screens, or lines if `plain`."""
    streams = {
        N_("standard input"): sys.stdin,
        N_("standard output"): sys.stdout,
        N_("standard error"): sys.stderr,
    }
    for name, stream in streams.items():
        if not _is_terminal(stream):
            raise WrongUsage(
                _(
                    "The application needs a terminal, but {stream} is not one. Use ssh -t.",
                    stream=_(name),
                )
                if kiosk
                else _(
                    "The application needs a terminal, but {stream} is not one. Use ssh -t, "
                    "or give a command (cwtui --help lists them).",
                    stream=_(name),
                )
            )
    if plain:
        return
    encoding = sys.__stderr__.encoding if sys.__stderr__ is not None else ""
    if encoding.lower().replace("-", "") != "utf8":
        raise WrongUsage(
            _(
                "The application needs UTF-8, but this terminal is set to {encoding}. Start it "
                "with LC_ALL=C.UTF-8.",
                encoding=encoding,
            )
        )


def drawing_and_charset(
    environ: Mapping[str, str], chosen: "Drawing | None" = None
) -> tuple["Drawing", str]:
    """Return how a dialogue draws QR codes on this terminal, and the terminal's character set.

    Without a locale, a terminal that only prints lines counts as one that shows ASCII.
    """
    from cwtui.dialogue.conversation import Drawing
    from cwtui.host.charset import charmap

    charset = charmap(environ)
    if chosen is not None:
        return chosen, "utf-8" if chosen is Drawing.UTF8 else charset
    return (Drawing.UTF8 if charset == "utf-8" else Drawing.ASCII), charset


def check_can_ask(instead: str, *, yes: bool) -> None:
    """Raise Failed if the user must confirm (no `yes`), but there is no terminal.

    `instead` is the sentence that says what to do then.
    """
    if not yes and not is_there():
        not_there = _(_NOT_THERE)
        raise Failed(f"{not_there} {instead}")


def use_yes() -> str:
    """Return what to say where nobody can be asked, and --yes agrees."""
    not_there, instead = _(_NOT_THERE), _("Use --yes.")
    return f"{not_there} {instead}"


def ask_yes(question: str) -> bool:
    """Ask on the terminal. No answer means no."""
    from cwtui.accounts.text import means_yes, visible

    choice = _("[y/N]")
    sys.stderr.write(f"{visible(question)} {choice} ")
    sys.stderr.flush()
    answer = sys.stdin.buffer.readline().decode("utf-8", "replace")
    return means_yes(answer)


def ask_new_password() -> tuple[Secret, Secret]:
    """Ask twice without echo. Raises InvalidInput, and Failed if there is no way to ask."""
    return ask_secret(PASSWORD), ask_secret(PASSWORD, _("Confirm Password"))


def ask_new_passphrase() -> Secret:
    """Ask twice without echo. Raises InvalidInput, and Failed if there is no way to ask."""
    passphrase = ask_secret(PASSPHRASE)
    if ask_secret(PASSPHRASE, _("Confirm Passphrase")) != passphrase:
        raise InvalidInput(
            "passphrase", _("The passphrases do not match. Type the same passphrase twice.")
        )
    return passphrase


def ask_secret(what: Asked, prompt: str = "") -> Secret:
    """Ask without echo for `what`. Raises InvalidInput, and Failed if there is no way to ask."""
    if not is_there():
        raise Failed(_(what.cannot_ask))
    import getpass
    import warnings

    try:
        with warnings.catch_warnings():
            # If getpass cannot disable the echo, it warns and shows what is typed.
            warnings.simplefilter("error", getpass.GetPassWarning)
            return Secret(getpass.getpass(f"{prompt or _(what.prompt)}: ", sys.stderr))
    except getpass.GetPassWarning:
        raise Failed(_(what.cannot_hide)) from None
    except UnicodeDecodeError:
        raise InvalidInput(
            what.field, _("The input is not UTF-8. Set your terminal to UTF-8.")
        ) from None


def _is_terminal(stream: TextIO | None) -> bool:
    return stream is not None and stream.isatty()
