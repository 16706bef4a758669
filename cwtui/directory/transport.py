"""The wire to a server: resolved, connected and protected, and never longer than its time.

ldap3 is handed a finished wire, because its own does not look at host names by the rules of ssl,
waits for each address anew, and for as long as a server that hangs in the middle likes.
"""

import socket
import ssl
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from queue import Empty, SimpleQueue
from threading import Thread
from typing import Any, Final, NamedTuple, TypeAlias

from cwtui.accounts.directory_port import DirectoryMisconfigured
from cwtui.accounts.text import visible
from cwtui.directory import client_certificate
from cwtui.directory.config import DirectoryConfig
from cwtui.directory.servers import Server, is_address, is_loopback
from cwtui.host.trust import why_untrusted
from cwtui.host.untrusted_files import read_regular

Clock: TypeAlias = Callable[[], float]
"""Seconds that never go back."""

Address: TypeAlias = tuple[socket.AddressFamily, Any]
"""What getaddrinfo says of one address, for socket and connect."""

_CA_MOST: Final = 10_000_000
"""Bytes: many times those of all public authorities."""
_NOT_YET_VALID: Final = 9
_EXPIRED: Final = 10
_UNKNOWN_ISSUER: Final = {2, 18, 19, 20, 21}
_OTHER_HOST: Final = {62, 64}
"""OpenSSL's X509_V_ERR_* numbers."""


class Unreachable(Exception):
    """This server did not answer, or not safely; another one may. `str()` says why."""


class Unsafe(Unreachable):
    """It answered, but not safely, and will not before somebody mends something."""


class Deadline:
    """A point in time at which waiting ends. `key` is the one of [directory] that says so."""

    def __init__(self, clock: Clock, seconds: float, key: str = "total_seconds") -> None:
        self._clock = clock
        self._at = clock() + seconds
        self._seconds = seconds
        self._key = key

    def left(self) -> float:
        """Seconds, more than none. Raises Unreachable when it is over."""
        left = self._at - self._clock()
        if left <= 0:
            raise self.missed()
        return left

    def missed(self) -> Unreachable:
        return Unreachable(f"did not answer within {self._seconds:.2g} seconds ({self._key})")

    def within(self, seconds: float, key: str) -> "Deadline":
        """An earlier one, or this one if that is earlier."""
        return Deadline(self._clock, seconds, key) if seconds < self.left() else self

    def share(self, of: int) -> "Deadline":
        """So much earlier that the same time is left for each of so many. Raises Unreachable."""
        left = self.left()
        return self if of == 1 else Deadline(self._clock, left / of, f"its share of {self._key}")


class Certificate(NamedTuple):
    """What a server showed, and that was found good."""

    tls_version: str
    subject: str
    expires_at: float


