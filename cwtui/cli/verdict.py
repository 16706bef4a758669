"""The verdict on a sign-in: of the running service, or of the store itself if it is ours."""

import os
import time
from pathlib import Path

from cwtui import language, services
from cwtui.accounts.errors import CannotCheck
from cwtui.config import Config
from cwtui.dialogue.conversation import Conversation
from cwtui.service import client
from cwtui.service.doors import Doors
from cwtui.service.figures import Figures
from cwtui.service.packets import Request, Verdict
from cwtui.service.peers import Peer


def ask_for_verdict(
    config: Config,
    path: Path,
    request: Request,
    person: Conversation,
    *,
    is_operator: bool = True,
) -> Verdict:
    """Ask the service at this path, and return its verdict.

    Without a service, the Unix user that owns the store (or root) asks the store itself. Unless it
    is the operator who asks, the configuration must name that store and its keyring: otherwise it
    would be one that anybody can make. Raises CannotCheck, Refused and Gone.
    """
    fields = {**request.fields, "language": language.spoken().value}
    request = Request(request.phase, fields)
    try:
        return client.converse(path, request, person)
    except client.NotThere as error:
        if not (_is_ours(config) and (is_operator or _names_places(config))):
            raise CannotCheck(str(error)) from None
    ports = services.connect(config)
    doors = Doors(ports, config.service, Figures(time.time()))
    return doors.answer(request, Peer(os.getpid(), os.geteuid()), person)


def _names_places(config: Config) -> bool:
    """Whether neither store nor keyring are where they are by default, in the home folder."""
    return bool(config.store.url and (config.keyring.file or config.keyring.credential))


def _is_ours(config: Config) -> bool:
    try:
        if config.database:
            # Who can read the keyring can ask the database itself.
            return config.keyring_file.stat().st_uid == os.geteuid()
        return config.folder.stat().st_uid == os.geteuid()
    except OSError:
        return False
