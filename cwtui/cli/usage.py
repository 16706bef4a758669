"""What to say when a command is used in a wrong way, instead of click's own sentences."""

from collections.abc import Sequence

import click

from cwtui.accounts.text import visible

_SHOWN = 64
"""Characters of a word that an error repeats."""
_BEFORE_COMMANDS = ("--config", "--store")


def sentence(error: click.UsageError) -> str:
    """Return one line for the person: what is wrong, and where help is."""
    if isinstance(error, click.NoSuchOption) and error.option_name in _BEFORE_COMMANDS:
        return f"{error.option_name} must come before the command: cwtui {error.option_name} ..."
    return f"{_what_is_wrong(error)} See: {_path(error)} --help"


def _what_is_wrong(error: click.UsageError) -> str:
    match error:
        case click.NoSuchOption():
            said = f"There is no option {quoted(error.option_name)}.{_hint(error.possibilities)}"
        case click.NoSuchCommand():
            said = f"There is no command {quoted(error.command_name)}.{_hint(error.possibilities)}"
        case click.MissingParameter(param=click.Parameter() as missing):
            said = f"{_name(missing)} is missing."
        case click.BadParameter(param=click.Parameter() as wrong):
            said = f"{_name(wrong)}: {error.message}"
        case click.BadOptionUsage():
            takes_none = "does not take" in error.message
            said = f"{error.option_name} {'takes no' if takes_none else 'needs a'} value."
        case _ if error.message.startswith("Got unexpected extra argument"):
            # Click would quote it, but it may be a password, and logs may keep this output.
            said = "Too many arguments. Passwords are never arguments."
        case _:
            said = " ".join(visible(error.format_message()).split())
    return said


def quoted(typed: str) -> str:
    """Return what was typed as it is repeated in an error."""
    return repr(visible(typed[:_SHOWN]))


def choose(values: Sequence[str]) -> str:
    """Return the sentence that names the values to choose from."""
    *others, last = values
    return f"Choose {', '.join(others)} or {last}." if others else f"It can only be {last}."


def _name(parameter: click.Parameter) -> str:
    """Return an option's longest name, or an argument as the help shows it."""
    if isinstance(parameter, click.Option):
        return max(parameter.opts, key=len)
    shown = parameter.metavar or parameter.name or ""
    return shown.strip("[].").upper()


def _path(error: click.UsageError) -> str:
    return error.ctx.command_path if error.ctx else "cwtui"


def _hint(near: Sequence[str] | None) -> str:
    return f" Did you mean {' or '.join(map(repr, near))}?" if near else ""
