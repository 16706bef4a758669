"""`cwtui user reset-password`, `reset-mfa` and `unlock`."""

from datetime import UTC, datetime

from cwtui.accounts.model import Attempts, Origin
from tests.cli.accounts import INITIAL, enrol, enrol_too, put
from tests.cli.commands import Host


class TestResets:
    def test_reset_password_prints_a_new_password(self, host: Host) -> None:
        put(host, "jane")
        result = host.run("user", "reset-password", "jane")
        assert result.status == 0
        assert INITIAL.fullmatch(result.out)
        assert result.err.startswith("Reset the password of jane.")

    def test_reset_password_prints_json(self, host: Host) -> None:
        put(host, "jane")
        result = host.run("user", "reset-password", "jane", "--json")
        assert list(result.json) == ["changed", "dry_run", "batch", "accounts"]
        (account,) = result.json["accounts"]
        assert [*account] == [
            *("username", "changed", "outcome", "reason", "not_found", "initial_password")
        ]
        assert INITIAL.fullmatch(account["initial_password"] + "\n")

    def test_an_ldap_password_cannot_be_reset(self, host: Host) -> None:
        put(host, "zoe", origin=Origin.LDAP)
        result = host.run("user", "reset-password", "zoe")
        assert (result.status, result.out) == (1, "")
        assert "LDAP user" in result.err

    def test_reset_mfa_removes_the_device(self, host: Host) -> None:
        put(host, "jane", mfa_required=True)
        enrol(host, "jane")
        result = host.run("user", "reset-mfa", "jane")
        assert (result.status, result.out) == (0, "")
        assert result.err == (
            "Disabled the MFA of jane. The user must set it up again at the next sign-in. Until "
            "then, anybody who knows the password can do that instead.\n"
        )
        assert host.run("user", "show", "jane", "--json").json["second_factor"] is None
        again = host.run("user", "reset-mfa", "jane")
        assert (again.status, again.err) == (0, "jane has no device. Nothing was changed.\n")

    def test_reset_mfa_asks_on_a_terminal(self, host: Host) -> None:
        put(host, "jane")
        enrol(host, "jane")
        result = host.run("user", "reset-mfa", "jane", stdin=b"\n", terminal=True)
        assert result.status == 1
        assert "Remove all devices and backup codes of jane? [y/N] " in result.err
        assert host.run("user", "show", "jane", "--json").json["devices"]
        assert host.run("user", "reset-mfa", "jane", "--yes", terminal=True).status == 0
        assert host.run("user", "show", "jane", "--json").json["devices"] == []

    def test_reset_mfa_removes_one_device(self, host: Host) -> None:
        put(host, "jane")
        enrol(host, "jane")
        enrol_too(host, "jane", "Work tablet")
        shown = host.run("user", "show", "jane")
        today = f"{datetime.now(UTC):%Y-%m-%d}"
        assert f"Devices          Phone: registered {today}, used {today}\n" in shown.out
        found = host.run("user", "show", "jane", "--json").json
        assert [device["name"] for device in found["devices"]] == ["Phone", "Work tablet"]
        keys = ["name", "registered_at", "last_used_at", "clock_ahead_seconds"]
        assert list(found["devices"][0]) == keys
        assert found["devices"][0]["last_used_at"].startswith(today)
        result = host.run("user", "reset-mfa", "jane", "--device", "Laptop")
        assert (result.status, result.out) == (4, "")
        assert "has no device of this name. Choose from: Phone, Work tablet." in result.err
        result = host.run("user", "reset-mfa", "jane", "--device", "phone")
        said = "Removed the device Phone of jane. 1 device left.\n"
        assert (result.status, result.out, result.err) == (0, "", said)
        found = host.run("user", "show", "jane", "--json").json
        assert [device["name"] for device in found["devices"]] == ["Work tablet"]
        assert found["second_factor"]["backup_codes_left"] == 10
        result = host.run("user", "reset-mfa", "jane", "--device", "Work tablet")
        assert result.status == 1
        assert "only device of jane" in result.err

    def test_unlock_clears_failed_attempts(self, host: Host) -> None:
        ports = host.ports()
        tries = {"": Attempts(50, ports.now(), ports.now() + 300)}
        ports.records.update("admin", lambda r: (r.changed(code_attempts=tries), None))
        result = host.run("user", "unlock", "ADMIN")
        said = "Unlocked admin. The user can try again now.\n"
        assert (result.status, result.out, result.err) == (0, "", said)
        assert host.run("user", "show", "admin", "--json").json["wrong_codes"] == []
        result = host.run("user", "unlock", "admin")
        said = "admin was not locked: there are no failed attempts.\n"
        assert (result.status, result.out, result.err) == (0, "", said)
