"""RADIUS: whether each client has a good secret and can reach the process, which must run."""

import ipaddress
import socket
import struct
from collections.abc import Iterator, Mapping
from contextlib import suppress
from functools import partial
from importlib.util import find_spec
from typing import Final, NamedTuple

from cwtui.accounts.errors import CannotCheck
from cwtui.accounts.text import listed, visible
from cwtui.config import Config
from cwtui.config.errors import ConfigError
from cwtui.doctor.findings import NAMED, Area, Finding, Level
from cwtui.doctor.machine import Machine
from cwtui.doctor.store import of_others
from cwtui.doctor.subject import Subject
from cwtui.host.untrusted_files import read_regular
from cwtui.language import N_, _
from cwtui.service.radius.clients import Address, Clients, plain

_AREA: Final = Area.RADIUS
_found = partial(Finding, _AREA)
_TABLES: Final = ("/proc/net/udp", "/proc/net/udp6")
_MOST: Final = 1 << 22
_FIELDS: Final = 8
"""The fields of a line in these tables, up to the uid (proc_pid_net(5))."""
_WORD: Final = 8
"""Hexadecimal digits of a word in them. An address of IPv4 has one word, one of IPv6 four."""
_START: Final = N_("Start it: systemctl enable --now cwtui-radius.service")


def findings(subject: Subject) -> Iterator[Finding]:
    config = subject.config
    if isinstance(config, ConfigError):
        yield _found(
            Level.UNKNOWN,
            _("Without a configuration, it is not known whether there are RADIUS clients."),
        )
        return
    files = config.radius.clients
    if not files:
        yield _found(Level.OK, _("No RADIUS clients are configured."))
        return
    if find_spec("pyrad") is None:
        yield _found(
            Level.PROBLEM,
            _("RADIUS clients are configured, but the library pyrad is missing."),
            _("Install cwtui[radius], or pyrad beside cwtui."),
        )
    if subject.is_others:
        yield of_others(_AREA, subject, _("The secret of each RADIUS client"))
    else:
        yield from secrets(files)
    yield from _reach(config)
    yield from _process(config, subject)


def secrets(files: Mapping[str, str]) -> Iterator[Finding]:
    """Yield what is wrong with the clients' secrets, which this user can read."""
    wrong = False
    for name, file in files.items():
        try:
            Clients.load({name: file})
        except CannotCheck as error:
            wrong = True
            yield _found(Level.PROBLEM, str(error), _("See: cwtui help doors"))
    by_file: dict[str, list[str]] = {}
    for name, file in files.items():
        by_file.setdefault(file, []).append(visible(name))
    for file, names in by_file.items():
        if len(names) > 1:
            yield _found(
                Level.WARNING,
                _(
                    "{names} have the same secret, in {file}. Each of them can pass for the "
                    "others.",
                    names=listed(names, NAMED),
                    file=visible(file),
                ),
                _("Give each client a secret of its own: openssl rand -base64 24"),
            )
    if wrong:
        return
    try:
        Clients.load(files)
    except CannotCheck as error:
        yield _found(Level.PROBLEM, str(error), _("See: cwtui help doors"))
    else:
        yield _found(
            Level.OK,
            _(
                "The RADIUS clients {names} have secrets.",
                names=listed([*map(visible, files)], NAMED),
            ),
        )


def _reach(config: Config) -> Iterator[Finding]:
    """Yield clients that cannot reach the process, and those that are everybody."""
    address = _address(config.radius.address)
    if address is None:
        yield _found(
            Level.PROBLEM,
            _(
                "radius.address is {address}, which is not an IP address.",
                address=visible(config.radius.address),
            ),
            _("Write an address of this host, such as 127.0.0.1."),
        )
        return
    networks = {visible(name): found for name in config.radius.clients if (found := _network(name))}
    away = [name for name, network in networks.items() if not network.is_loopback]
    if address.is_loopback and away:
        yield _found(
            Level.WARNING,
            _(
                "radius.address is {address}, which other hosts cannot reach: {names}.",
                address=address,
                names=listed(away, NAMED),
            ),
            _("Set radius.address to the address of this host that these clients use."),
        )
    everybody = [name for name, network in networks.items() if network.prefixlen == 0]
    if everybody:
        yield _found(
            Level.WARNING,
            _(
                "{names} allows every address, so anybody can send packets to guess the secret.",
                names=listed(everybody, NAMED),
            ),
            _("Name the clients, or their network."),
        )


def _address(text: str) -> Address | None:
    try:
        return plain(text)
    except ValueError:
        return None


def _network(name: str) -> ipaddress.IPv4Network | ipaddress.IPv6Network | None:
    try:
        return ipaddress.ip_network(name)
    except ValueError:
        return None  # the finding about its secret says so


class Waiting(NamedTuple):
    """A UDP socket: where it waits, and the uid of its process."""

    address: Address
    uid: int


def _process(config: Config, subject: Subject) -> Iterator[Finding]:
    """Yield whether the process waits for packets at the address of the configuration."""
    port, address = config.radius.port, _address(config.radius.address)
    try:
        all_ = [one for table in _TABLES for one in waiting(subject.machine, table, port)]
    except OSError:
        yield _found(Level.UNKNOWN, _("Cannot check whether RADIUS is served."))
        return
    here = [one for one in all_ if one.address == address or one.address.is_unspecified]
    strangers = [one for one in here if one.uid not in {0, subject.owner}]
    if not here:
        yield _found(
            Level.PROBLEM,
            _(
                "No process listens at {address}, UDP port {port}; a process listens at another "
                "address. RADIUS clients get no answer.",
                address=config.radius.address,
                port=port,
            )
            if all_
            else _(
                "No process listens at {address}, UDP port {port}. RADIUS clients get no answer.",
                address=config.radius.address,
                port=port,
            ),
            _(_START),
        )
    elif strangers and subject.owner is not None:
        name = subject.machine.name_of(strangers[0].uid)
        yield _found(
            Level.PROBLEM,
            _(
                "A process of {name}, and not cwtui, listens at UDP port {port}.",
                name=name,
                port=port,
            ),
            _("End it, or choose another radius.port."),
        )
    else:
        yield _found(
            Level.OK,
            _(
                "A process listens at {address}, UDP port {port}.",
                address=config.radius.address,
                port=port,
            ),
        )


def waiting(machine: Machine, table: str, port: int) -> Iterator[Waiting]:
    """Yield the sockets at this port in a table of the kernel. Raises OSError."""
    try:
        content = read_regular(machine.path(table), _MOST).decode("ascii", "replace")
    except FileNotFoundError:
        if table == _TABLES[0]:
            raise
        return  # without IPv6
    for line in content.splitlines()[1:]:
        fields = line.split()
        if len(fields) < _FIELDS:
            continue
        host, _, at = fields[1].partition(":")
        if at == f"{port:04X}":
            with suppress(ValueError):
                yield Waiting(plain(_written(host)), int(fields[7]))


def _written(words: str) -> str:
    """Return an address that the kernel has written in 32-bit words of this processor."""
    starts = range(0, len(words), _WORD)
    raw = b"".join(struct.pack("=I", int(words[at : at + _WORD], 16)) for at in starts)
    return socket.inet_ntop(socket.AF_INET if len(words) == _WORD else socket.AF_INET6, raw)
