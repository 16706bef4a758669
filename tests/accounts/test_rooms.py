"""Importing the rules loads nothing else (DESIGN section 2)."""

import pkgutil
import subprocess
import sys

import cwtui.accounts

FOREIGN = {"textual", "tinydb", "ldap3", "psycopg", "click", "fcntl", "platformdirs"}


def test_the_rules_load_no_screen_store_directory_or_command_line() -> None:
    found = pkgutil.walk_packages(cwtui.accounts.__path__, "cwtui.accounts.")
    modules = [module.name for module in found]
    program = f"import sys, {', '.join(modules)}; print(*sys.modules)"
    loaded = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    ).stdout.split()
    assert "cwtui.accounts.sign_in" in loaded
    assert not FOREIGN & set(loaded)
    ours = {name for name in loaded if name.startswith("cwtui")}
    assert ours == {"cwtui", "cwtui.accounts", "cwtui.hints", "cwtui.language", *modules}
