"""Textual's private API: where it is used, and that this version of Textual still has it so."""

import inspect
from typing import Final

import pytest
import textual
from textual import _ansi_sequences
from textual._compositor import ChopsUpdate, Compositor, LayoutUpdate
from textual._xterm_parser import XTermParser
from textual.app import App
from textual.drivers.linux_driver import LinuxDriver
from textual.reactive import Reactive
from textual.screen import Screen

from tests.ui.private_api import private_names, uses

ROOMS: Final = ("cwtui.ui.terminal.", "cwtui.ui.painted")
"""Nothing else in the user interface may use it."""

METHODS: Final[dict[type, dict[str, str]]] = {
    App: {
        "_close_messages_no_wait": "(self)",
        "_display": "(self, screen, renderable)",
        "_fatal_error": "(self)",
        "_get_screen": "(self, screen)",
        "_handle_exception": "(self, error)",
        "_load_screen_css": "(self, screen)",
        "_refresh_notifications": "(self)",
        "_register": "(self, parent, *widgets, before=None, after=None, cache=None)",
        "_set_pointer_shape": "(self, shape)",
    },
    Screen: {
        "_on_layout": "(self, message)",
        "_refresh_layout": "(self, size=None, scroll=False)",
        "_screen_resized": "(self, size)",
    },
    LinuxDriver: {
        "_disable_in_band_window_resize": "(self)",
        "_disable_mouse_support": "(self)",
        "_enable_in_band_window_resize": "(self)",
        "_enable_mouse_support": "(self)",
        "_get_terminal_size": "(self)",
        "_query_in_band_window_resize": "(self)",
    },
    XTermParser: {
        "_sequence_to_key_events": "(self, sequence, alt=False)",
        "parse_mouse_code": "(self, code)",
    },
    LayoutUpdate: {"__init__": "(self, strips, region)"},
    ChopsUpdate: {"__init__": "(self, chops, spans, chop_ends)"},
}
ATTRIBUTES: Final[dict[type, set[str]]] = {
    App: {
        "_background_screens",
        "_batch_count",
        "_driver",
        "_exception",
        "_exit",
        "_exit_renderables",
        "_notifications",
        "_return_code",
        "_running",
        "_sync_available",
    },
    Compositor: {"_full_map_invalidated"},
    Reactive: {"_layout"},
    Screen: {"_compositor", "_layout_required", "_mounted_event", "_repaint_required"},
    LinuxDriver: {
        "_app",
        "_down_buttons",
        "_file",
        "_in_band_window_resize",
        "_loop",
        "_mouse",
        "_size",
        "_writer_thread",
    },
}
IMPORTS: Final = {
    "textual._ansi_sequences:ANSI_SEQUENCES_KEYS",
    "textual._ansi_sequences:SYNC_END",
    "textual._ansi_sequences:SYNC_START",
    "textual._compositor:ChopsUpdate",
    "textual._compositor:Compositor",
    "textual._compositor:CompositorUpdate",
    "textual._compositor:LayoutUpdate",
    "textual._compositor:ReflowResult",
    "textual._xterm_parser:XTermParser",
}


def test_private_api_is_used_in_its_rooms_alone() -> None:
    elsewhere = {use for use in uses() if not use.module.startswith(ROOMS)}
    assert not elsewhere, f"Use Textual's public API here, or move it to {ROOMS}: {elsewhere}"


def test_every_use_is_noted_here() -> None:
    noted = IMPORTS.union(*METHODS.values(), *ATTRIBUTES.values())
    missing = {use for use in uses() if use.name not in noted}
    assert not missing, f"Note these private names of Textual in this file: {missing}"
    gone = noted - {use.name for use in uses()} - {"__init__"}
    assert gone <= {"parse_mouse_code"}, f"Nothing uses these any more: {gone}"


@pytest.mark.parametrize(
    ("owner", "name"), [(owner, name) for owner, names in METHODS.items() for name in sorted(names)]
)
def test_textual_still_has_each_method(owner: type, name: str) -> None:
    method = getattr(owner, name, None)
    assert method is not None, changed(f"has no {owner.__name__}.{name} any more")
    signature = inspect.signature(method)
    bare = [
        parameter.replace(annotation=inspect.Parameter.empty)
        for parameter in signature.parameters.values()
    ]
    now = str(signature.replace(parameters=bare, return_annotation=inspect.Signature.empty))
    before = METHODS[owner][name]
    assert now == before, changed(f"has {owner.__name__}.{name}{now} in place of {before}")


@pytest.mark.parametrize(
    ("owner", "name"),
    [(owner, name) for owner, names in ATTRIBUTES.items() for name in sorted(names)],
)
def test_textual_still_has_each_attribute(owner: type, name: str) -> None:
    there = {each for kind in owner.__mro__ for each in private_names(kind)}
    assert name in there, changed(f"sets no {owner.__name__}.{name} any more")


def test_textual_still_knows_the_keys_of_terminals() -> None:
    known = getattr(_ansi_sequences, "ANSI_SEQUENCES_KEYS", {})
    assert "\x1b[A" in known, changed("has no ANSI_SEQUENCES_KEYS any more")


def changed(what: str) -> str:
    return (
        f"Textual {textual.__version__} {what}. Change cwtui/ui/terminal/ and "
        "cwtui/ui/painted.py to match, then this file."
    )
