"""For terminals without UTF-8: replaces every glyph with ASCII, cell for cell."""

import codecs
from typing import Final

from rich.cells import cell_len

from cwtui.host.charset import UTF_8

_ASCII: Final = str.maketrans(
    {
        **dict.fromkeys("●•", "*"),
        **dict.fromkeys("○", "o"),
        **dict.fromkeys("◐✓", "+"),
        **dict.fromkeys("✗\u00d7", "x"),
        **dict.fromkeys("⚠", "!"),
        **dict.fromkeys("→▸", ">"),
        **dict.fromkeys("↑", "^"),
        **dict.fromkeys("↓", "v"),
        **dict.fromkeys("…", "~"),
        **dict.fromkeys("\u2018\u2019", "'"),
        **dict.fromkeys("\u201c\u201d", '"'),
        **dict.fromkeys("\u2010\u2013\u2014─╌▔", "-"),
        **dict.fromkeys("━", "="),
        **dict.fromkeys("│┃▌▐▏▎▍▊▋▉", "|"),
        **dict.fromkeys("╭╮╰╯┌┐└┘", "+"),
        **dict.fromkeys("█", "#"),
        # The ends of scrollbars, and the no-break space.
        **dict.fromkeys("▁▂▃▄▅▆▇▀\u00a0", " "),
    }
)
_ERRORS: Final = "cwtui.cells"


def _question_marks(error: UnicodeError) -> tuple[str, int]:
    """Return one question mark per cell of the character, so that the rest stays in its column."""
    if not isinstance(error, UnicodeEncodeError):
        raise error
    return "?" * cell_len(error.object[error.start : error.end]), error.end


codecs.register_error(_ERRORS, _question_marks)


def encoded(text: str, charset: str) -> bytes:
    """Encode the text in a way that the terminal can show."""
    if charset == UTF_8:
        return text.encode(charset, "replace")
    return text.translate(_ASCII).encode(charset, _ERRORS)
