"""The network connection to a server: resolving, connecting and TLS, all within a time limit.

The LDAP library gets a ready connection. ldap3's own code does not check host names by the rules of
ssl, starts its time-out again for each address, and can hang if a server stops in the middle of an
answer; libldap's own code obeys ldap.conf and the environment.
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
from cwtui.host.reasons import reason_of
from cwtui.host.trust import why_untrusted
from cwtui.host.untrusted_files import read_regular
from cwtui.language import _

Clock: TypeAlias = Callable[[], float]
"""A monotonic clock, in seconds."""

Address: TypeAlias = tuple[socket.AddressFamily, Any]
"""Address family and address from getaddrinfo, for socket and connect."""

_CA_MOST: Final = 10_000_000
"""The maximum file size in bytes: many times that of all public authorities."""
ANSWER_MOST: Final = 32_000_000
"""The maximum size of an answer in bytes; a page of people in a thousand groups each has 20 MB."""
_NOT_YET_VALID: Final = 9
_EXPIRED: Final = 10
_UNKNOWN_ISSUER: Final = {2, 18, 19, 20, 21}
_OTHER_HOST: Final = {62, 64}
"""OpenSSL's X509_V_ERR_* numbers."""


class Unreachable(Exception):
    """This server did not answer, or not safely; another one may. `str()` says why.

    The text follows the server's URL in a sentence, as in "ldaps://HOST has no address".
    """


class Unsafe(Unreachable):
    """The server answered, but the connection is not secure until someone fixes something."""


class Deadline:
    """A point in time at which waiting ends. `key` is the key in [directory] that sets it."""

    def __init__(self, clock: Clock, seconds: float, key: str = "total_seconds") -> None:
        self._clock = clock
        self._at = clock() + seconds
        self._seconds = seconds
        self._key = key

    def left(self) -> float:
        """Return the seconds left, more than 0. Raises Unreachable if the time is over."""
        left = self._at - self._clock()
        if left <= 0:
            raise self.missed()
        return left

    def missed(self) -> Unreachable:
        return Unreachable(
            _(
                "did not answer within {seconds} seconds ({key})",
                seconds=f"{self._seconds:.2g}",
                key=self._key,
            )
        )

    def within(self, seconds: float, key: str) -> "Deadline":
        """Return the deadline in `seconds`, or this one if it is earlier."""
        return Deadline(self._clock, seconds, key) if seconds < self.left() else self

    def share(self, of: int) -> "Deadline":
        """Return the deadline after an equal share of the time left. Raises Unreachable."""
        left = self.left()
        return (
            self
            if of == 1
            else Deadline(self._clock, left / of, _("its share of {key}", key=self._key))
        )


class Certificate(NamedTuple):
    """A server's certificate that was found valid. `expires_at` is in seconds since the epoch."""

    tls_version: str
    subject: str
    expires_at: float


class Wire:
    """A socket for the library. Each call ends by the deadline, however slowly data arrives."""

    def __init__(self, plain: socket.socket, deadline: Deadline) -> None:
        self._socket = plain
        self.deadline = deadline
        self.allowance = ANSWER_MOST
        """How many bytes the server may still send."""
        self._shows_certificate: bool | None = None
        """Whether cwtui sent a certificate. None before TLS, and once the server has answered."""

    def recv(self, size: int) -> bytes:
        """Receive data. Raises Unreachable, which the libraries do not catch, unlike OSError."""
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
        self.allowance -= len(data)
        if self.allowance < 0:
            raise too_much()
        return data

    def sendall(self, data: bytes) -> None:
        """Send all data. Raises Unreachable."""
        self._socket.settimeout(self.deadline.left())
        try:
            self._socket.sendall(data)
        except TimeoutError:
            raise self.deadline.missed() from None
        except OSError as error:
            raise self._broken_off(error) from None

    def _broken_off(self, error: OSError) -> Unreachable:
        # In TLS 1.3, a server checks the client's certificate after the handshake.
        about_ours = _about_our_certificate(error)
        if about_ours is not None:
            return about_ours
        if self._shows_certificate is not None and isinstance(error, _CUT):
            return self._silent_after_tls()
        return Unreachable(_("dropped the connection ({reason})", reason=_reason(error)))

    def _silent_after_tls(self) -> Unreachable:
        """Return the error for a connection that ends right after TLS.

        GnuTLS, as in Debian's slapd, does this to clients without a valid certificate.
        """
        if self._shows_certificate:
            return Unreachable(
                _(
                    "closed the connection right after the TLS handshake; it may refuse the "
                    "client certificate"
                )
            )
        return Unreachable(
            _(
                "closed the connection right after the TLS handshake; it may require a client "
                "certificate (client_certificate_file)"
            )
        )

    def protect(self, host: str, config: DirectoryConfig) -> Certificate:
        """Start TLS. Raises Unreachable and DirectoryMisconfigured."""
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


def too_much() -> Unreachable:
    return Unreachable(
        _(
            "sent more than {most} MB in answer to one request",
            most=ANSWER_MOST // 1_000_000,
        )
    )


def connect(server: Server, deadline: Deadline) -> Wire:
    """Connect to the first of the server's addresses that accepts. Raises Unreachable."""
    addresses = _addresses(server, deadline)
    reason = Unreachable(_("has no address"))
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
        raise Unreachable(
            _("has a host name that cannot be resolved ({reason})", reason=_reason(found))
        )
    if server.protection == "none" and not all(is_loopback(str(at[0])) for _, at in found):
        raise Unsafe(_("is not on this host, and plain ldap:// is allowed only for this host"))
    return found


