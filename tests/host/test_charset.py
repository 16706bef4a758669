"""Which characters the terminal can show."""

import pytest

from cwtui.host.charset import charmap


@pytest.mark.parametrize(
    ("environ", "charset"),
    [
        ({"LANG": "de_DE.UTF-8"}, "utf-8"),
        ({"LANG": "de_DE.utf8@euro", "TERM": "vt220"}, "utf-8"),
        ({"LANG": "C.UTF-8", "TERM": "linux"}, "utf-8"),
        # Over SSH, or in a container, no locale says nothing about the terminal.
        ({"TERM": "xterm-256color"}, "utf-8"),
        ({"LANG": "C", "TERM": "xterm-256color"}, "utf-8"),
        ({"LANG": "C", "TERM": "vt220"}, "ascii"),
        ({"LC_ALL": "POSIX", "LANG": "de_DE.UTF-8", "TERM": "linux"}, "ascii"),
        ({"TERM": "linux"}, "ascii"),
        # Python sets this LC_CTYPE by itself.
        ({"LC_CTYPE": "C.UTF-8", "LANG": "C", "TERM": "linux"}, "ascii"),
        ({"LC_CTYPE": "C.UTF-8", "LANG": "de_DE.UTF-8", "TERM": "linux"}, "utf-8"),
        ({"LC_CTYPE": "C.UTF-8", "LANG": "de_DE.US-ASCII", "TERM": "vt220"}, "ascii"),
        ({"LC_CTYPE": "de_DE.ISO-8859-15@euro", "TERM": "xterm"}, "iso8859-15"),
        ({"LC_ALL": "ru_RU.KOI8-R", "TERM": "xterm"}, "koi8-r"),
        ({"LANG": "en_US.US-ASCII", "TERM": "xterm"}, "ascii"),
        # These would send other bytes than ASCII where ASCII is meant.
        ({"LANG": "xx.UTF-16", "TERM": "xterm"}, "ascii"),
        ({"LANG": "xx.UTF-7", "TERM": "xterm"}, "ascii"),
        ({"LANG": "xx.rot13", "TERM": "xterm"}, "ascii"),
        ({"LANG": "xx.cp037", "TERM": "xterm"}, "ascii"),
        ({"LANG": "xx.\0", "TERM": "xterm"}, "ascii"),
        ({"LANG": "xx." + "9" * 9999, "TERM": "xterm"}, "ascii"),
    ],
)
def test_the_locale_says_the_character_set(environ: dict[str, str], charset: str) -> None:
    assert charmap(environ) == charset
