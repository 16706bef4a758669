"""Tests find the styles of widgets once: parsing and matching again gives the same."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import Any, Final, cast
from weakref import WeakKeyDictionary

from textual import dom, screen, widget
from textual.app import App
from textual.css import query
from textual.css.match import _check_selectors
from textual.css.model import CombinatorType, RuleSet, SelectorSet
from textual.css.styles import RulesMap, Styles
from textual.css.stylesheet import Stylesheet
from textual.css.types import CSSLocation
from textual.design import ColorSystem
from textual.dom import DOMNode
from textual.theme import Theme

from tests.ui.replacing import replace_in


def begin() -> None:
    read_once()
    _join_styles_once()
    _find_rules_once()
    _hash_rules_quickly()
    _match_quickly()


def read_once() -> None:
    """Remember what is read, and nothing about a widget or a window."""
    _mix_colours_once()
    _read_default_styles_once()
    _parse_styles_once()


def _mix_colours_once() -> None:
    """An application asks a theme for its colours when it starts, and when it is switched to."""
    generate = ColorSystem.generate
    mixed: dict[object, dict[str, str]] = {}

    def generated_once(self: ColorSystem) -> dict[str, str]:
        chosen = {**vars(self), "variables": tuple(self.variables.items())}
        key = tuple(chosen.items())
        if key not in mixed:
            mixed[key] = generate(self)
        return mixed[key].copy()

    ColorSystem.generate = generated_once  # type: ignore[method-assign]  # only for tests


def _read_default_styles_once() -> None:
    """Each widget asked for the styles of its class, and `inspect` for the files they stand in."""
    read = DOMNode._get_default_css
    known: dict[type, list[tuple[CSSLocation, str, int, str]]] = {}

    def read_once(self: DOMNode) -> list[tuple[CSSLocation, str, int, str]]:
        kind = type(self)
        if kind not in known:
            known[kind] = read(self)
        return known[kind]

    replace_in(DOMNode, "_get_default_css", read_once)


def _parse_styles_once() -> None:
    """Cache parsed stylesheets; parsing them per application took a fifth of the tests' time."""
    parse = Stylesheet._parse_rules
    parsed: dict[object, list[RuleSet]] = {}

    def parsed_once(self: Stylesheet, *arguments: Any, **named: Any) -> list[RuleSet]:
        key = (arguments, *named.items(), *self._variables.items())
        if key not in parsed:
            parsed[key] = parse(self, *arguments, **named)
        return parsed[key]

    replace_in(Stylesheet, "_parse_rules", parsed_once)


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

    replace_in(Stylesheet, "parse", joined_once)
    replace_in(Stylesheet, "rules_map", property(mapped_once))


_FLAGS: Final = ("_has_hover_style", "_has_focus_within", "_has_order_style", "_has_odd_or_even")
"""What Textual notes at a widget of the rules that may apply to it."""


Deciding = list[tuple[int, frozenset[str]]]
"""Places on the way from the application to a widget, and the pseudo-classes asked for there."""


@dataclass
class _Style:
    """The style of all widgets with the same types, ids and classes from the application down."""

    deciding: Deciding
    """What else it depends on which rules apply."""
    flags: tuple[bool, ...] = ()
    rules: dict[tuple[bool, ...], RulesMap | None] = field(default_factory=dict)
    """By which of the deciding pseudo-classes are there."""
    parts: list["_Style"] = field(default_factory=list)
    """The styles of what such a widget draws itself."""

    def matching(self, path: list[DOMNode]) -> tuple[bool, ...]:
        return tuple(
            [path[place].has_pseudo_classes(names) for place, names in self.deciding]  # type: ignore[arg-type]  # only read
        )

    def look(self, path: list[DOMNode]) -> object:
        """What the styles of the parts depend on."""
        return tuple([(id(part), part.matching(path)) for part in self.parts])


