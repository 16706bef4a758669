"""What completes a filter as it is typed, and how help explains the words of a list."""

from collections.abc import Iterator
from typing import TypeVar

from cwtui.accounts.filter_language import (
    TERM,
    Vocabulary,
    Word,
    folded,
    split,
)
from cwtui.language import _

R = TypeVar("R")


def completions(text: str, vocabulary: Vocabulary[R]) -> tuple[str, ...]:
    """Return what the whole line could be with its last term completed.

    A line that ends with a colon can be completed further, by values of that word. Any other is a
    valid filter if the terms before are.
    """
    *_before, last = ("", *(found[0] for found in TERM.finditer(text)))
    # After a space, the next term is still empty.
    typed = last.lstrip("!") if text.endswith(last) else ""
    before = text[: len(text) - len(typed)]
    return tuple(before + one for one in _offered(typed, vocabulary) if one != typed)


def _offered(typed: str, vocabulary: Vocabulary[R]) -> Iterator[str]:
    name, value = split(typed)
    word = vocabulary.word(name)
    if value is None:
        names = [*(f"{word.name}:" for word in vocabulary.words), *vocabulary.short]
        yield from (one for one in names if one.startswith(folded(typed)))
    elif word is not None:
        for one in word.begun(folded(value)):
            yield f'{name}:"{one}"' if " " in one else f"{name}:{one}"


def explained(vocabulary: Vocabulary[R]) -> list[tuple[str, str]]:
    """Return the words for help: each with an example of its value, and what it means."""
    words = [(f"{word.name}:{word.example}", _meant(word)) for word in vocabulary.words]
    short = [
        (word, _("the same as {term}", term=whole)) for word, whole in vocabulary.short.items()
    ]
    return [*words, *short]


def _meant(word: Word[R]) -> str:
    meaning = _(word.meaning)
    if word.ages:
        return _("{meaning}: {ages}, or a date", meaning=meaning, ages=_(word.ages))
    return f"{meaning}: {word.one_of(word.values)}" if word.is_choice else meaning
