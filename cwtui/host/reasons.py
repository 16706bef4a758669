"""Why a system call failed, for the end of a sentence."""

from cwtui.host.untrusted_files import NotRegular, TooLarge


def reason_of(error: OSError, otherwise: str = "") -> str:
    """Return the reason as it stands after a colon, such as "permission denied".

    The system writes a capital letter there. `otherwise` is the reason if it gives none.
    """
    if isinstance(error, NotRegular | TooLarge):
        return error.strerror  # written for this, in a language that may need capital letters
    return (error.strerror or "").lower() or otherwise or str(error).lower()
