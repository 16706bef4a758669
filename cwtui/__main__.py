"""The console script `cwtui`, and `python -m cwtui`."""

import sys

_CANNOT_CHECK = 3
_INTERRUPTED = 130


def main() -> int:
    """Run the command line and return the exit status."""
    try:
        return _main()
    except KeyboardInterrupt:
        return _INTERRUPTED


def _main() -> int:
    try:
        # Before any other import, because other modules may depend on environment variables.
        from cwtui.host import environment

        environment.isolate()
        from cwtui.host import crash, upgrade

        upgrade.remember()
        crash.guard()
        # Imported here, so that Ctrl+C is handled quietly while it loads.
        from cwtui.cli.edge import run
    except ImportError as error:
        # Modules of different versions: cwtui is being upgraded right now.
        if not f"{error.name or ''}.".startswith("cwtui."):
            raise
        return _refused("cwtui was upgraded. Start it again.")
    except OSError:
        return _refused(
            "cwtui cannot start while Python's environment variables (PYTHON...) are set. "
            "Unset them."
        )
    return run(sys.argv[1:])


def _refused(sentence: str) -> int:
    sys.stderr.write(f"{sentence}\n")
    return _CANNOT_CHECK


if __name__ == "__main__":
    sys.exit(main())
