"""Backup codes: making, typing and storing them."""

import bcrypt
import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from cwtui.accounts.credentials import backup_codes, passwords
from cwtui.accounts.errors import InvalidInput
from cwtui.accounts.secret import Secret
from tests.accounts.memory import MemoryKeyring
from tests.accounts.world import World, outcome

plain_codes = st.text(passwords.CROCKFORD, min_size=16, max_size=16)


def test_ten_codes_of_80_bits_come_in_groups_of_four(world: World) -> None:
    codes = [code.reveal() for code in backup_codes.new_codes(world.random)]
    assert len(set(codes)) == 10
    for code in codes:
        groups = code.split("-")
        assert [len(group) for group in groups] == [4, 4, 4, 4]
        assert set(code) <= {*passwords.CROCKFORD, "-"}


def test_each_random_byte_gives_one_character_in_order() -> None:
    assert passwords.random_groups(lambda length: bytes(range(length))) == "0123-4567-89AB-CDEF"


def test_each_character_stands_for_five_random_bits() -> None:
    def first_of(byte: int) -> str:
        return passwords.random_groups(lambda length: bytes([byte] * length))[0]

    assert {first_of(byte) for byte in range(256)} == set(passwords.CROCKFORD)


@given(plain_codes, st.data())
def test_case_gaps_and_misread_letters_are_tolerated(code: str, data: st.DataObject) -> None:
    gap = st.sampled_from(["", "", " ", "-", "\u2011", "\u2013", "\u00a0", "\t"])
    misread = {"0": ["0", "O", "o"], "1": ["1", "I", "i", "L", "l"]}
    typed = ""
    for character in code:
        likely = misread.get(character, [character, character.lower()])
        typed += data.draw(gap) + data.draw(st.sampled_from(likely))
    assert backup_codes.typed_code(typed + data.draw(gap)) == Secret(code)


@given(st.text(max_size=40))
def test_any_typed_text_gives_a_code_or_an_error_message(typed: str) -> None:
    found = outcome(lambda: backup_codes.typed_code(typed))
    if isinstance(found, Secret):
        assert len(found.reveal()) == 16 or found.reveal().isdigit()
        assert set(found.reveal()) <= set(passwords.CROCKFORD)
    else:
        assert isinstance(found, InvalidInput)
        assert found.field == "backup_code"


@pytest.mark.parametrize("typed", ["", " - ", "A" * 15, "A" * 17, "U" * 16, "A" * 1_000_000])
def test_invalid_codes_are_refused(typed: str) -> None:
    with pytest.raises(InvalidInput):
        backup_codes.typed_code(typed)


def test_codes_are_stored_only_as_hashes_with_one_salt(world: World) -> None:
    """DESIGN 4.1: backup codes are stored only as hashes, peppered with a named key."""
    codes = backup_codes.new_codes(world.random)
    kept = backup_codes.hash_codes(codes, world.keyring, 4)
    assert kept.key == "k1"
    assert not kept.acknowledged
    assert len(set(kept.hashes)) == 10
    assert {len(hashed) for hashed in kept.hashes} == {31}
    assert len(kept.salt) == 29
    for code in codes:
        assert code.reveal() not in str(kept)
        assert code.reveal().replace("-", "") not in str(kept)


def test_checking_a_code_costs_one_hash(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    codes = backup_codes.new_codes(world.random)
    kept = backup_codes.hash_codes(codes, world.keyring, 4)
    hashed: list[bytes] = []
    real = bcrypt.hashpw

    def counting(password: bytes, salt: bytes) -> bytes:
        hashed.append(salt)
        return real(password, salt)

    monkeypatch.setattr(bcrypt, "hashpw", counting)
    for number, code in enumerate(codes):
        typed = backup_codes.typed_code(code.reveal())
        assert backup_codes.matching_hash(typed, kept, world.keyring) == kept.hashes[number]
    assert len(hashed) == 10


def test_a_wrong_code_or_an_empty_set_matches_nothing(world: World) -> None:
    codes = backup_codes.new_codes(world.random)
    kept = backup_codes.hash_codes(codes, world.keyring, 4)
    other = backup_codes.typed_code(backup_codes.new_codes(world.random)[0].reveal())
    assert backup_codes.matching_hash(other, kept, world.keyring) is None
    used_up = replace(kept, hashes=())
    first = backup_codes.typed_code(codes[0].reveal())
    assert backup_codes.matching_hash(first, used_up, world.keyring) is None


def test_codes_cannot_be_checked_without_their_key(world: World) -> None:
    codes = backup_codes.new_codes(world.random)
    kept = replace(backup_codes.hash_codes(codes, world.keyring, 4), key="k2")
    typed = backup_codes.typed_code(codes[0].reveal())
    assert backup_codes.matching_hash(typed, kept, MemoryKeyring("k2")) is None


@pytest.mark.parametrize(("cost", "expected"), [(4, "04"), (10, "10")])
def test_the_hash_cost_is_configurable_up_to_ten(world: World, cost: int, expected: str) -> None:
    one = (backup_codes.new_codes(world.random)[0],)
    kept = backup_codes.hash_codes(one, world.keyring, cost)
    assert kept.salt.split("$")[2] == expected


def test_each_new_code_is_recognised_as_at_sign_in(world: World) -> None:
    codes = backup_codes.new_codes(world.random)
    for code in codes:
        shown = code.reveal()
        backup_codes.check_saved(shown, codes)
        backup_codes.check_saved(f" {shown.lower().replace('-', ' ')} ", codes)
    with pytest.raises(InvalidInput, match="16 letters and digits") as caught:
        backup_codes.check_saved(codes[0].reveal()[:-1], codes)
    assert caught.value.field == "backup_code"
    with pytest.raises(InvalidInput, match="This is not one of your codes"):
        backup_codes.check_saved(backup_codes.new_codes(world.random)[0].reveal(), codes)


def test_a_file_names_the_account_and_has_one_code_a_line(world: World) -> None:
    codes = backup_codes.new_codes(world.random)
    lines = backup_codes.as_file(codes, "alice", "plant-7", world.clock()).reveal().split("\n")
    assert lines[:5] == [
        "Connectware backup codes",
        "",
        "Account: alice",
        "Host:    plant-7",
        "Created: 2027-01-15 08:00 UTC",
    ]
    assert lines[-11:] == [*(code.reveal() for code in codes), ""]
