"""The whole way in one go, by keyboard alone, on 80x24: what the seed's articles promise."""

import time
from pathlib import Path

from tests.console import cwtui_terminal as cwtui
from tests.console.decoders import one_time_code

ADMIN_PASSWORD = "correct horse battery"
BOB_PASSWORD = "staple the battery"


def test_from_an_empty_folder_to_managing_another_account(tmp_path: Path) -> None:
    # Textual would write every key to this file; the application does not let it (DESIGN 4.5).
    log = tmp_path / "textual.log"
    with cwtui.opened(tmp_path, env={"TEXTUAL_LOG": str(log), "TEXTUAL_DEBUG": "1"}) as terminal:
        terminal.wait_for("Create the first administrator")
        terminal.wait_until_still()
        terminal.type(f"{ADMIN_PASSWORD}\r{ADMIN_PASSWORD}\r")
        terminal.wait_for("The administrator admin was created.")
        terminal.wait_until_still()
        terminal.type(f"{ADMIN_PASSWORD}\r")

        # Setting up multi-factor authentication, by scanning the screen
        terminal.wait_for("Enable Multi-Factor Authentication")
        terminal.wait_until_still()
        terminal.send("tab", "enter")
        uri = cwtui.scanned(terminal)
        secret = cwtui.secret_of(uri)
        assert uri == f"otpauth://totp/Connectware:admin?secret={secret}&issuer=Connectware"
        assert cwtui.shown_key(terminal) == secret
        registered_at = time.time()
        terminal.type(one_time_code(secret, registered_at))
        terminal.wait_for("I have saved my backup codes")
        terminal.wait_until_still()
        codes = cwtui.shown_codes(terminal)
        assert len(set(codes)) == 10
        terminal.send("tab", "enter")
        terminal.wait_for("10 unused backup codes left")

        # Signing in with a one-time code: the next one, as each is accepted once
        cwtui.sign_out(terminal)
        cwtui.sign_in(terminal, "admin", ADMIN_PASSWORD)
        terminal.wait_for("One-time code")
        terminal.wait_until_still()
        terminal.type(one_time_code(secret, registered_at))
        terminal.wait_for("This code was used already.")
        terminal.type(one_time_code(secret, registered_at + 30))
        terminal.wait_for("10 unused backup codes left")

        # Signing in with a backup code
        cwtui.sign_out(terminal)
        cwtui.sign_in(terminal, "admin", ADMIN_PASSWORD)
        terminal.wait_for("Use backup code")
        terminal.wait_until_still()
        terminal.send("tab", "tab", "enter")
        terminal.wait_for("Backup Code")
        terminal.wait_until_still()
        terminal.type(f"{codes[0].lower().replace('-', ' ')}\r")
        terminal.wait_for("9 unused backup codes left")

        # Managing another account: create, make MFA mandatory
        terminal.send("escape")
        terminal.wait_until_still()
        terminal.send("down", "enter")
        terminal.wait_for("1 user")
        terminal.wait_until_still()
        terminal.send("n")
        terminal.wait_for("Display name")
        terminal.wait_until_still()
        terminal.type("bob\r\r")
        terminal.wait_for("Initial password of bob")
        terminal.wait_until_still()
        (initial_password,) = cwtui.shown_codes(terminal)
        terminal.send("enter")
        terminal.wait_for("Users and Roles > bob")
        terminal.wait_until_still()
        terminal.send("enter")
        terminal.wait_for("press Update")
        terminal.send("tab", "enter")
        terminal.wait_for("bob was updated.")
        terminal.wait_for("● required")
        terminal.wait_until_still()
        terminal.send("escape")
        terminal.wait_for("2 users")
        terminal.wait_until_still()
        cwtui.sign_out(terminal)

        # The new user: an own password, then the enrolment that is required
        cwtui.sign_in(terminal, "bob", initial_password)
        terminal.wait_for("Choose a new password")
        terminal.wait_until_still()
        terminal.type(f"{BOB_PASSWORD}\r{BOB_PASSWORD}\r")
        bobs_secret = cwtui.secret_of(cwtui.scanned(terminal))
        terminal.type(one_time_code(bobs_secret, time.time()))
        terminal.wait_for("I have saved my backup codes")
        terminal.wait_until_still()
        terminal.send("tab", "enter")
        terminal.wait_for("It cannot be disabled")
        terminal.wait_until_still()
        assert "User Management" not in terminal.text
        cwtui.sign_out(terminal)

        # The admin disables the MFA of the user who lost the device
        cwtui.sign_in(terminal, "admin", ADMIN_PASSWORD)
        terminal.wait_for("Use backup code")
        terminal.wait_until_still()
        terminal.send("tab", "tab", "enter")
        terminal.wait_for("Backup Code")
        terminal.wait_until_still()
        terminal.type(f"{codes[1]}\r")
        terminal.wait_for("8 unused backup codes left")
        terminal.wait_until_still()
        terminal.send("escape")
        terminal.wait_until_still()
        terminal.send("down", "enter")
        terminal.wait_for("2 users")
        terminal.wait_until_still()
        terminal.send("down", "enter")
        terminal.wait_for("Disable MFA")
        terminal.wait_until_still()
        terminal.send("tab", "tab", "tab", "enter")
        terminal.wait_for("Disable the multi-factor authentication of bob?")
        terminal.wait_until_still()
        terminal.send("tab", "enter")
        terminal.wait_for("○ not set up")
        terminal.send("ctrl+q")
        assert terminal.wait_exit() == 0
        assert not terminal.screen.alternate

    secrets = [ADMIN_PASSWORD, BOB_PASSWORD, initial_password, secret, bobs_secret, *codes]
    for typed in (ADMIN_PASSWORD, BOB_PASSWORD):
        assert typed.encode() not in terminal.raw
    assert not log.exists()
    assert_nowhere(tmp_path, secrets)


def assert_nowhere(folder: Path, secrets: list[str]) -> None:
    """DESIGN 4.2: no file that was written holds a secret in any form that was typed or shown."""
    files = [path for path in folder.rglob("*") if path.is_file()]
    assert {"accounts.json", "keyring.json", "audit.jsonl"} <= {path.name for path in files}
    for path in files:
        content = path.read_bytes().lower()
        for secret in secrets:
            for form in (secret, secret.replace("-", "")):
                assert form.lower().encode() not in content, path.name
