"""Where people sign in from: an address, or one of these, which are stored in English."""

from typing import Final

from cwtui.accounts.text import visible
from cwtui.language import N_, _

CONSOLE: Final = N_("local console")
COMMAND_LINE: Final = N_("command line")
UNKNOWN_ADDRESS: Final = N_("unknown address")
_NOT_ADDRESSES: Final = frozenset({CONSOLE, COMMAND_LINE, UNKNOWN_ADDRESS})


def shown(source: str) -> str:
    """Return the source in the language of the person. Only the audit log shows it as stored."""
    return _(source) if source in _NOT_ADDRESSES else visible(source)
