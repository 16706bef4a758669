"""The formats of a file to import: CSV with a header line, and JSON with one object per line."""

import csv
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import chain
from typing import Final, TypeAlias

import msgspec

from cwtui.accounts.errors import InvalidInput, WrongFile
from cwtui.accounts.importing import repeated_fields, saved
from cwtui.accounts.importing.entries import FIELDS, IGNORED, Entry, entry
from cwtui.accounts.importing.lines import Line
from cwtui.accounts.importing.places import Problem
from cwtui.accounts.text import refuse_control_characters, shortened, visible
from cwtui.language import _, ngettext

Fields: TypeAlias = dict[str, object]

_KNOWN: Final = {*FIELDS, *IGNORED, *saved.FIELDS}
_QUOTED: Final = 64
_PRETTY: Final = {"{", "[{"}
"""Lines that begin an object, and are what programs write that indent JSON."""
_decode: Final = msgspec.json.Decoder(dict[str, object]).decode


def entries(found: Iterable[Line | Problem]) -> Iterator[Entry | Problem]:
    """Yield what each line says, or what is wrong with it. Raises WrongFile for a wrong header.

    The first line tells the format: JSON begins with { or [, else it is the header of CSV. A list
    in JSON must have one object per line, as `cwtui user list --json` prints it.
    """
    rest = iter(found)
    first = next(rest, None)
    if first is None:
        return
    if isinstance(first, Problem):
        raise WrongFile(
            _(
                "Line {number}: {reason} Nothing was read.",
                number=first.place.number,
                reason=first.reason,
            )
        )
    if first.text.lstrip().startswith(("{", "[")):
        is_list = first.text.lstrip().startswith("[")
        yield from _each(_refuse_pretty(chain([first], rest), is_list=is_list), _object)
    else:
        header = _header(first)
        yield from _each(rest, lambda text: _cells(text, header))


def _each(
    found: Iterable[Line | Problem], fields_of: Callable[[str], Fields | None]
) -> Iterator[Entry | Problem]:
    for line in found:
        if isinstance(line, Problem):
            yield line
            continue
        name = ""
        try:
            fields = fields_of(line.text)
            if fields is None:
                continue
            name = str(fields.get("username") or "")
            yield entry(line.place, fields)
        except InvalidInput as error:
            yield Problem(line.place, str(error), visible(shortened(name, _QUOTED)))


# CSV (RFC 4180), but with one record per line: an open quote ends with its line


def _header(line: Line) -> Sequence[str]:
    if "\r" in line.text:
        raise WrongFile(
            _("The lines of the file end with CR alone. Save it with the line end LF or CRLF.")
        )
    if "\t" in line.text:
        raise WrongFile(
            _("The columns of the file are separated by tabs. Save it as CSV, with commas.")
        )
    try:
        names = [name.strip().casefold() for name in _split(line.text)]
    except InvalidInput as error:
        raise WrongFile(
            _("Line {number}: {error} Nothing was read.", number=line.place.number, error=error)
        ) from None
    if "username" not in names:
        raise WrongFile(
            _(
                "The first line has no column username. It must name the columns, separated by "
                "commas, such as: username,display_name,role,mfa_required"
            )
        )
    for at, name in enumerate(names):
        if name not in _KNOWN:
            shown = visible(shortened(name, _QUOTED))
            raise WrongFile(
                _(
                    "There is no column {shown}. Choose from: {fields}.",
                    shown=shown,
                    fields=", ".join(FIELDS),
                )
            )
        if name in names[:at]:
            raise WrongFile(_("The column {name} appears twice.", name=name))
    return names


def _cells(text: str, header: Sequence[str]) -> Fields:
    cells = _split(text)
    if len(cells) != len(header):
        raise InvalidInput(
            "line",
            ngettext(
                "The line has {number} field, and the first line has {header}.",
                "The line has {number} fields, and the first line has {header}.",
                len(cells),
                header=len(header),
            ),
        )
    return {name: cell for name, cell in zip(header, cells, strict=True) if cell}


def _split(text: str) -> list[str]:
    refuse_control_characters(text, "line")
    if '"' not in text:
        return text.split(",")  # at once: this includes most lines
    try:
        return next(csv.reader([text], strict=True))
    except (csv.Error, StopIteration):
        raise InvalidInput(
            "line", _("The quotes are not closed, or have text after them. A record is one line.")
        ) from None


# JSON


def _refuse_pretty(found: Iterable[Line | Problem], *, is_list: bool) -> Iterator[Line | Problem]:
    """Raise WrongFile once for objects on several lines, as each of the lines would be wrong."""
    for line in found:
        if isinstance(line, Line) and line.text.replace(" ", "").rstrip() in _PRETTY:
            jq = "jq -c '.[]' FILE" if is_list else "jq -c . FILE"
            raise WrongFile(
                _(
                    "Line {number}: an object begins here that is longer than its line. To put "
                    "each on one line: {command}. Nothing was read.",
                    number=line.place.number,
                    command=jq,
                )
            )
        yield line


def _object(text: str) -> Fields | None:
    bare = text.strip()
    if bare in {"[", "]", "[]"}:
        return None
    try:
        fields = _decode(bare.removesuffix(","))
    except msgspec.ValidationError:
        raise InvalidInput(
            "line", _("The line is JSON, but not one object. Each account is one object on a line.")
        ) from None
    except (msgspec.MsgspecError, UnicodeError, RecursionError):
        raise InvalidInput(
            "line",
            _(
                "The line is not JSON, or not all of an object. Each object is one line, as jq -c "
                "makes it."
            ),
        ) from None
    repeated_fields.refuse(bare, fields)
    for name in fields.keys() - _KNOWN:
        shown = visible(shortened(name, _QUOTED))
        raise InvalidInput(
            "line",
            _(
                "There is no field {shown}. Choose from: {fields}.",
                shown=shown,
                fields=", ".join(FIELDS),
            ),
        )
    return fields
