"""A field that appears twice is refused wherever people's files have JSON."""

import io
import json
import re
import string
import tracemalloc
from collections.abc import Iterator
from contextlib import contextmanager

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cwtui.accounts.applying import declared
from cwtui.accounts.errors import WrongFile
from cwtui.accounts.importing import documents, formats, lines, repeated_fields
from cwtui.accounts.importing.places import Problem
from cwtui.accounts.importing.repeated_fields import Repeated, first
from tests.accounts.importing.program_files import problems, read, refusal

NAMES = st.sampled_from(["a", "b", "é", '"', "\\", "{", "}", ":", "a:", ""])
TEXTS = st.text(st.sampled_from([*'"\\{}:,[]', "a", "\n", "é", "\ud800"]), max_size=4)


class Pairs(list[tuple[str, object]]):
    """The fields of an object, of which some may be there twice."""


VALUES = st.recursive(
    st.none() | st.integers() | TEXTS,
    lambda inner: (
        st.lists(inner, max_size=3) | st.lists(st.tuples(NAMES, inner), max_size=4).map(Pairs)
    ),
    max_leaves=12,
)


def written(value: object, data: st.DataObject) -> str:
    """The JSON of a value, with or without escapes and white space."""
    blank = data.draw(st.sampled_from(["", " ", "\n", "\t"]))
    if isinstance(value, Pairs):
        inner = (f"{written(name, data)}:{written(one, data)}" for name, one in value)
        return f"{{{blank}{f'{blank},'.join(inner)}{blank}}}"
    if isinstance(value, list):
        return f"[{f',{blank}'.join(written(one, data) for one in value)}]"
    text = json.dumps(value, ensure_ascii=data.draw(st.booleans()) or "\ud800" in str(value))
    if isinstance(value, str) and value[:1] in string.ascii_letters and data.draw(st.booleans()):
        text = f'"\\u{ord(value[0]):04x}{text[2:]}' if value else text
    return f"{text}{blank}"


@given(VALUES, st.data())
@settings(max_examples=50, deadline=None)
def test_a_repeated_field_that_a_decoder_would_drop_is_found(
    value: object, data: st.DataObject
) -> None:
    text = written(value, data)
    dropped: list[str] = []

    def pairs(found: list[tuple[str, object]]) -> None:
        names = [name for name, _ in found]
        dropped.extend(name for at, name in enumerate(names) if name in names[:at])

    json.loads(text, object_pairs_hook=pairs)
    assert (first(text.encode()) is not None) is bool(dropped)


def test_a_repeated_field_is_named_with_its_line() -> None:
    text = b'{"users": [{"name": "a"}, {"name": "b"}],\n"id": 1,\n"\\u0069d": 2}'
    found = first(text)
    assert found == Repeated("id", 3)
    assert found.sentence == "The field id appears twice in one object."


def test_a_name_cannot_write_to_the_terminal() -> None:
    found = first(b'{"\\u001b[2J": 1, "\\u001b[2J": 2}')
    assert found is not None
    assert "\x1b" not in found.sentence


@pytest.mark.parametrize(
    "line",
    [
        '{"username":"ann","role":"minimum-access","role":"connectware-admin"}',
        '{"username":"bob","username":"ann"}',
        '{"username" :"ann","mfa_required" :true,"mfa\\u005frequired" :false},',
        '{"username":"ann","backup_codes":{"key":"k","key":"l"}}',
    ],
)
def test_a_line_with_a_field_twice_is_refused(line: str) -> None:
    content = f'{{"username":"first"}}\n{line}\n{{"username":"last"}}\n'
    for found in (
        list(formats.entries(lines.lines(io.BytesIO(content.encode())))),
        list(declared.read(lines.lines(io.BytesIO(content.encode()))).problems),
    ):
        [problem] = [one for one in found if isinstance(one, Problem)]
        assert problem.place.number == 2
        assert re.fullmatch(r"The field \w+ appears twice in one object\.", problem.reason)


def test_a_line_that_declares_a_role_is_refused_as_well() -> None:
    line = '{"name":"help","permissions":[],"permissions":["users.view"]}'
    found = declared.read(lines.lines(io.BytesIO(line.encode())))
    assert [one.reason for one in found.problems] == [
        "The field permissions appears twice in one object."
    ]
    assert not found.roles


@pytest.mark.parametrize(
    ("program", "content"),
    [
        ("keycloak", '{"users": [],\n "users": []}'),
        ("keycloak", '{"users": [{"username": "ann",\n "enabled": false, "enabled": true}]}'),
        ("aegis", '{"db": {"entries": [],\n "entries": []}}'),
        ("andotp", '[{"secret": "a",\n "secret": "b"}]'),
        ("authelia", '{"users": {"ann": {},\n "ann": {}}}'),
    ],
)
def test_files_of_other_programs_are_refused(program: str, content: str) -> None:
    assert re.fullmatch(
        r"Line 2: The field \w+ appears twice in one object\. Nothing was read\.",
        refusal(program, content),
    )


def test_json_in_a_text_of_an_entry_is_looked_at_too() -> None:
    secret = {"type": "otp", "secretData": '{"value":"a","value":"b"}', "credentialData": "{}"}
    found = read("keycloak", json.dumps({"users": [{"username": "ann", "credentials": [secret]}]}))
    assert any("The field value appears twice" in str(one) for one in found), problems(found)


@pytest.mark.parametrize("end", [b"", b'"', b"\\"])
def test_texts_that_do_not_end_are_read_once(end: bytes) -> None:
    """Else these would take minutes."""
    assert first(b'"' + b'\\"' * 200_000 + end) is None
    assert first(b'"' * 200_001 + end) is None


@contextmanager
def at_most(size: int) -> Iterator[None]:
    """So many bytes of memory."""
    tracemalloc.start()
    try:
        yield
        assert tracemalloc.get_traced_memory()[1] < size
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize(
    "content",
    [b"{}" * 5000, b'{"":' * 5000, b"{%b}" % b",".join(b'"%d":1' % n for n in range(5000))],
    ids=["objects", "depth", "fields"],
)
def test_time_and_memory_are_bounded(content: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(repeated_fields, "_TOKENS_MOST", 1000)
    with at_most(1 << 20), pytest.raises(WrongFile, match="too long"):
        first(content)
    monkeypatch.undo()
    monkeypatch.setattr(repeated_fields, "_OPEN_MOST", 100)
    if content.count(b'"') > 100:
        with pytest.raises(WrongFile, match="too long"):
            first(content)
    assert first(b'{"a":1}' * 200) is None


def test_objects_in_objects_are_left_to_the_decoder_which_refuses_them() -> None:
    with at_most(1 << 20):
        assert first(b"{" * 100_000) is None
    with pytest.raises(WrongFile, match="is not a list"):
        documents.json(b'{"":' * 1_001 + b"1" + b"}" * 1_001, dict, "a list")


def test_the_values_of_a_list_are_bounded_before_it_is_decoded(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(documents, "_COMMAS_MOST", 1000)
    with at_most(1 << 20), pytest.raises(WrongFile, match="too long"):
        documents.json(b"[" + b"1," * 50_000 + b"1]", list[msgspec.Raw], "a list")
