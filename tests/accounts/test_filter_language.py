"""The language of filters: parsing, not, quotes, completion and errors, with both vocabularies."""

from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from cwtui.accounts.account_words import Facts, account_words
from cwtui.accounts.audit.event_words import event_words
from cwtui.accounts.audit.events import EventType
from cwtui.accounts.audit.lines import Record
from cwtui.accounts.filter_help import completions, explained
from cwtui.accounts.filter_language import (
    LONGEST,
    MOST_TERMS,
    FilterError,
    Query,
    Term,
    Vocabulary,
    parse,
    valid_part,
)
from cwtui.accounts.listing import AccountRow, Present
from cwtui.accounts.model import Origin
from cwtui.accounts.roles import ADMIN, MINIMUM
from cwtui.language import Language, speaking
from tests.accounts.world import NOW

DAY = 86400.0
SEEN = {"bob": NOW - 5 * DAY, "cho": NOW - 100 * DAY}
ACCOUNTS = account_words(
    Facts(locked={"cho": NOW + 60.0}, read_last_sign_ins=lambda: SEEN.get),
)
EVENTS = event_words()
ROWS = [
    AccountRow(username="ada", display_name="Ada Lovelace", roles=(ADMIN,), created_at=NOW - DAY),
    AccountRow(username="bob", second_factor=Present(), mfa_required=True),
    AccountRow(username="cho", display_name="Straße 9", mfa_required=True),
    AccountRow(username="dan", origin=Origin.LDAP, roles=(ADMIN, MINIMUM), enabled=False),
]


def record(at: str, event: str, actor: str, subject: str, outcome: str, reason: str) -> Record:
    at_utc = datetime.fromisoformat(at).replace(tzinfo=UTC)
    return Record(
        n=1,
        previous="0",
        at=at_utc,
        event=event,
        actor=actor,
        subject=subject,
        source="10.0.0.1:22",
        outcome=outcome,
        reason=reason,
    )


RECORDS = [
    record("2027-01-15T07:00", "sign_in.password", "ada", "ada", "failure", ""),
    record("2027-01-14T07:00", "user.create", "operator:root", "bob", "success", ""),
    record("2026-01-01", "new.event", "?", "", "other", "a: b"),
]
LISTS: list[tuple[Vocabulary[Any], list[Any]]] = [(ACCOUNTS, ROWS), (EVENTS, RECORDS)]


def chosen(line: str) -> str:
    return " ".join(row.username for row in parse(line, ACCOUNTS, NOW).select(ROWS))


def refusal(line: str, vocabulary: Vocabulary[Any] = ACCOUNTS) -> FilterError:
    with pytest.raises(FilterError) as refused:
        parse(line, vocabulary, NOW)
    return refused.value


CHOSEN = """
 | ada bob cho dan
A | ada cho dan
  LOVE ada | ada
love bob |
STRASSE | cho
\uff42\uff4f\uff42 | bob
"e 9" | cho
e 9 | cho
mfa:enabled | bob
MFA:Required | cho
mfa:n | ada dan
!mfa:n | bob cho
origin:ldap | dan
origin:LD d | dan
origin:lo d | ada
role:connectware-admin | ada dan
role:admin | ada dan
role:min | bob cho dan
status:enabled | ada bob cho
enabled !locked | ada bob
status:locked | cho
status:d | dan
locked | cho
"locked" |
!locked | ada bob dan
!!locked | cho
last:never | ada dan
never | ada dan
last:<30d | bob
last:30d | bob
last:>90d | cho
!last:<90d | ada cho dan
last:>1w !last:>20w | cho
created:<2d | ada
created:1970-01-01 | bob cho dan
created:>2020-01-01 | ada
created:>=1970-01-01 created:<=1970-01-02 | bob cho dan
role:admin !origin:ldap | ada
mfa:"none" never | ada dan
"""


