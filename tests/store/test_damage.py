"""A damaged, newer, exposed or foreign file is named with its reason and never written."""

import os
import stat
from collections.abc import Callable, Iterator
from pathlib import Path

import msgspec
import pytest

from cwtui.accounts.errors import CannotCheck, StoreDamaged, StoreExposed, StoreTooNew
from cwtui.accounts.model import Account, SignInRecord
from cwtui.accounts.settings import Mfa, OrganizationSettings
from cwtui.store.accounts import TinyAccountStore
from cwtui.store.records import FILES, TinyRecordStore
from tests.accounts.steps import last_step
from tests.accounts.world import outcome
from tests.store.samples import BCRYPT, FULL, PLAIN, RECORD, SETTINGS
from tests.store.table_files import edit, write

pytestmark = pytest.mark.usefixtures("quick_disk")

NAMES = (FULL.username, PLAIN.username)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    folder = tmp_path / "data"
    folder.mkdir(mode=0o700)
    path = folder / "accounts.json"
    with TinyAccountStore.create(path).change() as change:
        change.put(FULL)
        change.put(PLAIN)
        change.put_settings(SETTINGS)
    TinyAccountStore(path).compact()
    return path


def reads(path: Path) -> list[Callable[[], object]]:
    """Every way to read the store, as a fresh process."""
    store = TinyAccountStore(path)
    return [
        store.settings,
        store.rows,
        store.is_empty,
        *(lambda name=name: store.get(name) for name in NAMES),
    ]


def put_plain(path: Path) -> None:
    with TinyAccountStore(path).change() as change:
        change.put(PLAIN)


def damage_of(path: Path) -> str:
    """The first error message from reading."""
    for read in reads(path):
        found = outcome(read)
        if isinstance(found, StoreDamaged):
            return str(found)
        assert not isinstance(found, Exception), found
    return ""


def flipped(content: bytes) -> Iterator[bytes]:
    """Flip one bit per byte, a different one each time; flipping all found nothing more."""
    for at in range(len(content)):
        yield content[:at] + bytes([content[at] ^ 1 << at % 8]) + content[at + 1 :]


# The file itself


def test_each_document_is_on_one_line(file: Path) -> None:
    """So damage has a line number, and backups can be compared."""
    lines = file.read_text("utf-8").splitlines()
    assert lines[0] == '{"meta":{'
    assert lines[1].startswith('"sha256":')
    assert lines[2] == '"schema":10,'
    assert sum(line.startswith('"ada@plant-7":{') for line in lines) == 1
    assert sum(line.startswith('"bob":{') for line in lines) == 1
    assert sum(line.startswith('"organization":{') for line in lines) == 1


def test_files_are_0600_whatever_the_umask(tmp_path: Path) -> None:
    """DESIGN 4.7."""
    before = os.umask(0)
    try:
        with TinyAccountStore.create(tmp_path / "accounts.json").change() as change:
            change.put(PLAIN)
        (tmp_path / "records").mkdir()
        TinyRecordStore(tmp_path / "records").update("bob", lambda _: (RECORD, None))
    finally:
        os.umask(before)
    made = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert len(made) == 8  # two bases, the journal and lock of each, and a reserve in each folder
    assert {stat.S_IMODE(path.stat().st_mode) for path in made} == {0o600}


def test_no_plain_secret_is_in_the_file(file: Path) -> None:
    """DESIGN 4.1: passwords and codes are stored as hashes, TOTP secrets encrypted."""
    content = msgspec.json.decode(file.read_bytes())
    account = content["accounts"][FULL.username]
    assert set(account["password"]) == {"key", "bcrypt"}
    for device in account["second_factor"]["devices"]:
        assert set(device["totp_secret"]) == {"key", "nonce", "ciphertext"}
    codes = account["second_factor"]["backup_codes"]
    assert codes["salt"].startswith("$2b$")
    assert {len(hashed) for hashed in codes["hashes"]} == {31}


# Damage


