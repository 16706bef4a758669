"""Makes the hosts of the command line tests available here."""

from tests.cli.conftest import _no_variables, new_host

__all__ = ["_no_variables", "new_host"]