class Wire:
    """A socket for ldap3 of which each call ends at the deadline, however slowly bytes drip in."""

    def __init__(self, plain: socket.socket, deadline: Deadline) -> None:
        self._socket = plain
        self.deadline = deadline
        self._shows_certificate: bool | None = None
        """Whether we do; None as long as there is no TLS, and once the server spoke after it."""

    def recv(self, size: int) -> bytes:
        """Raises Unreachable, which ldap3 lets through, unlike OSError."""
        self._socket.settimeout(self.deadline.left())
        try:
            data = self._socket.recv(size)
        except TimeoutError:
            raise self.deadline.missed() from None
        except OSError as error:
            raise self._broken_off(error) from None
        if not data and self._shows_certificate is not None:
            raise self._silent_after_tls()
        self._shows_certificate = None
        return data

    def sendall(self, data: bytes) -> None:
        """Raises Unreachable."""
        self._socket.settimeout(self.deadline.left())
        try:
            self._socket.sendall(data)
        except TimeoutError:
            raise self.deadline.missed() from None
        except OSError as error:
            raise self._broken_off(error) from None

    def _broken_off(self, error: OSError) -> Unreachable:
        # In TLS 1.3, a server judges the certificate of a client after the handshake.
        about_ours = _about_our_certificate(error)
        if about_ours is not None:
            return about_ours
        if self._shows_certificate is not None and isinstance(error, _CUT):
            return self._silent_after_tls()
        return Unreachable(f"broke off ({_reason(error)})")

    def _silent_after_tls(self) -> Unreachable:
        """GnuTLS, as in Debian's slapd, says no more to a client without a good certificate."""
        ours = (
            "refuses the client certificate"
            if self._shows_certificate
            else "demands a client certificate (client_certificate_file)"
        )
        return Unreachable(f"ended the connection right after TLS: it may be one that {ours}")

    def protect(self, host: str, config: DirectoryConfig) -> Certificate:
        """Speak TLS from now on. Raises Unreachable and DirectoryMisconfigured."""
        context = _context(config.ca_file)
        shows_certificate = client_certificate.show(context, config)
        self._socket.settimeout(self.deadline.left())
        try:
            protected = context.wrap_socket(self._socket, server_hostname=host)
        except ssl.SSLCertVerificationError as error:
            raise Unsafe(_distrust(error, host)) from None
        except TimeoutError:
            raise self.deadline.missed() from None
        except (OSError, ValueError) as error:
            raise _handshake_failed(error, shows_certificate=shows_certificate) from None
        self._socket, self._shows_certificate = protected, shows_certificate
        shown = protected.getpeercert() or {}
        expires = shown.get("notAfter")
        return Certificate(
            protected.version() or "",
            _subject(shown.get("subject")),
            ssl.cert_time_to_seconds(expires) if isinstance(expires, str) else 0.0,
        )

    def close(self) -> None:
        self._socket.close()


def connect(server: Server, deadline: Deadline) -> Wire:
    """A wire to the first of the server's addresses that takes it. Raises Unreachable."""
    addresses = _addresses(server, deadline)
    reason = Unreachable("has no address")
    for place, (family, address) in enumerate(addresses):
        share = deadline.share(len(addresses) - place)
        wire = socket.socket(family, socket.SOCK_STREAM)
        try:
            wire.settimeout(share.left())
            wire.connect(address)
        except TimeoutError:
            reason = share.missed()
        except OSError as error:
            reason = Unreachable(_reason(error))
        else:
            return Wire(wire, deadline)
        wire.close()
    raise reason


def _addresses(server: Server, deadline: Deadline) -> list[Address]:
    found = _resolved(server) if is_address(server.host) else _resolved_in_time(server, deadline)
    if isinstance(found, Exception):
        raise Unreachable(f"is not found by name ({_reason(found)})")
    if server.protection == "none" and not all(is_loopback(str(at[0])) for _, at in found):
        raise Unsafe("is not on this host, and plain ldap:// is for this host alone")
    return found


def _resolved_in_time(server: Server, deadline: Deadline) -> list[Address] | Exception:
    # A resolver waits for as long as it likes, and cannot be told to stop: it is left behind.
    answers: SimpleQueue[list[Address] | Exception] = SimpleQueue()
    ask = Thread(target=lambda: answers.put(_resolved(server)), name="resolver", daemon=True)
    ask.start()
    try:
        return answers.get(timeout=deadline.left())
    except Empty:
        raise Unreachable("was not found by name in time") from None


