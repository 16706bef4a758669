"""Why a system call failed, for the end of a sentence."""

from typing import Final

from cwtui.host.untrusted_files import NotRegular, TooLarge
from cwtui.language import N_, _

_REASONS: Final = frozenset(
    {
        N_("address already in use"),
        N_("cannot assign requested address"),
        N_("connection refused"),
        N_("connection reset by peer"),
        N_("connection timed out"),
        N_("device or resource busy"),
        N_("disk quota exceeded"),
        N_("exec format error"),
        N_("file exists"),
        N_("file name too long"),
        N_("input/output error"),
        N_("is a directory"),
        N_("name or service not known"),
        N_("network is unreachable"),
        N_("no address associated with hostname"),
        N_("no route to host"),
        N_("no space left on device"),
        N_("no such device"),
        N_("no such file or directory"),
        N_("not a directory"),
        N_("operation not permitted"),
        N_("permission denied"),
        N_("read-only file system"),
        N_("temporary failure in name resolution"),
        N_("too many open files"),
    }
)
"""The likely reasons, as the GNU C library says them. Others stay in English."""


def reason_of(error: OSError, otherwise: str = "") -> str:
    """Return the reason as it stands after a colon, such as "permission denied".

    The system writes a capital letter there. `otherwise` is the reason if it gives none.
    """
    if isinstance(error, NotRegular | TooLarge):
        return error.strerror  # written for this, in a language that may need capital letters
    reason = (error.strerror or "").lower()
    if reason in _REASONS:
        return _(reason)
    return reason or otherwise or str(error).lower()
