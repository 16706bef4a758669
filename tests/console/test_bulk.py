"""An admin with 10,000 users changes those at once who must set up MFA and have not."""

import json
from pathlib import Path
from typing import Final

import pytest

from cwtui.accounts.listing import AccountRow
from cwtui.accounts.model import Account
from cwtui.store.accounts import TinyAccountStore
from tests.bench.people import config_in
from tests.console.cwtui_terminal import PASSWORD, login, signed_in, with_admin
from tests.console.terminal import Terminal

USERS: Final = 10_000
EVERY: Final = 100
"""Of how many users one must set up MFA."""
REQUIRED: Final = USERS // EVERY
MINE: Final = f"{REQUIRED} of {USERS + 1:,} users"


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = with_admin(tmp_path_factory.mktemp("many"), PASSWORD)
    accounts = (
        Account(username=f"user-{number:05}", created_at=1.0, mfa_required=number % EVERY == 0)
        for number in range(USERS)
    )
    with TinyAccountStore(config_in(made).accounts_file).change() as change:
        change.put(*accounts)
    return made


def rows(home: Path) -> list[AccountRow]:
    return TinyAccountStore(config_in(home).accounts_file).rows()


def batches(home: Path) -> list[str]:
    """The batch of each event that has one."""
    log = config_in(home).audit_file.read_text()
    reasons = [json.loads(line).get("reason", "") for line in log.splitlines()]
    return [reason.rpartition("batch=")[2] for reason in reasons if "batch=" in reason]


def test_users_are_chosen_by_keyboard_and_then_by_mouse(home: Path) -> None:
    with login(home, forked=True) as terminal:
        signed_in(terminal)
        terminal.send("ctrl+p")
        terminal.wait_for("Command or user")
        terminal.type("users\r")
        terminal.wait_for(f"{USERS + 1:,} users")
        terminal.wait_until_still()
        by_keyboard(terminal)
        assert {row.username for row in rows(home) if not row.enabled} == {
            row.username for row in rows(home) if row.mfa_required
        }
        assert len(batches(home)) == REQUIRED
        assert len({*batches(home)}) == 1
        by_mouse(terminal)
    assert not any(row.mfa_required for row in rows(home))
    assert len({*batches(home)}) == 2


def by_keyboard(terminal: Terminal) -> None:
    """Disable the accounts."""
    terminal.type("/mfa:required\r")
    terminal.wait_for(MINE)
    terminal.type("a")
    terminal.wait_for(f"{REQUIRED} selected")
    terminal.send(" ")
    terminal.wait_for(f"{REQUIRED - 1} selected")
    terminal.send("shift+up")
    terminal.wait_for(f"{REQUIRED} selected")
    terminal.type("c")
    terminal.wait_for(f"Change {REQUIRED} users")
    terminal.send(*["down"] * 4, "enter")
    terminal.wait_for(f"Disable {REQUIRED} accounts?")
    terminal.wait_until_still()
    terminal.send("tab", "tab", "enter")
    terminal.wait_for(f"{REQUIRED} done.", timeout=60)
    terminal.send("escape")
    terminal.wait_for("Space selects one.")
    terminal.send("escape")
    terminal.wait_for("/ filter")
    terminal.wait_until_still()


def by_mouse(terminal: Terminal) -> None:
    """Stop requiring MFA. Only the filter is typed."""
    terminal.click("/ filter")
    terminal.type("mfa:required")
    terminal.wait_for(MINE)
    terminal.wait_until_still()
    terminal.click("user-00300", beside=-1)
    terminal.wait_for("1 selected")
    terminal.wait_until_still()
    terminal.click("user-00600", shift=True)
    terminal.wait_for("4 selected")
    terminal.wait_until_still()
    terminal.click("Select All")
    terminal.wait_for(f"{REQUIRED} selected")
    terminal.wait_until_still()
    terminal.click("Change")
    terminal.wait_for("Enable Account")
    terminal.wait_until_still()
    terminal.click("Stop Requiring MFA")
    terminal.wait_for(f"Stop requiring MFA for {REQUIRED} accounts?")
    terminal.wait_until_still()
    terminal.click("Stop Requiring MFA")
    terminal.wait_for("In the audit log", timeout=60)
    assert f"{REQUIRED} done." in terminal.text
