"""The command line's hosts serve here too."""

from tests.cli.conftest import _no_variables, new_host

__all__ = ["_no_variables", "new_host"]