def _resolved(server: Server) -> list[Address] | Exception:
    try:
        found = socket.getaddrinfo(server.host, server.port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        return error
    return [(family, address) for family, _, _, _, address in found]


def _context(ca_file: str) -> ssl.SSLContext:
    """Asks for a certificate, for one of this host, and for TLS 1.2 or newer.

    Not ssl.create_default_context: there, SSLKEYLOGFILE in the environment writes down what
    decrypts the wire, and SSL_CERT_FILE says whom to trust.
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    if ca_file:
        try:
            read_regular(Path(ca_file), _CA_MOST)  # OpenSSL would wait for a FIFO
            context.load_verify_locations(ca_file)
        except OSError as error:  # ssl.SSLError is one
            raise DirectoryMisconfigured(
                f"Cannot use the ca_file {visible(ca_file)}: {_reason(error)}. "
                "It holds certificates in PEM."
            ) from None
        untrusted = why_untrusted(Path(ca_file))
        if untrusted:
            raise DirectoryMisconfigured(untrusted)
        return context
    usual = ssl.get_default_verify_paths()
    for file, folder in ((usual.openssl_cafile, None), (None, usual.openssl_capath)):
        # One of the two is often missing; with neither, nobody is trusted.
        with suppress(OSError):
            context.load_verify_locations(file, folder)
    return context


def _distrust(error: ssl.SSLCertVerificationError, host: str) -> str:
    code = error.verify_code
    if code in _OTHER_HOST:
        return f"shows a certificate that is not for {visible(host)}: name the host as it does"
    if code == _EXPIRED:
        return "shows a certificate that has expired, by the clock of this host: renew it"
    if code == _NOT_YET_VALID:
        return "shows a certificate that is not yet valid, by the clock of this host"
    if code in _UNKNOWN_ISSUER:
        return (
            "shows a certificate of an authority that is not trusted here: "
            "set ca_file to that authority's"
        )
    return f"shows a certificate that is refused ({error.verify_message})"


_OUR_CERTIFICATE: Final = {"CERTIFICATE_REQUIRED", "BAD_CERTIFICATE", "CERTIFICATE_UNKNOWN"} | {
    "CERTIFICATE_EXPIRED",
    "CERTIFICATE_REVOKED",
    "UNKNOWN_CA",
    "UNSUPPORTED_CERTIFICATE",
    "ACCESS_DENIED",
}
"""The alerts of RFC 8446 section 6.2 that are about the certificate of a client."""

_CUT: Final = (ssl.SSLEOFError, ssl.SSLZeroReturnError, ConnectionError)


def _about_our_certificate(error: OSError) -> Unsafe | None:
    reason = getattr(error, "reason", None) or ""
    _, _, alert = reason.partition("_ALERT_")
    if alert not in _OUR_CERTIFICATE:
        return None
    if alert == "CERTIFICATE_REQUIRED":
        return Unsafe("demands a client certificate: set client_certificate_file")
    return Unsafe(f"refuses the client certificate ({alert.lower().replace('_', ' ')})")


def _handshake_failed(error: Exception, *, shows_certificate: bool) -> Unreachable:
    about_ours = _about_our_certificate(error) if isinstance(error, OSError) else None
    if about_ours is not None:
        return about_ours
    reason = _reason(error)
    if reason.endswith("alert handshake failure") and not shows_certificate:
        # In TLS 1.2, the alert for want of a client certificate is the one for everything.
        reason += "; it may be one that demands a client certificate (client_certificate_file)"
    is_lasting = isinstance(error, (ssl.SSLError, ValueError)) and not isinstance(error, _CUT)
    kind = Unsafe if is_lasting else Unreachable
    return kind(f"does not agree on TLS 1.2 or newer ({reason})")


def _subject(subject: object) -> str:
    """As `CN=ldap.example.com, O=Example`, from what ssl makes of it."""
    if not isinstance(subject, tuple):
        return ""
    short = {"commonName": "CN", "organizationName": "O", "organizationalUnitName": "OU"}
    pairs = [pair for name in subject for pair in name]
    return ", ".join(f"{short.get(key, key)}={visible(value)}" for key, value in reversed(pairs))


def _reason(error: Exception) -> str:
    if isinstance(error, ssl.SSLError):
        return (error.reason or "TLS failed").lower().replace("_", " ")
    if isinstance(error, OSError):
        return (error.strerror or "the connection was cut").lower()
    return str(error)
