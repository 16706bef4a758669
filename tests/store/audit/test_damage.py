"""In a log of several files, anything removed, changed or moved is found."""

from pathlib import Path

import pytest
from hypothesis import assume, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from cwtui.store.audit.log import FileAuditLog
from tests.store.audit.samples import findings, quick

BOUND = 1500
PRESENT = "audit.jsonl"


def made(folder: Path, keep_files: int) -> dict[str, bytes]:
    """The files of an intact log."""
    folder.mkdir(mode=0o700)
    log = FileAuditLog(folder / PRESENT, BOUND, keep_files)
    for number in range(33):
        quick(log, subject=str(number), reason="x" * (number % 7))
    assert findings(log) == []
    return {path.name: path.read_bytes() for path in sorted(folder.glob("audit*"))}


@pytest.fixture(scope="module", params=[100, 3], ids=["all kept", "some rotated out"])
def files(tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest) -> object:
    return made(tmp_path_factory.mktemp("made") / "data", request.param)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("damaged")


def found(folder: Path, files: dict[str, bytes]) -> list[str]:
    """What verify finds in these files."""
    for path in folder.iterdir():
        path.unlink()
    for name, content in files.items():
        (folder / name).write_bytes(content)
        (folder / name).chmod(0o600)
    return findings(FileAuditLog(folder / PRESENT))


def logs(files: dict[str, bytes]) -> list[str]:
    return [name for name in files if name.endswith(".jsonl")]


def lines(files: dict[str, bytes]) -> list[tuple[str, int, bytes]]:
    """File, position and content of each line."""
    return [
        (name, position, line)
        for name in logs(files)
        for position, line in enumerate(files[name].splitlines(keepends=True))
    ]


def without(files: dict[str, bytes], *names: str) -> dict[str, bytes]:
    return {name: content for name, content in files.items() if name not in names}


def test_an_intact_log_has_no_findings(files: dict[str, bytes], folder: Path) -> None:
    assert len(logs(files)) >= 4
    assert found(folder, files) == []


@hypothesis_settings(max_examples=300)
@given(st.data())
def test_a_changed_byte_is_found(
    files: dict[str, bytes], folder: Path, data: st.DataObject
) -> None:
    name = data.draw(st.sampled_from(logs(files)))
    content = files[name]
    at = data.draw(st.integers(0, len(content) - 1))
    byte = data.draw(st.integers(0, 255))
    assume(byte != content[at])
    assert found(folder, files | {name: content[:at] + bytes([byte]) + content[at + 1 :]})


@pytest.mark.parametrize("byte", [b"\n", b" ", b"0", b"}", b"\0"])
def test_a_changed_last_byte_of_a_file_is_found(
    files: dict[str, bytes], folder: Path, byte: bytes
) -> None:
    for name in logs(files):
        for at in (-1, -2):
            content = files[name]
            altered = content[:at] + byte + content[len(content) + at + 1 :]
            if altered != content:
                assert found(folder, files | {name: altered}), (name, at)


@hypothesis_settings(max_examples=150)
@given(st.data())
def test_inserted_bytes_are_found(
    files: dict[str, bytes], folder: Path, data: st.DataObject
) -> None:
    """Anywhere before the last line; text after it is not yet part of the chain."""
    name, position, _ = data.draw(st.sampled_from(lines(files)[:-1]))
    put = data.draw(st.binary(min_size=1, max_size=20))
    here = files[name].splitlines(keepends=True)
    here[position] += put
    assert found(folder, files | {name: b"".join(here)})


@hypothesis_settings(max_examples=80)
@given(st.data())
def test_a_removed_line_is_found(
    files: dict[str, bytes], folder: Path, data: st.DataObject
) -> None:
    name, position, _ = data.draw(st.sampled_from(lines(files)))
    here = files[name].splitlines(keepends=True)
    del here[position]
    assert found(folder, files | {name: b"".join(here)})


@hypothesis_settings(max_examples=150)
@given(st.data())
def test_swapped_lines_are_found(
    files: dict[str, bytes], folder: Path, data: st.DataObject
) -> None:
    all_lines = lines(files)
    one = data.draw(st.integers(0, len(all_lines) - 1))
    other = data.draw(st.integers(0, len(all_lines) - 1))
    assume(one != other)
    altered = {name: files[name].splitlines(keepends=True) for name in logs(files)}
    (first, at, line), (second, there, exchanged) = all_lines[one], all_lines[other]
    altered[first][at], altered[second][there] = exchanged, line
    assert found(folder, files | {name: b"".join(here) for name, here in altered.items()})


@hypothesis_settings(max_examples=80)
@given(st.data())
def test_a_truncated_end_is_found(
    files: dict[str, bytes], folder: Path, data: st.DataObject
) -> None:
    content = files[PRESENT]
    length = data.draw(st.integers(0, len(content) - 1))
    assert found(folder, files | {PRESENT: content[:length]})


def test_a_removed_file_is_found(files: dict[str, bytes], folder: Path) -> None:
    for name in files:
        assert found(folder, without(files, name)), name
    assert found(folder, without(files, *logs(files)))


def test_files_with_swapped_names_are_found(files: dict[str, bytes], folder: Path) -> None:
    for name in logs(files)[:-1]:
        exchanged = {name: files[PRESENT], PRESENT: files[name]}
        assert found(folder, files | exchanged), name


@hypothesis_settings(max_examples=100)
@given(st.data())
def test_tampering_stays_found_after_new_events(
    files: dict[str, bytes], folder: Path, data: st.DataObject
) -> None:
    """Even at the end, where the next event follows the tampered line."""
    content = files[PRESENT]
    if data.draw(st.booleans()):
        altered = content[: data.draw(st.integers(0, len(content) - 2))]
    else:
        at = data.draw(st.integers(max(0, len(content) - 400), len(content) - 2))
        altered = content[:at] + bytes([content[at] ^ 1]) + content[at + 1 :]
    found(folder, files | {PRESENT: altered})
    log = FileAuditLog(folder / PRESENT, 10**6)
    quick(log)
    quick(log)
    assert findings(log)
