"""System calls made to fail by strace: like test_faults, but below Python."""

import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

from cwtui import maintenance
from tests.durability.saves import SAVES, config_in, made_in, unwatched
from tests.programs import cannot_run, require
from tests.store.processes import Worker

OLD, NEW = "old", "new"
JOURNAL = "store/accounts-*.journal"


class Case(NamedTuple):
    """Which call on which file fails, how, during which save, and the resulting state."""

    call: str
    path: str
    error: str
    save: str
    then: str
    when: str = "1"
    """Which of the equal calls fails."""


CASES = [
    Case("openat", JOURNAL, "EIO", "account", OLD),
    Case("pwrite64", JOURNAL, "EIO", "account", OLD),
    Case("pwrite64", JOURNAL, "ENOSPC", "account", NEW),  # from the reserve
    Case("fdatasync", JOURNAL, "EIO", "account", OLD),
    Case("pwrite64", JOURNAL, "EIO", "account", OLD, "2"),
    Case("fdatasync", JOURNAL, "EIO", "account", NEW, "2"),
    # A new base that fails is written later.
    Case("openat", "store/.accounts.json.base.new", "EIO", "new base", NEW),
    Case("write", "store/.accounts.json.base.new", "ENOSPC", "new base", NEW),
    Case("fsync", "store/.accounts.json.base.new", "EIO", "new base", NEW),
    Case("rename", "store/.accounts.json.base.new", "EIO", "new base", NEW),
    Case("openat", "store/.accounts.json.base.new", "EIO", "compaction", OLD),
    Case("write", "store/.accounts.json.base.new", "ENOSPC", "compaction", OLD),
    Case("fsync", "store/.accounts.json.base.new", "EIO", "compaction", OLD),
    Case("fsync", "store", "EIO", "compaction", OLD),
    Case("rename", "store/.accounts.json.base.new", "EIO", "compaction", OLD),
    Case("fsync", "store", "EIO", "compaction", NEW, "2"),
    Case("write", "store/audit.jsonl", "EIO", "account", OLD),
    Case("fsync", "store/audit.jsonl", "EIO", "account", OLD),
    Case("close", "store/audit.jsonl", "EIO", "audit", NEW),
    Case("flock", "store/.accounts.json.lock", "ENOLCK", "account", OLD),
    Case("fsync", ".", "EIO", "backup", NEW),
    Case("link", "store/accounts.json", "EMLINK", "restore", OLD),
]


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    strace = require("strace")
    probe = subprocess.run(
        [strace, "-qq", "-o", os.devnull, "true"], check=False, capture_output=True
    )
    if probe.returncode:
        cannot_run(f"no process may be traced here: {probe.stderr.decode().strip()}")
    folder = tmp_path_factory.mktemp("traced")
    made_in(folder)
    return folder


@pytest.fixture(scope="module")
def saver() -> Iterator[Worker]:
    with Worker(module="tests.durability.save_once") as worker:
        yield worker


@pytest.mark.parametrize("case", CASES, ids=" ".join)
def test_a_call_failing_in_the_kernel_leaves_the_old_or_new_state(
    template: Path, tmp_path: Path, saver: Worker, case: Case
) -> None:
    folder = tmp_path / "host"
    shutil.copytree(template, folder)
    config, save = config_in(folder), SAVES[case.save]
    before = save.state(config)
    path = folder / case.path
    if case.path == JOURNAL:
        [path] = folder.glob(JOURNAL)
    process = saver.ask(f"{folder} {case.save}")
    options = ("-e", f"trace={case.call}", "-P", str(path), "-o", str(tmp_path / "trace"))
    fault = f"inject={case.call}:error={case.error}:when={case.when}"
    with subprocess.Popen(
        ["strace", *options, "-e", fault, "-p", process], stderr=subprocess.PIPE, text=True
    ) as strace:
        assert strace.stderr is not None
        assert strace.stderr.readline() == f"strace: Process {process} attached\n"
        saver.tell()
        *said, end = saver.lines_until("ended")
        assert strace.stderr.read() == ""
    assert end == "ended 0", said
    assert "(INJECTED)" in (tmp_path / "trace").read_text()
    assert (save.state(config) == before) == (case.then is OLD), said
    assert [line[-1:] for line in said] in ([["."]] if case.then is OLD else [[], ["."]])
    # Until the rename is on disk, the old journal stays.
    is_kept = case.save == "compaction" and case.then is NEW
    assert len(maintenance.check(config, unwatched).findings) == is_kept
    if case.then is OLD:
        save.act(config)
        assert save.state(config) != before
