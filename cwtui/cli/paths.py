"""`cwtui --paths`: show where files are."""

from pathlib import Path

from cwtui.accounts.errors import KeyringMissing
from cwtui.accounts.text import visible
from cwtui.cli.host import Host
from cwtui.cli.output import put
from cwtui.cli.tables import table
from cwtui.config import Config
from cwtui.config.loading import config_file


def show(host: Host) -> None:
    """Print one line per file. Raises ConfigError."""
    config = host.config()
    paths: dict[str, Path | str] = {
        "config": config_file(host.config_file),
        "store": config.store_name if config.database else config.folder,
        "keyring": _keyring(config),
        "audit log": "in the store" if config.database else config.audit_file,
    }
    put(table([(name, _state(path), visible(str(path))) for name, path in paths.items()]))


def _keyring(config: Config) -> Path:
    try:
        return config.keyring_file
    except KeyringMissing:
        return Path("/run/credentials/UNIT", config.keyring.credential)


def _state(path: Path | str) -> str:
    if isinstance(path, str):
        return "database"
    try:
        path.stat()
    except (FileNotFoundError, NotADirectoryError):
        return "missing"
    except OSError:
        return "unreadable"
    return "exists"
