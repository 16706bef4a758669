"""What the command line itself refuses, each with a sentence that is complete."""

import click


class WrongUsage(click.ClickException):
    """The command was called in a way that cannot work."""

    exit_code = 2


class Failed(click.ClickException):
    """It was not done, or what was done could not be told."""

    exit_code = 1
