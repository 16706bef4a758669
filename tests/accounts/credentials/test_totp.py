"""One-time codes, checked against the RFC test vectors and oathtool."""

import base64
import subprocess
from urllib.parse import parse_qs, quote, unquote, urlsplit

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cwtui.accounts.credentials import totp
from cwtui.accounts.errors import InvalidInput
from cwtui.accounts.secret import Secret
from tests import soak
from tests.accounts.world import NOW, hotp, outcome
from tests.programs import require

RFC_KEY = b"12345678901234567890"
RFC_SECRET = Secret(base64.b32encode(RFC_KEY).decode())

# RFC 6238 appendix B, the SHA-1 rows. cwtui uses the last six of the eight digits.
RFC_6238 = [
    (59, "94287082"),
    (1111111109, "07081804"),
    (1111111111, "14050471"),
    (1234567890, "89005924"),
    (2000000000, "69279037"),
    (20000000000, "65353130"),
]
# RFC 4226 appendix D.
RFC_4226 = [
    "755224",
    "287082",
    "359152",
    "969429",
    "338314",
    "254676",
    "287922",
    "162583",
    "399871",
    "520489",
]

times = st.integers(min_value=30, max_value=4_000_000_000).map(float)
keys = st.binary(min_size=20, max_size=20)


def secret_of(key: bytes) -> Secret:
    return Secret(base64.b32encode(key).decode())


