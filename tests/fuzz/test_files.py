"""Mutated files give an answer or one of our errors, never another exception."""

from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import bcrypt
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cwtui import installation
from cwtui.accounts import (
    administration,
    organization,
    roles,
    self_service,
    sign_in,
    sign_in_enrolment,
    unlocking,
    user_list,
    user_mfa,
)
from cwtui.accounts.enrolment import Enrolment
from cwtui.accounts.errors import AccountsError, CannotCheck
from cwtui.accounts.model import (
    Attempts,
    DeviceUse,
    Ending,
    FailedSignIns,
    KnewPassword,
    SignInRecord,
    WrongCode,
    WrongCodes,
)
from cwtui.accounts.ports import Ports
from cwtui.accounts.secret import Secret
from cwtui.accounts.sign_in_states import BackupCodesUnacknowledged, CodeNeeded, SignedIn, State
from cwtui.accounts.updates import Update
from cwtui.config import loading
from cwtui.config.errors import ConfigError
from cwtui.host.files import make_private_folder
from cwtui.store.accounts import TinyAccountStore
from cwtui.store.records import TinyRecordStore
from tests.accounts.world import HERE, NOW, OPERATOR, PASSWORD, Device, World, outcome
from tests.fuzz.mutations import ANY_TEXT, many, mutated, with_other_values

pytestmark = pytest.mark.usefixtures("quick_disk")

NAME = "alice"
RECORD = SignInRecord(
    password_attempts={
        HERE: Attempts(2, NOW - 60),
        "": Attempts(1, NOW, NOW - 5, refusal_recorded=True),
    },
    code_attempts={HERE: Attempts(1, NOW - 60)},
    known_sources=(HERE,),
    devices={"": DeviceUse(last_step=7), "0a1b2c3d": DeviceUse(9, NOW, 1, WrongCode(NOW, 5), (8,))},
    last_sign_in=NOW - 3600,
    last_source=HERE,
    failed=FailedSignIns(
        3,
        NOW - 60,
        "10.0.0.9",
        KnewPassword(1_800_000_001.0, "10.0.0.8", Ending.STOPPED),
        2,
        {"10.0.0.8": WrongCodes(5, 1_800_000_000.0)},
    ),
)


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """A mutated file may ask for bcrypt cost 16, which takes seconds; and disks are slow."""
    check, hashed = bcrypt.checkpw, bcrypt.hashpw

    def cheap(kept: bytes) -> bytes:
        return b"$2b$04$" + kept[7:]

    monkeypatch.setattr(bcrypt, "checkpw", lambda password, kept: check(password, cheap(kept)))
    monkeypatch.setattr(bcrypt, "hashpw", lambda password, salt: hashed(password, cheap(salt)))


class Place:
    """A world with accounts and records in files, which are replaced for each example."""

    def __init__(self, folder: Path) -> None:
        self.world = World()
        self.world.add(NAME, display_name="Alice", roles=(roles.ADMIN,))
        self.device: Device = self.world.equip(NAME)
        self.world.settings(password_min=5)
        self.accounts = folder / "accounts.json"
        self.records = folder / "sign-in"
        for path in (folder, self.records):
            make_private_folder(path)
        with TinyAccountStore.create(self.accounts).change() as change:
            change.put(self.world.account(NAME))
            change.put_settings(self.world.accounts.settings())
            change.put_needed_keys(frozenset({"k1"}))
        TinyRecordStore(self.records).update(NAME, lambda _: (RECORD, None))
        (self.record,) = self.records.glob("*.json")
        self.whole = {path: path.read_bytes() for path in (self.accounts, self.record)}

    def ports(self) -> Ports:
        ports = self.world.ports
        return Ports(
            accounts=TinyAccountStore(self.accounts),
            records=TinyRecordStore(self.records),
            keyring=ports.keyring,
            audit=ports.audit,
            sessions=ports.sessions,
            now=ports.now,
            random=ports.random,
            bcrypt_cost=4,
        )

    def with_content(self, path: Path, content: bytes) -> None:
        for each, whole in self.whole.items():
            each.write_bytes(content if each == path else whole)


@pytest.fixture
def place(tmp_path: Path) -> Place:
    return Place(tmp_path / "store")


