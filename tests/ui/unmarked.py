"""What is on a screen without having been translated, found with a catalog that marks letters."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import fields, is_dataclass
from typing import Final

import msgspec

from cwtui.accounts import roles
from cwtui.accounts.audit.events import EventType, Outcome
from cwtui.accounts.devices import FIRST_NAME
from cwtui.accounts.model import BackupCodes, PasswordHash
from cwtui.accounts.preferences import known_zones
from cwtui.accounts.roles import Permission
from cwtui.help import TOPICS
from cwtui.help import text as topic_text
from cwtui.language import _
from cwtui.ui.screens.dialogs.manual import ManualScreen, TopicScreen
from cwtui.ui.screens.entry.register_device import RegisterDeviceScreen
from cwtui.ui.widgets.fields import TextInput
from tests.language import MARKED
from tests.ui.harness import HOST, Person
from tests.ui.plants import Plant

_WORD: Final = re.compile(r"[A-Za-z]+…?")
_FORMS: Final = re.compile(
    r"\b[0-9A-Z]{4}(?:[- ][0-9A-Z]{4})+\b"  # a secret key, a backup code, an initial password
    r"|\d\d:\d\d(?::\d\d)? UTC"
    r"|\d+x\d+"  # a size
    r"|\bF\d+\b"  # a key
    r"|SHA256:\S+"  # of an SSH key
    r"|[\[(]x[\])]"  # a checkbox, a radio button
    r"|[^\s│]*[╭╰│╮╯▌][^\s│]*"  # what a dialog or a toast covers in part
)
_NAMES: Final = "English Deutsch Connectware cwtui UTC RSA audit.jsonl"
_VALUES: Final = (
    *(roles.ADMIN, roles.MINIMUM),
    *Permission,
    *EventType,
    *Outcome,
)
"""What people type, and events of the audit log, are the same in every language."""


def unmarked(person: Person, there: Plant) -> list[str]:
    """The words on the screen that are neither translated nor data of the scene."""
    typed = [*_typed(person)]
    known = {
        word
        for text in (*_data(person, there), *_VALUES, *_manual(person), HOST, _NAMES)
        for word in _WORD.findall(text)
    }
    return [
        word
        for row in person.rows
        for word in _WORD.findall(_FORMS.sub("", row))
        if word not in known and not _is_cut_off(word, known)
        # A field shows the part of its text where the cursor is.
        if not any(word in text for text in typed)
    ]


def marked_in_store(there: Plant) -> list[str]:
    """What was stored in the language of the person: what is stored must not depend on it.

    The name of the first device belongs to the person, like one that they type.
    """
    name = _(FIRST_NAME)
    return [text for text in _stored(there) if not set(text).isdisjoint(MARKED) and text != name]


def _is_cut_off(word: str, known: set[str]) -> bool:
    return word.endswith("…") and any(one.startswith(word[:-1]) for one in known)


def _data(person: Person, there: Plant) -> Iterator[str]:
    """The texts in the store, in what is not stored yet, and in the database of time zones."""
    yield from known_zones()
    for screen in person.app.screen_stack:
        if isinstance(screen, RegisterDeviceScreen):
            yield screen._enrolment.device
    yield from _stored(there)


def _stored(there: Plant) -> Iterator[str]:
    world = there.world
    for kept in (world.accounts._now, world.records.kept):
        yield from _texts(kept)
    yield from _texts(world.sessions.kept)
    yield from (line.decode(errors="replace") for line in world.audit.contents)


def _texts(value: object) -> Iterator[str]:
    """The texts in an object."""
    match value:
        case str():
            yield value
        case Mapping():
            yield from _texts([*value.keys(), *value.values()])
        case list() | tuple() | set() | frozenset():
            for one in value:
                yield from _texts(one)
        case msgspec.Struct() if not isinstance(value, PasswordHash | BackupCodes):
            yield from _texts([getattr(value, name) for name in value.__struct_fields__])
        case _ if is_dataclass(value):
            yield from _texts([getattr(value, field.name) for field in fields(value)])


def _typed(person: Person) -> Iterator[str]:
    for screen in person.app.screen_stack:
        yield from (entry.value for entry in screen.query(TextInput))


def _manual(person: Person) -> Iterator[str]:
    """The manual, where it is shown, is in English."""
    if isinstance(person.app.screen, ManualScreen | TopicScreen):
        for topic in TOPICS:
            yield from (topic.name, topic.summary, topic_text(topic.name))