@pytest.mark.parametrize(("at", "eight_digits"), RFC_6238)
def test_codes_match_rfc_6238_appendix_b(at: int, eight_digits: str) -> None:
    assert hotp(RFC_KEY, at // 30, digits=8) == eight_digits
    assert totp.accepted_step(RFC_SECRET, eight_digits[-6:], float(at)) == at // 30


@pytest.mark.parametrize(("counter", "code"), list(enumerate(RFC_4226)))
def test_codes_match_rfc_4226_appendix_d(counter: int, code: str) -> None:
    assert hotp(RFC_KEY, counter) == code
    assert totp.accepted_step(RFC_SECRET, code, max(30.0, counter * 30.0)) == counter


def test_the_known_drift_decides_between_two_steps_with_the_same_code() -> None:
    now = 61_331_810 * 30.0
    code = hotp(RFC_KEY, 61_331_809)
    found = [totp.accepted_step(RFC_SECRET, code, now, drift) for drift in (-1, 1)]
    assert found == [61_331_809, 61_331_811]


@pytest.mark.parametrize("at", [59, 1_234_567_890, int(NOW), int(NOW) + 29, 4_000_000_000])
def test_codes_made_by_oathtool_are_accepted(at: int) -> None:
    secret = totp.new_secret(lambda length: bytes(range(length)))
    made = subprocess.run(
        [require("oathtool"), "--totp", "--base32", f"--now=@{at}", "-"],
        input=secret.reveal(),
        capture_output=True,
        text=True,
        check=True,
    )
    assert totp.accepted_step(secret, made.stdout.strip(), float(at)) == at // 30


@given(keys, times, st.integers(-5, 5))
def test_a_code_is_accepted_within_one_step_of_now(key: bytes, now: float, steps: int) -> None:
    step = int(now) // 30 + steps
    if step < 0:
        return
    code = hotp(key, step)
    window = [int(now) // 30 + near for near in (-1, 0, 1)]
    accepted = totp.accepted_step(secret_of(key), code, now)
    if code in [hotp(key, near) for near in window]:
        assert accepted is not None
        assert accepted in window
        assert hotp(key, accepted) == code
    else:
        assert accepted is None


@pytest.mark.parametrize("now", [0.0, 10.0, 29.9])
def test_codes_work_when_the_clock_starts_at_the_epoch(now: float) -> None:
    assert totp.accepted_step(RFC_SECRET, RFC_4226[0], now) == 0


@given(keys, times, st.integers(2, totp.DRIFT_STEPS), st.booleans())
def test_drift_of_up_to_an_hour_is_found_both_ways(
    key: bytes, now: float, distance: int, ahead: bool
) -> None:
    steps = distance if ahead else -distance
    step = int(now) // 30 + steps
    if step < 0:
        return
    found = totp.drift(secret_of(key), hotp(key, step), now)
    assert found is not None
    # Another step may happen to have the same code; it is then nearer.
    assert abs(found) <= distance * 30
    assert hotp(key, max(0, int(now) // 30 + found // 30)) == hotp(key, step)


@settings(max_examples=soak.times(25, in_a_soak=500))
@given(keys, times)
def test_drift_of_more_than_an_hour_is_not_guessed(key: bytes, now: float) -> None:
    code = hotp(key, int(now) // 30 + totp.DRIFT_STEPS + 1)
    found = totp.drift(secret_of(key), code, now)
    # A nearer step may happen to have the same code.
    assert found is None or hotp(key, max(0, int(now) // 30 + found // 30)) == code


def test_a_new_secret_has_160_bits_and_no_padding() -> None:
    asked: list[int] = []

    def random(length: int) -> bytes:
        asked.append(length)
        return b"\xff" * length

    secret = totp.new_secret(random)
    assert asked == [20]
    assert secret.reveal() == "7" * 32
    assert totp.grouped(secret) == " ".join(["7777"] * 8)


digit_strings = st.text("0123456789", min_size=6, max_size=6)


@given(digit_strings, st.data())
def test_a_code_may_be_typed_with_spaces_and_hyphens(code: str, data: st.DataObject) -> None:
    gap = st.sampled_from(["", " ", "-", "\u00a0", "\t", "\n", "\u2009"])
    typed = "".join(data.draw(gap) + digit for digit in code) + data.draw(gap)
    assert totp.typed_code(typed) == code


@pytest.mark.parametrize("typed", ["\uff11\uff12\uff13\uff14\uff15\uff16", "١٢٣٤٥٦", "१२३४५६"])
def test_digits_of_other_scripts_are_accepted(typed: str) -> None:
    assert totp.typed_code(typed) == "123456"


@given(st.text(max_size=80))
def test_anything_but_six_digits_is_refused_at_its_field(typed: str) -> None:
    found = outcome(lambda: totp.typed_code(typed))
    if isinstance(found, str):
        assert len(found) == 6
        assert found.isascii()
        assert found.isdecimal()
    else:
        assert isinstance(found, InvalidInput)
        assert found.field == "code"


@pytest.mark.parametrize(
    "typed", ["", " ", "12345", "1234567", "12345a", "+12345", "1e5000", "²" * 7]
)
def test_invalid_codes_are_refused(typed: str) -> None:
    with pytest.raises(InvalidInput):
        totp.typed_code(typed)


def test_a_megabyte_of_digits_is_refused() -> None:
    with pytest.raises(InvalidInput):
        totp.typed_code("7" * 1_000_000)


@given(times)
def test_a_step_is_30_seconds(now: float) -> None:
    step = totp.step_at(now)
    assert isinstance(step, int)
    assert step * 30 <= now < (step + 1) * 30


@given(times)
def test_seconds_left_count_from_30_to_1(now: float) -> None:
    left = totp.seconds_left(now)
    assert 1 <= left <= 30
    assert (int(now) + left) % 30 == 0


def test_a_countdown_changes_every_5_seconds_and_in_the_last_10_every_second() -> None:
    now, seen = 907.25, []
    for _ in range(15):
        left, wait = totp.countdown(now)
        seen.append(left)
        assert totp.seconds_left(now + wait - 0.01) != totp.seconds_left(now + wait)
        now += wait
    assert seen == [23, 20, 15, 10, 9, 8, 7, 6, 5, 4, 3, 2, 1, 30, 25]


usernames = st.text(st.characters(categories=["Ll", "Nd"]), min_size=1, max_size=64)


@given(usernames, st.sampled_from(["Connectware", "Connectware (plant-7)", "Größe & Co"]))
def test_every_uri_carries_secret_and_issuer(username: str, issuer: str) -> None:
    uris = [uri.reveal() for uri in totp.uris(RFC_SECRET, username, issuer)]
    assert uris == sorted(uris, key=len, reverse=True)
    for number, uri in enumerate(uris):
        parts = urlsplit(uri)
        assert (parts.scheme, parts.netloc) == ("otpauth", "totp")
        parameter = {"issuer": [issuer]} if number == 0 else {}
        assert parse_qs(parts.query) == {"secret": [RFC_SECRET.reveal()], **parameter}
        assert unquote(parts.path).startswith(f"/{issuer}:")
    assert [unquote(urlsplit(uri).path) for uri in uris[:2]] == [f"/{issuer}:{username}"] * 2


def test_uris_keep_an_email_readable_and_escape_the_plus() -> None:
    [first, *_] = totp.uris(RFC_SECRET, "ada+lab@plant-7.example", "Connectware (plant-7)")
    assert first.reveal() == (
        "otpauth://totp/Connectware%20(plant-7):ada%2Blab@plant-7.example"
        f"?secret={RFC_SECRET.reveal()}&issuer=Connectware%20(plant-7)"
    )


@pytest.mark.parametrize(
    ("username", "shorter"),
    [
        ("alice", []),
        ("ab+@efghijklmno", ["ab%2B@e", "ab%2B@", "ab%2B", "ab", "a"]),
        ("ab\U00020000", ["ab", "a"]),
        ("中文", []),  # its first character and the dots are as long as both
    ],
)
def test_long_names_are_cut_at_the_end_if_that_is_shorter(
    username: str, shorter: list[str]
) -> None:
    uris = totp.uris(RFC_SECRET, username, "Connectware")
    paths = [urlsplit(uri.reveal()).path.removeprefix("/Connectware:") for uri in uris]
    whole = quote(username, safe="@")
    assert paths == [whole, whole, *(f"{cut}%E2%80%A6" for cut in shorter)]
