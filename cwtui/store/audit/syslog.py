"""Copy the audit log to syslog or journald, where the store's Unix user cannot change it."""

import os
import socket
from contextlib import suppress
from syslog import LOG_AUTHPRIV, LOG_INFO


class SyslogCopy:
    """Sends each line to a datagram socket such as /dev/log, in the local form of RFC 3164.

    If it cannot be sent at once, it is dropped. logging.handlers.SysLogHandler would wait forever
    for a stuck receiver, and block sign-ins.
    """

    def __init__(self, path: str) -> None:
        self._path = path

    def __call__(self, line: bytes) -> None:
        message = b"<%d>cwtui[%d]: %b" % (LOG_AUTHPRIV | LOG_INFO, os.getpid(), line)
        with suppress(OSError), socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sender:
            sender.setblocking(False)
            sender.connect(self._path)
            sender.send(message)
