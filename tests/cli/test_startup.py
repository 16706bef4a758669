"""Which modules start-up loads; early imports would slow it down."""

import json
import pkgutil
import subprocess

import pytest

from cwtui import accounts
from tests.cli.commands import PYTHON, ROOT, Host

HEAVY = (
    "textual",
    "msgspec",
    "tinydb",
    "ldap3",
    "psycopg",
    "pyrad",
    "yaml",
    "cryptography",
    "bcrypt",
    "pyotp",
)


def modules_after(code: str) -> set[str]:
    script = f"{code}\nimport json, sys\nprint(json.dumps(sorted(sys.modules)))"
    done = subprocess.run(
        [PYTHON, "-W", "error", "-c", script], capture_output=True, check=True, cwd=ROOT
    )
    return {name.partition(".")[0] for name in json.loads(done.stdout.splitlines()[-1])}


@pytest.mark.parametrize("option", ["--version", "--help"])
def test_version_and_help_load_little_more_than_click(option: str) -> None:
    code = f"from cwtui.cli.edge import run\nassert run([{option!r}]) == 0"
    assert modules_after(code).isdisjoint(HEAVY)


def test_commands_load_neither_screens_nor_the_directory() -> None:
    code = "from cwtui.cli.edge import run\nassert run(['--config=/nowhere', 'user', 'list']) == 3"
    assert modules_after(code).isdisjoint({"textual", "ldap3"})


def test_the_login_screen_loads_no_command_line_and_no_store() -> None:
    code = "import cwtui.cli.edge, cwtui.cli.application, cwtui.ui.app"
    loaded = modules_after(code)
    assert "textual" in loaded
    assert loaded.isdisjoint({"click", "hashlib", *HEAVY} - {"textual", "msgspec"})


def test_the_ldap_library_is_loaded_only_when_needed(host: Host) -> None:
    """A local sign-in and the first screen do without it."""
    with host.config.open("a") as config:
        config.write('[directory]\nservers = ["ldaps://a"]\nbase = "dc=x"\n')
        config.write('mode = "attribute"\nroles_attribute = "employeeType"\n')
    code = (
        "from cwtui import services\n"
        "from cwtui.config import loading\n"
        f"ports = services.connect(loading.load({str(host.config)!r}))\n"
        "assert ports.directory is not None"
    )
    loaded = modules_after(code)
    assert "cwtui" in loaded
    assert loaded.isdisjoint({"textual", "ldap3", "psycopg", "pyasn1"})


def test_encryption_is_loaded_as_somebody_types_and_not_to_open_the_store(host: Host) -> None:
    """It takes 7 MB of memory, also in applications that are left open."""
    code = (
        "import asyncio, sys\n"
        "from cwtui.config import loading\n"
        "from cwtui.ui.connection import Connection\n"
        "async def main():\n"
        f"    opened = Connection(loading.load({str(host.config)!r}), None, print)\n"
        "    opened.open_early()\n"
        "    ports = await opened.opened()\n"
        "    assert ports.keyring.pepper(ports.keyring.active)\n"
        "    assert 'cryptography' not in sys.modules\n"
        "    opened.load_rest()\n"
        "    await asyncio.gather(*asyncio.all_tasks() - {asyncio.current_task()})\n"
        "asyncio.run(main())"
    )
    assert "cryptography" in modules_after(code)


def test_the_rules_load_no_screens_store_or_directory() -> None:
    names = [f"cwtui.accounts.{module.name}" for module in pkgutil.iter_modules(accounts.__path__)]
    assert len(names) > 10
    loaded = modules_after(f"import {', '.join(names)}")
    assert loaded.isdisjoint({"textual", "tinydb", "ldap3", "click", "psycopg"})
