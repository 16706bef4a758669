"""cwtui on a store that never answers: python -m tests.console.hanging_cwtui."""

import sys
import time

from cwtui import __main__ as cwtui


def hang(*_arguments: object) -> None:
    time.sleep(600)


if __name__ == "__main__":
    from cwtui.store.accounts import TinyAccountStore

    TinyAccountStore.get = hang  # type: ignore[assignment, method-assign]
    sys.exit(cwtui.main())