def calls(place: Place) -> Iterator[Callable[[Ports], Any]]:
    """What users and operators do; each starts with a fresh file."""
    code = place.device.code(place.world.clock())
    backup = place.device.codes[0].reveal()

    def signed_in(ports: Ports) -> SignedIn:
        state = sign_in.with_password(ports, NAME, Secret(PASSWORD), HERE)
        if isinstance(state, CodeNeeded):
            state = sign_in.with_one_time_code(ports, state, code)
        if isinstance(state, BackupCodesUnacknowledged):
            state = sign_in_enrolment.keep_backup_codes(ports, state)
        if not isinstance(state, SignedIn):
            raise CannotCheck(type(state).__name__)
        return state

    def by_backup_code(ports: Ports) -> object:
        state = sign_in.with_password(ports, NAME, Secret(PASSWORD), HERE)
        assert isinstance(state, State)
        if isinstance(state, CodeNeeded):
            return sign_in.with_backup_code(ports, state, backup)
        return state

    def in_session(ports: Ports) -> object:
        session = signed_in(ports).session
        overview = self_service.overview(ports, session)
        offered = Enrolment(NAME, "Connectware", place.device.totp_secret, 0.0)
        assert list(offered.uris())
        return overview, self_service.prove(ports, session, Secret(PASSWORD), backup)

    def initial_password(ports: Ports) -> object:
        return administration.reset_password(ports, OPERATOR, NAME)

    yield signed_in
    yield by_backup_code
    yield in_session
    yield lambda ports: sign_in.with_password(ports, NAME, Secret("wrong one"), HERE)
    yield lambda ports: user_list.list_users(ports, OPERATOR)
    yield lambda ports: administration.show_user(ports, OPERATOR, NAME)
    yield lambda ports: administration.update_user(
        ports, OPERATOR, NAME, Update(display_name="New")
    )
    yield lambda ports: organization.update_settings(ports, OPERATOR, {"code_limit": "3"})
    yield lambda ports: unlocking.unlock(ports, OPERATOR, NAME)
    yield lambda ports: user_mfa.disable_mfa(ports, OPERATOR, NAME)
    yield initial_password
    yield lambda _: TinyAccountStore(place.accounts).verify()


def check_all_calls(place: Place, path: Path, content: bytes) -> None:
    for call in calls(place):
        place.with_content(path, content)
        refusal = outcome(partial(call, place.ports()))
        if isinstance(refusal, AccountsError):
            assert str(refusal)


@pytest.mark.parametrize("which", ["accounts", "record"])
@many(40)
@given(data=st.data())
def test_any_store_file_gives_an_answer_or_our_own_error(
    place: Place, which: str, data: st.DataObject
) -> None:
    path: Path = getattr(place, which)
    whole = place.whole[path]
    content = data.draw(st.one_of(mutated(whole), with_other_values(whole), st.binary()))
    check_all_calls(place, path, content)


def test_all_calls_succeed_on_the_unchanged_file(place: Place) -> None:
    """Otherwise the test above would not get far."""
    for call in calls(place):
        place.with_content(place.accounts, place.whole[place.accounts])
        place.world.clock.forward(3600)
        found = outcome(partial(call, place.ports()))
        assert not isinstance(found, CannotCheck), found


CONFIG = b"""\
[store]
url = "/srv/cwtui"
[keyring]
file = "~/keyring.json"
[passwords]
bcrypt_cost = 12
[session]
idle_minutes = 10
secrets_visible_seconds = 120
"""


@many(200)
@given(
    content=st.one_of(
        mutated(CONFIG), st.binary(), ANY_TEXT.map(lambda t: t.encode("utf-8", "replace"))
    )
)
def test_any_configuration_is_loaded_or_refused_by_name(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "cwtui.toml"
    path.write_bytes(content)
    found = outcome(lambda: loading.load(str(path)))
    if isinstance(found, AccountsError):
        assert isinstance(found, ConfigError)
        assert any(word in str(found) for word in (str(path), "store", "keyring"))
        assert "\n" not in str(found)
        return
    assert found.keyring_file.name
    assert installation.is_new(found) in {True, False}
