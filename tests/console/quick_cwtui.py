"""cwtui that hashes at a lower cost than is allowed: python -m tests.console.quick_cwtui.

For tests that start it within another program, and so cannot fork it from a process that does.
"""

import sys
from unittest.mock import patch

from cwtui import __main__ as cwtui
from cwtui import services
from tests.new_store import quick_ports

if __name__ == "__main__":
    patch.object(services, "Ports", quick_ports).start()
    sys.exit(cwtui.main())
