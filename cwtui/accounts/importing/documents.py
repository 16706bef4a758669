"""Files that are read whole, such as JSON, bounded before they are parsed."""

from typing import Annotated, Final, TypeAlias, TypeVar

import msgspec

from cwtui.accounts.errors import InvalidInput, WrongFile
from cwtui.accounts.importing import repeated_fields, yaml_text
from cwtui.accounts.importing.lines import Source
from cwtui.accounts.secret import Secret
from cwtui.language import _, grouped, ngettext

BYTES_MOST: Final = 1 << 27
ENTRIES_MOST: Final = 200_000
"""As many as a file of lines may have."""
_COMMAS_MOST: Final = 10_000_000
"""So the values of a list, of about 80 bytes each, fit into memory until they are counted.

A user in an export of Keycloak has about sixty, in at least 1,200 bytes.
"""
_PIECE: Final = 1 << 16
_BYTE_ORDER_MARK: Final = b"\xef\xbb\xbf"

T = TypeVar("T")
Number: TypeAlias = Annotated[int, msgspec.Meta(ge=0, le=1 << 16)]
"""A number of digits or seconds."""


def content(source: Source, most: int | None = None) -> bytes:
    """Return what is in the file, at most so many bytes. Raises WrongFile for more, and OSError."""
    most = BYTES_MOST if most is None else most
    pieces: list[bytes] = []
    size = 0
    while piece := source.readline(_PIECE):
        size += len(piece)
        if size > most:
            raise WrongFile(_("The file has more than {most} bytes.", most=grouped(most)))
        pieces.append(piece)
    return b"".join(pieces).removeprefix(_BYTE_ORDER_MARK)


def json(text: bytes, type_: type[T], what: str) -> T:
    """Return the document as this type. `what` it should be is named in WrongFile."""
    if text.count(b",") > _COMMAS_MOST:
        raise WrongFile(_("The file is too long."))
    found = repeated_fields.first(text)
    if found is not None:
        raise WrongFile(
            _(
                "Line {number}: {reason} Nothing was read.",
                number=found.line,
                reason=found.sentence,
            )
        )
    try:
        return msgspec.json.decode(text, type=type_, dec_hook=_wrapped)
    except (msgspec.MsgspecError, UnicodeError, RecursionError):
        raise WrongFile(_("The file is not {what}.", what=_(what))) from None


def entry(raw: msgspec.Raw | str, type_: type[T]) -> T:
    """Return one entry of a document that `json` returned, or JSON in a text of it, as this type.

    Raises InvalidInput, which names types and fields and quotes no values.
    """
    if isinstance(raw, str):
        found = repeated_fields.first(raw.encode(errors="surrogatepass"))
        if found is not None:
            raise InvalidInput("entry", found.sentence)
    try:
        return msgspec.json.decode(raw, type=type_, strict=False, dec_hook=_wrapped)
    except msgspec.ValidationError as error:
        raise InvalidInput(
            "entry", _("The entry is not as expected: {error}.", error=error)
        ) from None
    except (msgspec.MsgspecError, UnicodeError, RecursionError):
        raise InvalidInput("entry", _("The entry is not as expected.")) from None


def structured(text: bytes, type_: type[T], what: str) -> T:
    """Return the JSON or YAML document as this type. `what` it should be is named in WrongFile."""
    if text.lstrip()[:1] in {b"{", b"["}:
        return json(text, type_, what)
    try:
        return msgspec.convert(yaml_text.parsed(text), type=type_, dec_hook=_wrapped)
    except msgspec.ValidationError:
        raise WrongFile(_("The file is not {what}.", what=_(what))) from None


def converted(value: object, type_: type[T]) -> T:
    """Return one entry of a `structured` document as this type. Raises InvalidInput."""
    try:
        return msgspec.convert(value, type=type_, strict=False, dec_hook=_wrapped)
    except msgspec.ValidationError as error:
        raise InvalidInput(
            "entry", _("The entry is not as expected: {error}.", error=error)
        ) from None


def _wrapped(type_: type, value: object) -> object:
    """Return a text that is meant to be a Secret as one, so that no repr shows it."""
    if type_ is Secret and isinstance(value, str):
        return Secret(value)
    raise TypeError("Expected `str`")


def check_count(entries: int) -> None:
    """Raise WrongFile if the file has too many entries."""
    if entries > ENTRIES_MOST:
        raise WrongFile(
            ngettext(
                "The file has more than {number} entry.",
                "The file has more than {number} entries.",
                ENTRIES_MOST,
            )
        )
