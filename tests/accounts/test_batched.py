"""Accounts are read together: a database may be far away, and others wait for a change."""

import io

import pytest

from cwtui.accounts import admins, batched, exporting
from cwtui.accounts.applying import declared, differences, foreseeing
from cwtui.accounts.importing import creating, lines, planning
from cwtui.accounts.importing.formats import entries
from tests.accounts.world import NOW, OPERATOR, World


def test_no_account_is_read_alone(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    for number in range(5):
        world.add_admin(f"admin{number}")
    content = exporting.as_json_lines(exporting.export(world.ports, OPERATOR)).encode()
    monkeypatch.setattr(batched, "READ_AT_ONCE", 3)
    monkeypatch.setattr(planning, "READ_AT_ONCE", 3)
    monkeypatch.setattr(world.accounts, "get", lambda name: pytest.fail(f"{name} was read alone"))
    able = admins.who_can_sign_in(world.accounts, world.ports.keyring, NOW)
    assert len(able) == 5
    read = lines.lines(io.BytesIO(content))
    assert len(planning.plan(world.ports, OPERATOR, entries(read)).unchanged) == 5
    wanted = declared.read(lines.lines(io.BytesIO(content)))
    assert differences.plan(world.ports, OPERATOR, wanted).unchanged == 5
    others = content.replace(b'"mfa_required_of_account":false', b'"mfa_required":true')
    wanted = declared.read(lines.lines(io.BytesIO(others)))
    changes = differences.plan(world.ports, OPERATOR, wanted)
    assert len(changes.accounts) == 5
    assert foreseeing.refused(world.ports, changes) == {}
    new = b"".join(b'{"username": "new%d"}\n' % number for number in range(5))
    plan = planning.plan(world.ports, OPERATOR, entries(lines.lines(io.BytesIO(new))))
    creating.create(world.ports, OPERATOR, plan, lambda _: None, lambda *_: None, 1)
    assert len(world.accounts.names()) == 10
