"""JSON for scripts: field names that stay, and characters that no terminal acts on."""

import json
from collections.abc import Iterable, Mapping
from typing import Any

from cwtui.cli.output import put


def put_object(fields: Mapping[str, Any]) -> None:
    """One object."""
    put(_escaped(json.dumps(fields, indent=2)))


def put_list(objects: Iterable[Mapping[str, Any]]) -> None:
    """A list with one object on a line."""
    lines = ",\n".join(json.dumps(fields) for fields in objects)
    put(_escaped(f"[\n{lines}\n]" if lines else "[]"))


def _escaped(text: str) -> str:
    # json writes all but ASCII as escapes, C1 and bidi among them; DEL is ASCII.
    return text.replace("\x7f", "\\u007f")
