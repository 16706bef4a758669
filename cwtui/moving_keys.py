"""Moves the keyring from a file into the database of the store, and back."""

from pathlib import Path

from cwtui import services
from cwtui.accounts.audit.events import EventType
from cwtui.accounts.errors import Refused
from cwtui.accounts.ports import Ports
from cwtui.accounts.session import Operator, write_audit
from cwtui.config import Config
from cwtui.host.files import exists, make_private_folder, prepare
from cwtui.host.locks import exclusive
from cwtui.host.new_names import check_free, name_new
from cwtui.keyring import file_format
from cwtui.keyring.file_keyring import FileKeyring, locked
from cwtui.keyring.sealed_keyring import SealedKeyring, sealed_under
from cwtui.language import _


def to_database(config: Config, ports: Ports, operator: Operator, file: Path) -> None:
    """Put the keyring into the database, encrypted under the key in `file`, made if missing.

    The old keyring stays where it is. Raises Refused, and CannotCheck.
    """
    if not config.database:
        raise Refused(_("The store is in files, so its keyring stays in a file."))
    if config.keyring.in_database:
        raise Refused(_("The keyring is already in the database: keyring.in_database is true."))
    if file.absolute() == config.keyring_file.absolute():
        raise Refused(
            _("{file} is the keyring itself. Name another file, for the outer key.", file=file)
        )
    # Imported here, because most hosts have no database.
    from cwtui import database

    row = database.parts(config).keyring
    if row.read() is not None:
        raise Refused(
            _("There is already a keyring {place}. Nothing was changed.", place=row.place)
        )
    make_private_folder(file.parent)
    with locked(file):
        is_new = not exists(file)
        outer = FileKeyring.create(file, ports.now()) if is_new else FileKeyring.load(file)
    write_audit(ports, EventType.KEY_MOVE, operator, "", "to=database")
    row.put(None, sealed_under(outer, file_format.read(config.keyring_file)))


def to_file(config: Config, ports: Ports, operator: Operator, file: Path) -> None:
    """Write the keyring of the database to a new file, then remove it from the database.

    Raises Refused, and CannotCheck.
    """
    if not config.keyring.in_database:
        raise Refused(_("The keyring is already in a file: keyring.in_database is false."))
    # Imported here, because most hosts have no database.
    from cwtui import database

    row = database.parts(config).keyring
    content, sealed = SealedKeyring(row, services.open_keyring_file(config)).content()
    make_private_folder(file.parent)
    with exclusive(file):
        check_free(file)
        name_new(prepare(file, file_format.encoded(content)), file)
    write_audit(ports, EventType.KEY_MOVE, operator, "", "to=file")
    row.put(sealed, None)