def test_a_truncated_file_is_reported_and_left_unchanged(file: Path) -> None:
    """DESIGN 4.8."""
    whole = file.read_bytes()
    for length in range(len(whole) - 1):
        write(file, whole[:length])
        sentence = damage_of(file)
        assert sentence.startswith(f"{file} is damaged at line "), length
        assert sentence.endswith("It was not changed; restore it from a backup.")
        if length % 50 == 0:
            assert isinstance(outcome(lambda: put_plain(file)), StoreDamaged)
        assert file.read_bytes() == whole[:length]


def test_the_reported_line_is_where_the_damage_is(file: Path) -> None:
    """DESIGN 4.8."""
    lines = file.read_bytes().splitlines(keepends=True)
    [bob] = [number for number, line in enumerate(lines, 1) if line.startswith(b'"bob":')]
    write(file, b"".join(lines[: bob - 1]))
    assert f"is damaged at line {bob}: the end of the file is missing" in damage_of(file)
    broken = lines.copy()
    broken[bob - 1] = b"?" + broken[bob - 1]
    write(file, b"".join(broken))
    assert f"is damaged at line {bob}: a document has no name" in damage_of(file)


@pytest.mark.parametrize("content", [b"", b"\n", b"\0" * 4096, b"\xff\xfe{}", b"[" * 200_000])
def test_a_file_that_is_not_json_is_reported_and_kept(file: Path, content: bytes) -> None:
    """DESIGN 4.8: a zero-byte file (google-authenticator-libpam #177) is not an empty store."""
    write(file, content)
    assert damage_of(file)
    assert isinstance(outcome(lambda: put_plain(file)), StoreDamaged)
    assert file.read_bytes() == content


def test_a_flipped_bit_never_grants_access(file: Path) -> None:
    """DESIGN 4.8, 4.10: it is reported, or gives no one more access than before."""
    whole = file.read_bytes()
    named = 0
    for content in flipped(whole):
        write(file, content)
        found = [outcome(read) for read in reads(file)]
        settings, _, _, full, _ = found
        if any(isinstance(one, StoreDamaged) for one in found):
            named += 1
        for one in found:
            assert not isinstance(one, Exception) or isinstance(one, CannotCheck)
        if isinstance(settings, OrganizationSettings):
            assert settings.mfa is Mfa.REQUIRED
        if isinstance(full, Account):
            assert not full.enabled
            assert full.must_change_password
            assert full.second_factor is not None
            assert full.mfa_required
            assert full.initial_password_expires_at is not None
    assert file.read_bytes() == content
    assert named > len(whole) // 2


def test_a_flipped_bit_in_a_record_is_reported_or_harmless(tmp_path: Path) -> None:
    """DESIGN 4.8."""
    TinyRecordStore(tmp_path).update("ada", lambda _: (RECORD, None))
    [file] = [path for path in tmp_path.iterdir() if path.suffix == ".json"]
    for content in flipped(file.read_bytes()):
        write(file, content)
        found = outcome(lambda: TinyRecordStore(tmp_path).get("ada"))
        if isinstance(found, SignInRecord) and found != SignInRecord():
            assert last_step(found) > 0
            assert found.code_attempts
            assert found.password_attempts
        else:
            assert isinstance(found, CannotCheck | SignInRecord)


WRONG = [
    ({"enabled": "yes"}, "Expected `bool`, got `str`"),
    ({"enabled": None}, "Expected `bool`, got `null`"),
    ({"roles": "connectware-admin"}, "Expected `array`, got `str`"),
    ({"origin": "moon"}, "Invalid enum value 'moon'"),
    ({"created_at": "now"}, "Expected `float`, got `str`"),
    ({"username": ""}, "length >= 1"),
    ({"username": "x" * 65}, "length <= 64"),
    ({"username": "mallory"}, "it belongs to another account"),
    ({"password": BCRYPT}, "got `str`"),
    ({"password": {"key": "k1"}}, "missing required field `bcrypt`"),
    ({"password": {"key": "k1", "bcrypt": BCRYPT[:-1]}}, "$.password.bcrypt"),
    ({"password": {"key": "k1", "bcrypt": "$2b$31$" + BCRYPT[7:]}}, "$.password.bcrypt"),
    ({"password": {"key": "k1", "bcrypt": "plain text"}}, "$.password.bcrypt"),
    ({"second_factor": {}}, "missing required field"),
    ({"second_fbctor": None}, "unknown field `second_fbctor`"),
    ({"session_epoch": 1.5}, "Expected `int`, got `float`"),
]


