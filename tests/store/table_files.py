"""Table files for tests: a small one of things, edited bases, and files of older schemas."""

from hashlib import sha256
from pathlib import Path

import msgspec
import pytest
from msgspec import Raw

from cwtui.store import base, base_search, base_text, places
from cwtui.store.accounts import TinyAccountStore
from cwtui.store.table_file import TableFile
from cwtui.store.view import Kind


def is_marked(document: bytes) -> bool:
    return b'"mark":true' in document


def table(path: Path) -> TableFile:
    return TableFile(
        Kind(path, "things", ("small",), is_marked),
        check_is_there=lambda: None,
        may_be_missing=True,
    )


def change(file: TableFile, changes: dict[str, dict[str, object] | None]) -> None:
    with file.transaction():
        for name, document in changes.items():
            if document is None:
                file.drop("things", name)
            else:
                file.put("things", {name: document})


def table_of_thirty(folder: Path) -> TableFile:
    """Thirty documents in the base, one of them changed in the journal."""
    made = table(folder / "things.json")
    change(made, {f"n{number}": {"text": "x" * number} for number in range(30)})
    made.compact()
    change(made, {"n7": {"text": "changed"}})
    return made


def make_pieces_small(patch: pytest.MonkeyPatch) -> None:
    """So that small files reach every branch of the search."""
    sizes = {"WINDOW": 64, "_NEAR": 64, "_FEW": 32, "_FAR": 512, "_SOME": 3, "_REMEMBERED": 9}
    sizes |= {"BLOCK": 256, "NAME_MOST": 256}
    for name, size in sizes.items():
        users = [module for module in (base, base_search, base_text) if hasattr(module, name)]
        assert users
        for module in users:
            patch.setattr(module, name, size)
    patch.setattr(places, "_PART", 4)


def journal_of(path: Path) -> Path:
    """The journal that a base names."""
    return path.with_name(msgspec.json.decode(path.read_bytes())["meta"]["journal"])


def lines_of(path: Path) -> bytes:
    """The lines of a journal, without the zeros after them."""
    return path.read_bytes().rstrip(b"\0")


def write(path: Path, content: bytes) -> None:
    """Write in place, as an editor would."""
    path.write_bytes(content)
    path.chmod(0o600)


def edit(path: Path, name: str, **fields: object) -> int:
    """Change a document of the base where it stands, and return the number of its line."""
    TinyAccountStore(path).compact()
    lines = path.read_bytes().split(b"\n")
    start = msgspec.json.encode(name) + b":"
    [at] = [number for number, line in enumerate(lines) if line.startswith(start)]
    document = msgspec.json.decode(lines[at].removeprefix(start).removesuffix(b","))
    comma = b"," * lines[at].endswith(b",")
    lines[at] = start + msgspec.json.encode(document | fields) + comma
    write(path, b"\n".join(lines))
    return at + 1


def as_old_file(path: Path, schema: int) -> bytes:
    """The same content in the format of schemas 3 to 5, without a journal."""
    TinyAccountStore(path).compact()
    journal_of(path).unlink()
    tables = msgspec.json.decode(path.read_bytes(), type=dict[str, dict[str, Raw]])
    del tables["meta"]
    write(path, old_content(tables, schema))
    return path.read_bytes()


def old_content(tables: dict[str, dict[str, Raw]], schema: int) -> bytes:
    """The text of a file of this schema."""
    rest = b"".join(b",\n" + _table(name, kept) for name, kept in tables.items()) + b"}\n"
    digest = sha256(b"%d" % schema + rest).hexdigest()
    return b"{" + _table("meta", {"schema": schema, "sha256": digest}) + rest


def _table(name: str, documents: dict[str, object] | dict[str, Raw]) -> bytes:
    encode = msgspec.json.encode
    lines = [b"%b:%b" % (encode(key), encode(kept)) for key, kept in documents.items()]
    return b"%b:{\n%b\n}" % (encode(name), b",\n".join(lines))
