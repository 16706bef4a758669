"""What is loaded, and when: start-up is quick only as long as nobody imports too early."""

import json
import pkgutil
import subprocess

import pytest

from cwtui import accounts
from tests.cli.commands import PYTHON, ROOT, Host

HEAVY = ("textual", "msgspec", "tinydb", "ldap3", "cryptography", "bcrypt", "filelock", "pyotp")


def modules_after(code: str) -> set[str]:
    script = f"{code}\nimport json, sys\nprint(json.dumps(sorted(sys.modules)))"
    done = subprocess.run(
        [PYTHON, "-W", "error", "-c", script], capture_output=True, check=True, cwd=ROOT
    )
    return {name.partition(".")[0] for name in json.loads(done.stdout.splitlines()[-1])}


@pytest.mark.parametrize("option", ["--version", "--help"])
def test_version_and_help_load_click_and_little_else(option: str) -> None:
    code = f"from cwtui.cli.edge import run\nassert run([{option!r}]) == 0"
    assert modules_after(code).isdisjoint(HEAVY)


def test_commands_load_neither_screens_nor_the_directory() -> None:
    code = "from cwtui.cli.edge import run\nassert run(['--config=/nowhere', 'user', 'list']) == 3"
    assert modules_after(code).isdisjoint({"textual", "ldap3"})


def test_a_configured_directory_is_loaded_when_it_is_asked(host: Host) -> None:
    """A local sign-in and the first screen do not need it."""
    with host.config.open("a") as config:
        config.write('[directory]\nservers = ["ldaps://a"]\nbase = "dc=x"\n')
        config.write('mode = "attribute"\nroles_attribute = "employeeType"\n')
    code = (
        "from cwtui import config, services\n"
        f"ports = services.connect(config.load({str(host.config)!r}))\n"
        "assert ports.directory is not None"
    )
    loaded = modules_after(code)
    assert "cwtui" in loaded
    assert loaded.isdisjoint({"textual", "ldap3", "pyasn1"})


def test_rules_load_neither_screen_store_nor_directory() -> None:
    names = [f"cwtui.accounts.{module.name}" for module in pkgutil.iter_modules(accounts.__path__)]
    assert len(names) > 10
    loaded = modules_after(f"import {', '.join(names)}")
    assert loaded.isdisjoint({"textual", "tinydb", "ldap3", "click", "psycopg"})
