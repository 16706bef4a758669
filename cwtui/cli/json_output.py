"""JSON for scripts: field names that stay.

json escapes all but printable ASCII, so that no terminal acts on what others typed.
"""

import json
from collections.abc import Iterable, Mapping
from typing import Any

from cwtui.cli.output import put


def put_object(fields: Mapping[str, Any]) -> None:
    """One object."""
    put(json.dumps(fields, indent=2))


def put_list(objects: Iterable[Mapping[str, Any]]) -> None:
    """A list with one object on a line."""
    lines = ",\n".join(json.dumps(fields) for fields in objects)
    put(f"[\n{lines}\n]" if lines else "[]")


def on_a_line(fields: Mapping[str, Any]) -> str:
    """One object of many, each on a line of its own."""
    return json.dumps(fields)