@pytest.mark.parametrize(("fields", "reason"), WRONG, ids=[reason for _, reason in WRONG])
def test_a_wrong_type_is_reported_with_line_and_field(
    file: Path, fields: dict[str, object], reason: str
) -> None:
    """DESIGN 4.8; other accounts stay usable."""
    line = edit(file, "bob", **fields)
    before = file.read_bytes()
    store = TinyAccountStore(file)
    with pytest.raises(StoreDamaged) as damaged:
        store.get("bob")
    sentence = str(damaged.value)
    assert sentence.startswith(f"{file} is damaged at line {line}: accounts 'bob': ")
    assert reason in sentence
    assert store.get(FULL.username) == FULL
    assert file.read_bytes() == before


def test_the_reported_line_is_not_another_mention_of_the_name(file: Path) -> None:
    with TinyAccountStore(file).change() as change:
        change.put(FULL.changed(display_name='"bob":{'))
    line = edit(file, "bob", enabled="yes")
    with pytest.raises(StoreDamaged, match=f"at line {line}: "):
        TinyAccountStore(file).get("bob")


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"{}", "at line 1: the schema version is missing"),
        (b'{"meta":{}}', "at line 1: the schema version is missing"),
        (b'{"meta":{"schema":"1"}}', "Expected `int`, got `str`"),
        (b'{"meta":{"schema":0}}', "Expected `int` >= 1"),
        (b'{"meta":{"schema":null}}', "Expected `int`, got `null`"),
        (b'{"meta":[]}', "Expected `object`, got `array`"),
        (b"[]", "Expected `object`, got `array`"),
        (b'{"meta":{"schema":5},\n"accounts":[]}', "Expected `object`, got `array`"),
        (b'{"meta":{"schema":5},\n"accountt":{}}', "at line 2: unknown table 'accountt'"),
        (b'{"meta":{"schema":5},\n"settings":{\n"organizatioo":{}}}', "unknown entry"),
        (
            b'{"meta":{"schema":5},\n"settings":{\n"organization":{"mfa":1}}}',
            "Expected `str`, got `int`",
        ),
        (b'{"meta":{"schema":5},"settings":{"organization":{"mfb":"off"}}}', "unknown field"),
        (b'{"meta":{"schema":5},"settings":{"organization":{"code_limit":11}}}', "<= 10"),
        (b'{"meta":{"schema":5}} trailing', "JSON is malformed"),
    ],
)
def test_a_file_of_the_wrong_shape_is_reported_and_kept(
    file: Path, content: bytes, reason: str
) -> None:
    """DESIGN 4.8."""
    write(file, content)
    assert reason in damage_of(file)
    assert file.read_bytes() == content


def test_text_that_is_not_utf8_is_reported(file: Path) -> None:
    """DESIGN 4.8."""
    content = file.read_bytes().replace(b"Ada ", b"Ad\xff ")
    write(file, content)
    assert "utf-8" in damage_of(file)
    assert file.read_bytes() == content


# Newer, exposed, foreign


@pytest.mark.parametrize("content", [b'{"meta":{"schema":10},"x":[1]}', b'{"meta":{"schema":8}}'])
def test_a_newer_schema_is_refused_and_left_unchanged(file: Path, content: bytes) -> None:
    """DESIGN 4.8."""
    write(file, content)
    found = outcome(TinyAccountStore(file).settings)
    assert isinstance(found, StoreTooNew | StoreDamaged)
    assert isinstance(outcome(lambda: put_plain(file)), CannotCheck)
    assert file.read_bytes() == content


