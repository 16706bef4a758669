"""Commands in hints can be copied: they name the same store and become the right Unix user."""

import os
import pwd
import re
import shlex
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import pytest

from cwtui import hints, installation
from cwtui.accounts.errors import StoreMissing
from cwtui.config import Config, KeyringConfig, StoreConfig
from tests.cli.commands import Host
from tests.programs import as_root

HARM: dict[str, Callable[[Host], object]] = {
    "nothing": lambda _: None,
    "no store": lambda host: host.store.rename(host.folder / "away"),
    "no keyring": lambda host: host.keyring.unlink(),
    "no records": lambda host: (host.store / "sign-in").rename(host.folder / "away"),
    "no accounts file": lambda host: host.accounts.unlink(),
    "half restored": lambda host: (host.store / "restoring").write_text("restore\n"),
    "no audit log": lambda host: (host.store / "audit.jsonl").unlink(),
}
COMMAND = re.compile(r"(?<![\w/.-])cwtui (?!help )(?:-|init|store|user|key|audit|session|serve)")


@pytest.mark.parametrize("harm", HARM)
def test_all_hints_keep_the_configuration(host: Host, harm: str) -> None:
    HARM[harm](host)
    doctor = ("doctor", "store", "keyring", "audit", "sessions", "people", "service")
    done = [host.run(*command) for command in (("user", "list"), doctor)]
    said = " ".join(" ".join(f"{one.out} {one.err}" for one in done).replace("> ", "").split())
    found = [match.start() for match in COMMAND.finditer(said)]
    assert found
    for at in found:
        assert said[at:].startswith(f"cwtui --config {host.config} "), said[at : at + 80]


def test_options_are_quoted_and_only_kept_for_a_while() -> None:
    with hints.called_with({"--config": "/etc/my config.toml", "--store": None}):
        assert hints.again("store check") == "cwtui --config '/etc/my config.toml' store check"
        assert shlex.split(hints.again())[2] == "/etc/my config.toml"
    assert hints.again() == "cwtui"


@pytest.mark.parametrize("variable", ["SUDO_UID", "NOTIFY_SOCKET"])
def test_a_reader_who_is_another_unix_user_becomes_this_one(variable: str) -> None:
    """As after sudo, or whoever reads the log of a service."""
    name = pwd.getpwuid(65534).pw_name
    assert hints.becoming_again({variable: "1000"}, 65534) == f"sudo -H -u {name}"
    assert hints.becoming_again({variable: "1000"}, 2**31) == "sudo -H -u '#2147483648'"
    assert hints.becoming_again({}, 65534) == ""


def test_commands_begin_with_the_given_words_for_a_while() -> None:
    with hints.beginning_with("sudo -H -u cwtui"):
        assert hints.again("doctor") == "sudo -H -u cwtui cwtui doctor"
        with hints.beginning_with(""):
            assert hints.again("doctor") == "cwtui doctor"
    assert hints.again("doctor") == "cwtui doctor"


def test_root_is_told_to_become_the_owner_of_the_folder_around_a_new_store(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As after the package was installed: nobody could use a store of root's there."""
    config = Config(StoreConfig(str(tmp_path / "state" / "store")))
    for root in (True, False):
        monkeypatch.setattr(os, "geteuid", lambda root=root: 0 if root else 1000)
        for owner, name in ((65534, pwd.getpwuid(65534).pw_name), (0, "")):
            stat = SimpleNamespace(st_uid=owner)
            monkeypatch.setattr(Path, "exists", lambda path: path == tmp_path)
            with monkeypatch.context() as patched:
                patched.setattr(Path, "stat", lambda _, stat=stat: stat)
                become = f"sudo -H -u {name} " if root and name else ""
                assert installation.begin(config) == f"{become}cwtui init --admin NAME"
                assert installation.by_owner(config, "serve") == f"{become}cwtui serve"


def test_hints_name_the_program_of_the_package(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    program, config = tmp_path / "cwtui-host", "/etc/cwtui/config.toml"
    monkeypatch.setattr(hints, "HOST_PROGRAM", program)
    with hints.called_with({"--config": config}):
        assert hints.again("user list") == f"cwtui --config {config} user list"
        program.touch()
        assert hints.again("user list") == "cwtui-host user list"
        assert hints.as_called("/opt/cwtui") == f"/opt/cwtui --config {config}"
        with hints.called_with({"--store": "/mnt"}):
            assert hints.again() == f"cwtui --config {config} --store /mnt"


def test_a_missing_store_points_to_the_configuration_of_the_host(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As root does after installing the package: its own store is somewhere else."""
    of_host = tmp_path / "config.toml"
    monkeypatch.setattr(hints, "OF_HOST", of_host)
    monkeypatch.setenv("HOME", str(tmp_path))
    for told in (False, True):
        with pytest.raises(StoreMissing) as missing:
            installation.check_is_there(Config())
        assert ("run cwtui-host instead of cwtui" in str(missing.value)) is told
        of_host.touch()


@as_root
def test_root_is_told_to_restore_a_lost_store_as_the_owner_of_the_folder_around_it(
    tmp_path: Path,
) -> None:
    folder, keyring = tmp_path / "state", tmp_path / "keyring.json"
    folder.mkdir()
    keyring.touch()
    os.chown(folder, 65534, 65534)
    config = Config(StoreConfig(str(folder / "store")), KeyringConfig(str(keyring)))
    become = f"sudo -H -u {pwd.getpwuid(65534).pw_name} "
    with pytest.raises(StoreMissing, match=f"restore it: {become}cwtui store restore FILE"):
        installation.check_is_there(config)
