"""Typed text stays a value: filters and DNs are sent exactly as intended."""

import unicodedata
from collections.abc import Iterator
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cwtui.accounts import text
from cwtui.accounts.directory_port import DirectoryMisconfigured
from cwtui.accounts.errors import InvalidInput
from cwtui.directory import entries
from cwtui.directory.channel import Channel
from cwtui.directory.config import DirectoryConfig
from cwtui.directory.escaping import escaped
from cwtui.directory.visit import Visit
from tests.directory import filters
from tests.directory.memory_wire import MemoryWire, open_channel
from tests.directory.people import PEOPLE, ROLES, speaking

AWKWARD = '*()\\\0,#=+<>;"&|!~:/ \u00a0\u2003ä\u0308ß\u202e\u05d0\u0627\U0001f511aA0'
values = st.text(st.one_of(st.sampled_from(AWKWARD), st.characters(exclude_categories=["Cs"])))
names = st.one_of(values, st.text("aZ0.@-_+Äßﬁ\u0308\u05d0\u0649\uff11", min_size=1, max_size=64))
EXTENSIONS = ("", "(objectClass=person)", "(&(a=b)(!(c=\\2a))(d=*))")


def config(search_filter: str = "") -> DirectoryConfig:
    return DirectoryConfig(
        servers=("ldaps://none",), base=PEOPLE, roles=ROLES, search_filter=search_filter
    )


def asked(names: list[str]) -> filters.Filter:
    """The filter for these names: each with composed letters and with decomposed ones."""
    both = [
        ("=", "uid", spelling.encode())
        for name in names
        for spelling in sorted({name, unicodedata.normalize("NFD", name)})
    ]
    return both[0] if len(both) == 1 else ("or", *both)


@pytest.fixture(scope="module")
def channel(each_library: str) -> Iterator[tuple[Channel, MemoryWire]]:
    with (
        speaking(each_library),
        pytest.MonkeyPatch.context() as monkeypatch,
        open_channel(monkeypatch) as opened,
    ):
        yield opened


@given(values)
def test_an_escaped_value_reads_back_as_the_value(value: str) -> None:
    assert filters.from_text(f"(uid={escaped(value)})") == ("=", "uid", value.encode())


@given(value=values, extension=st.sampled_from(EXTENSIONS))
def test_the_filter_sent_is_the_filter_intended(
    channel: tuple[Channel, MemoryWire], value: str, extension: str
) -> None:
    """Checks the bytes that the library sends, without relying on the username rules."""
    opened, wire = channel
    visit = Visit(opened, config(extension), 0.0, lambda _step: None)
    opened.first_two(PEOPLE, visit._filter([value]), ["uid"])
    name = asked([value])
    meant = ("and", name, filters.from_text(extension)) if extension else name
    assert filters.from_bytes(wire.searches[-1].parts[6]) == meant
    assert filters.from_text(visit._filter([value])) == meant


@given(name=names)
def test_the_filter_for_a_username_is_exact(channel: tuple[Channel, MemoryWire], name: str) -> None:
    """All of `find`: typed text is either refused or searched for exactly."""
    opened, wire = channel
    visit = Visit(opened, config("(objectClass=person)"), 0.0, lambda _step: None)
    before = len(wire.searches)
    try:
        username = text.username(name)
    except InvalidInput:
        return
    with pytest.raises(DirectoryMisconfigured, match="cannot read the base"):
        visit._searched(username)  # the fake server shows nothing, not even the base
    base, search = wire.searches[before:]
    assert (base.parts[0].content.decode(), base.parts[1].number) == (PEOPLE, 0)
    meant = ("and", asked([username]), ("=", "objectClass", b"person"))
    assert filters.from_bytes(search.parts[6]) == meant
    assert search.parts[0].content.decode() == PEOPLE


@given(values)
def test_the_filter_for_an_id_is_exact(channel: tuple[Channel, MemoryWire], id_: str) -> None:
    opened, wire = channel
    list(opened.pages(PEOPLE, entries.id_filter({"entryUUID": id_}), ["uid"]))
    meant = ("or", ("=", "entryUUID", id_.encode()))
    assert filters.from_bytes(wire.searches[-1].parts[6]) == meant


@given(st.uuids())
def test_the_filter_for_a_guid_is_exact(channel: tuple[Channel, MemoryWire], guid: UUID) -> None:
    opened, wire = channel
    list(opened.pages(PEOPLE, entries.id_filter({"objectGUID": str(guid)}), ["uid"]))
    meant = ("or", ("=", "objectGUID", guid.bytes_le))
    assert filters.from_bytes(wire.searches[-1].parts[6]) == meant


@given(st.lists(values, min_size=2, max_size=5, unique=True))
def test_the_filter_for_many_names_is_exact(
    channel: tuple[Channel, MemoryWire], many: list[str]
) -> None:
    opened, wire = channel
    list(opened.pages(PEOPLE, Visit(opened, config(), 0.0, print)._filter(many), ["uid"]))
    assert filters.from_bytes(wire.searches[-1].parts[6]) == asked(many)


def test_search_limits_and_alias_handling_are_sent(
    channel: tuple[Channel, MemoryWire],
) -> None:
    """RFC 4511 section 4.5.1: the scope and limits, and that aliases are not followed."""
    opened, wire = channel
    opened.first_two(PEOPLE, "(uid=a)", ["uid"])
    _, scope, aliases, size_limit, time_limit, types_only, _, attributes = wire.searches[-1].parts
    assert (scope.number, aliases.number, size_limit.number, time_limit.number) == (2, 0, 2, 4)
    assert not types_only.number
    assert [part.content for part in attributes.parts] == [b"uid"]


@pytest.mark.parametrize("text_", ["(uid=a)(uid=b)", "(uid=a*)", "(uid=(a))", "(uid=\\2)", "()"])
def test_the_test_parser_recognizes_injections(text_: str) -> None:
    """A parser that accepts everything would never find one."""
    try:
        found = filters.from_text(text_)
    except ValueError:
        return
    assert found[0] == "substrings"
