"""A copy of the audit log for syslog or journald, which who has the store's user cannot change."""

import os
import socket
from contextlib import suppress
from syslog import LOG_AUTHPRIV, LOG_INFO


class SyslogCopy:
    """Sends each line to a datagram socket such as /dev/log (RFC 3164, as its local form is).

    logging.handlers.SysLogHandler waits without end where the receiver is stuck, and a sign-in with
    it. Here a copy that cannot be sent at once is not sent.
    """

    def __init__(self, path: str) -> None:
        self._path = path

    def __call__(self, line: bytes) -> None:
        message = b"<%d>cwtui[%d]: %b" % (LOG_AUTHPRIV | LOG_INFO, os.getpid(), line)
        with suppress(OSError), socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sender:
            sender.setblocking(False)
            sender.connect(self._path)
            sender.send(message)