@pytest.mark.parametrize("case", CHOSEN.strip("\n").split("\n"))
def test_terms_choose_accounts(case: str) -> None:
    line, _, names = case.partition("|")
    assert chosen(line) == names.strip()
    query = parse(line, ACCOUNTS, NOW)
    assert [row for row in ROWS if query.matches(row)] == list(query.select(ROWS))


NO_WORD = (
    "There is no filter 'who:'. Use mfa:, origin:, role:, status:, last:, created:, expires: or "
    "password:. To search for text with a colon, put it in quotes."
)
NO_TIME = (
    "last: 'soon' cannot be read as a time. Enter never, an age such as >90d or <2h, or a UTC "
    "time such as 2026-11-24 or 2026-11-24T08:00."
)


@pytest.mark.parametrize(
    ("line", "sentence"),
    [
        (
            "who:alice",
            NO_WORD,
        ),
        ("status:", "status: needs a value. Choose enabled, locked, unused, expired or disabled."),
        (
            'status:""',
            "status: needs a value. Choose enabled, locked, unused, expired or disabled.",
        ),
        ("mfa:off", "mfa: cannot be 'off'. Choose enabled, required or none."),
        ("origin:l", "origin: could be local or ldap. Type more letters."),
        ("-role:admin", "To leave rows out, type ! instead of -, as in !role:…"),
        ("!", "Type after ! what must not match, such as !alice."),
        ('""', "Type the text to search for between the quotes."),
        (
            "last:soon",
            NO_TIME,
        ),
        ("mfa=none", "Write mfa:none."),
        ("MFA==none", "Write mfa:none."),
        ("!mfa=none", "Write !mfa:none."),
        ("mfa!=none", "Write !mfa:none."),
        ("!role<>admin", "Write role:admin."),
        ("last>90d", "Write last:>90d."),
        ("created<=2026-11-24", "Write created:<=2026-11-24."),
        ("mfa=off", "mfa: cannot be 'off'. Choose enabled, required or none."),
        ("status=", "status: needs a value. Choose enabled, locked, unused, expired or disabled."),
        ("locked=yes", "Write locked or !locked."),
        ("mfa:\x1b[31m", r"mfa: cannot be '<U+001B>[31m'. Choose enabled, required or none."),
    ],
)
def test_an_error_says_what_would_be_right_and_where(line: str, sentence: str) -> None:
    """An empty list would read as if there was nobody."""
    assert str(refusal(line)) == sentence
    later = refusal(f"ada  {line} bob") if line != '""' else refusal(f"ada  {line}")
    assert (later.field, later.start, later.end) == ("filter", 5, 5 + len(line))


def test_events_have_their_own_words() -> None:
    assert str(refusal("outcome:", EVENTS)).endswith("Choose success or failure.")
    assert str(refusal("mfa:none", EVENTS)).startswith("There is no filter 'mfa:'. Use user:, ")
    assert "sign_in, session, host, password, mfa, " in str(refusal("event:nosuch", EVENTS))
    assert "sign_in.complete" not in str(refusal("event:nosuch", EVENTS))
    assert str(refusal("event:se", EVENTS)).startswith("event: could be session or settings.")


def test_text_with_colons_that_is_no_word_is_text() -> None:
    for line in ("fe80::1", "10.0.0.1:22", "::1", '"a: b"'):
        assert [term.word for term in parse(line, EVENTS, NOW).terms] == [""]
    assert [r.n for r in parse("10.0.0.1:22", EVENTS, NOW).select(RECORDS)] == [1, 1, 1]
    assert list(parse('"a: b"', EVENTS, NOW).select(RECORDS)) == RECORDS[2:]


@pytest.mark.parametrize("line", ["mfa = none", "mfa =none", "mfa :none", "last > 90d"])
def test_a_value_apart_from_its_word_is_an_error(line: str) -> None:
    word = line.partition(" ")[0]
    written = {"mfa": "mfa:enabled", "last": "last:>90d"}[word]
    sentence = f"Write the word and its value together, such as {written}."
    assert str(refusal(line)) == sentence


