"""What a host keeps of people for when it is cut off from the database."""

import pytest
from msgspec.structs import replace

from cwtui.accounts import cut_off, user_mfa
from cwtui.accounts.settings import Mfa
from cwtui.service.packets import Phase, Verdict
from tests.accounts.world import OPERATOR, PASSWORD, Device, World
from tests.service.cut_off import DAYS, CutOffHost

DAY = 24 * 3600.0
CANNOT_REACH = "This host cannot reach the account database"


def disable(world: World) -> None:
    world.put(world.account().changed_ending_sessions(enabled=False))


def disable_alone(world: World) -> None:
    world.put(world.account().changed(enabled=False))


def remove(world: World) -> None:
    with world.accounts.change() as change:
        change.remove("alice")


def change_password(world: World) -> None:
    world.put(world.account().changed_ending_sessions(password=world.add("other").password))


def reset_mfa(world: World) -> None:
    user_mfa.disable_mfa(world.ports, OPERATOR, "alice")


def require_new_password(world: World) -> None:
    world.put(world.account().changed(must_change_password=True))


@pytest.mark.parametrize(
    "act", [disable, disable_alone, remove, change_password, reset_mfa, require_new_password]
)
def test_a_copy_goes_when_the_account_is_not_the_same_any_more(
    world: World, host: CutOffHost, device: Device, act: object
) -> None:
    assert callable(act)
    kept = (host.folder / "accounts.json").read_bytes() + journal(host)
    account = host.copies.accounts.get("alice")
    assert account is not None
    assert account.password is not None
    assert account.password.bcrypt.encode() in kept
    act(world)
    host.cut_off.look_after()
    host.line.cut()
    code = device.code(world.clock())
    assert host.sign_in(PASSWORD, code)[0] is not Verdict.ACCEPTED
    assert account.password.bcrypt.encode() not in everything(host)


def journal(host: CutOffHost) -> bytes:
    return b"".join(path.read_bytes() for path in sorted(host.folder.glob("accounts-*.journal")))


def everything(host: CutOffHost) -> bytes:
    files = [path for path in host.folder.rglob("*") if path.is_file()]
    return b"".join(path.read_bytes() for path in files)


def test_nobody_is_copied_who_could_not_sign_in_without_a_change(
    world: World, host: CutOffHost
) -> None:
    world.add("plain")
    assert host.sign_in(PASSWORD, user="plain")[0] is Verdict.ACCEPTED
    assert set(host.copies.state.kept) == {"plain"}
    world.settings(mfa=Mfa.REQUIRED)
    host.cut_off.look_after()
    assert not host.copies.state.kept


def test_a_copy_is_valid_for_some_days(world: World, host: CutOffHost, device: Device) -> None:
    """A sign-in while the host is cut off does not make it valid for longer."""
    host.line.cut()
    world.clock.forward(DAYS * DAY - 2 * 3600)
    assert host.sign_in(PASSWORD, device.codes[0].reveal())[0] is Verdict.ACCEPTED
    world.clock.forward(3600 + 1)
    assert host.sign_in(PASSWORD, device.codes[1].reveal())[0] is not Verdict.ACCEPTED
    assert b'"bcrypt"' not in (host.folder / "accounts.json").read_bytes() + journal(host)
    # What was used is not forgotten with the copy.
    host.back()
    factor = world.account().second_factor
    assert factor is not None
    assert len(factor.backup_codes.hashes) == 9


def test_while_the_database_answers_an_old_copy_is_removed(
    world: World, host: CutOffHost, device: Device
) -> None:
    del device
    world.clock.forward(DAYS * DAY)
    host.cut_off.look_after()
    assert not host.copies.state.kept
    assert host.copies.accounts.is_empty()


def test_files_are_private_and_have_no_secret_as_text(
    world: World, host: CutOffHost, device: Device
) -> None:
    host.line.cut()
    assert host.sign_in(PASSWORD, device.code(world.clock()))[0] is Verdict.ACCEPTED
    for path in (host.folder, *host.folder.rglob("*")):
        assert path.stat().st_mode & 0o777 == (0o700 if path.is_dir() else 0o600), path
    found = everything(host)
    assert b"alice" in found
    secrets = [PASSWORD, device.totp_secret.reveal(), *(code.reveal() for code in device.codes)]
    for secret in secrets:
        assert secret.encode() not in found
        assert secret.replace("-", "").encode() not in found


def test_only_what_is_needed_is_copied(world: World, host: CutOffHost) -> None:
    world.add_admin("alice", display_name="Alice Liddell")
    assert host.sign_in(PASSWORD)[0] is Verdict.ACCEPTED
    copy = host.copies.accounts.get("alice")
    assert copy == replace(world.account(), display_name="", roles=("minimum-access",))
    assert b"Liddell" not in everything(host)


def test_a_hash_that_needs_no_keyring_is_not_copied(
    world: World, host: CutOffHost, device: Device
) -> None:
    """That of another program, before the person has used the password."""
    account = world.account()
    assert account.password is not None
    world.put(account.changed(password=replace(account.password, key=None)))
    host.cut_off.look_after()
    copy = host.copies.accounts.get("alice")
    assert copy is not None
    assert copy.password is None
    host.line.cut()
    fields = {"service": "sudo", "mode": "code", "tty": "/dev/pts/1", "ruser": "alice"}
    assert host.ask(Phase.AUTH, device.code(world.clock()), **fields)[0] is Verdict.ACCEPTED


def test_the_status_tells_of_the_copies(world: World, host: CutOffHost, device: Device) -> None:
    assert (
        '"cut_off":{"copies":1,"confirmed":1800000000.0,"since":null,"events":0}'
        in (host.ask(Phase.STATUS)[1].last[1])
    )
    host.line.cut()
    assert host.sign_in(PASSWORD, device.code(world.clock()))[0] is Verdict.ACCEPTED
    host.ahead -= 3600
    host.start()
    # Even if nobody can be let in.
    assert '"since":1800003600.0,"events":2' in host.ask(Phase.STATUS)[1].last[1]


def test_few_enough_people_are_kept(
    world: World, host: CutOffHost, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cut_off, "MOST_COPIES", 2)
    for name in ("ada", "bob", "ada", "cleo"):
        if world.accounts.get(name) is None:
            world.add(name)
        world.clock.forward(1)
        assert host.sign_in(PASSWORD, user=name)[0] is Verdict.ACCEPTED
    assert set(host.copies.state.kept) == {"ada", "cleo"}
    assert host.copies.accounts.names() == ["ada", "cleo"]


@pytest.mark.parametrize("kind", ["one-time", "backup"])
def test_a_code_that_no_copy_knows_yet_opens_nothing(
    world: World, host: CutOffHost, device: Device, kind: str
) -> None:
    """The line is cut between a sign-in and its copy, so the copy lacks the used code."""
    code = device.code(world.clock()) if kind == "one-time" else device.codes[0].reveal()
    host.keeps = False
    assert host.sign_in(PASSWORD, code)[0] is Verdict.ACCEPTED
    host.line.cut()
    host.cut_off.look_after(confirm=False)
    assert host.cut_off.is_cut_off
    assert host.sign_in(PASSWORD, code)[0] is not Verdict.ACCEPTED
    host.back()
    assert "alice" in host.copies.state.kept
