"""The terminal that this runs in: whether the application and its QR code fit."""

import os
import sys
from collections.abc import Iterator, Mapping
from functools import partial
from itertools import islice
from typing import Final

from cwtui import qr
from cwtui.accounts.credentials import totp
from cwtui.accounts.secret import Secret
from cwtui.accounts.settings import OrganizationSettings
from cwtui.doctor.findings import Area, Finding, Level
from cwtui.doctor.subject import Subject
from cwtui.host.charset import charmap
from cwtui.language import N_, _
from cwtui.ui import clipboard
from cwtui.ui.clipboard import CopyWay
from cwtui.ui.room import MIN_COLUMNS, MIN_ROWS, PANEL_COLUMNS

_AREA: Final = Area.TERMINAL
_found = partial(Finding, _AREA)
_LONGEST_NAME: Final = 64
_KEY: Final = Secret("A" * 32)
"""As long as a real one, and nobody's."""
_NO_SCREENS: Final = ("", "dumb", "unknown")
_WAYS: Final = {
    CopyWay.TERMINAL: N_(
        "Text can be sent to the terminal's clipboard; whether it takes it, it does not say."
    ),
    CopyWay.TMUX: N_("Text can be copied to tmux."),
    CopyWay.TMUX_OUTSIDE: N_("Text reaches the clipboard only if tmux has set-clipboard on."),
    CopyWay.SCREEN: N_("Text can be sent through GNU screen to the terminal's clipboard."),
    CopyWay.TMUX_OR_SCREEN: N_("Text reaches the clipboard only if tmux has set-clipboard on."),
    CopyWay.NONE: N_("This terminal has no clipboard that cwtui can use."),
}


def findings(subject: Subject) -> Iterator[Finding]:
    size = _size()
    if size is None:
        yield _found(Level.NOTE, _("This does not run in a terminal, so none was looked at."))
        return
    yield from judged(subject.machine.environ, size)


def _size() -> tuple[int, int] | None:
    """Return the columns and rows of the terminal; None if there is none."""
    for stream in (sys.stdout, sys.stderr, sys.stdin):
        try:
            if stream is not None and stream.isatty():
                found = os.get_terminal_size(stream.fileno())
                return found.columns, found.lines
        except (OSError, ValueError):
            continue
    return None


def judged(environ: Mapping[str, str], size: tuple[int, int]) -> Iterator[Finding]:
    term = environ.get("TERM", "")
    columns, rows = size
    if term in _NO_SCREENS:
        yield _found(
            Level.WARNING,
            _(
                "The application cannot draw on a terminal of type {term}.",
                term=term or _("unknown"),
            ),
            _("Set TERM to your terminal's type, such as xterm-256color."),
        )
        return
    charset = charmap(environ)
    if charset == "utf-8":
        yield _found(
            Level.OK,
            _(
                "{term}, {columns} columns and {rows} rows, with UTF-8.",
                term=term,
                columns=columns,
                rows=rows,
            ),
        )
    else:
        yield _found(
            Level.NOTE,
            _(
                "{term}, {columns} columns and {rows} rows, without UTF-8 ({charset}): lines are "
                "drawn with ASCII.",
                term=term,
                columns=columns,
                rows=rows,
                charset=charset,
            ),
            _("If it can show UTF-8, set LC_ALL=C.UTF-8."),
        )
    if columns < MIN_COLUMNS or rows < MIN_ROWS:
        yield _found(
            Level.WARNING,
            _(
                "The application needs at least {columns} columns and {rows} rows.",
                columns=MIN_COLUMNS,
                rows=MIN_ROWS,
            ),
            _("Make the window larger."),
        )
    yield _found(Level.OK, _colours(environ, term))
    yield _found(Level.OK, _(_WAYS[clipboard.copy_way(environ, kiosk=False)]))
    yield _qr_code(columns, rows, utf_8=charset == "utf-8")


def _colours(environ: Mapping[str, str], term: str) -> str:
    if "NO_COLOR" in environ:
        return _("Colours are switched off (NO_COLOR).")
    if environ.get("COLORTERM") in {"truecolor", "24bit"}:
        return _("The terminal says that it shows all colours (COLORTERM).")
    if "256" in term:
        return _("TERM says that the terminal shows 256 colours.")
    return _("TERM says that the terminal shows the basic colours.")


def _qr_code(columns: int, rows: int, *, utf_8: bool) -> Finding:
    style = qr.DrawingStyle.HALF_BLOCKS if utf_8 else qr.DrawingStyle.WHOLE_CELLS
    texts = [*islice(totp.uris(_KEY, "x" * _LONGEST_NAME, OrganizationSettings().issuer), 2)]
    drawn = qr.fit(texts, qr.Size(columns - PANEL_COLUMNS, rows), style)
    if isinstance(drawn, qr.TooSmall):
        return _found(
            Level.WARNING if utf_8 else Level.NOTE,
            _(
                "The QR code for the longest username does not fit: with the key beside it, it "
                "needs {columns} columns and {rows} rows.",
                columns=drawn.needed.columns + PANEL_COLUMNS,
                rows=drawn.needed.rows,
            ),
            _("Make the window larger, or enter the key by hand."),
        )
    return _found(Level.OK, _("The QR code fits, even for the longest username."))
