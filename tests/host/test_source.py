"""The source of a connection, as reported by sshd."""

import pytest

from cwtui.host.source import source_of


@pytest.mark.parametrize(
    ("connection", "source"),
    [
        (None, "local console"),
        ("", "local console"),
        ("198.51.100.7 50022 10.0.0.1 22", "198.51.100.7"),
        ("2001:DB8::1 50022 2001:db8::2 22", "2001:db8::1"),
        ("::ffff:198.51.100.7 50022 ::ffff:10.0.0.1 22", "198.51.100.7"),
        ("fe80::1%eth0 50022 fe80::2%eth0 22", "fe80::1"),
        ("\x1b[31m 1 2 3", "unknown address"),
        ("999.1.1.1 1 2 3", "unknown address"),
        ("UNKNOWN 65535 UNKNOWN 65535", "unknown address"),
    ],
)
def test_the_clients_address_is_normalized(connection: str | None, source: str) -> None:
    environ = {} if connection is None else {"SSH_CONNECTION": connection}
    assert source_of(environ) == source
