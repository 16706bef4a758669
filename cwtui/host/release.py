"""Which release of cwtui this is, and of which package: two packages can have the same release."""

import sys
from pathlib import Path
from typing import Final

from cwtui import __version__

FILE: Final = "package-version"
"""In the folder of the environment: the version of the Debian package, as dpkg knows it."""
_LONGEST: Final = 100
"""Bytes of that file."""


def described() -> str:
    """Return the version, such as `1.2` or, of a package, `1.2 (Debian package 1.2-3)`."""
    package = _package()
    return f"{__version__} (Debian package {package})" if package else __version__


def _package() -> str:
    try:
        with Path(sys.prefix, FILE).open(encoding="ascii") as file:
            found = file.read(_LONGEST).strip()
    except (OSError, UnicodeDecodeError):
        return ""
    return found if found.isprintable() else ""