def test_a_newer_schema_is_explained(file: Path) -> None:
    """DESIGN 4.8."""
    write(file, b'{"meta":{"schema":11},"accounts":{},"roles":{"new":{}}}')
    with pytest.raises(StoreTooNew) as newer:
        TinyAccountStore(file).get("ada")
    assert str(newer.value) == (
        f"{file} has schema 11, written by a newer version of cwtui. This version reads schemas "
        "up to 10. Install the newer version."
    )


@pytest.mark.parametrize("bits", [0o604, 0o640, 0o620, 0o666])
def test_an_exposed_file_is_neither_read_nor_written(file: Path, bits: int) -> None:
    """DESIGN 4.7."""
    before = file.read_bytes()
    file.chmod(bits)
    for act in (*reads(file), lambda: put_plain(file)):
        assert isinstance(outcome(act), StoreExposed)
    assert file.read_bytes() == before
    assert stat.S_IMODE(file.stat().st_mode) == bits


def test_a_file_exposed_while_in_use_is_noticed(file: Path) -> None:
    """DESIGN 4.7: even if its content was read before."""
    store = TinyAccountStore(file)
    assert store.get("bob") == PLAIN
    file.chmod(0o644)
    with pytest.raises(StoreExposed):
        store.get("bob")
    file.chmod(0o600)
    assert store.get("bob") == PLAIN


def test_a_file_of_another_user_is_refused(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """DESIGN 4.7."""
    monkeypatch.setattr(os, "geteuid", lambda: 65534)
    with pytest.raises(StoreExposed, match="belongs to another user"):
        TinyAccountStore(file).get("bob")


def test_a_folder_in_place_of_the_file_is_reported(tmp_path: Path) -> None:
    folder = tmp_path / "accounts.json"
    folder.mkdir(mode=0o700)
    with pytest.raises(CannotCheck, match="it is a folder, not a regular file"):
        TinyAccountStore(folder).get("ada")


# What readers cache


def test_a_change_by_another_process_is_seen_at_once(file: Path) -> None:
    reader = TinyAccountStore(file)
    for number in range(20):
        with TinyAccountStore(file).change() as change:
            change.put(PLAIN.changed(session_epoch=number))
        seen = reader.get("bob")
        assert seen is not None
        assert seen.session_epoch == number


def test_a_change_by_an_editor_is_seen(file: Path) -> None:
    reader = TinyAccountStore(file)
    assert reader.get("bob") == PLAIN
    edit(file, "bob", display_name="Bob")
    assert reader.get("bob") == PLAIN.changed(display_name="Bob")


def test_untouched_documents_are_written_back_unchanged(file: Path) -> None:
    """Byte for byte, so changing one account cannot damage another."""
    before = [text for text in file.read_bytes().splitlines() if text.startswith(b'"ada')]
    with TinyAccountStore(file).change() as change:
        change.put(PLAIN.changed(display_name="Bob"))
    after = [text for text in file.read_bytes().splitlines() if text.startswith(b'"ada')]
    assert [text.rstrip(b",") for text in after] == [text.rstrip(b",") for text in before]


def test_a_change_inside_a_change_is_refused(file: Path) -> None:
    """It would wait for itself forever."""
    store = TinyAccountStore(file)
    with store.change(), pytest.raises(RuntimeError, match="nested transaction"), store.change():
        pass
    assert store.get("bob") == PLAIN


def test_an_empty_change_writes_nothing(file: Path) -> None:
    before = file.stat()
    with TinyAccountStore(file).change() as change:
        assert change.get("bob") == PLAIN
    assert file.stat().st_ino == before.st_ino


def test_an_unchanged_record_is_not_written(tmp_path: Path) -> None:
    store = TinyRecordStore(tmp_path)
    store.update("ada", lambda record: (record, None))
    assert [path for path in tmp_path.iterdir() if path.suffix == ".json"] == []


def test_records_are_spread_over_many_small_files(tmp_path: Path) -> None:
    store = TinyRecordStore(tmp_path)
    for number in range(300):
        store.update(f"user{number}", lambda _: (RECORD, None))
    files = [path for path in tmp_path.iterdir() if path.suffix == ".json"]
    assert len(files) > FILES * 3 // 4
    assert max(path.stat().st_size for path in files) < 20 * 400
