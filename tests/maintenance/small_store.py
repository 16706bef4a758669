"""A small store, and what is asked of it."""

import json
from pathlib import Path

from cwtui import backups
from cwtui.accounts import sign_in
from cwtui.accounts.ports import Ports
from cwtui.accounts.secret import Secret
from cwtui.accounts.session import Session
from cwtui.accounts.sign_in_states import CodeNeeded, SignedIn
from cwtui.config import Config
from cwtui.host import reserve
from tests.accounts.world import HERE, OPERATOR, PASSWORD, Device
from tests.durability.saves import BACKUP, connected, unwatched


def backup_in(config: Config) -> Path:
    return config.folder.parent / BACKUP


def restore(config: Config, path: Path | None = None) -> Path | None:
    with backups.checked_backup(config, path or backup_in(config), unwatched) as found:
        kept = found.run(OPERATOR)
    assert not isinstance(kept, str)
    return kept


def names(config: Config) -> list[str]:
    return [row.username for row in connected(config).accounts.rows()]


def events(config: Config) -> list[dict[str, str]]:
    return [json.loads(line) for line in config.audit_file.read_text().splitlines()]


def asked_for_code(ports: Ports) -> CodeNeeded:
    state = sign_in.with_password(ports, "alice", Secret(PASSWORD), HERE)
    assert isinstance(state, CodeNeeded)
    return state


def session_of(ports: Ports, device: Device) -> Session:
    code = device.code(ports.now())
    state = sign_in.with_one_time_code(ports, asked_for_code(ports), code)
    assert isinstance(state, SignedIn)
    return state.session


def inside(folder: Path) -> dict[str, bytes]:
    """The content of the files, except locks and reserves."""
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file() and path.suffix != ".lock" and path.name != reserve.NAME
    }
