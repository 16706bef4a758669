"""An unusable store is reported in one sentence and stays unchanged, byte for byte."""

import os
import resource
import shutil
import signal
from collections.abc import Callable
from pathlib import Path

import pytest

from cwtui.store.accounts import TinyAccountStore
from tests.cli.commands import PASSWORD, Host, Result
from tests.programs import as_root

CHANGES = [
    ("user", "add", "jane"),
    ("user", "set", "admin", "--display-name", "New"),
    ("user", "reset-password", "admin"),
    ("settings", "set", "mfa", "required"),
    ("init", "--admin", "other", "--password-stdin"),
]
READS = [("user", "list"), ("user", "show", "admin"), ("settings", "show")]


def damage(host: Host) -> Path:
    content = host.accounts.read_bytes()
    host.accounts.write_bytes(content[: len(content) // 2])
    return host.accounts


def of_a_newer_version(host: Host) -> Path:
    content = host.accounts.read_bytes()
    host.accounts.write_bytes(content.replace(b'"schema":10', b'"schema":109'))
    return host.accounts


def of_a_wrong_type(host: Host) -> Path:
    TinyAccountStore(host.accounts).compact()
    content = host.accounts.read_bytes()
    host.accounts.write_bytes(content.replace(b'"admin":{', b'"admin":{"enabled":"yes",'))
    return host.accounts


def not_utf8(host: Host) -> Path:
    TinyAccountStore(host.accounts).compact()
    content = host.accounts.read_bytes()
    host.accounts.write_bytes(content.replace(b'"username":"admin"', b'"username":"adm\xff"'))
    return host.accounts


def readable_by_others(host: Host) -> Path:
    host.accounts.chmod(0o644)
    return host.accounts


def folder_readable_by_others(host: Host) -> Path:
    host.store.chmod(0o755)
    return host.store


def keyring_missing(host: Host) -> Path:
    host.keyring.unlink()
    return host.keyring


def keyring_damaged(host: Host) -> Path:
    host.keyring.write_bytes(b"{}")
    return host.keyring


def keyring_readable_by_others(host: Host) -> Path:
    host.keyring.chmod(0o640)
    return host.keyring


def of_another_user(host: Host) -> Path:
    os.chown(host.accounts, 12345, 12345)
    return host.accounts


SPOILT = [
    damage,
    of_a_newer_version,
    readable_by_others,
    folder_readable_by_others,
    keyring_missing,
    keyring_damaged,
    keyring_readable_by_others,
]


def run(host: Host, command: tuple[str, ...]) -> Result:
    return host.run(*command, stdin=PASSWORD.encode())


@pytest.mark.parametrize("command", [*CHANGES, *READS], ids=" ".join)
@pytest.mark.parametrize("spoil", SPOILT)
def test_an_unusable_store_is_reported_and_unchanged(
    host: Host, spoil: Callable[[Host], Path], command: tuple[str, ...]
) -> None:
    path = spoil(host)
    before = host.files()
    result = run(host, command)
    assert (result.status, result.out) == (3, "")
    assert str(path) in result.err
    assert result.err.count("\n") == 1
    assert host.files() == before


@as_root
@pytest.mark.parametrize("command", [CHANGES[0], READS[0]], ids=" ".join)
def test_another_users_store_is_reported_and_unchanged(
    host: Host, command: tuple[str, ...]
) -> None:
    path = of_another_user(host)
    before = host.files()
    result = run(host, command)
    assert (result.status, result.out) == (3, "")
    assert f"{path} belongs to another user (uid 12345)" in result.err
    assert host.files() == before


@as_root
def test_root_is_told_once_that_a_check_is_not_its_own(host: Host) -> None:
    for path in (host.store, *host.store.rglob("*")):
        os.chown(path, 12345, 12345)
    result = host.run("store", "check")
    assert (result.status, result.out) == (3, "")
    assert result.err.count("belongs to another user") == 1


@as_root
def test_root_is_told_how_to_run_the_same_as_the_owner_of_the_store(host: Host) -> None:
    os.chown(host.store, 12345, 12345)
    result = host.run("user", "reset-mfa", "admin")
    assert result.status == 3
    assert result.err.endswith(f": sudo -H -u '#12345' cwtui --config {host.config} ...\n")


def test_a_file_in_place_of_the_records_folder_is_reported(host: Host) -> None:
    folder = host.store / "sign-in"
    shutil.rmtree(folder)
    folder.write_bytes(b"mine")
    folder.chmod(0o600)
    before = host.files()
    result = host.run("user", "show", "admin")
    assert (result.status, result.out) == (3, "")
    assert str(folder) in result.err
    assert host.files() == before


@pytest.mark.parametrize("command", [*CHANGES[1:3], *READS[:2]], ids=" ".join)
@pytest.mark.parametrize("spoil", [of_a_wrong_type, not_utf8])
def test_a_damaged_account_is_named(
    host: Host, spoil: Callable[[Host], Path], command: tuple[str, ...]
) -> None:
    spoil(host)
    before = host.files()
    result = run(host, command)
    assert (result.status, result.out) == (3, "")
    assert "line " in result.err
    assert "admin" in result.err
    assert host.files() == before


@pytest.mark.parametrize("command", CHANGES[:4], ids=" ".join)
def test_a_full_disk_changes_nothing(host: Host, command: tuple[str, ...]) -> None:
    def no_more() -> None:
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))

    before = host.files()
    result = host.process(*command, preexec_fn=no_more)
    assert (result.status, result.out) == (3, "")
    assert "Cannot write" in result.err
    assert result.err.count("\n") == 1
    assert host.files() == before


def test_a_file_in_place_of_the_store_folder_is_reported(new_host: Host) -> None:
    new_host.store.write_bytes(b"mine")
    result = run(new_host, CHANGES[-1])
    assert result.status == 3
    assert str(new_host.store) in result.err
    assert new_host.store.read_bytes() == b"mine"
    assert not new_host.keyring.exists()


def test_a_folder_that_cannot_be_created_is_reported(new_host: Host) -> None:
    result = new_host.run(
        "--store", "/proc/nowhere", "init", "--admin", "admin", "--password-stdin",
        stdin=PASSWORD.encode(),
    )  # fmt: skip
    assert (result.status, result.out) == (3, "")
    assert "/proc/nowhere" in result.err
    assert set(new_host.files()) == {"config.toml"}


def test_a_store_that_was_never_created_is_reported(new_host: Host) -> None:
    result = run(new_host, READS[0])
    assert (result.status, result.out) == (3, "")
    assert f"cwtui --config {new_host.config} init --admin NAME" in result.err
    assert set(new_host.files()) == {"config.toml"}