def _resolved_in_time(server: Server, deadline: Deadline) -> list[Address] | Exception:
    # A resolver has no time limit and cannot be stopped, so its thread is abandoned.
    answers: SimpleQueue[list[Address] | Exception] = SimpleQueue()
    ask = Thread(target=lambda: answers.put(_resolved(server)), name="resolver", daemon=True)
    ask.start()
    try:
        return answers.get(timeout=deadline.left())
    except Empty:
        raise Unreachable(_("has a host name that was not resolved in time")) from None


def _resolved(server: Server) -> list[Address] | Exception:
    try:
        found = socket.getaddrinfo(server.host, server.port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        return error
    return [(family, address) for family, _, _, _, address in found]


def _context(ca_file: str) -> ssl.SSLContext:
    """Return a context that requires TLS 1.2, a valid certificate and the right host name.

    Does not use ssl.create_default_context, which obeys SSLKEYLOGFILE (writes keys that decrypt
    the connection) and SSL_CERT_FILE (chooses whom to trust) in the environment.
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    if ca_file:
        try:
            read_regular(Path(ca_file), _CA_MOST)  # OpenSSL would wait for a FIFO
            context.load_verify_locations(ca_file)
        except OSError as error:  # includes ssl.SSLError
            raise DirectoryMisconfigured(
                _(
                    "Cannot use the ca_file {ca_file}: {reason}. It must contain certificates in "
                    "PEM format.",
                    ca_file=visible(ca_file),
                    reason=_reason(error),
                )
            ) from None
        untrusted = why_untrusted(Path(ca_file))
        if untrusted:
            raise DirectoryMisconfigured(untrusted)
        return context
    usual = ssl.get_default_verify_paths()
    for file, folder in ((usual.openssl_cafile, None), (None, usual.openssl_capath)):
        # One of them is often missing; if both are, no certificate is trusted.
        with suppress(OSError):
            context.load_verify_locations(file, folder)
    return context


def _distrust(error: ssl.SSLCertVerificationError, host: str) -> str:
    code = error.verify_code
    if code in _OTHER_HOST:
        return _(
            "has a certificate that is not for {host}: use the host name in the certificate",
            host=visible(host),
        )
    if code == _EXPIRED:
        return _("has a certificate that has expired by the clock of this host: renew it")
    if code == _NOT_YET_VALID:
        return _("has a certificate that is not yet valid by the clock of this host")
    if code in _UNKNOWN_ISSUER:
        return _(
            "has a certificate from an authority that is not trusted here: set ca_file to the "
            "authority's certificate"
        )
    return _("has a certificate that is refused ({reason})", reason=error.verify_message)


_OUR_CERTIFICATE: Final = {"CERTIFICATE_REQUIRED", "BAD_CERTIFICATE", "CERTIFICATE_UNKNOWN"} | {
    "CERTIFICATE_EXPIRED",
    "CERTIFICATE_REVOKED",
    "UNKNOWN_CA",
    "UNSUPPORTED_CERTIFICATE",
    "ACCESS_DENIED",
}
"""The alerts of RFC 8446 section 6.2 that concern the client's certificate."""

_CUT: Final = (ssl.SSLEOFError, ssl.SSLZeroReturnError, ConnectionError)


def _about_our_certificate(error: OSError) -> Unsafe | None:
    reason = getattr(error, "reason", None) or ""
    alert = reason.partition("_ALERT_")[2]
    if alert not in _OUR_CERTIFICATE:
        return None
    if alert == "CERTIFICATE_REQUIRED":
        return Unsafe(_("requires a client certificate: set client_certificate_file"))
    return Unsafe(
        _("refuses the client certificate ({alert})", alert=alert.lower().replace("_", " "))
    )


def _handshake_failed(error: Exception, *, shows_certificate: bool) -> Unreachable:
    about_ours = _about_our_certificate(error) if isinstance(error, OSError) else None
    if about_ours is not None:
        return about_ours
    reason = _reason(error)
    if reason.endswith("alert handshake failure") and not shows_certificate:
        # In TLS 1.2, a missing client certificate causes this general alert.
        reason = _(
            "{reason}; it may require a client certificate (client_certificate_file)", reason=reason
        )
    is_lasting = isinstance(error, (ssl.SSLError, ValueError)) and not isinstance(error, _CUT)
    kind = Unsafe if is_lasting else Unreachable
    return kind(_("does not agree on TLS 1.2 or newer ({reason})", reason=reason))


def _subject(subject: object) -> str:
    """Return ssl's subject as text, such as `CN=ldap.example.com, O=Example`."""
    if not isinstance(subject, tuple):
        return ""
    short = {"commonName": "CN", "organizationName": "O", "organizationalUnitName": "OU"}
    pairs = [pair for name in subject for pair in name]
    return ", ".join(f"{short.get(key, key)}={visible(value)}" for key, value in reversed(pairs))


def _reason(error: Exception) -> str:
    if isinstance(error, ssl.SSLError):
        return (error.reason or _("TLS failed")).lower().replace("_", " ")
    if isinstance(error, OSError):
        return reason_of(error, _("the connection was cut"))
    return str(error)
