"""The outermost layer: turn every error into one sentence and an exit status."""

import os
import sys
from collections.abc import Sequence
from types import TracebackType
from typing import Final

from cwtui import hints, language
from cwtui.accounts.errors import (
    AccountsError,
    AlreadyExists,
    InvalidInput,
    NotFound,
    Refused,
    Taken,
    Unknown,
    WrongFile,
)
from cwtui.cli import output
from cwtui.cli.errors import CommandError
from cwtui.cli.host import Host
from cwtui.host import crash, upgrade
from cwtui.host.charset import charmap
from cwtui.language import _

DONE: Final = 0
FAILED: Final = 1
WRONG_USAGE: Final = 2
CANNOT_CHECK: Final = 3
NOT_FOUND: Final = 4
EXISTS: Final = 5
INTERRUPTED: Final = 130

_OPENS_APPLICATION: Final[tuple[list[str], ...]] = ([], ["--kiosk"])
"""With only these arguments, click is not loaded. That saves a tenth of the time to the login
screen. Click understands them too.
"""
_NO_ARGUMENT: Final = ("password", "new_password", "confirm_password", "passphrase", "ssh_key")
"""Fields that are read from standard input or asked for, and never given as an argument."""
_NO_VARIABLE: Final = "="
"""An impossible name for a variable: none may make cwtui list usernames (see completion.py)."""


def run(args: Sequence[str]) -> int:
    """Run a command and return its exit status. Raises only SystemExit."""
    output.show_everything()
    language.write_in(charmap(os.environ))
    language.use(language.of_environ(os.environ))
    with hints.beginning_with(hints.becoming_again(os.environ, os.geteuid())):
        return _run(args)


def _run(args: Sequence[str]) -> int:
    try:
        status = _open(args) if list(args) in _OPENS_APPLICATION else _command(args)
        output.flush()
    except Exception as error:  # noqa: BLE001  outermost layer: a traceback would show values
        if isinstance(error, CommandError | AccountsError) or not upgrade.happened(error):
            return _tell(error)
        # Not with `output`, which may need modules that were replaced.
        sys.stderr.write(f"{_(upgrade.SENTENCE)}\n")
        return CANNOT_CHECK
    else:
        return status
    finally:
        output.drop_what_cannot_be_written()


def _open(args: Sequence[str]) -> int:
    from cwtui.cli.application import open_application

    return open_application(Host(None, None), kiosk=bool(args))


def _command(args: Sequence[str]) -> int:
    import click

    from cwtui.cli.root import cli

    try:
        status = cli.main(args, prog_name="cwtui", complete_var=_NO_VARIABLE, standalone_mode=False)
    except click.Abort as abort:
        # Click keeps the cause: Ctrl+C, or the end of standard input at a question.
        if isinstance(abort.__cause__, KeyboardInterrupt):
            return INTERRUPTED
        output.say(_("No answer; nothing was changed."))
        return FAILED
    except click.exceptions.NoArgsIsHelpError as error:
        output.say_lines(error.message)
        return WRONG_USAGE
    except click.UsageError as error:
        from cwtui.cli import usage

        output.say(usage.sentence(error))
        return error.exit_code
    except click.ClickException as error:
        output.say(error.message)
        return error.exit_code
    return status if isinstance(status, int) else DONE


def _tell(error: Exception) -> int:
    match error:
        case CommandError():
            output.say(str(error))
            return error.exit_code
        case AccountsError():
            output.say(str(error))
            return _status(error)
        case _:
            output.say(_system(error) if isinstance(error, OSError) else _unexpected(error))
            return CANNOT_CHECK


def _status(error: AccountsError) -> int:
    """Return the exit status. An argument or a file that can never be right is wrong usage.

    What depends on the store, or is one value read from standard input, is refused.
    """
    match error:
        case Taken() | AlreadyExists():
            return EXISTS
        case Unknown() | NotFound():
            return NOT_FOUND
        case InvalidInput(field=str(field)) if field not in _NO_ARGUMENT:
            return WRONG_USAGE
        case WrongFile():
            return WRONG_USAGE
        case Refused() | InvalidInput():
            return FAILED
        case _:
            return CANNOT_CHECK


def _system(error: OSError) -> str:
    # Imported here, because --version does not need it.
    from cwtui.host.reasons import reason_of

    reason = reason_of(error, _("unknown reason"))
    if isinstance(error.filename, str | bytes):
        return _("Cannot use {file}: {reason}.", file=os.fsdecode(error.filename), reason=reason)
    return _("Cannot continue: {reason}.", reason=reason)


def _unexpected(error: Exception) -> str:
    where = _innermost(error.__traceback__)
    kept = crash.keep(crash.places(error))
    what = f"{type(error).__name__}{where}"
    if kept is None:
        return _(
            "An unexpected error occurred ({what}), so this was not done or could not be checked. "
            "Please report it with this message.",
            what=what,
        )
    return _(
        "An unexpected error occurred ({what}), so this was not done or could not be checked. "
        "Please report it with the report in {file}.",
        what=what,
        file=kept,
    )


def _innermost(traceback: TracebackType | None) -> str:
    where = ""
    while traceback is not None:
        module = str(traceback.tb_frame.f_globals.get("__name__", ""))
        if module.startswith("cwtui."):
            where = f" at {module}:{traceback.tb_lineno}"
        traceback = traceback.tb_next
    return where