def test_text_with_operators_that_is_no_condition_is_text() -> None:
    for line in ("looks_like=alice", '"user=alice"', "a <b", "=", "a=user", '"mfa = none"'):
        assert {term.word for term in parse(line, EVENTS, NOW).terms} == {""}


def test_quotes_keep_spaces_together() -> None:
    for line in ('user:"John Doe" x', 'user:John" "Doe x'):
        terms = parse(line, EVENTS, NOW).terms
        assert set(terms) == {Term("user", "john doe"), Term("", "x")}


def test_a_quote_that_is_not_closed_is_an_error_but_may_be_being_typed() -> None:
    line = 'x user:"John Doe'
    unclosed = refusal(line, EVENTS)
    assert (str(unclosed), unclosed.is_unfinished) == (
        'The quote is not closed. Type " at its end.',
        True,
    )
    assert (unclosed.start, unclosed.end) == (2, len(line))
    valid, problem = valid_part(line, EVENTS, NOW)
    assert (valid, str(problem)) == (line + '"', str(unclosed))
    # Any other error is said first. It is there to stay.
    _, problem = valid_part('nosuch:x "a', EVENTS, NOW)
    assert problem is not None
    assert not problem.is_unfinished
    assert valid_part('x "', EVENTS, NOW)[0] == "x "


def test_length_and_number_of_terms_are_bounded() -> None:
    parse("x" * LONGEST, ACCOUNTS, NOW)
    assert "1,000 characters" in str(refusal("x" * (LONGEST + 1)))
    parse("x " * MOST_TERMS, ACCOUNTS, NOW)
    assert "32 terms" in str(refusal("x " * (MOST_TERMS + 1)))


def test_options_of_a_command_are_terms_too() -> None:
    query = parse("ada", ACCOUNTS, NOW, UTC, {"mfa": "none"})
    assert query == parse("ada mfa:none", ACCOUNTS, NOW)
    with pytest.raises(FilterError, match="mfa: needs a value"):
        parse("", ACCOUNTS, NOW, UTC, {"mfa": " "})


def test_a_query_reads_no_more_rows_than_needed() -> None:
    rows = iter(ROWS)
    assert next(parse("mfa:enabled", ACCOUNTS, NOW).select(rows)).username == "bob"
    assert [row.username for row in rows] == ["cho", "dan"]


# Properties

WORDS = [word.name for vocabulary, _ in LISTS for word in vocabulary.words]
VALUES = ["none", "l", "ldap", "admin", "<2d", ">=2027-01-15", "never", "2h", "9999-12-31", "ada"]
PIECES = st.sampled_from(
    ['"', "!", ":", " ", "=", ">", "-", "a b", "locked", "sign_in", *WORDS, *VALUES]
)
LINES = st.lists(PIECES | st.text(max_size=4), max_size=12).map("".join)
BOTH = st.sampled_from(LISTS)


def parsed(line: str, vocabulary: Vocabulary[Any]) -> Query[Any] | FilterError:
    try:
        return parse(line, vocabulary, NOW)
    except FilterError as error:
        return error


@given(BOTH, LINES | st.text())
def test_any_line_is_a_query_or_a_filter_error(of: tuple[Any, Any], line: str) -> None:
    found = parsed(line, of[0])
    if len(line) <= LONGEST - 1:
        valid, problem = valid_part(line, of[0], NOW)
        assert isinstance(parsed(valid, of[0]), Query)
        assert isinstance(found, FilterError) is (problem is not None)
    if isinstance(found, FilterError):
        assert 0 <= found.start <= found.end <= len(line)
        assert str(found).endswith((".", "…"))
    else:
        assert list(found.select(of[1])) == [row for row in of[1] if found.matches(row)]


