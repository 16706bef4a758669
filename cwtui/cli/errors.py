"""Errors of the command line itself. Each message is a complete sentence."""

import click


class WrongUsage(click.ClickException):
    """The command was used in a wrong way."""

    exit_code = 2


class Failed(click.ClickException):
    """The command failed, or its result could not be written."""

    exit_code = 1
