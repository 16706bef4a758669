"""The language of filters, for lists on screens and on the command line.

    alice mfa:none !role:admin last:>90d "two words"

A filter is a line of terms. A row matches if it matches all of them. A term is text to search for,
or a word of a vocabulary with a value. `!` before a term means "not". Quotes keep spaces together,
and make text of what would be a word.

Each list has a vocabulary, which is a table of words. Filters, their completion, their errors and
their help all come from it.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, tzinfo
from itertools import filterfalse
from typing import Final, Generic, TypeVar

from cwtui.accounts.errors import InvalidInput
from cwtui.accounts.text import is_word, normal, one_of, shortened, typed_and_shown, visible
from cwtui.language import _, grouped

R = TypeVar("R")

LONGEST: Final = 1000
"""Characters of a filter. Screens allow fewer."""
MOST_TERMS: Final = 32
FIELD: Final = "filter"
"""The name of the field in errors."""

TERM: Final = re.compile(r'(?:[^\s"]|"[^"]*(?:"|\Z))+')
_QUOTE: Final = '"'
_AS_ELSEWHERE: Final = re.compile(r"([^\W\d][\w-]*)(!?[=~]+|<>|[<>]=?)(.*)", re.DOTALL)
"""A condition as other languages write it: `mfa=none`, `last>90d`, `origin!=ldap`."""
_SEPARATE: Final = ("=", ":", "<", ">", "~")
"""How a term begins that belongs to the word before: `mfa = none`, `mfa :none`."""
_NONE: Final[Mapping[str, str]] = {}
_SHOWN: Final = 64
"""Characters of a term that an error repeats."""


class FilterError(InvalidInput):
    """The filter is not valid. `start` and `end` are where the wrong term is in the line.

    `is_unfinished` says that it may become valid if the person goes on typing.
    """

    def __init__(self, sentence: str, start: int, end: int, *, is_unfinished: bool = False) -> None:
        super().__init__(FIELD, sentence)
        self.start = start
        self.end = end
        self.is_unfinished = is_unfinished


class Unfit(Exception):
    """A word cannot have this value. The text says what would be right."""


@dataclass(frozen=True)
class Reading:
    """What values of times depend on: the time now, and the zone in which people write times."""

    now: float
    zone: tzinfo


@dataclass(frozen=True)
class Term(Generic[R]):
    """One condition. A store may translate `word` and `value`, or call `test` for each row.

    `word` is empty for text. The value is the text, one of the word's values, or a time `Span`.
    """

    word: str
    value: object
    negated: bool = False
    test: Callable[[R], bool] = field(default=bool, compare=False)
    is_slow: bool = False
    """Whether the test reads more than the row, so that it is made last."""

    def matches(self, row: R) -> bool:
        return self.test(row) is not self.negated


@dataclass(frozen=True)
class Query(Generic[R]):
    """A parsed filter. Without terms, it matches every row."""

    terms: tuple[Term[R], ...] = ()

    def matches(self, row: R) -> bool:
        return all(term.matches(row) for term in self.terms)

    def select(self, rows: Iterable[R]) -> Iterator[R]:
        """Yield the matching rows in their order. Reads no more rows than needed."""
        chosen = iter(rows)
        for term in sorted(self.terms, key=lambda term: term.is_slow):
            # One pass per term is the fastest; a key press may filter 100,000 rows.
            chosen = (filterfalse if term.negated else filter)(term.test, chosen)
        return chosen

    def uses(self, *words: str) -> bool:
        """Whether one of these words occurs."""
        return any(term.word in words for term in self.terms)


@dataclass(frozen=True)
class Word(Generic[R]):
    """A word of a vocabulary. Help shows it with `example` as its value, and `meaning`.

    `meaning` and `ages`, what a time can be besides a date, are texts for translation. The values
    of a word that `is_choice` are all that it takes.

    `read` returns what a typed value stands for, and the test for it, or raises Unfit. `values` are
    offered for completion, and `shortened` returns another name of one of them. `shown` returns
    what lists show for a value, in the person's language; it can be typed as well. `is_slow`: see
    Term.
    """

    name: str
    example: str
    meaning: str
    read: Callable[[str, Reading], tuple[object, Callable[[R], bool]]]
    values: tuple[str, ...] = ()
    shortened: Callable[[str], str] = str
    is_slow: bool = False
    ages: str = ""
    is_choice: bool = False
    shown: Callable[[str], str] = str

    def begun(self, typed: str) -> list[str]:
        """Return the values that begin with what was typed."""
        begun = [
            v for v in self.values if v.startswith(typed) or self.shortened(v).startswith(typed)
        ]
        # Only then, so that a filter of a script means the same in any language.
        return begun or [v for v in self.values if folded(self.shown(v)).startswith(typed)]

    def one_of(self, values: Sequence[str]) -> str:
        """Return these values as a list in a sentence, each with what lists show for it."""
        return one_of_values(values, self.shown)


@dataclass(frozen=True)
class Vocabulary(Generic[R]):
    """The words of a list. `text` returns the test that searches for text in a row.

    `short` has words that stand for a whole term, such as `never` for `last:never`.
    """

    words: tuple[Word[R], ...]
    text: Callable[[str], Callable[[R], bool]]
    short: Mapping[str, str] = field(default_factory=dict)

    def word(self, name: str) -> Word[R] | None:
        return next((word for word in self.words if word.name == name), None)

    def check_language(self, typed: str) -> None:
        """Raise Unfit for what lists show instead of a short word, in the person's language.

        It is no text either, so that a filter never means another thing in another language.
        """
        for word, term in self.short.items():
            if is_word(typed, word):
                name, _colon, value = term.partition(":")
                raise Unfit(
                    _(
                        "Write {term}, or {quoted} to search for that text.",
                        term=f"{name}:{_(value)}",
                        quoted=f'"{typed}"',
                    )
                )


# Kinds of words (see filter_times for times)


def choice(
    name: str,
    meaning: str,
    values: Sequence[str],
    test: Callable[[str], Callable[[R], bool]],
    shortened: Callable[[str], str] = str,
    shown: Callable[[str], str] = str,
) -> Word[R]:
    """Return a word with a few values. They may be abbreviated if it is clear what is meant."""

    def read(typed: str, _reading: Reading) -> tuple[object, Callable[[R], bool]]:
        meant = word.begun(typed)
        # Among sign_in, sign_in.complete and sign_in.password, it is the first.
        first = min(meant, key=len, default="")
        if not meant:
            raise Unfit(
                _("cannot be {typed}. {choose}", typed=_quoted(typed), choose=_choose(word))
            )
        if not all(value.startswith(first) for value in meant):
            raise Unfit(_("could be {values}. Type more letters.", values=word.one_of(meant)))
        return first, test(first)

    word = Word(
        name, values[0], meaning, read, tuple(values), shortened, is_choice=True, shown=shown
    )
    return word


def free(
    name: str, example: str, meaning: str, test: Callable[[str], Callable[[R], bool]]
) -> Word[R]:
    """Return a word that takes any text."""
    return Word(name, example, meaning, lambda typed, _: (typed, test(typed)))


# Parsing


def parse(
    text: str,
    vocabulary: Vocabulary[R],
    now: float,
    zone: tzinfo = UTC,
    options: Mapping[str, str] = _NONE,
) -> Query[R]:
    """Return the query for a filter as typed. Raises FilterError and nothing else.

    `now` is in seconds since the epoch. Times are read in `zone`. `options` are values by word that
    were given apart from the text.
    """
    if len(text) > LONGEST:
        sentence = _("A filter can have at most {most} characters.", most=grouped(LONGEST))
        raise FilterError(sentence, LONGEST, len(text))
    reading, terms = Reading(now, zone), list[Term[R]]()
    for found in TERM.finditer(text):
        if len(terms) == MOST_TERMS:
            sentence = _("A filter can have at most {most} terms.", most=MOST_TERMS)
            raise FilterError(sentence, found.start(), len(text))
        unclosed = _unclosed(found)
        if unclosed is not None:
            raise unclosed
        try:
            if terms and found[0].startswith(_SEPARATE):
                _check_is_no_value(terms[-1], vocabulary)
            terms.append(_term(found[0], vocabulary, reading))
        except Unfit as error:
            raise FilterError(str(error), *found.span()) from None
    try:
        terms += [
            _with_value(_known(name, vocabulary), value, reading) for name, value in options.items()
        ]
    except Unfit as error:
        raise FilterError(str(error), len(text), len(text)) from None
    return Query(tuple(terms))


def valid_part(
    text: str, vocabulary: Vocabulary[R], now: float, zone: tzinfo = UTC
) -> tuple[str, FilterError | None]:
    """Return the filter without the terms that are not valid, and the first error, if any.

    A quote that is not closed yet is closed, because the text in it may be being typed.
    """
    unclosed = next(filter(None, map(_unclosed, TERM.finditer(text))), None)
    first: FilterError | None = None
    if unclosed is not None:
        text += _QUOTE
    while True:
        try:
            parse(text, vocabulary, now, zone)
        except FilterError as error:
            first = first or error
            text = text[: error.start] + text[error.end :]
        else:
            return text, first or unclosed


def _unclosed(term: re.Match[str]) -> FilterError | None:
    if term[0].count(_QUOTE) % 2 == 0:
        return None
    sentence = _("The quote is not closed. Type {quote} at its end.", quote=_QUOTE)
    return FilterError(sentence, *term.span(), is_unfinished=True)


def _check_is_no_value(before: Term[R], vocabulary: Vocabulary[R]) -> None:
    """Raise Unfit if the term before is a word, such as `mfa` in `mfa = none`."""
    word = vocabulary.word(str(before.value)) if not before.word else None
    if word is not None:
        example = f"{word.name}:{word.example}"
        raise Unfit(_("Write the word and its value together, such as {example}.", example=example))


def _term(typed: str, vocabulary: Vocabulary[R], reading: Reading) -> Term[R]:
    positive = typed.lstrip("!")
    negated = (len(typed) - len(positive)) % 2 == 1
    if not positive.strip('"'):
        if positive:
            raise Unfit(_("Type the text to search for between the quotes."))
        raise Unfit(_("Type after ! what must not match, such as !alice."))
    whole = folded(positive)
    name, value = split(positive)
    if value is not None:
        one = _with_value(_known(name, vocabulary), value, reading)
    elif (meant := vocabulary.short.get(whole)) is not None:
        one = _term(meant, vocabulary, reading)
    else:
        vocabulary.check_language(whole)
        _check_is_text(positive, vocabulary, reading, negated=negated)
        searched = folded(_without_quotes(positive))
        one = Term("", searched, False, vocabulary.text(searched))
    return replace(one, negated=negated)


def split(positive: str) -> tuple[str, str | None]:
    """Return the word of a term and its value, which is None if the term is text.

    Addresses such as fe80::1 and 10.0.0.1:22 are text.
    """
    name, colon, value = positive.partition(":")
    name = folded(name)
    is_word = name.replace("_", "").replace("-", "").isalpha()
    return (name, value) if colon and is_word and not value.startswith(":") else ("", None)


def _check_is_text(
    positive: str, vocabulary: Vocabulary[R], reading: Reading, *, negated: bool
) -> None:
    """Raise Unfit if this is a condition as other languages write it, such as `mfa=none`."""
    found = _AS_ELSEWHERE.fullmatch(positive)
    if found is None:
        return
    name, operator, value = folded(found[1]), found[2], found[3]
    if name in vocabulary.short:
        raise Unfit(_("Write {name} or !{name}.", name=name))
    word = vocabulary.word(name)
    if word is None:
        return
    if operator in {"<", "<=", ">", ">="}:
        value = operator + value
    _with_value(word, value, reading)  # if that is wrong too, say so first
    means_not = operator == "<>" or operator.startswith("!")
    sign = "!" if negated is not means_not else ""
    right = f"{sign}{name}:{visible(shortened(value, _SHOWN))}"
    raise Unfit(_("Write {term}.", term=right))


def _known(name: str, vocabulary: Vocabulary[R]) -> Word[R]:
    word = vocabulary.word(name)
    if word is not None:
        return word
    names = [f"{word.name}:" for word in vocabulary.words]
    if vocabulary.word(name.removeprefix("-")) is not None:
        raise Unfit(_("To leave rows out, type ! instead of -, as in !{name}:…", name=name[1:]))
    raise Unfit(
        _(
            "There is no filter {name}. Use {names}. To search for text with a colon, put it in "
            "quotes.",
            name=_quoted(f"{name}:"),
            names=one_of_values(names),
        )
    )


def _with_value(word: Word[R], typed: str, reading: Reading) -> Term[R]:
    value = folded(_without_quotes(typed)).strip()
    if not value:
        choose = _choose(word) or _("Type it after the colon.")
        raise Unfit(_("{word}: needs a value. {choose}", word=word.name, choose=choose))
    try:
        kept, test = word.read(value, reading)
    except Unfit as error:
        raise Unfit(f"{word.name}: {error}") from None
    return Term(word.name, kept, False, test, word.is_slow)


def _choose(word: Word[R]) -> str:
    return _("Choose {values}.", values=word.one_of(word.values)) if word.values else ""


def one_of_values(values: Sequence[str], shown: Callable[[str], str] = str) -> str:
    """Return the values as a list in a sentence, without sign_in.password if it has sign_in."""
    kept: list[str] = []
    for value in values:
        if not any(value.startswith(f"{one}.") for one in kept):
            kept.append(value)
    return one_of([typed_and_shown(one, shown) for one in kept])


def _quoted(typed: str) -> str:
    return repr(visible(typed[:_SHOWN]))


def _without_quotes(typed: str) -> str:
    return typed.replace('"', "")


def folded(typed: str) -> str:
    return normal(typed).casefold()
