"""`cwtui --paths`: where files are."""

from pathlib import Path

from cwtui.accounts.text import visible
from cwtui.cli.host import Host
from cwtui.cli.output import put
from cwtui.cli.tables import table
from cwtui.config import config_file


def show(host: Host) -> None:
    """One line a file. Raises ConfigError."""
    config = host.config()
    paths = {
        "config": config_file(host.config_file),
        "store": config.folder,
        "keyring": config.keyring_file,
        "audit log": config.audit_file,
    }
    put(table([(name, _state(path), visible(str(path))) for name, path in paths.items()]))


def _state(path: Path) -> str:
    try:
        path.stat()
    except (FileNotFoundError, NotADirectoryError):
        return "missing"
    except OSError:
        return "unreadable"
    return "exists"
