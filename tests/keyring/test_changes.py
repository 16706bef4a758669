"""A keyring changed by this process, by another one, or by systemd."""

import errno
import os
import stat
from collections.abc import Callable
from pathlib import Path
from threading import Barrier, Thread

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import structs

from cwtui.accounts.errors import (
    CannotCheck,
    KeyringMissing,
    Refused,
    StoreDamaged,
    StoreExposed,
    StoreTooNew,
)
from cwtui.accounts.upkeep.protection import Key
from cwtui.host import locks, reserve
from cwtui.keyring import file_format
from cwtui.keyring.file_keyring import FileKeyring
from tests.accounts.world import NOW, outcome
from tests.keyring.samples import key, schema_1
from tests.programs import as_root

SECRET = b"JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"


def rotated(file: Path) -> str:
    """Rotate as another process would; the new key."""
    with FileKeyring.load(file).change() as change:
        return change.add(NOW + 1)


# Changing


def test_a_new_key_becomes_active_when_the_change_ends(file: Path, keyring: FileKeyring) -> None:
    first = keyring.active
    sealed = keyring.seal(SECRET, b"ada")
    with keyring.change() as change:
        second = change.add(NOW + 1)
        assert keyring.active == first
    assert keyring.all_keys() == (Key(first, NOW), Key(second, NOW + 1))
    for seen in (keyring, FileKeyring.load(file)):
        assert seen.active == second != first
        assert seen.seal(SECRET, b"ada").key == second
        assert seen.unseal(sealed, b"ada") == SECRET
    assert stat.S_IMODE(file.stat().st_mode) == 0o600


def test_a_removed_key_is_gone(file: Path, keyring: FileKeyring) -> None:
    first = keyring.active
    second = rotated(file)
    with keyring.change() as change:
        change.remove(first)
    assert keyring.all_keys() == (Key(second, NOW + 1),)
    with pytest.raises(KeyringMissing):
        FileKeyring.load(file).pepper(first)


def test_a_pepper_of_another_store_decrypts_nothing(file: Path, keyring: FileKeyring) -> None:
    sealed = keyring.seal(SECRET, b"ada")
    with keyring.change() as change:
        change.add_pepper("0123abcd", bytes(32), NOW + 1)
    for seen in (keyring, FileKeyring.load(file)):
        assert seen.pepper("0123abcd") == bytes(32)
        assert seen.all_keys()[0] == Key("0123abcd", NOW + 1, imported=True)
        assert "0123abcd" in seen.held_now().ids
        assert seen.active == sealed.key
        assert seen.unseal(sealed, b"ada") == SECRET
        with pytest.raises(KeyringMissing):
            seen.unseal(structs.replace(sealed, key="0123abcd"), b"ada")
    assert msgspec.json.decode(file.read_bytes())["schema"] == 3
    with keyring.change() as change:
        change.remove("0123abcd")
    with pytest.raises(KeyringMissing):
        FileKeyring.load(file).pepper("0123abcd")
    # Older versions read it again.
    assert msgspec.json.decode(file.read_bytes())["schema"] == 2


@pytest.mark.parametrize("error", [ValueError, KeyboardInterrupt])
def test_an_exception_leaves_the_keyring_unchanged(
    file: Path, keyring: FileKeyring, error: type[BaseException]
) -> None:
    before = file.read_bytes()

    def fail() -> None:
        with keyring.change() as change:
            change.add(NOW)
            raise error

    with pytest.raises(error):
        fail()
    assert file.read_bytes() == before
    assert {path.name for path in file.parent.iterdir()} == {
        file.name,
        f".{file.name}.lock",
        reserve.NAME,
    }


def test_a_full_disk_is_noticed_when_the_key_is_added(
    file: Path, keyring: FileKeyring, monkeypatch: pytest.MonkeyPatch
) -> None:
    """That is, before it is recorded in the audit log."""
    before = file.read_bytes()

    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with keyring.change() as change:
        monkeypatch.setattr(os, "fsync", full)
        with pytest.raises(CannotCheck, match="no space left"):
            change.add(NOW)
        monkeypatch.undo()
    assert file.read_bytes() == before


def test_an_existing_keyring_is_not_recreated(file: Path, keyring: FileKeyring) -> None:
    before = file.read_bytes()
    with pytest.raises(CannotCheck, match="already"):
        FileKeyring.create(file, NOW)
    assert file.read_bytes() == before
    assert FileKeyring.load(file).active == keyring.active


