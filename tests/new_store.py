"""A store in a folder of the test, as `cwtui init` makes it."""

import dataclasses
from pathlib import Path
from typing import Any

from cwtui import services
from cwtui.accounts import first_admin
from cwtui.accounts.ports import Ports
from cwtui.accounts.secret import Secret
from cwtui.config import Config, KeyringConfig, StoreConfig
from tests.accounts.world import OPERATOR, PASSWORD

SECRET = Secret(PASSWORD)


def config_in(folder: Path) -> Config:
    return Config(
        store=StoreConfig(str(folder / "data")),
        keyring=KeyringConfig(str(folder / "keys" / "keyring.json")),
    )


def quick_ports(**fields: Any) -> Ports:
    """In place of `Ports`: they hash at a lower cost than a configuration allows."""
    return Ports(**fields | {"bcrypt_cost": 4})


def quick(ports: Ports) -> Ports:
    return dataclasses.replace(ports, bcrypt_cost=4)


def ports_with_admin(config: Config) -> Ports:
    """A store with its first admin."""
    made = quick(services.create(config))
    first_admin.create(made, "ada", SECRET, SECRET, OPERATOR)
    return made
