"""The [radius] section of the configuration file."""

from typing import Annotated, Literal

from msgspec import Meta, Struct


class RadiusConfig(Struct, frozen=True, forbid_unknown_fields=True):
    """`cwtui serve --radius`. `clients` maps addresses and networks to files with their secrets.

    `code_separator` is what stands between password and code for clients that ask only once; empty
    if none of them does.
    """

    address: str = "127.0.0.1"
    port: Annotated[int, Meta(ge=1, le=65535)] = 1812
    code_separator: Literal["", ",", ";", ":", "/"] = ""
    clients: dict[str, str] = {}
