"""Read-only media: commands that only read work, and signing in explains why it fails."""

import os
import stat
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from cwtui import backups
from cwtui.accounts import sign_in
from cwtui.accounts.errors import CannotCheck
from cwtui.accounts.secret import Secret
from cwtui.host import locks
from cwtui.host.locks import exclusive, undisturbed
from tests.accounts.world import HERE, OPERATOR, PASSWORD
from tests.cli.commands import Host, run
from tests.durability.mounting import mounted
from tests.durability.saves import config_in, connected, made_in, unwatched

READS = (
    ("store", "check"),
    ("audit", "verify"),
    ("audit", "--json"),
    ("user", "list"),
    ("user", "show", "ada"),
    ("settings", "show"),
    ("key", "status"),
)
KINDS = {
    "a read-only file system": "mount -t tmpfs -o mode=700 none {0} && cp -a {1}/. {0}"
    " && mount -o remount,ro {0}",
    "a read-only view": "mount --bind {1} {0} && mount -o remount,ro,bind {0}",
}


@pytest.fixture(params=KINDS)
def media(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Host]:
    """A host with a read-only folder, in its own mount namespace."""
    made_in(tmp_path / "made")
    for lock in (tmp_path / "made").rglob("*.lock"):
        lock.unlink()  # as in a copy
    media = tmp_path / "media"
    media.mkdir()
    mount = KINDS[request.param].format(media, tmp_path / "made")
    with mounted(media, mount) as reached:
        yield ReadOnly(reached)


class ReadOnly(Host):
    """A host without its own configuration file, which could not be written."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.store = folder / "store"
        self.keyring = folder / "keys" / "keyring.json"
        self.config = folder / "config.toml"


@pytest.fixture
def config_file(media: Host, tmp_path: Path) -> Path:
    path = tmp_path / "cwtui.toml"
    path.write_text(f'store.url = "{media.store}"\nkeyring.file = "{media.keyring}"\n')
    return path


def test_commands_that_only_read_work_on_read_only_media(
    media: Host, config_file: Path, tmp_path: Path
) -> None:
    for command in READS:
        result = run("--config", str(config_file), *command)
        assert result.status == 0, result.err
    file = tmp_path / "backup.tar"
    for made, target in ((file, str(file)), (tmp_path / "piped.tar", "-")):
        with made.open("wb") if target == "-" else open(os.devnull, "wb") as out:  # noqa: PTH123  a device
            args = ("--config", str(config_file), "store", "backup", target)
            done = subprocess.run(
                [sys.executable, "-m", "cwtui", *args],
                stdout=out,
                stderr=subprocess.PIPE,
                check=False,
                text=True,
            )
        assert done.returncode == 0, done.stderr
        assert f"does not record this backup: {media.store} is read-only." in done.stderr
        with backups.checked_backup(config_in(tmp_path / "made"), made, unwatched) as found:
            assert found.then == 3


def test_nobody_signs_in_on_read_only_media(media: Host, config_file: Path) -> None:
    del config_file
    ports = connected(config_in(media.folder))
    with pytest.raises(CannotCheck, match=r"Cannot write .*: read-only file system"):
        sign_in.with_password(ports, "ada", Secret(PASSWORD), HERE)


def test_a_write_by_others_during_an_unlocked_read_is_noticed(tmp_path: Path) -> None:
    """The folder may be writable elsewhere: on another host, or outside a container."""
    path = tmp_path / "accounts.json"
    path.write_bytes(b"")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(os, "open", refusing(".accounts.json.lock"))
        with undisturbed(path):
            pass
        with (
            pytest.raises(CannotCheck, match="was changed while it was being read"),
            undisturbed(path),
        ):
            (tmp_path / ".accounts.json.lock").write_bytes(b"")


def refusing(name: str) -> object:
    real = os.open

    def refuse(path: str | Path, flags: int, mode: int = 0o777) -> int:
        if Path(path).name == name and flags & os.O_CREAT:
            raise PermissionError(13, "Permission denied")
        return real(path, flags, mode)

    return refuse


def test_readers_share_a_lock_that_excludes_writers(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "accounts.json"
    with undisturbed(path), undisturbed(path):
        lock = tmp_path / ".accounts.json.lock"
        assert stat.S_IMODE(lock.stat().st_mode) == 0o600
        monkeypatch.setattr(locks, "LOCK_SECONDS", 0.1)
        with pytest.raises(CannotCheck, match="has held"), exclusive(path):
            pass
    monkeypatch.setattr("cwtui.host.locks.LOCK_SECONDS", 0.1)
    with exclusive(path), pytest.raises(CannotCheck, match="has held"), undisturbed(path):
        pass


def test_a_backup_that_cannot_be_recorded_is_not_made(tmp_path: Path) -> None:
    config, _ = made_in(tmp_path)
    before = len(config.audit_file.read_bytes())
    config.audit_file.chmod(0o644)
    with pytest.raises(CannotCheck):
        backups.back_up(config, OPERATOR, tmp_path / "x.tar", unwatched)
    assert len(config.audit_file.read_bytes()) == before
    assert not (tmp_path / "x.tar").exists()
