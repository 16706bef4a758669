"""Private files: their owner and mode."""

import errno
import os
import pwd
import stat
from pathlib import Path
from types import SimpleNamespace

import pytest

from cwtui import hints
from cwtui.accounts.errors import CannotCheck, StoreExposed
from cwtui.host.files import (
    append_durably,
    cannot,
    check_private,
    exists,
    make_private_folder,
    write_atomically,
)
from cwtui.host.locks import exclusive
from tests.programs import as_root

NOBODY = 65534


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


@pytest.mark.parametrize("umask", [0o000, 0o022, 0o077])
def test_modes_are_0700_and_0600_whatever_the_umask(tmp_path: Path, umask: int) -> None:
    """DESIGN 4.7."""
    before = os.umask(umask)
    try:
        made = tmp_path / "one" / "two"
        make_private_folder(made)
        write_atomically(made / "file", b"content")
        append_durably(made / "log", b"line")
        with exclusive(made / "file"):
            assert mode(made / ".file.lock") == 0o600
    finally:
        os.umask(before)
    assert mode(made) == 0o700
    assert mode(made / "file") == 0o600
    assert mode(made / "log") == 0o600


@pytest.mark.parametrize("bits", [0o604, 0o640, 0o602, 0o620, 0o601, 0o666, 0o777])
def test_a_file_accessible_to_others_is_refused(file: Path, bits: int) -> None:
    """DESIGN 4.7: refused with a clear message, and untouched."""
    file.chmod(bits)
    with pytest.raises(StoreExposed) as exposed:
        check_private(file)
    assert str(exposed.value) == (
        f"Other users can access {file}. Check whether anyone did, then run: chmod 600 {file}"
    )
    assert mode(file) == bits


@pytest.mark.parametrize("bits", [0o701, 0o710, 0o750, 0o755, 0o777, 0o1777])
def test_a_folder_accessible_to_others_is_refused(folder: Path, bits: int) -> None:
    """DESIGN 4.7. A folder used by others too, such as a mistyped /srv, is left open."""
    folder.chmod(bits)
    with pytest.raises(StoreExposed, match=f"Choose a separate folder, such as {folder}/cwtui"):
        make_private_folder(folder)
    (folder / "accounts.json").touch()
    with pytest.raises(StoreExposed, match=f"chmod 700 {folder}"):
        make_private_folder(folder)
    assert mode(folder) == bits


@pytest.mark.parametrize(
    ("owner", "remedy"),
    [
        (1000, "Run cwtui as that user, or change the owner"),
        # As after a keyring was copied back by root, who must not run cwtui here.
        (0, "Change the owner, as root"),
    ],
)
def test_a_file_of_another_user_is_refused(
    file: Path, monkeypatch: pytest.MonkeyPatch, owner: int, remedy: str
) -> None:
    """DESIGN 4.7."""
    found = SimpleNamespace(st_mode=stat.S_IFREG | 0o600, st_uid=owner)
    monkeypatch.setattr(os, "geteuid", lambda: NOBODY)
    monkeypatch.setattr(Path, "stat", lambda _: found)
    with pytest.raises(StoreExposed) as exposed:
        check_private(file)
    assert str(exposed.value) == (
        f"{file} belongs to another user (uid {owner}). {remedy}: chown {NOBODY} {file}"
    )


def test_an_error_names_the_owner_of_a_folder_that_cannot_be_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As somebody who runs cwtui-host, and as the owner of a store who restores root's file."""
    ours, name = os.geteuid(), pwd.getpwuid(os.geteuid()).pw_name
    kept, denied = tmp_path / "kept", PermissionError(errno.EACCES, "Permission denied")
    kept.mkdir()
    assert str(cannot("restore", kept / "b.tar", denied)) == (
        f"Cannot restore {kept}/b.tar: permission denied. The Unix user {name} needs access to it. "
        "Nothing was changed."
    )
    found = SimpleNamespace(st_mode=stat.S_IFDIR | 0o700, st_uid=1000)
    monkeypatch.setattr(os, "geteuid", lambda: ours + 1)
    monkeypatch.setattr(Path, "stat", lambda _: found)
    assert str(cannot("read", kept / "store", denied)) == (
        f"Cannot read {kept}/store: permission denied. {kept}/store belongs to another user "
        f"(uid 1000). Run cwtui as that user: {hints.becoming(1000)} cwtui ... Nothing was changed."
    )


@pytest.mark.parametrize("known", [True, False])
def test_root_is_asked_to_run_as_the_owner(
    file: Path, monkeypatch: pytest.MonkeyPatch, known: bool
) -> None:
    """The owner could not read what root writes into a store: nobody could sign in."""
    if os.geteuid() == 0:
        os.chown(file, NOBODY, NOBODY)
        os.chown(file.parent, NOBODY, NOBODY)
    owner = file.stat().st_uid

    def entry(uid: int) -> SimpleNamespace:
        assert uid == owner
        if not known:
            raise KeyError(uid)
        return SimpleNamespace(pw_name="the owner")

    monkeypatch.setattr(os, "geteuid", lambda: 0)
    monkeypatch.setattr(pwd, "getpwuid", entry)
    name = "'the owner'" if known else f"'#{owner}'"
    with pytest.raises(StoreExposed) as exposed:
        check_private(file)
    assert str(exposed.value) == (
        f"{file} belongs to another user (uid {owner}). Run cwtui as that user: "
        f"sudo -H -u {name} cwtui ..."
    )


@as_root
def test_in_a_folder_of_root_a_foreign_file_is_named(file: Path) -> None:
    os.chown(file, NOBODY, NOBODY)
    with pytest.raises(StoreExposed, match=f"or change the owner: chown 0 {file}"):
        check_private(file)


def test_a_link_is_checked_by_its_target(file: Path) -> None:
    link = file.with_name("link")
    link.symlink_to(file)
    check_private(link)
    file.chmod(0o644)
    with pytest.raises(StoreExposed):
        check_private(link)


def test_checking_a_missing_file_fails(folder: Path) -> None:
    with pytest.raises(CannotCheck, match="no such file or directory"):
        check_private(folder / "none")


@pytest.mark.parametrize(
    ("where", "reason"),
    [
        ("file/below", "not a directory"),
        ("file", "not a directory"),
        ("x" * 300, "file name too long"),
        ("/proc/cwtui", "no such file or directory"),
    ],
)
def test_a_folder_that_cannot_be_created_is_explained(
    folder: Path, where: str, reason: str
) -> None:
    write_atomically(folder / "file", b"")
    with pytest.raises(CannotCheck) as refused:
        make_private_folder(folder / where)
    assert str(refused.value) == f"Cannot create {folder / where}: {reason}. Nothing was changed."


def test_exists_raises_an_error_if_it_cannot_tell(file: Path) -> None:
    assert exists(file)
    assert not exists(file.with_name("other"))
    for name in (file / "below", file.with_name("x" * 300), file.with_name("\ud800")):
        with pytest.raises(CannotCheck):  # a file may be where a folder is expected
            exists(name)
