"""The search finds a secret planted in any form."""

import base64
import json
import os
from urllib.parse import quote

import pytest

from tests.secrets.registry import Secrets

PASSWORD = 'Zürich "9" & <Öl>/ß'
KEY = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ"
BACKUP_CODE = "2V6F-0Q9K-7T3M-XH5R"
RAW = bytes(range(200, 232))

PLANTED: dict[str, tuple[str | bytes, bytes]] = {
    "plain": (PASSWORD, f"password={PASSWORD}\n".encode()),
    "in capitals": ("correct horse battery", b"CORRECT HORSE BATTERY"),
    "JSON": (PASSWORD, json.dumps({"password": PASSWORD}).encode()),
    "JSON, not ASCII": (PASSWORD, json.dumps(PASSWORD, ensure_ascii=False).encode()),
    "repr": (PASSWORD, repr({"password": PASSWORD}).encode()),
    "URL": (PASSWORD, quote(PASSWORD, safe="").encode()),
    "UTF-16": (PASSWORD, PASSWORD.encode("utf-16")),
    "UTF-32": ("correct horse", "correct horse".encode("utf-32")),
    "reversed": (PASSWORD, PASSWORD.encode()[::-1]),
    "hex": (RAW, b"x" + RAW.hex().upper().encode()),
    "raw": (RAW, b"\0" + RAW),
    "a key in groups": (KEY, b"GEZD GNBV GY3T QOJQ GEZD GNBV GY3T QOJQ"),
    "half a key": (KEY, b"GEZD GNBV GY3T QOJQ"),
    "a key, as bytes": (KEY, base64.b32decode(KEY)),
    "a code without hyphens": (BACKUP_CODE, BACKUP_CODE.replace("-", "").lower().encode()),
    "a code in colours": (BACKUP_CODE, b"\x1b[1m2V6F-\x1b[22;38;2;1;2;3m0Q9K-7T3M-XH5R"),
    "one-time code": ("123456", b"code: 123456\n"),
    **{
        f"base64 after {before}": (PASSWORD, base64.b64encode(b"x" * before + PASSWORD.encode()))
        for before in range(5)
    },
    **{f"base64url after {n}": (RAW, base64.urlsafe_b64encode(b"x" * n + RAW)) for n in range(3)},
}


@pytest.mark.parametrize("form", PLANTED)
def test_only_the_planted_secret_is_found(form: str) -> None:
    value, content = PLANTED[form]
    secrets = Secrets()
    secrets.add("another one, never written", "other")
    assert not secrets.found_in(content)
    secrets.add(value, "planted")
    found = secrets.found_in(os.urandom(3) + b"before " + content + b" after")
    assert found
    assert all(one.startswith("planted") for one in found)
    assert not secrets.found_in(content, but=[value])


@pytest.mark.parametrize("text", ["1123456", "0x123456", "12:34:56", "17.123456", "123456.7"])
def test_six_digits_within_a_longer_number_are_not_a_code(text: str) -> None:
    secrets = Secrets()
    secrets.add("123456", "one-time code")
    assert not secrets.found_in(text.encode())


def test_codes_are_ignored_on_the_screen_where_they_are_typed() -> None:
    secrets = Secrets()
    secrets.add("123456", "one-time code")
    assert not secrets.found_in(b" 123456 ", codes=False)


def test_secrets_as_short_as_common_words_are_not_searched() -> None:
    secrets = Secrets()
    secrets.add("password", "secret")
    assert not secrets.found_in(b"Enter your password.")
