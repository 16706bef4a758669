"""`cwtui key`: show and replace the keys that protect the store."""

from pathlib import Path
from typing import Any, Final

import click

from cwtui.accounts.ports import Ports
from cwtui.accounts.text import listed, visible
from cwtui.accounts.times import utc_minute
from cwtui.accounts.upkeep import key_rotation as keys
from cwtui.accounts.upkeep.key_rotation import KeyUse
from cwtui.cli import json_output
from cwtui.cli.groups import GroupInOrder, pass_host
from cwtui.cli.host import Host, operator
from cwtui.cli.json_output import put_change, put_object
from cwtui.cli.output import put, say
from cwtui.cli.progress import progress
from cwtui.cli.tables import moment, table
from cwtui.hints import again
from cwtui.language import _, ngettext

_FEW: Final = 5


@click.group("key", cls=GroupInOrder)
def command() -> None:
    """Show and replace the keys that protect the store."""


@command.command("status", examples=("cwtui key status", "cwtui key status --json"))
@json_output.option
@pass_host
def status(host: Host, as_json: bool) -> None:
    """Show each key and how much it protects.

    SECRETS counts the TOTP secrets encrypted with the key. PASSWORDS and CODES count the passwords
    and sets of backup codes hashed with it. An imported key came with accounts of another store,
    to check their passwords and backup codes. It decrypts nothing.
    """
    config = host.config()
    ports = host.ports_for_keys()
    uses = keys.status(ports)
    if as_json:
        put_object(
            {
                "keyring": str(config.keyring_file),
                "in_store": config.keyring_is_in_store(),
                "in_database": config.keyring.in_database,
                "rotation_under_way": keys.is_under_way(uses),
                "keys": [_fields(use) for use in uses],
            }
        )
        return
    put(table([_HEADINGS, *map(_cells, uses)]))
    unknown = keys.unknown_active(ports)
    if unknown is not None:
        say(
            _(
                "The store does not know the active key {keys}, so nobody can sign in. If "
                "{file} is the keyring of another store, restore the right one. If the "
                "store is an older copy, make it use this key: {command}",
                keys=unknown,
                file=config.keyring_file,
                command=again("key rotate"),
            )
        )
    elif keys.is_under_way(uses):
        say(_("A rotation is not finished. To continue it: {command}", command=again("key rotate")))
    if config.keyring_is_in_store():
        say(
            _(
                "The keyring {file} is in the store's folder, so anyone who copies the "
                "store also copies the keys. Move it, and set keyring.file in the configuration.",
                file=config.keyring_file,
            )
        )


@command.command("rotate", examples=("cwtui key rotate",))
@json_output.option
@pass_host
def rotate(host: Host, as_json: bool) -> None:
    """Create a new key and re-encrypt the store with it.

    TOTP secrets are re-encrypted now, and each password at its next sign-in. Nobody is locked out
    meanwhile. If the command is interrupted, run it again: it continues where it stopped.
    """
    config, ports = host.config(), host.ports_for_keys()
    try:
        with progress(_("Re-encrypting secrets")) as shown:
            done = keys.rotate(ports, operator(), shown)
    except KeyboardInterrupt:
        say(
            _(
                "Interrupted. Nobody is locked out. To continue: {command}",
                command=again("key rotate"),
            )
        )
        raise
    say(
        ngettext(
            "Created the key {key} and re-encrypted {number} TOTP secret.",
            "Created the key {key} and re-encrypted {number} TOTP secrets.",
            done.renewed,
            key=done.key,
        )
        if done.made
        else ngettext(
            "Resumed the rotation to the key {key} and re-encrypted {number} TOTP secret.",
            "Resumed the rotation to the key {key} and re-encrypted {number} TOTP secrets.",
            done.renewed,
            key=done.key,
        )
    )
    if done.left:
        say(
            _(
                "The MFA secrets of these accounts cannot be decrypted and were not changed: "
                "{names}. To reset each: {command}",
                names=listed(done.left, _FEW),
                command=again("user reset-mfa NAME"),
            )
        )
    _say_retired(done.retired)
    _say_what_stays(ports)
    if as_json:
        fields = {
            "key": done.key,
            "created": done.made,
            "re_encrypted": done.renewed,
            "not_re_encrypted": list(done.left),
            "retired": list(done.retired),
        }
        put_change(fields, changed=True)
    if done.made:
        if config.keyring.in_database:
            say(_("All hosts use it from now on. Back up the database now: the keyring is in it."))
        else:
            say(
                _(
                    "Back up {file} now. Older copies lack the new key.",
                    file=config.keyring_file,
                )
            )


