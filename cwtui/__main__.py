"""The console script `cwtui`, and `python -m cwtui`."""

import sys

_CANNOT_CHECK = 3
_INTERRUPTED = 130


def main() -> int:
    """Run the command line; the exit status."""
    try:
        return _main()
    except KeyboardInterrupt:
        return _INTERRUPTED


def _main() -> int:
    try:
        # First of all, and before any other import: what is imported may depend on variables.
        from cwtui.host import environment

        environment.isolate()
        from cwtui.host import crash, upgrade

        upgrade.remember()
        crash.guard()
        # Late, so that Ctrl+C while it loads is as quiet as later.
        from cwtui.cli.edge import run
    except ImportError as error:
        # Modules of cwtui that do not fit together: it is being upgraded at this moment.
        if not f"{error.name or ''}.".startswith("cwtui."):
            raise
        return _refused("cwtui was upgraded. Start it again.")
    except OSError:
        return _refused(
            "Python's own variables (PYTHON...) are set, and cwtui cannot start without them. "
            "Unset them."
        )
    return run(sys.argv[1:])


def _refused(sentence: str) -> int:
    sys.stderr.write(f"{sentence}\n")
    return _CANNOT_CHECK


if __name__ == "__main__":
    sys.exit(main())
