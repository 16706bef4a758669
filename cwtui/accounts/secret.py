"""A wrapper that keeps secret text from being shown by accident."""

from typing import NoReturn


class Secret:
    """Secret text that does not appear in a repr, traceback, log or pickle."""

    __slots__ = ("_text",)

    def __init__(self, text: str) -> None:
        self._text = text

    def reveal(self) -> str:
        """Return the text, to hash, encrypt or send it, or to show it on purpose."""
        return self._text

    def __repr__(self) -> str:
        return "Secret(...)"

    def __bool__(self) -> bool:
        return bool(self._text)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Secret):
            return NotImplemented
        import hmac

        mine = self._text.encode("utf-8", "surrogatepass")
        return hmac.compare_digest(mine, other._text.encode("utf-8", "surrogatepass"))

    __hash__ = None  # type: ignore[assignment]  # secrets must not be dictionary keys

    def __reduce__(self) -> NoReturn:
        message = "secrets cannot be pickled"
        raise TypeError(message)