_apply: Final = Stylesheet.apply
_process_parts: Final = Stylesheet._process_component_classes
_put: Final = cast("Any", Stylesheet.replace_rules).__func__
_styles: Final[dict[object, _Style]] = {}
"""By identity of all rules, and by kind of widget."""
_styles_by_rules: Final[dict[object, _Style]] = {}
"""By rules that may apply, and by kind of widget."""
_refresh: Final = Styles.refresh
_asked: Final[list[tuple[Styles, dict[tuple[tuple[str, bool], ...], None]]]] = []
_searching: Final[list[tuple[DOMNode, _Style, tuple[bool, ...]]]] = []
_applied: Final[WeakKeyDictionary[DOMNode, tuple[int, RulesMap]]] = WeakKeyDictionary()
_parts: Final[WeakKeyDictionary[DOMNode, object]] = WeakKeyDictionary()
_begun: Final[dict[int, tuple[RulesMap, RulesMap]]] = {}
"""By identity of rules: the rules, and what a new widget's become when each was set."""
_OF_ITS_OWN: Final = ("layout", "overflow_x", "overflow_y", "pointer")
"""What makes an object for the widget, or asks it something, when it is set."""


def _find_rules_once() -> None:
    """Find the rules for a widget once; each widget asks for them a few times."""
    replace_in(Stylesheet, "apply", _apply_found)
    replace_in(Stylesheet, "replace_rules", classmethod(_put_changed))
    replace_in(Stylesheet, "_process_component_classes", _process_changed)
    replace_in(Styles, "refresh", _refresh_later)


def _style_of(sheet: Stylesheet, node: DOMNode, path: list[DOMNode]) -> _Style:
    kinds = tuple([(type(one), one._id, one.classes) for one in path])
    key = id(sheet.rules), kinds
    style = _styles.get(key)
    if style is None:
        # Other screens were open before, so other rules are there, but often none for this widget.
        wanted = _rules_for(sheet, node), kinds
        style = _styles_by_rules.get(wanted)
        if style is None:
            style = _styles_by_rules[wanted] = _Style(_deciding(sheet, node))
        _styles[key] = style
    return style


def _rules_for(sheet: Stylesheet, node: DOMNode) -> tuple[RuleSet, ...]:
    """What may apply to the widget or to what it draws itself, in the order of the sheet."""
    names = node._selector_names.union(f".{part}" for part in node._get_component_classes())
    known = sheet.rules_map
    found = {rule for name in known.keys() & names for rule in known[name]}
    return tuple(rule for rule in sheet.rules if rule in found)


def _apply_found(
    self: Stylesheet, node: DOMNode, *, animate: bool = False, cache: object = None
) -> None:
    del cache  # Textual's own lasts for one update
    path = node.css_path_nodes
    style = _style_of(self, node, path)
    matching = style.matching(path)
    if matching not in style.rules:
        style.rules[matching] = None
        _searching.append((node, style, matching))
        _apply(self, node, animate=animate)
        _searching.pop()
        style.flags = tuple(getattr(node, flag) for flag in _FLAGS)
        return
    for flag, value in zip(_FLAGS, style.flags, strict=True):
        setattr(node, flag, value)
    rules = style.rules[matching]
    if rules is not None:
        self.replace_rules(node, rules, animate=animate)
    self._process_component_classes(node)


def _put_changed(
    cls: type[Stylesheet], node: DOMNode, rules: RulesMap, animate: bool = False
) -> None:
    if _searching and _searching[-1][0] is node:
        _, style, matching = _searching[-1]
        style.rules[matching] = rules
    base = node.styles.base
    if _applied.get(node) == (id(rules), base._rules):
        node.notify_style_update()
        return
    is_new = not base._rules and not node._is_mounted and "transitions" not in rules
    if is_new and id(rules) in _begun:
        _begin_with(base, _begun[id(rules)][1])
        node.notify_style_update()
    else:
        with _refreshing_once(base):
            _put(cls, node, rules, animate)
        if is_new:
            _begun[id(rules)] = rules, base._rules.copy()
    _applied[node] = id(rules), base._rules.copy()


