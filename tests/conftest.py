"""Fixtures shared by several test packages."""

import gc
import os
import tempfile
import uuid
from collections.abc import Iterator
from contextlib import suppress
from functools import lru_cache
from pathlib import Path
from typing import Final

import bcrypt
import pytest
from hypothesis import settings

from cwtui.host import reserve
from tests import order, reserves
from tests.accounts.world import Clock, World, forget_hashes
from tests.servers import enclosed, postgres
from tests.servers.enclosed import Enclosed
from tests.servers.postgres import Postgres

# Machines differ in speed, and failures in CI must be reproducible.
settings.register_profile("cwtui", deadline=None, derandomize="CI" in os.environ)
settings.register_profile("quick", settings.get_profile("cwtui"), max_examples=10)
settings.load_profile("quick" if os.environ.get("CWTUI_QUICK") else "cwtui")
# A group-writable configuration is refused.
os.umask(0o022)
# Whatever language the developer speaks.
os.environ["LANGUAGE"] = "en"


_MEMORY: Final = Path("/dev/shm")
_ROOM: Final = 4 << 30
"""Bytes: far more than the temporary folders of a whole run take."""
_TEMPORARY: Final = "PYTEST_DEBUG_TEMPROOT"
"""Where pytest makes them."""


def _has_room_in_memory() -> bool:
    """Whether there is room for files, also for programs, and so much memory is free."""
    with suppress(OSError):
        about = os.statvfs(_MEMORY)
        free = dict(line.split(":") for line in Path("/proc/meminfo").read_text().splitlines())
        return (
            os.access(_MEMORY, os.W_OK)
            and not about.f_flag & os.ST_NOEXEC
            and about.f_bavail * about.f_frsize >= _ROOM
            and int(free["MemAvailable"].split()[0]) * 1024 >= _ROOM
        )
    return False


# Thousands of folders and small files take a while on a disk. Who names a folder gets it there.
if not {_TEMPORARY, "TMPDIR"} & os.environ.keys() and _has_room_in_memory():
    os.environ[_TEMPORARY] = str(_MEMORY)
# Servers too: on a disk, a new database takes five times as long.
tempfile.tempdir = os.environ.get(_TEMPORARY)


@pytest.fixture
def world() -> World:
    return World()


@pytest.fixture
def clock(world: World) -> Clock:
    return world.clock


@pytest.fixture
def quick_disk(monkeypatch: pytest.MonkeyPatch) -> None:
    """Files are not synced to disk, which is tested elsewhere."""
    for sync in ("fsync", "fdatasync"):
        monkeypatch.setattr(os, sync, lambda _: None)


_HASHES: Final = {name: lru_cache(1000)(getattr(bcrypt, name)) for name in ("hashpw", "checkpw")}


@pytest.fixture
def remembered_hashes(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """One salt, so that bcrypt computes each hash once: tests use the same passwords and codes."""
    monkeypatch.setattr(bcrypt, "gensalt", lambda cost: b"$2b$%02d$%b" % (cost, b"." * 22))
    for name, remembered in _HASHES.items():
        monkeypatch.setattr(bcrypt, name, remembered)
    yield
    forget_hashes()  # elsewhere, no two accounts share a salt


@pytest.fixture(scope="session", autouse=True)
def _small_reserves() -> Iterator[None]:
    with reserves.small():
        yield


@pytest.fixture
def whole_reserve(monkeypatch: pytest.MonkeyPatch) -> None:
    """Stores reserve as much as outside of tests."""
    monkeypatch.setattr(reserve, "MARGIN", reserves.WHOLE)


@pytest.fixture(scope="session", autouse=True)
def _crash_reports(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Keep crash reports of tests out of the developer's home."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_STATE_HOME", str(tmp_path_factory.mktemp("state")))
        yield


_RUN: Final = os.environ.get("PYTEST_XDIST_TESTRUNUID") or uuid.uuid4().hex
_SERVERS: Final = {"active_directory": "samba", "dirsrv": "ds389"}
"""The kind of each fixture that is one server for the whole run."""


def pytest_configure(config: pytest.Config) -> None:
    worker = getattr(config, "workerinput", None)
    if worker is None:
        return
    gc.disable()  # until all tests are read, which are no garbage
    if config.args == config.getini("testpaths"):
        number = int(worker["workerid"].removeprefix("gw"))
        config.args = order.files_from(number / worker["workercount"])


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> Iterator[None]:
    order.by_file(items)
    yield
    order.longest_first(items, int(os.environ.get("PYTEST_XDIST_WORKER_COUNT", "1")))


def pytest_collection_finish(session: pytest.Session) -> None:
    """Start the servers that tests need while the first tests run."""
    _collect_garbage_seldom()
    if session.config.option.collectonly:
        return
    needed = {name for item in session.items for name in getattr(item, "fixturenames", ())}
    for name in needed & _SERVERS.keys():
        _begin(name)
    if needed & {"postgres_server", "store_kind"}:
        postgres.begin(postgres.of_run(), _main_process())


@pytest.fixture(scope="session")
def active_directory() -> Enclosed:
    """Samba. A test that changes a user needs one of its own."""
    return enclosed.wait("samba", _begin("active_directory"))


@pytest.fixture(scope="session")
def dirsrv() -> Enclosed:
    """389 Directory Server, empty: see ds389.administrator."""
    return enclosed.wait("ds389", _begin("dirsrv"))


@pytest.fixture(scope="session")
def postgres_server() -> Postgres:
    """PostgreSQL, with a database for each process that runs tests."""
    postgres.begin(postgres.of_run(), _main_process())
    return postgres.wait(postgres.of_run())


def _main_process() -> int:
    """The process that ends with the run."""
    return os.getppid() if "PYTEST_XDIST_WORKER" in os.environ else os.getpid()


def _begin(name: str) -> Path:
    kind = _SERVERS[name]
    folder = Path(tempfile.gettempdir()) / f"cwtui-{kind}-{_RUN}"
    enclosed.begin(kind, folder, _main_process())
    return folder


def _collect_garbage_seldom() -> None:
    """Looking through the objects of all modules and tests again and again takes long."""
    gc.enable()
    gc.collect()
    gc.freeze()
    gc.set_threshold(400_000, 20, 50)


@pytest.hookimpl(trylast=True)
def pytest_sessionfinish() -> None:
    """Find what is garbage now. pytest, and then Python, would look through all of it again."""
    gc.collect()
    gc.freeze()


@pytest.fixture
def all_objects() -> Iterator[None]:
    """Let gc.get_objects() return the objects of modules too."""
    gc.unfreeze()
    yield
    # What is garbage by now is found the next time.
    gc.freeze()
