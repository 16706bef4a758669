"""Lists in the formats that scripts and spreadsheets read."""

import csv
import io
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import click

from cwtui.accounts.text import visible
from cwtui.cli.completing import parts
from cwtui.cli.errors import WrongUsage
from cwtui.cli.json_output import on_a_line, option_with, put_list, speak_english
from cwtui.cli.one_of import OneOf
from cwtui.cli.options import Decorator, as_one
from cwtui.cli.output import put, say
from cwtui.cli.tables import table
from cwtui.language import _

TABLE: Final = "table"
_FORMATS: Final = (TABLE, "csv", "json", "jsonl")
_FORMULA: Final = ("=", "+", "-", "@")
"""How a cell begins that a spreadsheet runs as a formula."""


@dataclass(frozen=True)
class Format:
    """How to print a list. `fields` are the chosen ones of all `known`; empty if none were."""

    name: str
    fields: tuple[str, ...]
    known: tuple[str, ...]

    def wants(self, field: str) -> bool:
        """Whether this field is printed. Without a choice, all are, except in a table."""
        return field in self.fields or (not self.fields and self.name != TABLE)

    def put_all(self, rows: Iterable[Mapping[str, Any]]) -> None:
        """Print these rows, each given as all its fields."""
        chosen = (
            {field: row[field] for field in self.fields} if self.fields else row for row in rows
        )
        match self.name:
            case "json":
                put_list(chosen)
            case "jsonl":
                lines = [on_a_line(row) for row in chosen]
                if lines:
                    put("\n".join(lines))
            case "csv":
                _put_csv(list(chosen), self.fields or self.known)
            case _:
                headings = [field.upper().replace("_", " ") for field in self.fields]
                put(
                    table(
                        [headings, *([_cell(value) or "-" for value in r.values()] for r in chosen)]
                    )
                )


def options(known: Sequence[str]) -> Decorator:
    """Return a decorator that adds --fields, --format and --json, and passes `output`."""

    def chosen(fields: str | None, format_: str | None, as_json: bool) -> Format:
        if as_json and format_ not in {None, "json"}:
            raise WrongUsage(
                _("--json and --format {format} contradict each other.", format=format_)
            )
        name = "json" if as_json else format_ or TABLE
        if name == "json":
            speak_english()
        return Format(name, _fields(fields, known), tuple(known))

    return as_one(
        "output",
        chosen,
        click.option(
            "--fields",
            metavar="FIELD,...",
            shell_complete=parts(known),
            help=f"Print these fields: {', '.join(known)}.",
        ),
        click.option(
            "--format",
            "format_",
            type=OneOf(_FORMATS),
            help="How to print the list. CSV has the data unchanged: import its columns as text.",
        ),
        option_with("The same as --format json."),
    )


def _fields(typed: str | None, known: Sequence[str]) -> tuple[str, ...]:
    if typed is None:
        return ()
    fields = tuple(dict.fromkeys(field.strip() for field in typed.split(",")))
    for field in fields:
        if field not in known:
            raise WrongUsage(
                _(
                    "There is no field named {field!r}. Choose from: {known}.",
                    field=visible(field[:64]),
                    known=", ".join(known),
                )
            )
    return fields


def _put_csv(rows: Sequence[Mapping[str, Any]], fields: Sequence[str]) -> None:
    written = io.StringIO()
    writer = csv.writer(written, lineterminator="\n")
    writer.writerow(fields)
    cells = [[_cell(value) for value in row.values()] for row in rows]
    writer.writerows(cells)
    put(written.getvalue().removesuffix("\n"))
    say_if_formulas(cell for row in cells for cell in row)


def say_if_formulas(cells: Iterable[object]) -> None:
    """Warn if a spreadsheet would run one of these cells of CSV."""
    # OWASP's mark in front would change the data for every other program, and for our import.
    if any(isinstance(cell, str) and cell.startswith(_FORMULA) for cell in cells):
        say(
            _(
                "Some cells begin with =, +, - or @. Import the columns into a spreadsheet as "
                "text, or it may run them as formulas."
            )
        )


def _cell(value: object) -> str:
    match value:
        case None:
            return ""
        case bool():
            return "yes" if value else "no"
        case list():
            return visible(",".join(map(str, value)))
    return visible(str(value))
