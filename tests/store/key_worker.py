"""Key operations in another process: python -m tests.store.key_worker WHAT FOLDER."""

import sys
import time
from base64 import b32decode
from dataclasses import replace
from pathlib import Path
from unittest.mock import patch

from cwtui import services
from cwtui.accounts import self_service, sign_in
from cwtui.accounts.ports import Ports
from cwtui.accounts.secret import Secret
from cwtui.accounts.session import Operator, Session
from cwtui.accounts.sign_in_states import CodeNeeded, SignedIn
from cwtui.accounts.upkeep import key_rotation as keys
from tests.accounts.world import HERE, PASSWORD, Clock, hotp
from tests.store.worker import config_in, say


def rotate(folder: Path) -> None:
    """Rotate in small steps; print the progress and continue when a line is read."""
    patch.object(keys, "BATCH", 3).start()  # to make many batches

    def progress(done: int, total: int) -> None:
        say(f"{done}/{total}")
        sys.stdin.readline()

    keys.rotate(services.connect(config_in(folder)), Operator("root"), progress)
    say("finished")


def rotate_many(folder: Path) -> None:
    """After a line is read, rotate; print the time at which each batch was done."""
    patch.object(keys, "BATCH", 500).start()  # so that a test store has several batches
    ports = services.connect(config_in(folder))
    say("ready")
    sys.stdin.readline()
    keys.rotate(ports, Operator("root"), lambda *_: say(time.monotonic()))


def sign_in_many(folder: Path) -> None:
    """Sign in the name on each line; print when it started and ended."""
    ports = replace(services.connect(config_in(folder)), bcrypt_cost=4, now=Clock())
    say("ready")
    for line in sys.stdin:
        since = time.monotonic()
        state = sign_in.with_password(ports, line.strip(), Secret(PASSWORD), HERE)
        say(f"{since} {time.monotonic()} {type(state).__name__}")


def stay_open(folder: Path) -> None:
    """Stay open like the application; each line is NOW ACT NAME PASSWORD REST. Print the result."""
    clock = Clock()
    ports = replace(services.connect(config_in(folder)), bcrypt_cost=4, now=clock)
    say("ready")
    for line in sys.stdin:
        now, act, name, password, rest = line.removesuffix("\n").split(" ")
        clock.at = float(now)
        state = sign_in.with_password(ports, name, Secret(password), HERE)
        if isinstance(state, CodeNeeded):
            state = sign_in.with_one_time_code(ports, state, rest)
        if not isinstance(state, SignedIn):
            say(type(state).__name__)
        elif act == "enrol":
            say(enrolled(ports, state.session).reveal())
        elif act == "change-password":
            new = Secret(rest)
            self_service.change_password(ports, state.session, Secret(password), new, new)
            say("changed")
        else:
            say("SignedIn")


def enrolled(ports: Ports, session: Session) -> Secret:
    offer = self_service.begin_enrolment(ports, session)
    code = hotp(b32decode(offer.totp_secret.reveal()), int(ports.now()) // 30)
    session, _ = self_service.register_device(ports, session, offer, code)
    self_service.acknowledge_backup_codes(ports, session)
    return offer.totp_secret


if __name__ == "__main__":
    what, where = sys.argv[1:]
    does = {
        "rotate": rotate,
        "rotate-many": rotate_many,
        "sign-in-many": sign_in_many,
        "stay-open": stay_open,
    }
    does[what](Path(where))
