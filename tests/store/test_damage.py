"""A damaged, newer, exposed or foreign file: named with line and reason, and never written to."""

import os
import stat
from collections.abc import Callable, Iterator
from pathlib import Path

import msgspec
import pytest

from cwtui.accounts.errors import CannotCheck, StoreDamaged, StoreExposed, StoreTooNew
from cwtui.accounts.model import Account, MfaState, SignInRecord
from cwtui.accounts.settings import Mfa, OrganizationSettings
from cwtui.store.accounts import TinyAccountStore
from cwtui.store.records import FILES, TinyRecordStore
from tests.accounts.world import outcome
from tests.store.samples import BCRYPT, FULL, PLAIN, RECORD, SETTINGS

NAMES = (FULL.username, PLAIN.username)


@pytest.fixture(autouse=True)
def _quick_disk(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "fsync", lambda _: None)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    folder = tmp_path / "data"
    folder.mkdir(mode=0o700)
    path = folder / "accounts.json"
    with TinyAccountStore.create(path).change() as change:
        change.put(FULL)
        change.put(PLAIN)
        change.put_settings(SETTINGS)
    return path


def write(path: Path, content: bytes) -> None:
    """As an editor would, in place."""
    path.write_bytes(content)
    path.chmod(0o600)


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
    """The first sentence that reading gives."""
    for read in reads(path):
        found = outcome(read)
        if isinstance(found, StoreDamaged):
            return str(found)
        assert not isinstance(found, Exception), found
    return ""


def flipped(content: bytes) -> Iterator[bytes]:
    """One bit of each byte, in turn every one: all of them took a minute and found no more."""
    for at in range(len(content)):
        yield content[:at] + bytes([content[at] ^ 1 << at % 8]) + content[at + 1 :]


# The file itself


def test_one_document_stands_on_one_line(file: Path) -> None:
    """Damage has an address, and a backup a readable difference."""
    lines = file.read_text("utf-8").splitlines()
    assert lines[0] == '{"meta":{'
    assert lines[1] == '"schema":4,'
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
    assert len(made) == 6  # two files, the lock of each, and a reserve in each folder
    assert {stat.S_IMODE(path.stat().st_mode) for path in made} == {0o600}


def test_no_secret_is_in_the_file(file: Path) -> None:
    """DESIGN 4.1: what is kept of a password or a code is a hash, of a TOTP secret a ciphertext."""
    content = msgspec.json.decode(file.read_bytes())
    account = content["accounts"][FULL.username]
    assert set(account["password"]) == {"key", "bcrypt"}
    assert set(account["second_factor"]["totp_secret"]) == {"key", "nonce", "ciphertext"}
    codes = account["second_factor"]["backup_codes"]
    assert codes["salt"].startswith("$2b$")
    assert {len(hashed) for hashed in codes["hashes"]} == {31}


# Damage


def test_a_file_cut_at_any_length_is_named_and_left(file: Path) -> None:
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


def test_the_line_is_where_the_file_ends_or_breaks(file: Path) -> None:
    """DESIGN 4.8."""
    lines = file.read_bytes().splitlines(keepends=True)
    write(file, b"".join(lines[:4]))
    assert "is damaged at line 5: Input data was truncated" in damage_of(file)
    broken = lines.copy()
    broken[4] = b"?" + broken[4]
    write(file, b"".join(broken))
    assert "is damaged at line 5: JSON is malformed" in damage_of(file)


@pytest.mark.parametrize("content", [b"", b"\n", b"\0" * 4096, b"\xff\xfe{}", b"[" * 200_000])
def test_what_is_no_json_is_named_and_left(file: Path, content: bytes) -> None:
    """DESIGN 4.8: a zero-byte file (google-authenticator-libpam #177) is not an empty store."""
    write(file, content)
    assert damage_of(file)
    assert isinstance(outcome(lambda: put_plain(file)), StoreDamaged)
    assert file.read_bytes() == content