def _begin_with(base: Styles, rules: RulesMap) -> None:
    """Set all rules of a new widget at once. It is not shown yet, so nothing must be refreshed."""
    base.merge_rules(rules)
    for name in _OF_ITS_OWN:
        value = base._rules.pop(name, None)  # type: ignore[misc]  # a TypedDict
        if value is not None:
            setattr(base, name, value)


@contextmanager
def _refreshing_once(styles: Styles) -> Iterator[None]:
    """Each rule that changes refreshes the widget and maybe all in it; once for all is enough."""
    asked: dict[tuple[tuple[str, bool], ...], None] = {}
    _asked.append((styles, asked))
    try:
        yield
    finally:
        _asked.pop()
    for flags in asked:
        _refresh(styles, **dict(flags))


def _refresh_later(self: Styles, **flags: bool) -> None:
    if _asked and _asked[-1][0] is self:
        _asked[-1][1][tuple(flags.items())] = None
    else:
        _refresh(self, **flags)


def _process_changed(self: Stylesheet, node: DOMNode) -> None:
    """Make the parts that a widget draws itself again only if they look otherwise than before."""
    names = node._get_component_classes()
    if not names:
        return
    path = node.css_path_nodes
    style = _style_of(self, node, path)
    if not style.parts:
        _process_parts(self, node)
        for name in names:
            part = node._component_styles[name].node
            assert part is not None
            style.parts.append(_style_of(self, part, [*path, part]))
        _parts[node] = style.look(path)
        return
    look = style.look(path)
    if _parts.get(node) != look:
        _process_parts(self, node)
        _parts[node] = look


def _deciding(sheet: Stylesheet, node: DOMNode) -> Deciding:
    """Return which pseudo-classes matter for the selectors that match but for those."""
    path, names = node.css_path_nodes, node._selector_names
    rules = {rule for name in sheet.rules_map.keys() & names for rule in sheet.rules_map[name]}
    matching = [
        one.selectors
        for rule in rules
        for one in rule.selector_set
        if any(selector.pseudo_classes for selector in one.selectors)
        and _check_selectors([replace(one, pseudo_classes=set()) for one in one.selectors], path)
    ]
    found = {
        (place, frozenset(selector.pseudo_classes))
        for selectors in matching
        for selector in selectors
        if selector.pseudo_classes
        for place, one in enumerate(path)
        # Parts of widgets have none.
        if selector._check(one) and type(one) is not DOMNode
    }
    return list(found)


def _hash_rules_quickly() -> None:
    """A set of rules is hashed by its identity: by Python itself, not by a method that does so."""
    replace_in(RuleSet, "__hash__", object.__hash__)


def _match_quickly() -> None:
    """A query asks each widget on the screen, and most fail at the end of the selectors already."""

    def match(selector_sets: Iterable[SelectorSet], node: DOMNode) -> bool:
        for one in selector_sets:
            selectors = one.selectors
            last = selectors[-1]
            if last.check(node) and (
                (len(selectors) == 1 and last.combinator is CombinatorType.DESCENDENT)
                or _check_selectors(selectors, node.css_path_nodes)
            ):
                return True
        return False

    def has_pseudo_classes(self: Any, class_names: Iterable[str]) -> bool:
        known = self._PSEUDO_CLASSES
        for name in class_names:
            holds = known.get(name)
            if holds is None or not holds(self):
                return False
        return True

    get_theme = App.get_theme

    def get_one_theme(self: App[Any], theme_name: str) -> Theme | None:
        """Mostly one name is asked for, which would be split and looked up in a copy."""
        return self._registered_themes.get(theme_name) or get_theme(self, theme_name)

    for module in (dom, query, screen, widget):
        replace_in(module, "match", match)
    replace_in(DOMNode, "has_pseudo_classes", has_pseudo_classes)
    replace_in(App, "get_theme", get_one_theme)
