"""The keyring: what it holds, what it refuses, and what it never reveals."""

import json
import stat
from pathlib import Path

import msgspec
import pytest
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from msgspec.structs import replace

from cwtui.accounts import devices
from cwtui.accounts.errors import (
    CannotCheck,
    KeyringMissing,
    StoreDamaged,
    StoreExposed,
    StoreTooNew,
)
from cwtui.accounts.model import Device, Sealed
from cwtui.keyring.file_format import KeyFile
from cwtui.keyring.file_keyring import FileKeyring
from tests.accounts.world import NOW, outcome
from tests.keyring.samples import key, schema_1

SECRET = b"JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"


def content_of(file: Path) -> dict[str, object]:
    found = json.loads(file.read_bytes())
    assert isinstance(found, dict)
    return found


def write(file: Path, content: object) -> None:
    file.write_text(json.dumps(content))


# Format


def test_a_new_keyring_has_one_256_bit_key_in_a_private_file(
    file: Path, keyring: FileKeyring
) -> None:
    """DESIGN 4.1: keys in a keyring, each with an id, from the first day."""
    content = content_of(file)
    assert list(content) == ["schema", "active", "keys", "names"]
    assert content["schema"] == 2
    assert content["active"] == keyring.active
    [only] = msgspec.convert(content["keys"], list[dict[str, object]])
    assert only["id"] == keyring.active
    assert len(keyring.active) == 16
    assert only["created_at"] == NOW
    assert len(msgspec.convert(only["material"], bytes)) == 32
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert stat.S_IMODE(file.parent.stat().st_mode) == 0o700


def test_no_two_keyrings_share_a_key_or_an_id(tmp_path: Path) -> None:
    made = [FileKeyring.create(tmp_path / f"{n}" / "k.json", NOW) for n in range(5)]
    assert len({keyring.active for keyring in made}) == 5
    assert len({keyring.pepper(keyring.active) for keyring in made}) == 5


def test_a_loaded_keyring_equals_the_created_one(file: Path, keyring: FileKeyring) -> None:
    again = FileKeyring.load(file)
    assert again.active == keyring.active
    assert again.pepper(again.active) == keyring.pepper(keyring.active)
    sealed = keyring.seal(SECRET, b"ada")
    assert again.unseal(sealed, b"ada") == SECRET


def test_each_purpose_has_its_own_derived_key(file: Path, keyring: FileKeyring) -> None:
    """RFC 5869: the key itself is never used directly."""
    [only] = msgspec.convert(content_of(file)["keys"], list[dict[str, object]])
    material = msgspec.convert(only["material"], bytes)

    def derived(purpose: bytes) -> bytes:
        return HKDF(SHA256(), length=32, salt=None, info=purpose).derive(material)

    pepper = keyring.pepper(keyring.active)
    assert pepper == derived(b"cwtui password pepper")
    sealed = keyring.seal(SECRET, b"ada")
    for wrong in (material, pepper):
        with pytest.raises(InvalidTag):
            AESGCM(wrong).decrypt(sealed.nonce, sealed.ciphertext, b"ada")
    right = AESGCM(derived(b"cwtui secret encryption"))
    assert right.decrypt(sealed.nonce, sealed.ciphertext, b"ada") == SECRET


# Sealing


def test_a_sealed_secret_names_its_key_and_reveals_nothing(keyring: FileKeyring) -> None:
    """DESIGN 4.1."""
    one, other = keyring.seal(SECRET, b"ada"), keyring.seal(SECRET, b"ada")
    assert one.key == keyring.active
    assert len(one.nonce) == 12
    assert len(one.ciphertext) == len(SECRET) + 16
    assert SECRET not in one.ciphertext
    assert one.nonce != other.nonce
    assert one.ciphertext != other.ciphertext


def test_a_secret_is_bound_to_its_username(keyring: FileKeyring) -> None:
    """DESIGN 4.1: AES-256-GCM with the username as associated data."""
    sealed = keyring.seal(SECRET, b"ada")
    with pytest.raises(StoreDamaged, match="The MFA secret of mallory was changed outside cwtui"):
        keyring.unseal(sealed, b"mallory")
    assert keyring.unseal(sealed, b"ada") == SECRET