def test_no_flipped_bit_opens_anything(file: Path) -> None:
    """DESIGN 4.8, 4.10: it is named, or it makes nothing more open than it was."""
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
            assert full.mfa_state is MfaState.ENABLED
            assert full.mfa_required
            assert full.initial_password_expires_at is not None
    assert file.read_bytes() == content
    assert named > len(whole) // 2


def test_no_flipped_bit_of_a_sign_in_record_is_another_error(tmp_path: Path) -> None:
    """DESIGN 4.8."""
    TinyRecordStore(tmp_path).update("ada", lambda _: (RECORD, None))
    [file] = [path for path in tmp_path.iterdir() if path.suffix == ".json"]
    for content in flipped(file.read_bytes()):
        write(file, content)
        found = outcome(lambda: TinyRecordStore(tmp_path).get("ada"))
        if isinstance(found, SignInRecord) and found != SignInRecord():
            assert found.last_totp_step > 0
            assert found.code_attempts
            assert found.password_attempts
        else:
            assert isinstance(found, CannotCheck | SignInRecord)


def with_account(path: Path, **fields: object) -> None:
    tables = msgspec.json.decode(path.read_bytes())
    tables["accounts"]["bob"] |= fields
    lines = [
        b"%b:{\n%b\n}"
        % (
            msgspec.json.encode(name),
            b",\n".join(
                b"%b:%b" % (msgspec.json.encode(k), msgspec.json.encode(v)) for k, v in t.items()
            ),
        )
        for name, t in tables.items()
    ]
    write(path, b"{" + b",\n".join(lines) + b"}\n")


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
def test_an_account_of_wrong_types_is_named_by_line_and_field(
    file: Path, fields: dict[str, object], reason: str
) -> None:
    """DESIGN 4.8; one damaged account does not lock the others out."""
    with_account(file, **fields)
    before = file.read_bytes()
    line = next(n for n, text in enumerate(before.splitlines(), 1) if text.startswith(b'"bob":'))
    store = TinyAccountStore(file)
    with pytest.raises(StoreDamaged) as damaged:
        store.get("bob")
    sentence = str(damaged.value)
    assert sentence.startswith(f"{file} is damaged at line {line}: accounts 'bob': ")
    assert reason in sentence
    assert store.get(FULL.username) == FULL
    assert file.read_bytes() == before


def test_the_line_is_the_documents_not_the_first_mention(file: Path) -> None:
    with TinyAccountStore(file).change() as change:
        change.put(FULL.changed(display_name='"bob":{'))
    with_account(file, enabled="yes")
    line = next(
        n for n, text in enumerate(file.read_bytes().splitlines(), 1) if text[:6] == b'"bob":'
    )
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
        (b'{"meta":{"schema":4},\n"accounts":[]}', "Expected `object`, got `array`"),
        (b'{"meta":{"schema":4},\n"accountt":{}}', "at line 2: unknown table 'accountt'"),
        (b'{"meta":{"schema":4},\n"settings":{\n"organizatioo":{}}}', "unknown entry"),
        (
            b'{"meta":{"schema":4},\n"settings":{\n"organization":{"mfa":1}}}',
            "Expected `str`, got `int`",
        ),
        (b'{"meta":{"schema":4},"settings":{"organization":{"mfb":"off"}}}', "unknown field"),
        (b'{"meta":{"schema":4},"settings":{"organization":{"code_limit":11}}}', "<= 10"),
        (b'{"meta":{"schema":4}} trailing', "JSON is malformed"),
    ],
)
def test_a_file_of_a_wrong_shape_is_named_and_left(file: Path, content: bytes, reason: str) -> None:
    """DESIGN 4.8."""
    write(file, content)
    assert reason in damage_of(file)
    assert file.read_bytes() == content


def test_a_name_that_is_not_utf8(file: Path) -> None:
    """DESIGN 4.8."""
    content = file.read_bytes().replace(b"Ada ", b"Ad\xff ")
    write(file, content)
    assert "utf-8" in damage_of(file)
    assert file.read_bytes() == content


