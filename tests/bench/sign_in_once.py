"""One sign-in in a process of its own: python -m tests.bench.sign_in_once HOME USERNAME COST.

Prints the seconds of the imports, of opening the store, and of the sign-in after that.
"""

import dataclasses
import sys
from pathlib import Path
from time import perf_counter


def main(home: Path, username: str, cost: int) -> None:
    started = perf_counter()
    from cwtui import services
    from cwtui.accounts import sign_in
    from cwtui.accounts.secret import Secret
    from cwtui.accounts.sign_in_states import CodeNeeded, SignedIn

    imported = perf_counter()
    # Test users and their authenticator app are not part of a sign-in.
    import pyotp

    from tests.bench.people import PASSWORD, SOURCE, TOTP_SECRET, config_in

    config, code = config_in(home), pyotp.TOTP(TOTP_SECRET).now()

    begun = perf_counter()
    ports = dataclasses.replace(services.connect(config), bcrypt_cost=cost)
    opened = perf_counter()
    asked = sign_in.with_password(ports, username, Secret(PASSWORD), SOURCE)
    if not isinstance(asked, CodeNeeded):
        raise TypeError(asked)
    done = sign_in.with_one_time_code(ports, asked, code)
    if not isinstance(done, SignedIn):
        raise TypeError(done)
    print(imported - started, opened - begun, perf_counter() - opened)


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2], int(sys.argv[3]))
