"""Put together what lets people in while the database cannot be reached (see accounts/cut_off)."""

import re
import socket
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import Final

from cwtui import services
from cwtui.accounts import cut_off
from cwtui.accounts.cut_off import About
from cwtui.accounts.ports import Clock, Ports
from cwtui.accounts.reconciling import Reconciling
from cwtui.config import Config
from cwtui.language import Language
from cwtui.service.doors_cut_off import DoorsCutOff
from cwtui.service.fallback import Fallback
from cwtui.service.figures import Figures
from cwtui.services import Opened
from cwtui.store.local_copies import FileCopies

_ODD: Final = re.compile(r"[^A-Za-z0-9.-]")


def is_on(config: Config) -> bool:
    """Whether the operator wants people to be let in."""
    return bool(config.database) and config.cut_off.days > 0


def doors(config: Config, figures: Figures, language: Language | None = None) -> DoorsCutOff:
    """Return doors that let people in with local copies, and speak this language to them.

    Raises CannotCheck.
    """
    copies = FileCopies.create(config.copies_folder)
    found = Fallback(
        copies,
        connect=lambda: services.connect(config),
        open_local=partial(_local_ports, config, copies),
        store=config.store_name,
        host=host_name(),
        days=config.cut_off.days,
    )
    found.start()
    found.watch()
    has_directory = config.directory is not None
    return DoorsCutOff(found, config.service, figures, has_directory, language)


def give_up(config: Config) -> None:
    """Write what a cut has left to the database, and delete the copies. Raises CannotCheck."""
    if FileCopies.are_there(config.copies_folder):
        copies = FileCopies(config.copies_folder)
        Reconciling(copies, services.connect(config), host_name()).run()
        copies.delete()


def about(config: Config) -> About | None:
    """Return what there is to say of the copies that are there; None without. Raises CannotCheck.

    Writes nothing.
    """
    folder = config.copies_folder
    return cut_off.about(FileCopies(folder)) if FileCopies.are_there(folder) else None


def host_name() -> str:
    """Return the name of this host as it stands in the log."""
    return _ODD.sub("-", socket.gethostname())[:64]


def _local_ports(
    config: Config, copies: FileCopies, now: Clock, check: Callable[[], None]
) -> Ports:
    """Return ports on the copies. `check` raises CannotCheck when they must not be written.

    There is no directory: its people can prove only a second factor here. Raises CannotCheck.
    """
    parts = copies.parts(check)
    opened = Opened(parts.accounts, parts.records, parts.audit, parts.sessions, now)
    ports = services.put_together(config, opened, services.open_keyring(config))
    return replace(ports, directory=None)
