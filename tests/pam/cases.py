"""What a service and a program can do wrong in a sign-in, and the result of PAM for each."""

from dataclasses import dataclass
from typing import Final

from tests.pam.scripted import (
    AUTH_ERR,
    CONV_ERR,
    MAXTRIES,
    SUCCESS,
    UNAVAILABLE,
)

SECRET: Final = "TEXT-THAT-IS-SECRET"
LONGEST_TEXT: Final = b"x" * 8191
WRONG_ARGUMENTS: Final = [
    "unknown", "nullok=1", "mode=", "mode=both", "mode=Full", "debug=1",
    "timeout=", "timeout=0", "timeout=601", "timeout=-1", "timeout=9s", "timeout=+5",
    "timeout= 5", "timeout=\t5", "timeout=5 ", "timeout=05", "timeout=0x5", "timeout=5.0",
    "timeout=1e1", "timeout=\u0665", "timeout=99999999999999999999", "timeout=18446744073709551621",
    "socket=", "socket=relative", "socket=@abstract", "socket=/" + "x" * 107,
    "socket=/" + "é" * 54, "=", "nullok ",
]  # fmt: skip
"""Of the module. The doctor must not take them for right either."""


@dataclass(frozen=True)
class Case:
    script: tuple[bytes, ...]
    result: int
    answers: tuple[str, ...] = ()


JOURNEY: Final = Case(
    (
        b"eThe host is busy.",
        b"hPassword:",
        b"eWrong.",
        b"pNew name: ",
        b"i" + SECRET.encode(),
        b"A",
    ),
    SUCCESS,
    ("answer=a password", "answer=Ada"),
)
CASES: Final = {
    "everything in order": JOURNEY,
    "texts may be empty": Case((b"i", b"e", b"h", b"A"), SUCCESS, ("answer=",)),
    "longest text": Case((b"i" + LONGEST_TEXT, b"h" + LONGEST_TEXT, b"A"), SUCCESS, ("answer=1",)),
    "longest answer": Case((b"h", b"A"), SUCCESS, ("answer=" + "x" * 1024,)),
    "any bytes": Case((b"i%s%n \xff\xfe\x1b[2J", b"p%d\xc3", b"R"), AUTH_ERR, ("answer=%s%n",)),
    "too many tries": Case((b"h", b"e", b"M"), MAXTRIES, ("answer=1",)),
    "cannot be checked": Case((b"eLater.", b"U"), UNAVAILABLE),
    "no packet": Case((), UNAVAILABLE),
    "ends after a text": Case((b"iWelcome",), UNAVAILABLE),
    "ends after an answer": Case((b"hPassword:",), UNAVAILABLE, ("answer=a password",)),
    "empty packet": Case((b"iWelcome", b"", b"A"), UNAVAILABLE),
    "too long": Case((b"i" + LONGEST_TEXT + b"x", b"A"), UNAVAILABLE),
    "much too long": Case((b"i" + b"x" * 100_000, b"A"), UNAVAILABLE),
    "text with NUL": Case((b"iWel\0come", b"A"), UNAVAILABLE),
    "verdict with NUL": Case((b"A\0", b"A"), UNAVAILABLE),
    "only NUL": Case((b"\0", b"A"), UNAVAILABLE),
    "verdict with a text": Case((b"Accepted", b"A"), UNAVAILABLE),
    "unknown kind": Case((b"a", b"A"), UNAVAILABLE),
    "unknown verdict": Case((b"S", b"A"), UNAVAILABLE),
    "without end": Case((b"i.",) * 1001 + (b"A",), UNAVAILABLE),
    "answer too long": Case((b"h", b"A"), CONV_ERR, ("answer=" + "x" * 1025,)),
    "prompt fails": Case((b"h", b"A"), CONV_ERR, ("fail",)),
    "prompt fails with an answer": Case((b"h", b"A"), CONV_ERR, ("failed=123456",)),
    "prompt without an answer": Case((b"p", b"A"), CONV_ERR, ("none",)),
    "information fails": Case((b"i", b"A"), CONV_ERR, ("fail",)),
    "error fails": Case((b"e", b"A"), CONV_ERR, ("fail",)),
}
