"""`cwtui verify`, for scripts: with the service, and as the owner of the store without it."""

from collections.abc import Iterator
from typing import Final

import pyotp
import pytest

from tests.cli.accounts import put
from tests.cli.commands import PASSWORD, Host, Result
from tests.service.service import enrolled, new_host, serving

WITH_SERVICE: Final = "with the service"


@pytest.fixture(scope="module", params=[WITH_SERVICE, "without it"])
def host(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Host]:
    made = new_host(tmp_path_factory.mktemp("verify") / "host")
    if request.param == WITH_SERVICE:
        with serving(made):
            yield made
    else:
        yield made


def verify(host: Host, given: str, *args: str, name: str = "alice") -> Result:
    return host.run("verify", name, *args, stdin=given.encode())


def assert_refused(result: Result, sentence: str) -> None:
    assert result.status == 1
    assert sentence in result.err
    assert result.out == ""


def wrong_passwords(host: Host) -> int:
    return sum(
        (event["event"], event["outcome"]) == ("sign_in.password", "failure")
        for event in host.audit
    )


def test_the_factors(host: Host) -> None:
    secret, codes = enrolled(host, "alice")
    now = pyotp.TOTP(secret)
    assert verify(host, f"{PASSWORD}\n", "--factor", "password").status == 0
    assert_refused(verify(host, "wrong", "--factor", "password"), "Username or password is wrong")
    before = wrong_passwords(host)
    both = verify(host, "wrong\n123456\n")
    assert_refused(both, "Username or password is wrong")
    # The code is not tried as a password too.
    assert (both.err.count("is wrong"), wrong_passwords(host)) == (1, before + 1)
    used = now.now()
    assert_refused(
        verify(host, "000000" if used != "000000" else "111111", "--factor", "code"), "wrong"
    )
    assert verify(host, f"{PASSWORD}\n{codes[0]}\n").status == 0
    assert verify(host, f"{codes[1]}\n", "--factor", "code").status == 0
    assert_refused(verify(host, f"{codes[1]}\n", "--factor", "code"), "unused backup codes")


def test_both_needs_a_second_factor_and_nothing_left_to_do(host: Host) -> None:
    put(host, "bob")
    assert_refused(verify(host, f"{PASSWORD}\n123456\n", name="bob"), "multi-factor")
    assert_refused(verify(host, "123456", "--factor", "code", name="bob"), "multi-factor")
    initial = host.run("user", "reset-password", "bob").out
    assert_refused(verify(host, initial, "--factor", "password", name="bob"), "must be changed")
    assert_refused(verify(host, f"{initial}123456\n", name="bob"), "Refused")


@pytest.mark.parametrize("name", ["nobody", "ALICE"])
def test_unknown_names_are_refused(host: Host, name: str) -> None:
    assert_refused(verify(host, PASSWORD, "--factor", "code", name=name), "Refused")


@pytest.mark.parametrize(
    ("given", "factor"),
    [("", "both"), ("one line", "both"), ("a\nb\n", "code"), ("x" * 9000, "code")],
)
def test_input_of_another_form_is_refused_unchecked(host: Host, given: str, factor: str) -> None:
    before = len(host.audit)
    result = verify(host, given, "--factor", factor)
    assert (result.status, result.out) == (2, "")
    assert "Standard input must have" in result.err
    assert len(host.audit) == before


def test_a_store_that_cannot_be_read_is_status_3(host: Host) -> None:
    kept = host.accounts.read_bytes()
    host.accounts.write_bytes(b"{")
    try:
        assert verify(host, PASSWORD, "--factor", "password").status == 3
    finally:
        host.accounts.write_bytes(kept)


@pytest.mark.parametrize("given", ["x" * 2000, "x\0y"])
def test_a_secret_that_cannot_be_sent_is_refused(host: Host, given: str) -> None:
    result = verify(host, given, "--factor", "password", name="eve")
    assert_refused(result, "")
    assert "unexpected error" not in result.err