def test_the_error_names_the_user_and_not_the_device(keyring: FileKeyring) -> None:
    device = Device("Phone", keyring.seal(SECRET, b"ada\x000a1b2c3d"), 0.0, "0a1b2c3d")
    with pytest.raises(StoreDamaged, match="The MFA secret of mallory was changed outside cwtui"):
        devices.unsealed(keyring, "mallory", device)
    assert devices.unsealed(keyring, "ada", device).reveal() == SECRET.decode()


def test_any_flipped_bit_in_a_sealed_secret_is_detected(keyring: FileKeyring) -> None:
    sealed = keyring.seal(b"x", b"ada")

    def flipped(data: bytes) -> list[bytes]:
        return [
            data[:at] + bytes([data[at] ^ 1 << bit]) + data[at + 1 :]
            for at in range(len(data))
            for bit in range(8)
        ]

    changed = [replace(sealed, nonce=nonce) for nonce in flipped(sealed.nonce)]
    changed += [replace(sealed, ciphertext=text) for text in flipped(sealed.ciphertext)]
    for one in changed:
        with pytest.raises(StoreDamaged):
            keyring.unseal(one, b"ada")


@pytest.mark.parametrize("nonce", [b"", b"short", b"x" * 500])
@pytest.mark.parametrize("ciphertext", [b"", b"x", b"x" * 16])
def test_sealed_secrets_of_impossible_length_are_refused(
    keyring: FileKeyring, nonce: bytes, ciphertext: bytes
) -> None:
    with pytest.raises(StoreDamaged):
        keyring.unseal(Sealed(keyring.active, nonce, ciphertext), b"ada")


def test_a_missing_key_is_named_with_a_remedy(keyring: FileKeyring) -> None:
    sealed = Sealed("0badc0de", b"x" * 12, b"x" * 48)
    sentence = (
        "The key 0badc0de of this account is lost. Ask an admin to restore the key, or to reset "
        "your password and MFA."
    )
    with pytest.raises(KeyringMissing) as missing:
        keyring.unseal(sealed, b"ada")
    assert str(missing.value) == sentence
    with pytest.raises(KeyringMissing) as missing:
        keyring.pepper("0badc0de")
    assert str(missing.value) == sentence


def test_a_keyring_of_another_store_unseals_nothing(tmp_path: Path, keyring: FileKeyring) -> None:
    other = FileKeyring.create(tmp_path / "other" / "keyring.json", NOW)
    with pytest.raises(KeyringMissing):
        other.unseal(keyring.seal(SECRET, b"ada"), b"ada")


def test_old_secrets_open_and_new_ones_use_the_active_key(file: Path, keyring: FileKeyring) -> None:
    """DESIGN 4.1: rotation needs no new format."""
    old = keyring.seal(SECRET, b"ada")
    content = content_of(file)
    keys = msgspec.convert(content["keys"], list[dict[str, object]])
    added = key(b"m" * 32, NOW)
    write(file, content | {"active": added["id"], "keys": [*keys, added]})
    rotated = FileKeyring.load(file)
    assert rotated.unseal(old, b"ada") == SECRET
    assert rotated.seal(SECRET, b"ada").key == added["id"]
    assert rotated.pepper(old.key) == keyring.pepper(old.key) != rotated.pepper(added["id"])


# Refusals


def test_a_missing_keyring_is_named_with_a_remedy(file: Path) -> None:
    with pytest.raises(KeyringMissing) as missing:
        FileKeyring.load(file)
    assert str(missing.value) == (
        f"The keyring {file} is missing. Without it the store cannot be read. "
        "Restore the keyring of this store from your backup. If it is lost for good: "
        "cwtui init --admin NAME --new-keyring"
    )


@pytest.mark.parametrize("bits", [0o604, 0o640, 0o666])
def test_an_exposed_keyring_is_refused(file: Path, keyring: FileKeyring, bits: int) -> None:
    """DESIGN 4.7."""
    assert keyring.active
    file.chmod(bits)
    with pytest.raises(StoreExposed, match="chmod 600"):
        FileKeyring.load(file)