@command.command("retire", examples=("cwtui key retire",))
@json_output.option
@pass_host
def retire(host: Host, as_json: bool) -> None:
    """Remove keys that no longer protect anything.

    A key stays for at least an hour after it was replaced. Older backups of the store may still
    need a retired key, so keep the old copy of the keyring with them.
    """
    ports = host.ports_for_keys()
    retired = keys.retire(ports, operator())
    _say_retired(retired)
    _say_what_stays(ports)
    if as_json:
        put_change({"retired": list(retired)}, changed=bool(retired))


_FILE: Final = click.argument("file", type=click.Path(path_type=Path))


@command.command("to-database", examples=("cwtui key to-database ~/.config/cwtui/outer-key.json",))
@_FILE
@json_output.option
@pass_host
def to_database(host: Host, file: Path, as_json: bool) -> None:
    """Move the keyring into the database, for all hosts.

    It is encrypted there under the key in FILE, which is created if it is missing. Each host needs
    a copy of FILE, and no more copies when the keys are rotated.
    """
    from cwtui import moving_keys

    config, ports = host.config(), host.ports_for_keys()
    moving_keys.to_database(config, ports, operator(), file.absolute())
    say(
        _(
            "The keyring is in the database, encrypted under the key in {file}. On each host, "
            "copy this file with mode 0600, and set keyring.in_database = true and keyring.file "
            "to it. Then keep {keyring} and {file} in a safe place, apart from the "
            "database: without the outer key, the keyring in the database is useless.",
            file=file,
            keyring=config.keyring_file,
        )
    )
    if as_json:
        put_change({"file": str(file)}, changed=True)


@command.command("to-file", examples=("cwtui key to-file /etc/cwtui/keyring.json",))
@_FILE
@json_output.option
@pass_host
def to_file(host: Host, file: Path, as_json: bool) -> None:
    """Move the keyring from the database into the new file FILE.

    Hosts refuse everything until they have a copy of it, and keyring.in_database is false.
    """
    from cwtui import moving_keys

    config, ports = host.config(), host.ports_for_keys()
    moving_keys.to_file(config, ports, operator(), file.absolute())
    say(
        _(
            "The keyring is in {file}, and no longer in the database. On each host, copy this "
            "file with mode 0600, and set keyring.in_database = false and keyring.file to it.",
            file=file,
        )
    )
    if as_json:
        put_change({"file": str(file)}, changed=True)


def _say_retired(ids: tuple[str, ...]) -> None:
    if ids:
        say(
            ngettext(
                "Retired {number} key: {ids}. Older backups of the store need an older copy of "
                "the keyring.",
                "Retired {number} keys: {ids}. Older backups of the store need an older copy of "
                "the keyring.",
                len(ids),
                ids=", ".join(ids),
            )
        )


def _say_what_stays(ports: Ports) -> None:
    """Say why each key except the active one is still there."""
    for use in keys.status(ports):
        if use.active:
            continue
        if use.created_at is None:
            say(
                _(
                    "The key {id} is lost. It protects {protected}.",
                    id=use.id,
                    protected=_protected(use),
                )
            )
        elif use.retirable_at is None:
            say(
                _(
                    "The key {id} is still needed. It protects {protected}.",
                    id=use.id,
                    protected=_protected(use),
                )
            )
        else:
            say(
                _(
                    "The key {id} no longer protects anything. It can be retired from {time} on: "
                    "{command}",
                    id=use.id,
                    time=utc_minute(use.retirable_at),
                    command=again("key retire"),
                )
            )


def _protected(use: KeyUse) -> str:
    secrets, passwords, sets = use.totp_secrets, use.passwords, use.backup_code_sets
    parts = (
        (secrets, ngettext("{number} TOTP secret", "{number} TOTP secrets", secrets)),
        (passwords, ngettext("{number} password", "{number} passwords", passwords)),
        (sets, ngettext("{number} set of backup codes", "{number} sets of backup codes", sets)),
    )
    return ", ".join(said for number, said in parts if number) or _("nothing")


_HEADINGS: Final = ("KEY", "STATE", "CREATED", "SECRETS", "PASSWORDS", "CODES")


def _state(use: KeyUse) -> str:
    if use.created_at is None:
        return "lost"
    if use.active:
        return "active"
    if use.retirable_at is not None:
        return "unused"
    return "imported" if use.imported else "in use"


def _cells(use: KeyUse) -> tuple[str, ...]:
    return (
        visible(use.id),
        _state(use),
        "-" if use.created_at is None else utc_minute(use.created_at),
        str(use.totp_secrets),
        str(use.passwords),
        str(use.backup_code_sets),
    )


def _fields(use: KeyUse) -> dict[str, Any]:
    return {
        "id": use.id,
        "state": _state(use),
        "created_at": None if use.created_at is None else moment(use.created_at),
        "totp_secrets": use.totp_secrets,
        "passwords": use.passwords,
        "backup_code_sets": use.backup_code_sets,
        "retirable_at": None if use.retirable_at is None else moment(use.retirable_at),
    }
