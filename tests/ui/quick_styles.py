"""Tests find the styles of widgets once: parsing and matching again gives the same."""

from dataclasses import dataclass, field, replace
from typing import Any, Final, cast
from weakref import WeakKeyDictionary

from textual.css.match import _check_selectors
from textual.css.model import RuleSet, Selector
from textual.css.styles import RulesMap
from textual.css.stylesheet import Stylesheet
from textual.dom import DOMNode


def begin() -> None:
    _parse_styles_once()
    _join_styles_once()
    _find_rules_once()
    _hash_rules_quickly()


def _parse_styles_once() -> None:
    """Cache parsed stylesheets; parsing them per application took a fifth of the tests' time."""
    parse = Stylesheet._parse_rules
    parsed: dict[object, list[RuleSet]] = {}

    def parsed_once(self: Stylesheet, *arguments: Any, **named: Any) -> list[RuleSet]:
        key = (arguments, *named.items(), *self._variables.items())
        if key not in parsed:
            parsed[key] = parse(self, *arguments, **named)
        return parsed[key]

    Stylesheet._parse_rules = parsed_once  # type: ignore[method-assign]  # only for tests


def _join_styles_once() -> None:
    """Share the rules of stylesheets that have the same sources, and the map from names to rules.

    Each class of widgets is a new source, so an application joins its rules a hundred times.
    """
    parse = Stylesheet.parse
    mapped = cast("property", Stylesheet.rules_map).__get__
    joined: dict[object, list[RuleSet]] = {}
    maps: dict[int, tuple[list[RuleSet], dict[str, list[RuleSet]]]] = {}

    def joined_once(self: Stylesheet) -> None:
        key = (*self._variables.items(), *self.source.items())
        if self._invalid_css or key not in joined:
            parse(self)
            joined[key] = self._rules
        self._rules, self._rules_map, self._require_parse = joined[key], None, False

    def mapped_once(self: Stylesheet) -> dict[str, list[RuleSet]]:
        if self._rules_map is None:
            rules = self.rules
            if id(rules) not in maps:
                maps[id(rules)] = rules, mapped(self)
            _, self._rules_map = maps[id(rules)]
        return self._rules_map

    Stylesheet.parse = joined_once  # type: ignore[method-assign]  # only for tests
    Stylesheet.rules_map = property(mapped_once)  # type: ignore[method-assign,assignment]


_FLAGS: Final = ("_has_hover_style", "_has_focus_within", "_has_order_style", "_has_odd_or_even")
"""What Textual notes at a widget of the rules that may apply to it."""


@dataclass
class _Style:
    """The style of all widgets with the same types, ids and classes from the application down."""

    deciding: list[list[Selector]]
    """The selectors on which it depends which rules apply: those with a pseudo-class."""
    flags: tuple[bool, ...] = ()
    rules: dict[tuple[bool, ...], RulesMap | None] = field(default_factory=dict)
    """By which of the deciding selectors match."""


def _find_rules_once() -> None:
    """Find the rules for a widget once; each widget asks for them a few times."""
    apply = Stylesheet.apply
    put = cast("Any", Stylesheet.replace_rules).__func__
    styles: dict[object, _Style] = {}
    searching: list[tuple[DOMNode, _Style, tuple[bool, ...]]] = []
    applied: WeakKeyDictionary[DOMNode, tuple[int, RulesMap]] = WeakKeyDictionary()

    def apply_found(
        self: Stylesheet, node: DOMNode, *, animate: bool = False, cache: object = None
    ) -> None:
        del cache  # Textual's own lasts for one update
        path = node.css_path_nodes
        key = (id(self.rules), *((type(one), one._id, one.classes) for one in path))
        style = styles.get(key)
        if style is None:
            style = styles[key] = _Style(_deciding(self, node))
        matching = tuple(_check_selectors(selectors, path) for selectors in style.deciding)
        if matching not in style.rules:
            style.rules[matching] = None
            searching.append((node, style, matching))
            apply(self, node, animate=animate)
            searching.pop()
            style.flags = tuple(getattr(node, flag) for flag in _FLAGS)
            return
        for flag, value in zip(_FLAGS, style.flags, strict=True):
            setattr(node, flag, value)
        rules = style.rules[matching]
        if rules is not None:
            self.replace_rules(node, rules, animate=animate)
        self._process_component_classes(node)

    def put_changed(
        cls: type[Stylesheet], node: DOMNode, rules: RulesMap, animate: bool = False
    ) -> None:
        if searching and searching[-1][0] is node:
            _, style, matching = searching[-1]
            style.rules[matching] = rules
        base = node.styles.base
        if applied.get(node) == (id(rules), base._rules):
            node.notify_style_update()
        else:
            put(cls, node, rules, animate)
            applied[node] = id(rules), base._rules.copy()

    Stylesheet.apply = apply_found  # type: ignore[method-assign]
    Stylesheet.replace_rules = classmethod(put_changed)  # type: ignore[method-assign,assignment]


def _deciding(sheet: Stylesheet, node: DOMNode) -> list[list[Selector]]:
    """Return the selectors with a pseudo-class that match but for those."""
    path, names = node.css_path_nodes, node._selector_names
    rules = {rule for name in sheet.rules_map.keys() & names for rule in sheet.rules_map[name]}
    return [
        one.selectors
        for rule in rules
        for one in rule.selector_set
        if any(selector.pseudo_classes for selector in one.selectors)
        and _check_selectors([replace(one, pseudo_classes=set()) for one in one.selectors], path)
    ]


def _hash_rules_quickly() -> None:
    """A set of rules is hashed by its identity: by Python itself, not by a method that does so."""
    RuleSet.__hash__ = object.__hash__  # type: ignore[method-assign]  # only for tests
