"""YAML as far as other programs write it: mappings, lists and texts.

Anchors, aliases and tags are refused, so that a small file cannot stand for a large one or for
other objects. Events are read one by one, so that depth and number are bounded before there is
anything to hold. PyYAML is used because it is the kept parser that gives events; it is loaded only
here.
"""

from collections.abc import Iterator
from typing import Any, Final

from cwtui.accounts.errors import WrongFile
from cwtui.language import _

_DEPTH_MOST: Final = 20
_EVENTS_MOST: Final = 5_000_000
_NOTHING: Final = ("", "~", "null", "Null", "NULL")


def parsed(text: bytes) -> object:
    """Return the document: dicts, lists, texts and None. Raises WrongFile, which quotes nothing."""
    try:
        import yaml
    except ImportError:
        raise WrongFile(
            _("To read YAML, install cwtui[yaml], or make JSON of the file: yq -o json FILE")
        ) from None
    loader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    try:
        return _Reader(yaml, yaml.parse(text.decode(), Loader=loader)).document()
    except UnicodeDecodeError:
        raise WrongFile(_("The file is not in UTF-8.")) from None
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        if mark is None:
            raise WrongFile(_("The file is not YAML.")) from None
        raise WrongFile(_("The file is not YAML on line {number}.", number=mark.line + 1)) from None


class _Reader:
    def __init__(self, yaml: Any, events: Iterator[Any]) -> None:
        self._yaml, self._events = yaml, events
        self._left = _EVENTS_MOST

    def document(self) -> object:
        content: object = None
        while not isinstance(event := self._next(), self._yaml.StreamEndEvent):
            if isinstance(event, self._yaml.DocumentStartEvent):
                if content is not None:
                    raise WrongFile(_("The file has several YAML documents."))
                content = self._value(self._next(), _DEPTH_MOST)
        return content

    def _next(self) -> Any:
        self._left -= 1
        if not self._left:
            raise WrongFile(_("The file is too long."))
        return next(self._events)

    def _value(self, event: Any, depth: int) -> object:
        yaml = self._yaml
        if isinstance(event, yaml.AliasEvent) or event.anchor is not None or event.tag is not None:
            raise WrongFile(
                _(
                    "Line {number} has an anchor, an alias or a tag of YAML. Write the value "
                    "itself there.",
                    number=event.start_mark.line + 1,
                )
            )
        if isinstance(event, yaml.ScalarEvent):
            is_plain = event.implicit[0]
            return None if is_plain and event.value in _NOTHING else str(event.value)
        if not depth:
            raise WrongFile(
                _("Line {number} is nested too deeply.", number=event.start_mark.line + 1)
            )
        if isinstance(event, yaml.SequenceStartEvent):
            return self._list(depth - 1)
        return self._mapping(depth - 1)

    def _list(self, depth: int) -> list[object]:
        found: list[object] = []
        while not isinstance(event := self._next(), self._yaml.SequenceEndEvent):
            found.append(self._value(event, depth))
        return found

    def _mapping(self, depth: int) -> dict[str, object]:
        found: dict[str, object] = {}
        while not isinstance(event := self._next(), self._yaml.MappingEndEvent):
            is_text = isinstance(event, self._yaml.ScalarEvent)
            key = self._value(event, depth) if is_text else None
            if not isinstance(key, str) or key in found:
                raise WrongFile(
                    _(
                        "Line {number} has a key that is not text, or appears twice.",
                        number=event.start_mark.line + 1,
                    )
                )
            found[key] = self._value(self._next(), depth)
        return found
