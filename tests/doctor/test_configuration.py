"""What deserves a look in the configuration."""

import os
from pathlib import Path

import pytest

from cwtui.config import AuditConfig, Config, PasswordsConfig, ServiceConfig
from cwtui.config.errors import ConfigError
from cwtui.doctor import configuration
from cwtui.doctor.findings import Level
from cwtui.doctor.subject import Subject
from tests.doctor.hosts import ASKS_CODE, machine, said, subject, with_pam


def test_weak_or_unknown_settings_are_warnings(tmp_path: Path) -> None:
    config = Config(
        passwords=PasswordsConfig(bcrypt_cost=10),
        service=ServiceConfig(fresh_minutes={"sudo": 5, "sudoo": 5}),
        audit=AuditConfig(syslog=str(tmp_path / "log")),
    )
    host = machine(tmp_path, with_pam({"sudo": ASKS_CODE}), environ={"CWTUI_STORE": "/tmp/x"})
    warnings = said(configuration.findings(subject(host, config)), Level.WARNING)
    assert [one.split()[0] for one in warnings] == [
        "passwords.bcrypt_cost",
        "service.fresh_minutes",
        "audit.syslog",
    ]
    assert "sudoo" in warnings[1]
    notes = said(configuration.findings(subject(host, config)), Level.NOTE)
    assert any("CWTUI_STORE is set" in one for one in notes)


def test_a_configuration_that_may_not_be_read_is_unknown(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "config.toml"
    file.write_text("x")

    def refuse() -> Config:
        raise ConfigError("It cannot be used.")

    host = Subject(machine(tmp_path), refuse, str(file), "cwtui doctor")
    (one,) = configuration.findings(host)
    assert one.level is Level.PROBLEM
    monkeypatch.setattr(os, "access", lambda *_, **__: False)
    (one,) = configuration.findings(host)
    assert one.level is Level.UNKNOWN
