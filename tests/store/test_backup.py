"""A backup is a plain tar of one moment, and only what cwtui wrote is unpacked from it."""

import hashlib
import io
import json
import stat
import tarfile
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from cwtui.accounts.errors import AccountsError, StoreDamaged, StoreTooNew
from cwtui.host import files
from cwtui.store import backup
from cwtui.store.accounts import TinyAccountStore
from cwtui.store.layout import Layout
from cwtui.store.records import TinyRecordStore
from tests.store.samples import FULL, LDAP, PLAIN, RECORD
from tests.store.table_files import lines_of
from tests.store.tars import NOW, manifest_for, plain, special, tar_of

pytestmark = pytest.mark.usefixtures("quick_disk")


@pytest.fixture
def layout(tmp_path: Path) -> Layout:
    made = Layout(tmp_path / "store")
    made.records.mkdir(mode=0o700, parents=True)
    with TinyAccountStore.create(made.accounts).change() as change:
        change.put(FULL, PLAIN)
    TinyRecordStore(made.records).update("bob", lambda _: (RECORD, None))
    files.append_durably(made.audit, b'{"event":"first"}')
    return made


def backed_up(layout: Layout) -> bytes:
    out = io.BytesIO()
    with backup.snapshot(layout) as found:
        backup.write(found, backup.manifest_of(found, "1.0", NOW), out.write)
    return out.getvalue()


def unpack(content: bytes, folder: Path) -> dict[str, bytes]:
    folder.mkdir()
    backup.unpack(io.BytesIO(content), folder, "x.tar")
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file()
    }


def test_a_backup_is_a_plain_tar_with_a_manifest(layout: Layout) -> None:
    with tarfile.open(fileobj=io.BytesIO(backed_up(layout))) as tar:
        content = {}
        for member in tar.getmembers():
            file = tar.extractfile(member)
            assert file is not None
            content[member.name] = file.read()
            assert stat.S_IMODE(member.mode) == 0o600
    manifest = json.loads(content.pop("manifest.json"))
    assert sorted(content) == sorted(
        [*layout.account_files(), *layout.record_files(), "audit.jsonl"]
    )
    assert next(iter(content)) == "accounts.json"
    assert content["accounts.json"] == layout.accounts.read_bytes()
    assert content["audit.jsonl"] == layout.audit.read_bytes()
    assert manifest["keys"] == ["k1"]
    assert (manifest["format"], manifest["created_at"], manifest["cwtui"]) == (2, NOW, "1.0")
    assert manifest["members"] == {
        name: {"size": len(kept), "sha256": hashlib.sha256(kept).hexdigest()}
        for name, kept in content.items()
    }


def test_unpacking_gives_the_original_files(layout: Layout, tmp_path: Path) -> None:
    found = unpack(backed_up(layout), tmp_path / "out")
    names = [*reversed(layout.account_files()), *layout.record_files(), "audit.jsonl"]
    # Without the zeros that follow the lines of journals.
    assert found == {name: lines_of(layout.folder / name) for name in names}
    assert {stat.S_IMODE(p.stat().st_mode) for p in (tmp_path / "out").rglob("*.j*")} == {0o600}


def test_a_backup_excludes_later_writes(layout: Layout, tmp_path: Path) -> None:
    before = layout.accounts.read_bytes()
    out = io.BytesIO()
    with backup.snapshot(layout) as found:
        with TinyAccountStore(layout.accounts).change() as change:  # no lock is held now
            change.put(LDAP)
        TinyRecordStore(layout.records).remove("bob")
        files.append_durably(layout.audit, b'{"event":"second"}')
        backup.write(found, backup.manifest_of(found, "1.0", NOW), out.write)
    kept = unpack(out.getvalue(), tmp_path / "out")
    assert kept["accounts.json"] == before
    assert kept["audit.jsonl"] == b'{"event":"first"}\n'
    assert sum(b'"bob"' in content for content in kept.values()) == 2


def test_a_file_changed_in_place_is_read_under_the_lock(layout: Layout) -> None:
    """The head of the audit log."""
    head = layout.folder / "audit.head"
    head.write_bytes(b"1:aa")
    with backup.snapshot(layout) as found:
        head.write_bytes(b"2:bb")
        assert b"".join(found.parts["audit.head"].pieces()) == b"1:aa"


# Backups not made by cwtui


GOOD = {"accounts.json": b"{}"}
ACCOUNTS = plain("accounts.json", b"{}")


def named(name: str) -> bytes:
    """A member listed in the manifest under a name that no store file has."""
    return tar_of(manifest_for(**GOOD, **{name: b"x"}), ACCOUNTS, plain(name, b"x"))


