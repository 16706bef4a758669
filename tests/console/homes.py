"""The home folder of somebody who runs cwtui. It imports nothing that takes long to load."""

import os
import sys
from pathlib import Path

CONFIG = """\
[passwords]
bcrypt_cost = 10
"""


def configure(home: Path) -> None:
    config = home / "cwtui.toml"
    if not config.exists():
        config.write_text(CONFIG)


def command_line(home: Path | str, module: str = "cwtui") -> list[str]:
    return [sys.executable, "-m", module, "--config", f"{home}/cwtui.toml"]


def variables(home: Path | str) -> dict[str, str]:
    """The environment of whoever lives in this folder."""
    return {
        "PATH": os.environ["PATH"],
        "LANG": "C.UTF-8",
        "HOME": str(home),
        **{f"XDG_{name.upper()}_HOME": f"{home}/{name}" for name in ("config", "data", "state")},
    }
