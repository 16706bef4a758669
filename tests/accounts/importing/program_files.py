"""Read files of other programs, and say what was found in them."""

import io
from itertools import chain
from typing import Final

import pyotp
import pytest
from hypothesis import strategies as st

from cwtui.accounts.errors import Refused
from cwtui.accounts.importing import programs
from cwtui.accounts.importing.entries import Entry
from cwtui.accounts.importing.given import Given
from cwtui.accounts.importing.other_lines import GivenRole
from cwtui.accounts.importing.peppers import GivenPepper
from cwtui.accounts.importing.places import Note, Problem
from tests.console.decoders import one_time_code
from tests.fuzz.mutations import mutated

KEY: Final = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"
OTHER: Final = "K" * 32
HEX: Final = "48656c6c6f21deadbeef48656c6c6f21deadbeef"
"""KEY as bytes."""
NOT_BCRYPT: Final = (
    "The password cannot be checked here, as its hash is not bcrypt: it is not taken over."
)
MUST_ENROL: Final = (
    "As no device is taken over, neither is the password. The user must register a device."
)
HOME: Final = "/home/ann/.google_authenticator"

Found = list[Entry | GivenRole | GivenPepper | Problem | Note]


def read(
    program: str,
    content: bytes | str,
    *,
    path: str = "/tmp/file",
    username: str = "",
    issuer: str = "",
) -> Found:
    source = io.BytesIO(content if isinstance(content, bytes) else content.encode())
    given = Given(source, path, username=username, issuer=issuer)
    return list(programs.PROGRAMS[program].read(given))


def read_together(program: str, *contents: str) -> Found:
    """What several files of one import say."""
    each = chain.from_iterable(read(program, content) for content in contents)
    return list(programs.PROGRAMS[program].together(each))


def devices(found: Found) -> dict[str, list[str]]:
    """The secret keys by username; nothing else may have been found but notes."""
    assert not [one for one in found if isinstance(one, Problem)], found
    entries = [one for one in found if isinstance(one, Entry)]
    return {one.username: [key.reveal() for key in one.keys] for one in entries}


def problems(found: Found) -> list[tuple[str, str, str]]:
    return [(str(p.place), p.username, p.reason) for p in found if isinstance(p, Problem)]


def notes(found: Found) -> list[tuple[str, str]]:
    return [(one.username, one.sentence) for one in found if isinstance(one, Note)]


def refusal(program: str, content: bytes | str, **how: str) -> str:
    with pytest.raises(Refused) as error:
        read(program, content, **how)
    return str(error.value)


def assert_codes(found: Found, secret: str, *, at: float = 1_800_000_000.0) -> None:
    """The kept key makes the codes that oathtool makes of the secret, as the program wrote it."""
    [[kept]] = devices(found).values()
    assert pyotp.TOTP(kept).at(int(at)) == one_time_code(secret, at)


def entry(found: Found) -> Entry:
    [one] = [one for one in found if isinstance(one, Entry)]
    return one


def read_or_refused(program: str, text: str, data: st.DataObject) -> None:
    """Whatever the file has become, it is read or refused, and no key is shown."""
    starts = st.sampled_from([b"{", b"users:", b"issuer,username,algorithm,digits,period,secret\n"])
    other = st.builds(bytes.__add__, starts, st.binary(max_size=99))
    content = data.draw(st.one_of(mutated(text.encode()), other))
    try:
        found = read(program, content)
    except Refused:
        return
    for one in found:
        assert isinstance(one, Entry | Problem | Note)
        assert KEY not in repr(one)