def test_a_replaced_keyring_is_kept_beside_the_new_one(file: Path, keyring: FileKeyring) -> None:
    before = file.read_bytes()
    lost = keyring.active
    new = FileKeyring.replace(file, NOW)
    assert new.active != lost
    [kept] = file.parent.glob("keyring.json.lost-*")
    assert kept.name == "keyring.json.lost-20270115T080000.000000"
    assert kept.read_bytes() == before
    assert stat.S_IMODE(kept.stat().st_mode) == 0o600
    assert keyring.active == new.active


def test_a_link_to_a_keyring_stays_a_link(file: Path, keyring: FileKeyring, tmp_path: Path) -> None:
    """Else the keys would move to another disk, and the file that is backed up lack the new one."""
    link = tmp_path / "link.json"
    link.symlink_to(file)
    active = rotated(link)
    assert link.readlink() == file
    assert keyring.active == active
    new = FileKeyring.replace(link, NOW + 2)
    assert link.readlink() == file
    assert keyring.active == new.active
    [kept] = file.parent.glob("keyring.json.lost-*")
    assert FileKeyring.load(kept).active == active


def test_a_link_and_its_file_have_the_same_lock(
    file: Path, keyring: FileKeyring, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Else two rotations at the same time would lose a key."""
    monkeypatch.setattr(locks, "LOCK_SECONDS", 0.01)
    link = tmp_path / "elsewhere" / "link.json"
    link.parent.mkdir()
    link.symlink_to(file)
    for held, other in ((file, link), (link, file)):
        with FileKeyring.load(held).change() as change:
            change.add(NOW)
            with pytest.raises(CannotCheck, match="Another cwtui process has held"):
                rotated(other)
    assert len(keyring.all_keys()) == 3
    assert not list(link.parent.glob(".*"))


@pytest.mark.parametrize("target", [os.mkfifo, os.mkdir], ids=["FIFO", "folder"])
def test_only_a_regular_file_is_replaced(
    tmp_path: Path, target: Callable[[Path, int], None]
) -> None:
    """So nothing happens to /dev/null if somebody names it as the keyring."""
    other = tmp_path / "other"
    target(other, 0o600)
    before = other.stat()
    for act in (FileKeyring.create, FileKeyring.replace):
        with pytest.raises(CannotCheck):
            act(other, NOW)
        assert os.path.samestat(before, other.stat())
        assert other.stat().st_mode == before.st_mode
    assert list(tmp_path.iterdir()) == [other]


def test_concurrent_rotations_lose_no_key(file: Path, keyring: FileKeyring) -> None:
    gate = Barrier(4)

    def work() -> None:
        gate.wait(10)
        rotated(file)

    threads = [Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert len(keyring.all_keys()) == 5


# Another process


def test_a_key_activated_by_another_process_is_used(file: Path, keyring: FileKeyring) -> None:
    first = keyring.active
    second = rotated(file)
    assert keyring.seal(SECRET, b"ada").key == second
    assert keyring.active == second
    assert keyring.pepper(first) == FileKeyring.load(file).pepper(first)


def test_keys_added_by_another_process_are_found(file: Path, keyring: FileKeyring) -> None:
    assert keyring.active
    rotated(file)
    sealed = FileKeyring.load(file).seal(SECRET, b"ada")
    assert keyring.unseal(sealed, b"ada") == SECRET
    assert keyring.pepper(rotated(file))


def test_an_unchanged_file_is_read_only_once(
    file: Path, keyring: FileKeyring, monkeypatch: pytest.MonkeyPatch
) -> None:
    read: list[Path] = []
    whole = file_format.read

    def counted(path: Path) -> file_format.KeyFile:
        read.append(path)
        return whole(path)

    monkeypatch.setattr(file_format, "read", counted)
    for _ in range(3):
        keyring.pepper(keyring.active)
        keyring.unseal(keyring.seal(SECRET, b"ada"), b"ada")
    assert read == []
    rotated(file)
    read.clear()
    assert [keyring.active for _ in range(3)]
    assert read == [file]


@pytest.mark.parametrize("what", ["missing", "damaged", "exposed"])
def test_a_keyring_spoilt_while_open_is_no_longer_used(
    file: Path, keyring: FileKeyring, what: str
) -> None:
    """DESIGN 4.10: what is written now could be unreadable later."""
    match what:
        case "missing":
            file.unlink()
        case "damaged":
            file.write_bytes(b"{")
        case _:
            rotated(file)
            file.chmod(0o644)
    with pytest.raises((KeyringMissing, StoreDamaged, StoreExposed)):
        keyring.seal(SECRET, b"ada")
    with pytest.raises((KeyringMissing, StoreDamaged, StoreExposed)):
        assert keyring.active


def test_missing_keys_are_named(file: Path, keyring: FileKeyring) -> None:
    many = keyring.without(frozenset(digit * 16 for digit in "12345"))
    assert f"the keys {'1' * 16}, {'2' * 16}, {'3' * 16} and 2 more, which the store needs" in str(
        many
    )
    assert str(keyring.without(frozenset({"b" * 16, "a" * 16}))) == (
        f"The keyring {file} lacks the keys {'a' * 16}, {'b' * 16}, which the store needs. "
        "Restore the keyring of this store from your backup. If it is lost for good: "
        "cwtui init --admin NAME --new-keyring"
    )


# A credential of systemd


@pytest.fixture
def credential(file: Path, keyring: FileKeyring) -> Path:
    """As systemd provides it: read-only, with group access through its access control list."""
    assert keyring.active
    file.chmod(0o440)
    file.parent.chmod(0o550)
    return file


@pytest.mark.parametrize("mode", [0o400, 0o440, 0o600])
def test_a_credential_is_read(credential: Path, mode: int) -> None:
    credential.chmod(mode)
    keyring = FileKeyring.load(credential, credential=True)
    assert keyring.unseal(keyring.seal(SECRET, b"ada"), b"ada") == SECRET


@pytest.mark.parametrize("mode", [0o444, 0o460, 0o402, 0o441])
def test_a_credential_accessible_to_others_is_refused(credential: Path, mode: int) -> None:
    credential.chmod(mode)
    with pytest.raises(StoreExposed, match="LoadCredential"):
        FileKeyring.load(credential, credential=True)


@as_root
def test_a_credential_of_another_user_is_refused(credential: Path) -> None:
    os.chown(credential, 12345, 12345)
    with pytest.raises(StoreExposed, match="owned by root or this user"):
        FileKeyring.load(credential, credential=True)


def test_a_credential_is_not_written(credential: Path) -> None:
    before = credential.read_bytes()
    with (
        pytest.raises(Refused, match="a credential, which only systemd can write"),
        FileKeyring.load(credential, credential=True).change(),
    ):
        pass
    assert credential.read_bytes() == before
    assert not (credential.parent / f".{credential.name}.lock").exists()


def test_a_missing_credential_is_reported(tmp_path: Path) -> None:
    with pytest.raises(KeyringMissing, match="is missing"):
        FileKeyring.load(tmp_path / "none", credential=True)


# Any file content


right_key = key()
right = schema_1(right_key)
ids = st.one_of(
    st.sampled_from(["0123abcd", "0123abcd01234567", right_key["id"], "", "x"]),
    st.text(max_size=16),
    st.from_regex(r"[0-9a-f]{16}", fullmatch=True),
)
anything = st.recursive(
    st.none() | st.booleans() | st.floats() | st.integers() | st.text(max_size=8) | ids,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner),
    max_leaves=6,
)
keys = st.fixed_dictionaries(
    {
        "id": ids,
        "created_at": st.floats() | st.integers() | anything,
        "material": st.binary(min_size=31, max_size=33).map(msgspec.to_builtins) | anything,
    },
    optional={"note": anything},
)
contents = st.fixed_dictionaries(
    {},
    optional={
        "schema": st.integers(-1, 3) | anything,
        "active": ids | anything,
        "keys": st.lists(keys | st.just(right_key), max_size=3) | anything,
        "note": anything,
    },
).map(lambda wrong: right | wrong)


@given(st.one_of(contents.map(msgspec.json.encode), anything.map(msgspec.json.encode), st.binary()))
def test_any_file_content_gives_a_working_keyring_or_our_error(
    tmp_path_factory: pytest.TempPathFactory, content: bytes
) -> None:
    """DESIGN 4.8: only our own exceptions, and a keyring that loads works."""
    file = tmp_path_factory.getbasetemp() / "fuzzed.json"
    file.write_bytes(content)
    file.chmod(0o600)
    found = outcome(lambda: FileKeyring.load(file))
    if isinstance(found, FileKeyring):
        assert found.unseal(found.seal(SECRET, b"ada"), b"ada") == SECRET
        assert found.active == found.all_keys()[-1].id
    else:
        assert isinstance(found, StoreDamaged | StoreTooNew)
        assert str(file) in str(found)
    assert file.read_bytes() == content


@given(st.binary(min_size=32, max_size=32), st.floats(0, 1e11))
def test_a_key_id_is_its_fingerprint(material: bytes, at: float) -> None:
    made = file_format.KeyEntry(
        file_format.derived(material, b"cwtui key id", 8).hex(), at, material
    )
    content = file_format.KeyFile(1, made.id, (made,))
    read = msgspec.json.decode(file_format.encoded(content), type=file_format.KeyFile)
    assert read == content
    assert len(made.id) == 16