# Newer, exposed, foreign


@pytest.mark.parametrize("content", [b'{"meta":{"schema":5},"x":[1]}', b'{"meta":{"schema":5}}'])
def test_a_newer_schema_is_refused_and_left(file: Path, content: bytes) -> None:
    """DESIGN 4.8."""
    write(file, content)
    found = outcome(TinyAccountStore(file).settings)
    assert isinstance(found, StoreTooNew | StoreDamaged)
    assert isinstance(outcome(lambda: put_plain(file)), CannotCheck)
    assert file.read_bytes() == content


def test_a_newer_schema_is_said(file: Path) -> None:
    """DESIGN 4.8."""
    write(file, b'{"meta":{"schema":5},"accounts":{},"roles":{"new":{}}}')
    with pytest.raises(StoreTooNew) as newer:
        TinyAccountStore(file).get("ada")
    assert str(newer.value) == (
        f"{file} has schema 5, written by a newer version of cwtui. This version reads schemas "
        "up to 4. Install the newer version."
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


def test_a_file_exposed_while_it_is_in_use_is_noticed(file: Path) -> None:
    """DESIGN 4.7: even if its content was read before."""
    store = TinyAccountStore(file)
    assert store.get("bob") == PLAIN
    file.chmod(0o644)
    with pytest.raises(StoreExposed):
        store.get("bob")
    file.chmod(0o600)
    assert store.get("bob") == PLAIN


def test_a_foreign_file_is_refused(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """DESIGN 4.7."""
    monkeypatch.setattr(os, "geteuid", lambda: 65534)
    with pytest.raises(StoreExposed, match="belongs to another user"):
        TinyAccountStore(file).get("bob")


def test_a_folder_in_its_place_is_a_sentence(tmp_path: Path) -> None:
    folder = tmp_path / "accounts.json"
    folder.mkdir(mode=0o700)
    with pytest.raises(CannotCheck, match="it is a folder, not a regular file"):
        TinyAccountStore(folder).get("ada")


# What readers keep in mind


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
    with_account(file, display_name="Bob")
    assert reader.get("bob") == PLAIN.changed(display_name="Bob")


def test_documents_that_are_not_touched_are_written_as_they_were(file: Path) -> None:
    """Byte for byte: a change of one account cannot damage another."""
    before = [text for text in file.read_bytes().splitlines() if text.startswith(b'"ada')]
    with TinyAccountStore(file).change() as change:
        change.put(PLAIN.changed(display_name="Bob"))
    after = [text for text in file.read_bytes().splitlines() if text.startswith(b'"ada')]
    assert [text.rstrip(b",") for text in after] == [text.rstrip(b",") for text in before]


def test_a_change_inside_a_change_is_told_at_once(file: Path) -> None:
    """It would wait for itself for ever."""
    store = TinyAccountStore(file)
    with store.change(), pytest.raises(RuntimeError, match="nested transaction"), store.change():
        pass
    assert store.get("bob") == PLAIN


def test_a_change_that_puts_nothing_writes_nothing(file: Path) -> None:
    before = file.stat()
    with TinyAccountStore(file).change() as change:
        assert change.get("bob") == PLAIN
    assert file.stat().st_ino == before.st_ino


def test_a_record_that_stays_the_same_writes_nothing(tmp_path: Path) -> None:
    store = TinyRecordStore(tmp_path)
    store.update("ada", lambda record: (record, None))
    assert [path for path in tmp_path.iterdir() if path.suffix == ".json"] == []


def test_records_are_spread_so_that_a_sign_in_rewrites_one_small_file(tmp_path: Path) -> None:
    store = TinyRecordStore(tmp_path)
    for number in range(300):
        store.update(f"user{number}", lambda _: (RECORD, None))
    files = [path for path in tmp_path.iterdir() if path.suffix == ".json"]
    assert len(files) > FILES * 3 // 4
    assert max(path.stat().st_size for path in files) < 20 * 400
