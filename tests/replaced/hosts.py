"""An installation whose files are replaced, and all that is tried with them meanwhile."""

from collections.abc import Callable
from typing import NamedTuple

from cwtui.accounts import (
    administration,
    organization,
    self_service,
    sign_in,
    user_list,
)
from cwtui.accounts.audit import reading as audit_reading
from cwtui.accounts.audit.event_words import EVERYTHING
from cwtui.accounts.audit.lines import START
from cwtui.accounts.new_account import NewAccount
from cwtui.accounts.ports import Ports
from cwtui.accounts.secret import Secret
from cwtui.accounts.session import Session, account_of, sign_out
from cwtui.accounts.sign_in_states import SignedIn
from cwtui.config import Config
from cwtui.keyring.file_keyring import FileKeyring
from cwtui.store.accounts import TinyAccountStore
from tests.accounts.world import HERE, NOW, PASSWORD, Device

SECRET = Secret(PASSWORD)
NEW = Secret("a longer way to Winterfell")


class Hosts(NamedTuple):
    """The right installation, and another one."""

    config: Config
    device: Device
    other: Config


def signed_in(ports: Ports) -> Session:
    state = sign_in.with_password(ports, "ada", SECRET, HERE)
    assert isinstance(state, SignedIn)
    return state.session


def files(config: Config) -> dict[str, bytes]:
    """All files except locks."""
    root = config.folder.parent
    return {
        str(path.relative_to(root)): path.read_bytes()
        for path in root.rglob("*")
        if path.is_file() and path.suffix != ".lock"
    }


def added_key(config: Config, *, known: bool) -> str:
    """Make another key active; the store learns of it first, or does not know it."""
    with FileKeyring.load(config.keyring_file).change() as change:
        added = change.add(NOW)
        if known:
            with TinyAccountStore(config.accounts_file).change() as accounts:
                accounts.put_needed_keys(accounts.needed_keys() | {added})
    return added


WAYS_IN: dict[str, Callable[[Ports], object]] = {
    "right password": lambda ports: sign_in.with_password(ports, "ada", SECRET, HERE),
    "wrong password": lambda ports: sign_in.with_password(ports, "ada", NEW, HERE),
    "made-up name": lambda ports: sign_in.with_password(ports, "nobody", NEW, HERE),
}
IN_SESSION: dict[str, Callable[[Ports, Session], object]] = {
    "reload": account_of,
    "users": user_list.list_users,
    "one user": lambda ports, session: administration.show_user(ports, session, "alice"),
    "records": lambda ports, _: ports.records.get("ada"),
    "waits": lambda ports, _: ports.records.banned(),
    "record": lambda ports, _: ports.records.update("ada", lambda record: (record, None)),
    "settings": organization.show_settings,
    "set": lambda ports, session: organization.update_settings(ports, session, {"issuer": "Plant"}),
    "audit log": lambda ports, session: audit_reading.newest(ports, session, EVERYTHING),
    "lines": lambda ports, _: list(ports.audit.lines(START)),
    "ends": lambda ports, _: ports.audit.ends(),
    "sign out": sign_out,
    "add": lambda ports, session: administration.create_user(ports, session, NewAccount("jane")),
    "reset": lambda ports, session: administration.reset_password(ports, session, "alice"),
    "password": lambda ports, session: self_service.change_password(
        ports, session, SECRET, NEW, NEW
    ),
    "device": self_service.begin_enrolment,
}
