"""Paths and URLs in the configuration: which can be used, and why others cannot."""

from pathlib import Path
from typing import Final

from cwtui.accounts.text import shortened
from cwtui.config.errors import ConfigError
from cwtui.language import _, grouped

_LONGEST_NAME: Final = 200
_LONGEST_PATH: Final = 3900
"""Bytes. Linux allows 255 and 4095, but cwtui appends to names and paths."""


def usable(path: str, owner: str) -> str:
    """Return the path with ~ expanded; empty (for the default) stays empty. Raises ConfigError."""
    if "\0" in path:
        raise ConfigError(_("The {owner}'s path contains a NUL character.", owner=owner))
    try:
        expanded = str(Path(path).expanduser()) if path else ""
    except RuntimeError:
        raise ConfigError(
            _(
                "The {owner}'s path {path!r} names a home folder that does not exist.",
                owner=owner,
                path=shortened(path),
            )
        ) from None
    size, longest = len(_bytes(expanded)), max(map(len, map(_bytes, expanded.split("/"))))
    if size > _LONGEST_PATH or longest > _LONGEST_NAME:
        raise ConfigError(
            _(
                "The {owner}'s path {path} is too long: it can have at most {most} bytes, and each "
                "name in it {most_of_name}.",
                owner=owner,
                path=shortened(path),
                most=grouped(_LONGEST_PATH),
                most_of_name=_LONGEST_NAME,
            )
        )
    return expanded


def _bytes(text: str) -> bytes:
    return text.encode(errors="surrogatepass")


def checked_database(url: str) -> str:
    """Return the URL of a database. Raises ConfigError if it cannot be used."""
    # Imported here, because most hosts have no database.
    from cwtui.store.postgres import address

    try:
        address.check(url)
    except address.BadAddress as error:
        raise ConfigError(str(error)) from None
    return url


def folder(url: str) -> str:
    """Return the path in the URL of a store in files. Raises ConfigError."""
    scheme, colon, rest = url.partition(":")
    if colon and scheme == "file":
        rest = rest.removeprefix("//")
        if not rest.startswith("/"):
            raise ConfigError(
                _(
                    "The store {url!r} is not an absolute path, such as file:/srv/cwtui.",
                    url=shortened(url),
                )
            )
        return rest
    if colon and "/" not in scheme:
        raise ConfigError(
            _(
                "Unknown kind of store {kind!r}. Use a folder, as PATH or file:PATH, or "
                "a database, as postgresql://HOST/NAME.",
                kind=shortened(scheme),
            )
        )
    return url
