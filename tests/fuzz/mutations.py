"""Unusual text, and mutated files."""

import os
from typing import Final

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st

_EACH_SECOND: Final = 50
_SOAK: Final = int(os.environ.get("CWTUI_SOAK_SECONDS", "0")) * _EACH_SECOND

ANY_TEXT: Final = st.text(st.characters(), max_size=300)
"""With lone surrogates, which come from arguments that are not UTF-8."""

CHARGED: Final = st.sampled_from(
    [
        *("", " ", "\0", "\x1b]52;c;eA==\x07", "\u202e", "\ufeff", "\udcff", "\ufdfa" * 40),
        *(
            "e" + "\u0301" * 300,
            "²³¹",
            "٣٢١٠٩٨",
            "\U0001d7d9" * 6,
            "\uff11" * 6,
            "1e999",
            "-1",
            "--",
            "-",
        ),
        *("[/]", "[@click=app.quit]x", "%s%n", "{0.__class__}", "../../etc/passwd", "$(reboot)"),
        *("x" * 5000, "9" * 5000, "-" * 5000, "0x10", "1_0", "Infinity", "NaN", "null", "true"),
        *("ıİßſ", "Ω" * 64, "\u2028", "\x85", "𐐀", "🙂" * 64, "a:b", "a%3Ab", "a&secret=x", "?#"),
    ]
)
TEXT: Final = st.one_of(ANY_TEXT, CHARGED, st.builds(str.__add__, CHARGED, ANY_TEXT))


def many(count: int) -> settings:
    """That many examples; in a soak (CWTUI_SOAK_SECONDS) roughly as many as fit."""
    return settings(
        max_examples=max(count, _SOAK),
        suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
    )


@st.composite
def mutated(draw: st.DrawFn, content: bytes) -> bytes:
    """The content with a few bytes flipped, cut, doubled, inserted or moved."""
    for _ in range(draw(st.integers(1, 4))):
        start = draw(st.integers(0, len(content)))
        end = min(len(content), start + draw(st.integers(0, 40)))
        piece = content[start:end]
        put = draw(
            st.one_of(
                st.just(b""),
                st.just(piece + piece),
                st.just(piece[::-1]),
                st.binary(max_size=8),
                st.sampled_from(_TOKENS),
                st.builds(lambda at, whole=content: whole[at : at + 30], st.integers(0, 4000)),
            )
        )
        content = content[:start] + put + content[end:]
    return content


@st.composite
def with_other_values(draw: st.DrawFn, content: bytes) -> bytes:
    """Well-formed JSON or TOML with other values."""
    parts = content.split(b":")
    for _ in range(draw(st.integers(1, 3))):
        at = draw(st.integers(0, len(parts) - 1))
        head, comma, tail = parts[at].partition(b",")
        parts[at] = draw(st.sampled_from(_TOKENS)) + comma + tail if comma else head
    return b":".join(parts)


_TOKENS: Final = [
    *(b"null", b"true", b"[]", b"{}", b"{", b"}", b'"', b",", b":", b"\n", b"\\", b"\\ud800"),
    *(b"-1", b"1e400", b"1.5", b"9" * 400, b'""', b'"x"', b"[" * 2000, b"\xff", b"\0", b'"AAAA"'),
    *(
        b'"$2b$04$',
        b"99999999999999999999",
        b"253402300799",
        b"0",
        b"-0.0",
        b'"ldap"',
        b'"a\\u0000"',
    ),
]
