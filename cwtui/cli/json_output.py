"""JSON output for scripts. Field names must stay the same.

The json module escapes everything except printable ASCII, so terminals cannot be attacked with it.
"""

import json
from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final

import click

from cwtui import language
from cwtui.cli.errors import Failed
from cwtui.cli.output import put
from cwtui.language import _


def speak_english() -> None:
    """Speak English from now on, whatever the operator speaks: for scripts, and for logs."""
    language.use(language.Language.ENGLISH)


def option_with(help_text: str) -> Callable[[Any], Any]:
    """Return the decorator that adds --json with this help."""

    def chosen(_ctx: click.Context, _parameter: click.Parameter, as_json: bool) -> bool:
        if as_json:
            speak_english()
        return as_json

    return click.option("--json", "as_json", is_flag=True, callback=chosen, help=help_text)


option: Final = option_with("Print JSON.")
"""Every command that writes has it, and prints `put_change`."""


def put_object(fields: Mapping[str, Any]) -> None:
    """Print one object."""
    put(json.dumps(fields, indent=2))


def put_change(fields: Mapping[str, Any], *, changed: bool) -> None:
    """Print what a command did; `changed` is whether anything is different from before.

    Raises Failed if that cannot be written, which says that the change was made.
    """
    try:
        put_object({"changed": changed, **fields})
    except Failed as error:
        if not changed:
            raise
        made = _("The change was made all the same.")
        raise Failed(f"{error} {made}") from None


def put_list(objects: Iterable[Mapping[str, Any]]) -> None:
    """Print a list with one object per line."""
    lines = ",\n".join(json.dumps(fields) for fields in objects)
    put(f"[\n{lines}\n]" if lines else "[]")


def on_a_line(fields: Mapping[str, Any]) -> str:
    """Return one object as a line, for output with one object per line."""
    return json.dumps(fields)
