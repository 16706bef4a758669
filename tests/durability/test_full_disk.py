"""A full file system: records go to the reserve, and once it is used up, nobody gets in."""

import errno
import os
from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path

import pytest

from cwtui import maintenance
from cwtui.accounts import administration, sign_in
from cwtui.accounts.errors import CannotCheck
from cwtui.accounts.model import SignInRecord
from cwtui.accounts.ports import Ports
from cwtui.accounts.secret import Secret
from cwtui.accounts.sign_in_states import CodeNeeded, SignedIn, State
from cwtui.accounts.updates import Update
from cwtui.config import Config
from cwtui.host import reserve
from tests import soak
from tests.accounts.world import HERE, NOW, OPERATOR, PASSWORD, Device
from tests.cli.commands import Host
from tests.durability.saves import connected, events_of, made_in, unwatched
from tests.durability.small_disk import KINDS, fill, make_room, small_disk

pytestmark = pytest.mark.usefixtures("whole_reserve")


@pytest.fixture(params=KINDS)
def disk(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Path]:
    with small_disk(request.param, tmp_path / "disk", megabytes=16) as root:
        yield root


@pytest.fixture
def made(disk: Path) -> tuple[Config, Device]:
    return made_in(disk / "host")


def test_sign_ins_on_a_full_disk_use_the_reserve_and_then_fail(
    disk: Path, made: tuple[Config, Device]
) -> None:
    config, device = made
    host = Host(disk / "host")
    fill(disk)
    assert is_full(disk)

    events = events_of(config)
    assert signed_in_by_code(config, device, NOW)
    assert signed_in_by_backup_code(config, device, 0)
    assert events_of(config) > events
    for number in range(1, soak.times(4, in_a_soak=9)):
        fill(disk)  # as whatever filled it goes on
        assert signed_in_by_code(config, device, NOW + 60 * number)
        assert signed_in_by_backup_code(config, device, number)
    assert maintenance.check(config, unwatched).findings == []

    for folder in (config.folder, config.records_folder):
        os.truncate(folder / reserve.NAME, 0)
    fill(disk)
    with pytest.raises(CannotCheck, match="no space left on device"):
        use_up_the_last_block_of_records(config)
    events = events_of(config)
    for refuse in (signed_in_by_code, signed_in_by_backup_code):
        with pytest.raises(CannotCheck, match="no space left on device"):
            refuse(config, device, 9)
    assert events_of(config) == events
    with pytest.raises(CannotCheck, match="no space left on device"):
        use_up_the_last_block_of_accounts(config)
    result = host.process("user", "set", "alice", "--display-name", "Alice")
    assert (result.status, result.out) == (3, "")
    assert result.err.startswith("Cannot write ")
    assert result.err.count("\n") == 1
    sentences = [finding.sentence for finding in maintenance.check(config, unwatched).findings]
    assert len(sentences) == 2
    assert all("No disk space is reserved" in sentence for sentence in sentences)

    make_room(disk)
    assert signed_in_by_backup_code(config, device, 9)
    assert signed_in_by_code(config, device, NOW + 6000)
    result = host.process("user", "set", "alice", "--display-name", "Alice")
    assert result.status == 0, result.err
    assert maintenance.check(config, unwatched).findings == []
    assert reserve.size_in(config.folder) >= reserve.MARGIN


def use_up_the_last_block_of_records(config: Config) -> None:
    for number in range(1000):
        connected(config).records.update("alice", partial(with_source, f"10.0.0.{number}"))


def with_source(source: str, record: SignInRecord) -> tuple[SignInRecord, None]:
    return record.changed(last_source=source), None


def use_up_the_last_block_of_accounts(config: Config) -> None:
    for number in range(1000):
        name = f"Alice {number}"
        administration.update_user(connected(config), OPERATOR, "alice", Update(display_name=name))


def is_full(disk: Path) -> bool:
    try:
        (disk / "probe").write_bytes(b"x")
    except OSError as error:
        return error.errno == errno.ENOSPC
    return False


def signed_in_by_code(config: Config, device: Device, now: float) -> bool:
    ports, state = asked_for_code(config, now)
    return is_signed_in(sign_in.with_one_time_code(ports, state, device.code(now)))


def signed_in_by_backup_code(config: Config, device: Device, number: int) -> bool:
    ports, state = asked_for_code(config, NOW)
    return is_signed_in(sign_in.with_backup_code(ports, state, device.codes[number].reveal()))


def asked_for_code(config: Config, now: float) -> tuple[Ports, CodeNeeded]:
    ports = replace(connected(config), now=lambda: now)
    state = sign_in.with_password(ports, "alice", Secret(PASSWORD), HERE)
    assert isinstance(state, CodeNeeded)
    return ports, state


def is_signed_in(state: State) -> bool:
    return isinstance(state, SignedIn)