def test_a_newer_keyring_is_refused(file: Path, keyring: FileKeyring) -> None:
    """DESIGN 4.8: whatever else is in it."""
    assert keyring.active
    write(file, {"schema": 4, "keys": "of another form"})
    before = file.read_bytes()
    with pytest.raises(StoreTooNew, match="written by a newer version of cwtui"):
        FileKeyring.load(file)
    assert file.read_bytes() == before


GOOD_KEY = key()
OTHER_KEY = key(b"m" * 32)
GOOD = schema_1(GOOD_KEY)


def test_a_keyring_of_schema_1_is_read(file: Path, keyring: FileKeyring) -> None:
    assert keyring.active
    write(file, GOOD)
    assert FileKeyring.load(file).active == GOOD_KEY["id"]


@pytest.mark.parametrize("id_", ["0123abcd", "0123abcd01234567", OTHER_KEY["id"]])
def test_an_id_that_is_not_the_fingerprint_is_refused(
    file: Path, keyring: FileKeyring, id_: str
) -> None:
    """Also one of eight digits: keyrings had those before the first release."""
    assert keyring.active
    write(file, schema_1(GOOD_KEY | {"id": id_}))
    with pytest.raises(StoreDamaged) as damaged:
        FileKeyring.load(file)
    assert f"the id {id_} belongs to another key" in str(damaged.value)


@pytest.mark.parametrize(
    "content",
    [
        None,
        [],
        {},
        {"schema": 1},
        GOOD | {"schema": "1"},
        GOOD | {"schema": None},
        GOOD | {"schema": 0},
        GOOD | {"schema": -1},
        GOOD | {"unknown": 1},
        GOOD | {"names": GOOD_KEY["material"]},
        GOOD | {"schema": 2},
        GOOD | {"schema": 2, "names": None},
        GOOD | {"schema": 2, "names": "AAAA"},
        GOOD | {"keys": []},
        GOOD | {"keys": {GOOD_KEY["id"]: GOOD_KEY}},
        GOOD | {"keys": [GOOD_KEY, GOOD_KEY]},
        GOOD | {"active": OTHER_KEY["id"]},
        GOOD | {"keys": [GOOD_KEY, OTHER_KEY]},
        GOOD | {"keys": [GOOD_KEY, GOOD_KEY | {"id": OTHER_KEY["id"]}]},
        GOOD | {"keys": [GOOD_KEY, {"id": OTHER_KEY["id"], "created_at": 1.0}]},
        *(
            GOOD | {"keys": [GOOD_KEY | wrong]}
            for wrong in (
                {"material": "AAAA"},
                {"material": "A" * 44},
                {"material": OTHER_KEY["material"]},
                {"material": "not base64"},
                {"material": 1},
                {"unknown": 1},
                {"created_at": -1.0},
                {"created_at": 1e12},
                {"created_at": "now"},
            )
        ),
        *(
            schema_1(GOOD_KEY | {"id": id_})
            for id_ in ("", "a", "0123ABCD", "0123abcd\n", "0123abcd4", "0123abcd01234567")
        ),
    ],
)
def test_a_keyring_with_wrong_types_is_refused_untouched(
    file: Path, keyring: FileKeyring, content: object
) -> None:
    """DESIGN 4.8."""
    assert keyring.active
    write(file, GOOD)
    assert FileKeyring.load(file).active == GOOD_KEY["id"]
    write(file, content)
    before = file.read_bytes()
    with pytest.raises(StoreDamaged) as damaged:
        FileKeyring.load(file)
    assert str(damaged.value).startswith(f"{file} is damaged: ")
    assert file.read_bytes() == before


def test_a_truncated_keyring_is_refused_untouched(file: Path, keyring: FileKeyring) -> None:
    """DESIGN 4.8."""
    assert keyring.active
    whole = file.read_bytes()
    for length in range(len(whole.rstrip())):
        file.write_bytes(whole[:length])
        with pytest.raises(StoreDamaged):
            FileKeyring.load(file)
        assert file.read_bytes() == whole[:length]


