"""URLs of databases, and what is added to them."""

import os

import pytest

from cwtui.store.postgres import address
from cwtui.store.postgres.address import BadAddress
from cwtui.store.postgres.connections import Connections


@pytest.mark.parametrize(
    "url",
    [
        "postgresql://cwtui:secret@db/accounts",
        "postgresql://cwtui@db/accounts?password=secret",
        "postgresql://cwtui@db/accounts?sslmode=verify-full&PASSWORD=secret",
        "postgresql://db/accounts?sslpassword=secret",
        "postgresql://:@db/accounts",
    ],
)
def test_a_password_in_the_url_is_refused_without_repeating_it(url: str) -> None:
    with pytest.raises(BadAddress, match="contains a password") as raised:
        address.check(url)
    assert "secret" not in str(raised.value)


@pytest.mark.parametrize(
    "url",
    ["postgresql://a\0b@db/accounts", "postgresql://a%00b@db/accounts", "postgres://" + "x" * 800],
)
def test_a_url_that_libpq_would_not_understand_is_refused(url: str) -> None:
    with pytest.raises(BadAddress, match="too long or contains a NUL character"):
        address.check(url)


@pytest.mark.parametrize(
    "url",
    [
        "postgresql://cwtui@db.example.com:5433/accounts?sslrootcert=/etc/ssl/db.pem",
        "postgres://a,b,c/accounts",
        "postgresql:///accounts?host=/run/postgresql",
        "postgresql://[::1]:5432/accounts?passfile=/etc/cwtui/pgpass",
        "postgresql://?service=cwtui",
    ],
)
def test_other_urls_are_accepted(url: str) -> None:
    address.check(url)


@pytest.mark.parametrize(
    ("url", "mode"),
    [
        ("postgresql://db.example.com/accounts", "verify-full"),
        ("postgresql://localhost,db.example.com/accounts", "verify-full"),
        ("postgresql://10.0.0.1/accounts", "verify-full"),
        ("postgresql://localhost/accounts?hostaddr=10.0.0.1", "verify-full"),
        ("postgresql://?service=cwtui", "verify-full"),
        ("postgresql://localhost/accounts", None),
        ("postgresql://127.0.0.2,[::1]/accounts", None),
        ("postgresql:///accounts?host=/run/postgresql", None),
        ("postgresql:///accounts", None),
        ("postgresql://db.example.com/accounts?sslmode=verify-ca", "verify-ca"),
    ],
)
def test_certificates_are_checked_unless_the_server_is_on_this_host(
    url: str, mode: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("PGHOST", raising=False)
    monkeypatch.setenv("PGSSLMODE", "disable")
    assert Connections(url)._parameters().get("sslmode") == mode


@pytest.mark.parametrize(
    ("variable", "value"), [("PGHOSTADDR", "192.0.2.1"), ("PGSERVICE", "elsewhere")]
)
def test_the_environment_leads_nowhere_unchecked(
    variable: str, value: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(variable, value)
    assert Connections("postgresql://localhost/accounts")._parameters()["sslmode"] == "verify-full"


def test_the_environment_names_no_other_server_or_password(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PGHOST", "db.example.com")
    monkeypatch.setenv("PGPASSWORD", "from the environment")
    parameters = Connections("postgresql:///accounts", lambda: "from a file")._parameters()
    assert parameters["sslmode"] == "verify-full"
    assert parameters["password"] == "from a file"
    assert "PGPASSWORD" not in os.environ  # for libpq, which prefers it to ~/.pgpass
