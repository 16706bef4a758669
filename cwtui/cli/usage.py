"""What to say when a command is used in a wrong way, instead of click's own sentences."""

from collections.abc import Sequence

import click

from cwtui.accounts.text import visible
from cwtui.language import _

_SHOWN = 64
"""Characters of a word that an error repeats."""
_BEFORE_COMMANDS = ("--config", "--store")


def sentence(error: click.UsageError) -> str:
    """Return one line for the person: what is wrong, and where help is."""
    if isinstance(error, click.NoSuchOption) and error.option_name in _BEFORE_COMMANDS:
        return _(
            "{option} must come before the command: cwtui {option} ...",
            option=error.option_name,
        )
    return _("{problem} See: {command} --help", problem=_what_is_wrong(error), command=_path(error))


def _what_is_wrong(error: click.UsageError) -> str:
    match error:
        case click.NoSuchOption():
            unknown = _("There is no option {name}.", name=quoted(error.option_name))
            said = unknown + _hint(error.possibilities)
        case click.NoSuchCommand():
            unknown = _("There is no command {name}.", name=quoted(error.command_name))
            said = unknown + _hint(error.possibilities)
        case click.MissingParameter(param=click.Parameter() as missing):
            said = _("{name} is missing.", name=_name(missing))
        case click.BadParameter(param=click.Parameter() as wrong):
            said = f"{_name(wrong)}: {error.message}"
        case click.BadOptionUsage():
            takes_none = "does not take" in error.message
            said = (
                _("{option} takes no value.", option=error.option_name)
                if takes_none
                else _("{option} needs a value.", option=error.option_name)
            )
        case _ if error.message.startswith("Got unexpected extra argument"):
            # Click would quote it, but it may be a password, and logs may keep this output.
            said = _("Too many arguments. Passwords are never arguments.")
        case _:
            said = " ".join(visible(error.format_message()).split())
    return said


def quoted(typed: str) -> str:
    """Return what was typed as it is repeated in an error."""
    return repr(visible(typed[:_SHOWN]))


def choose(values: Sequence[str]) -> str:
    """Return the sentence that names the values to choose from."""
    *others, last = values
    return (
        _("Choose {others} or {last}.", others=", ".join(others), last=last)
        if others
        else _("It can only be {last}.", last=last)
    )


def _name(parameter: click.Parameter) -> str:
    """Return an option's longest name, or an argument as the help shows it."""
    if isinstance(parameter, click.Option):
        return max(parameter.opts, key=len)
    shown = parameter.metavar or parameter.name or ""
    return shown.strip("[].").upper()


def _path(error: click.UsageError) -> str:
    return error.ctx.command_path if error.ctx else "cwtui"


def _hint(near: Sequence[str] | None) -> str:
    """Return the question that follows after a space; empty if nothing is near."""
    if not near:
        return ""
    question = _("Did you mean {near}?", near=_(" or ").join(map(repr, near)))
    return f" {question}"