@pytest.mark.parametrize("content", [b"\xff\xfe", b"[" * 100_000, b'{"schema":1,"active":"\xff"}'])
def test_a_keyring_that_is_not_valid_json_is_refused(
    file: Path, keyring: FileKeyring, content: bytes
) -> None:
    assert keyring.active
    file.write_bytes(content)
    with pytest.raises(StoreDamaged):
        FileKeyring.load(file)


def test_a_flipped_bit_is_detected_or_changes_no_key(file: Path, keyring: FileKeyring) -> None:
    """DESIGN 4.8: detected when the file is read, not when someone signs in."""
    sealed = keyring.seal(SECRET, b"ada")
    whole = file.read_bytes()

    for at in range(len(whole)):
        for bit in (0, 5):
            file.write_bytes(whole[:at] + bytes([whole[at] ^ 1 << bit]) + whole[at + 1 :])
            found = outcome(lambda: FileKeyring.load(file))
            if isinstance(found, FileKeyring):
                assert found.unseal(sealed, b"ada") == SECRET
            else:
                assert isinstance(found, StoreDamaged | StoreTooNew)


def test_a_keyring_that_cannot_be_written_is_explained(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(CannotCheck, match=r"Cannot create .*: not a directory"):
        FileKeyring.create(tmp_path / "file" / "keyring.json", NOW)
    with pytest.raises(CannotCheck, match=r"Cannot read .*: file name too long"):
        FileKeyring.create(tmp_path / "keys" / ("x" * 300), NOW)
    with pytest.raises(CannotCheck, match=r"Cannot read .*: file name too long"):
        FileKeyring.load(tmp_path / "keys" / ("x" * 300))


# Never revealed


def test_no_two_keyrings_share_a_key_for_names(tmp_path: Path) -> None:
    made = [FileKeyring.create(tmp_path / f"{n}" / "k.json", NOW) for n in range(5)]
    assert len({keyring.names_key for keyring in made}) == 5
    assert all(len(keyring.names_key) == 32 for keyring in made)


@pytest.mark.parametrize("schema", [1, 2])
def test_the_key_for_names_survives_rotation_and_retirement(file: Path, schema: int) -> None:
    """Otherwise counts of made-up names would restart, and reveal them as made up."""
    if schema == 1:
        file.parent.mkdir(mode=0o700)
        file.touch(mode=0o600)
        write(file, GOOD)
    else:
        FileKeyring.create(file, NOW)
    keyring = FileKeyring.load(file)
    first, before = keyring.active, keyring.names_key
    with keyring.change() as change:
        change.add(NOW + 1)
    with keyring.change() as change:
        change.remove(first)
    assert keyring.names_key == FileKeyring.load(file).names_key == before
    assert [one.id for one in keyring.all_keys()] == [keyring.active] != [first]
    assert content_of(file)["schema"] == 2


def test_no_key_material_is_in_any_repr_or_error(file: Path, keyring: FileKeyring) -> None:
    """DESIGN 4.2."""
    content = content_of(file)
    [only] = msgspec.convert(content["keys"], list[dict[str, object]])
    encoded = only["material"]
    assert isinstance(encoded, str)
    material = msgspec.convert(encoded, bytes)
    read = msgspec.json.decode(file.read_bytes(), type=KeyFile)
    write(file, content | {"active": OTHER_KEY["id"]})
    shown = [repr(keyring), repr(read), repr(read.keys)]
    shown += [repr(outcome(lambda: FileKeyring.load(file)))]
    shown += [repr(outcome(lambda: keyring.pepper("other")))]
    shown += [repr(outcome(lambda: keyring.unseal(Sealed("other", b"", b""), b"ada")))]
    assert read.names is not None
    names = str(content["names"])
    for text in shown:
        assert encoded not in text
        assert names not in text
        assert repr(read.names)[2:-1] not in text
        assert repr(material)[2:-1] not in text
        assert material.hex() not in text
