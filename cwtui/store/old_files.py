"""Files of schemas up to 5: one JSON text without a journal, which is read as a whole.

Such a file is written in the current format at its first change, and a copy of it is kept.
"""

import re
from hashlib import sha256
from pathlib import Path
from typing import Annotated, Final, NamedTuple

import msgspec
from msgspec import Meta, Raw

from cwtui.accounts.errors import StoreTooOld
from cwtui.host.untrusted_files import read_regular
from cwtui.language import _
from cwtui.store import schema_3, schema_6
from cwtui.store.base import MOST, SCHEMA, too_new
from cwtui.store.base_text import damaged
from cwtui.store.journal import Changes

NEWEST: Final = 5
"""The newest schema without a journal.

Schema 4 stores directory ids by attribute name, and sign-in records that follow a rename.

Schema 5 adds fields whose absence means the default: preferences to accounts, a date to sets of
backup codes, and to sign-in records the last wrong code that fits another time, and how many codes
were wrong.
"""
OLDEST: Final = 3
"""The oldest schema that can be read."""
_META: Final = "meta"
_CHECKSUM: Final = re.compile(rb'\A\{"meta":\{\n"schema":\d+,\n"sha256":"([0-9a-f]{64})"\n\}')
"""The part of the file before the content that the checksum covers."""
_Schema = Annotated[int, Meta(ge=1)]


class OldFile(NamedTuple):
    """What an old file contains, in the current schema."""

    schema: int
    tables: Changes


def decode(content: bytes, path: Path) -> OldFile:
    """Return the documents of a file. Raises StoreDamaged, StoreTooNew and StoreTooOld."""
    try:
        tables = msgspec.json.decode(content, type=dict[str, dict[str, Raw]])
        schema = msgspec.json.decode(tables.pop(_META)["schema"], type=_Schema)
    except KeyError:
        raise damaged(path, 1, _("the schema version is missing")) from None
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise damaged(path, _line_in(str(error), content), str(error)) from None
    if schema > SCHEMA:
        raise too_new(path, schema)
    if schema > NEWEST:
        raise damaged(path, 1, _("it does not begin as a file of schema {schema}", schema=schema))
    if schema < OLDEST:
        raise StoreTooOld(
            _(
                "{path} has schema {schema}, which no release of cwtui wrote. This version reads "
                "schemas from {oldest} on. Restore the store from a backup.",
                path=path,
                schema=schema,
                oldest=OLDEST,
            )
        )
    documents = {
        table: {name: _on_one_line(bytes(document)) for name, document in kept.items()}
        for table, kept in tables.items()
    }
    if schema == OLDEST:
        documents = schema_3.as_schema_4(documents)
    return OldFile(schema, schema_6.as_schema_7(documents))


def _on_one_line(document: bytes) -> bytes:
    # cwtui wrote it so, but an editor or a script may have laid it out.
    return msgspec.json.format(document, indent=-1) if b"\n" in document else document


def verify(content: bytes, path: Path) -> None:
    """Raise StoreDamaged unless the file is exactly as cwtui wrote it."""
    schema = decode(content, path).schema
    kept = _CHECKSUM.match(content)
    rest = content[kept.end() :] if kept is not None else b""
    if kept is None or sha256(b"%d" % schema + rest).hexdigest().encode() != kept[1]:
        raise damaged(path, 1, _("the checksum does not match the content"))


def line_of(path: Path, key: str) -> int:
    """Return the number of the line of this document or table, for errors; 1 if unknown."""
    try:
        content = read_regular(path, MOST)
    except OSError:
        return 1
    # Each table and each document starts a new line.
    start = re.search(rb"^\{?%b:" % re.escape(msgspec.json.encode(key)), content, re.MULTILINE)
    return _line_at(start.start() if start else 0, content)


def _line_in(message: str, content: bytes) -> int:
    # msgspec says "... (byte 123)", "truncated", or gives an error without a position.
    position = re.search(r"\(byte (\d+)\)", message)
    if position:
        return _line_at(int(position[1]), content)
    return _line_at(len(content), content) if "truncated" in message else 1


def _line_at(position: int, content: bytes) -> int:
    return content.count(b"\n", 0, position) + 1
