"""Make Debian's python-ldap importable, because pip would have to compile it."""

import sys
import sysconfig
from importlib.util import find_spec
from pathlib import Path
from typing import Final

import pytest

from tests.programs import cannot_run

_DEBIAN: Final = Path("/usr/lib/python3/dist-packages")
_BUILT: Final = f"_ldap{sysconfig.get_config_var('EXT_SUFFIX')}"
_MODULES: Final = ("ldap", "ldapurl.py", "ldif.py", "pyasn1_modules", _BUILT)
"""What python-ldap imports, except for pyasn1, which cwtui has itself."""


def require(folder: Path) -> None:
    """Make `import ldap` work. Skip if Debian's package is for another version of Python.

    The folder gets links to these modules only, so that no other package of Debian is imported.
    """
    if find_spec("ldap") is not None:
        return
    if not (_DEBIAN / _BUILT).exists():
        _give_up()
    for name in _MODULES:
        (folder / name).symlink_to(_DEBIAN / name)
    sys.path.append(str(folder))


def _give_up() -> None:
    ours = f"python{sys.version_info.major}.{sys.version_info.minor}"
    debian = Path("/usr/bin/python3").resolve().name
    if debian != ours:
        pytest.skip(f"Debian's python3-ldap is for {debian}, and this is {ours}")
    cannot_run("python3-ldap is not installed")