HOSTILE: dict[str, tuple[Callable[[], bytes], str]] = {
    "an absolute path": (lambda: named("/etc/passwd"), "does not belong in a backup"),
    "a way out": (lambda: named("../../x"), "does not belong in a backup"),
    "a way out below": (lambda: named("sign-in/../../x"), "does not belong in a backup"),
    "a folder below": (lambda: named("sign-in/x/01.json"), "does not belong in a backup"),
    "a name of its own": (lambda: named("config.toml"), "does not belong in a backup"),
    "a keyring": (lambda: named("keyring.json"), "does not belong in a backup"),
    "a second manifest": (lambda: named("manifest.json"), "does not belong in a backup"),
    "a file that is not in the manifest": (
        lambda: tar_of(manifest_for(**GOOD), ACCOUNTS, plain("audit.jsonl", b"x")),
        "does not belong in a backup",
    ),
    "a file twice": (
        lambda: tar_of(manifest_for(**GOOD), ACCOUNTS, ACCOUNTS),
        "does not belong in a backup",
    ),
    "a link": (
        lambda: tar_of(
            manifest_for(**GOOD), special("accounts.json", tarfile.SYMTYPE, "/etc/shadow")
        ),
        "is not a plain file",
    ),
    "a hard link": (
        lambda: tar_of(manifest_for(**GOOD), special("accounts.json", tarfile.LNKTYPE, "x")),
        "is not a plain file",
    ),
    "a device": (
        lambda: tar_of(manifest_for(**GOOD), special("accounts.json", tarfile.CHRTYPE)),
        "is not a plain file",
    ),
    "a folder": (
        lambda: tar_of(manifest_for(**GOOD), special("sign-in", tarfile.DIRTYPE)),
        "is not a plain file",
    ),
    "a sparse file": (
        lambda: tar_of(manifest_for(**GOOD), special("accounts.json", tarfile.GNUTYPE_SPARSE)),
        "is not a plain file",
    ),
    "another size": (
        lambda: tar_of(manifest_for(**GOOD), plain("accounts.json", b"{ }")),
        "differs from the manifest",
    ),
    "another content": (
        lambda: tar_of(manifest_for(**GOOD), plain("accounts.json", b"[]")),
        "the content of accounts.json was changed",
    ),
    "no accounts": (lambda: tar_of(manifest_for()), "accounts.json is missing"),
    "less than the manifest says": (
        lambda: tar_of(manifest_for(**GOOD, **{"audit.jsonl": b""}), ACCOUNTS),
        "audit.jsonl is missing",
    ),
    "no manifest": (lambda: tar_of(ACCOUNTS), "does not start with a manifest"),
    "a manifest without end": (
        lambda: tar_of(plain("manifest.json", b" " * (1 << 20) + b"{}")),
        "does not start with a manifest",
    ),
    "a manifest of another form": (
        lambda: tar_of(plain("manifest.json", b'{"format":1,"members":5}')),
        "the manifest is invalid: ",
    ),
    "a manifest that is no JSON": (
        lambda: tar_of(plain("manifest.json", b"[" * 100_000)),
        "the manifest is invalid: ",
    ),
    "nothing": (lambda: b"", "it is not a complete tar archive"),
    "zeros": (lambda: bytes(10240), "does not start with a manifest"),
    "something else": (lambda: b"\x1f\x8b" + b"x" * 2000, "it is not a complete tar archive"),
}


@pytest.mark.parametrize("what", HOSTILE)
def test_a_tar_not_written_by_cwtui_is_refused(tmp_path: Path, what: str) -> None:
    make, reason = HOSTILE[what]
    with pytest.raises(StoreDamaged) as refused:
        unpack(make(), tmp_path / "out")
    assert str(refused.value).startswith("x.tar is not a usable backup: ")
    assert reason in str(refused.value)
    inside = {path.relative_to(tmp_path).as_posix() for path in tmp_path.rglob("*")}
    assert inside <= {"out", "out/accounts.json"}


def test_a_backup_of_a_newer_version_is_refused(tmp_path: Path) -> None:
    with pytest.raises(StoreTooNew, match=r"x\.tar was written by a newer version of cwtui"):
        unpack(tar_of(plain("manifest.json", b'{"format":3,"new":1}')), tmp_path / "out")


def test_a_truncated_backup_is_refused(layout: Layout, tmp_path: Path) -> None:
    whole = backed_up(layout)
    last = len(whole) - 2 * tarfile.BLOCKSIZE
    for number, length in enumerate(range(0, last, 97)):
        with pytest.raises(StoreDamaged):
            unpack(whole[:length], tmp_path / str(number))


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    layout = Layout(tmp_path_factory.mktemp("whole"))
    layout.folder.chmod(0o700)
    with TinyAccountStore.create(layout.accounts).change() as change:
        change.put(FULL)
    return backed_up(layout)


@hypothesis_settings(max_examples=300)
@given(data=st.data())
def test_a_changed_byte_never_changes_unpacked_files(
    whole: bytes, tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    at = data.draw(st.integers(0, len(whole) - 1))
    bit = data.draw(st.integers(0, 7))
    changed = bytearray(whole)
    changed[at] ^= 1 << bit
    folder = tmp_path_factory.mktemp("changed")
    right = unpack(whole, folder / "right")
    try:
        found = unpack(bytes(changed), folder / "out")
    except AccountsError:
        return
    assert found == right


@hypothesis_settings(max_examples=200)
@given(content=st.binary(max_size=2000))
def test_arbitrary_bytes_are_refused_as_damaged(
    tmp_path_factory: pytest.TempPathFactory, content: bytes
) -> None:
    with pytest.raises(StoreDamaged):
        unpack(content, tmp_path_factory.mktemp("any") / "out")