@given(BOTH, LINES)
def test_not_is_the_complement(of: tuple[Any, Any], line: str) -> None:
    vocabulary, rows = of
    query = parsed(line, vocabulary)
    if isinstance(query, FilterError) or len(query.terms) != 1:
        return
    negated = parsed("!" + line.strip(), vocabulary)
    assert isinstance(negated, Query)
    for row in rows:
        assert negated.matches(row) is not query.matches(row)


@given(BOTH, LINES)
@example(LISTS[0], "!role:adm")
@example(LISTS[0], "x ")
@example(LISTS[1], "event:sign_in.")
def test_completion_leads_to_valid_filters(of: tuple[Any, Any], line: str) -> None:
    vocabulary = of[0]
    *before, _ = [*line.split(), ""] if line[-1:].isspace() or not line else line.split()
    are_valid = isinstance(parsed(" ".join(before), vocabulary), Query) and '"' not in line
    for completed in completions(line, vocabulary):
        assert completed != line
        for whole in completions(completed, vocabulary) if completed[-1] == ":" else [completed]:
            if are_valid:
                assert isinstance(parsed(whole, vocabulary), Query), whole


@pytest.mark.parametrize(
    ("line", "completed"),
    [
        (
            "",
            (
                "mfa: origin: role: status: last: created: expires: password: enabled locked "
                "unused expired disabled never must-enrol"
            ),
        ),
        ("m", "mfa: must-enrol"),
        ("!o", "!origin:"),
        ("origin:", "origin:local origin:ldap"),
        ("!origin:ld", "!origin:ldap"),
        ("role:adm", "role:connectware-admin"),
        ("mfa:none", ""),
        ("nothing:", ""),
        ("last:", "last:never last:today last:<30d last:>90d"),
        ("lo", "locked"),
        ("zz", ""),
    ],
)
def test_completion_offers_words_and_then_values(line: str, completed: str) -> None:
    assert completions(line, ACCOUNTS) == tuple(completed.split())
    after = completions(f"ada {line}", ACCOUNTS)
    assert after == tuple(f"ada {one}" for one in completed.split())


def test_every_event_can_be_completed() -> None:
    assert set(completions("event:", EVENTS)) >= {f"event:{event}" for event in EventType}


def test_help_has_every_word_with_an_example_that_is_valid() -> None:
    for vocabulary, _ in LISTS:
        examples = [example for example, _ in explained(vocabulary)]
        assert len(examples) == len(vocabulary.words) + len(vocabulary.short)
        for line in examples:
            assert isinstance(parsed(line, vocabulary), Query)


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("mfa:pflicht", "mfa:required"),
        ("!mfa:keine", "!mfa:none"),
        ("status:Deaktiviert", "status:disabled"),
        ("expires:nie", "expires:never"),
        ("mfa:e", "mfa:enabled"),
    ],
)
def test_what_lists_show_is_read_in_the_persons_language(typed: str, meant: str) -> None:
    with speaking(Language.GERMAN):
        assert parse(typed, ACCOUNTS, NOW) == parse(meant, ACCOUNTS, NOW)
        with pytest.raises(FilterError, match=r"enabled \(aktiv\), required \(Pflicht\)"):
            parse("mfa:pflichtac", ACCOUNTS, NOW)
        with pytest.raises(FilterError, match=r"never \(nie\)"):
            parse("last:31.12.2026", ACCOUNTS, NOW)
        with pytest.raises(FilterError, match='Schreiben Sie last:nie, oder "nie"'):
            parse("nie", ACCOUNTS, NOW)
        assert parse('"nie"', ACCOUNTS, NOW).terms[0].word == ""
    # In English it is no such word.
    if typed != "mfa:e":
        with speaking(Language.ENGLISH):
            assert _parsed_or_none(typed) != parse(meant, ACCOUNTS, NOW)


def _parsed_or_none(typed: str) -> Query[AccountRow] | None:
    try:
        return parse(typed, ACCOUNTS, NOW)
    except FilterError:
        return None
