"""One save in a process of its own: python -m tests.durability.save_once FOLDER NAME."""

import sys
from pathlib import Path

from cwtui.accounts.errors import CannotCheck
from tests.durability.saves import SAVES, config_in


def main(folder: Path, name: str) -> None:
    try:
        SAVES[name].act(config_in(folder))
    except CannotCheck as refusal:
        print(refusal)  # noqa: T201  how it reports


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2])
