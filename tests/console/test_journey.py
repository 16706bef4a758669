"""One complete run by keyboard at 80x24, doing what the seed's articles promise."""

import time
from pathlib import Path

from tests.console import cwtui_terminal as cwtui
from tests.console.decoders import one_time_code
from tests.console.terminal import Terminal

ADMIN_PASSWORD = "correct horse battery"
BOB_PASSWORD = "staple the battery"


def test_a_full_run_from_an_empty_folder_to_managing_users(tmp_path: Path) -> None:
    # Textual would write every key to this file; the application does not let it (DESIGN 4.5).
    log = tmp_path / "textual.log"
    env = {"TEXTUAL_LOG": str(log), "TEXTUAL_DEBUG": "1"}
    with cwtui.opened(tmp_path, module="tests.console.quick_cwtui", env=env) as terminal:
        create_first_admin(terminal)
        secret, codes = set_up_mfa(terminal)
        sign_in_with_a_backup_code(terminal, codes[0], left=9)
        code = create_user_who_must_use_mfa(terminal)
        cwtui.sign_out(terminal)
        bobs_secret = first_sign_in_of_bob(terminal, code)
        sign_in_with_a_backup_code(terminal, codes[1], left=8)
        disable_mfa_of_bob(terminal)
        terminal.send("ctrl+q", "y")
        assert terminal.wait_exit() == 0
        assert not terminal.screen.alternate
    secrets = [ADMIN_PASSWORD, BOB_PASSWORD, code, secret, bobs_secret, *codes]
    for typed in (ADMIN_PASSWORD, BOB_PASSWORD):
        assert typed.encode() not in terminal.raw
    assert not log.exists()
    assert_nowhere(tmp_path, secrets)


def create_first_admin(terminal: Terminal) -> None:
    terminal.wait_for("Create the first administrator")
    terminal.wait_until_still()
    terminal.type(f"{ADMIN_PASSWORD}\r{ADMIN_PASSWORD}\r")
    terminal.wait_for("The administrator admin was created.")
    terminal.wait_until_still()
    terminal.type(f"{ADMIN_PASSWORD}\r")
    terminal.wait_for("Enable Multi-Factor Authentication")
    terminal.wait_until_still()


def set_up_mfa(terminal: Terminal) -> tuple[str, list[str]]:
    """Scan the screen, then sign out and sign in with the next one-time code."""
    terminal.send("tab", "enter")
    uri = cwtui.scanned(terminal)
    secret = cwtui.secret_of(uri)
    assert uri.startswith(f"otpauth://totp/Connectware:admin?secret={secret}")
    assert cwtui.shown_key(terminal) == secret
    now = time.time()
    terminal.type(one_time_code(secret, now))
    codes = cwtui.keep_codes(terminal)
    terminal.wait_for("10 unused backup codes left")
    cwtui.sign_out(terminal)
    cwtui.sign_in(terminal, "admin", ADMIN_PASSWORD)
    terminal.wait_for("Use backup code")
    terminal.wait_until_still()
    terminal.type(one_time_code(secret, now))
    terminal.wait_for("This code was already used.")
    terminal.type(one_time_code(secret, now + 30))
    terminal.wait_for("10 unused backup codes left")
    cwtui.sign_out(terminal)
    return secret, codes


def sign_in_with_a_backup_code(terminal: Terminal, code: str, left: int) -> None:
    cwtui.sign_in(terminal, "admin", ADMIN_PASSWORD)
    terminal.wait_for("Use backup code")
    terminal.wait_until_still()
    terminal.send("tab", "tab", "enter")
    terminal.wait_for("Backup Code")
    terminal.wait_until_still()
    terminal.type(code.lower().replace("-", " ") + "\r")
    terminal.wait_for(f"{left} unused backup codes left")
    terminal.wait_for("I still have it")
    terminal.wait_until_still()
    terminal.send("escape")
    terminal.wait_for("Regenerate Backup Codes")
    terminal.wait_until_still()


def open_users(terminal: Terminal, count: str) -> None:
    terminal.send("escape")
    terminal.wait_until_still()
    terminal.send("down", "enter")
    terminal.wait_for(count)
    terminal.wait_until_still()


def create_user_who_must_use_mfa(terminal: Terminal) -> str:
    """Invite bob, and return the invitation code."""
    open_users(terminal, "1 user")
    terminal.send("n")
    terminal.wait_for("Display name")
    terminal.wait_until_still()
    # Past the display name, two roles and MFA (Required) to Invitation, and back.
    terminal.send(*["tab"] * 5, " ", *["shift+tab"] * 5)
    terminal.type("bob\r\r")
    terminal.wait_for("Invitation of bob")
    terminal.wait_until_still()
    (code,) = cwtui.shown_codes(terminal)
    terminal.send("tab", "enter")
    terminal.wait_for("Users and Roles > bob")
    terminal.wait_until_still()
    # From Update up to the row MFA (Required): Enable; then Update
    terminal.send("up", "enter")
    terminal.wait_for("press Update")
    terminal.send("down", "enter")
    terminal.wait_until(lambda: "press Update" not in terminal.text, what="what was saved")
    terminal.wait_for("● required")
    terminal.wait_until_still()
    terminal.send("escape")
    terminal.wait_for("2 users")
    terminal.wait_until_still()
    return code


def first_sign_in_of_bob(terminal: Terminal, code: str) -> str:
    """Choose a password with the invitation code, then complete the required enrolment."""
    cwtui.sign_in(terminal, "bob", code.lower())
    terminal.wait_for("Your invitation code works until you")
    terminal.wait_until_still()
    terminal.type(f"{BOB_PASSWORD}\r{BOB_PASSWORD}\r")
    secret = cwtui.secret_of(cwtui.scanned(terminal))
    terminal.type(one_time_code(secret, time.time()))
    cwtui.keep_codes(terminal)
    terminal.wait_for("You cannot disable it.")
    terminal.wait_until_still()
    assert "User Management" not in terminal.text
    cwtui.sign_out(terminal)
    return secret


def disable_mfa_of_bob(terminal: Terminal) -> None:
    open_users(terminal, "2 users")
    terminal.send("down", "enter")
    terminal.wait_for("Disable MFA")
    terminal.wait_until_still()
    terminal.send("tab", "tab", "enter")
    terminal.wait_for("Disable the multi-factor authentication of bob?")
    terminal.wait_until_still()
    terminal.send("tab", "enter")
    terminal.wait_for("○ not enabled")


def assert_nowhere(folder: Path, secrets: list[str]) -> None:
    """DESIGN 4.2: no written file contains a secret in any form that was typed or shown."""
    files = [path for path in folder.rglob("*") if path.is_file()]
    assert {"accounts.json", "keyring.json", "audit.jsonl"} <= {path.name for path in files}
    for path in files:
        content = path.read_bytes().lower()
        for secret in secrets:
            for form in (secret, secret.replace("-", "")):
                assert form.lower().encode() not in content, path.name
