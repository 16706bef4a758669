"""The store that is walked in: many accounts, what their owners know, and what others do there."""

import base64
from random import Random
from typing import Final

from cwtui.accounts import administration, roles
from cwtui.accounts.errors import AccountsError
from cwtui.accounts.model import Account, SignInRecord
from cwtui.accounts.passwords import hash_password
from cwtui.accounts.secret import Secret
from cwtui.accounts.session import Operator
from cwtui.accounts.settings import Mfa
from tests.accounts.world import PASSWORD, hotp
from tests.ui.plants import ADMIN, INITIAL, LONG_NAME, Plant, audited_plant

NEW_PASSWORDS: Final = ("Werder.8-Insel-x", "Caputh!9-Faehre")
OTHER_ADMIN: Final = "bob"
CROWD: Final = [f"user{number:02d}" for number in range(40)]
OWNERS: Final = (ADMIN, ADMIN, "alice", OTHER_ADMIN, LONG_NAME, "frank", "user00")
"""Who signs in, the admin more often."""
_OPERATOR: Final = Operator("root")


class Town:
    """A world, and every secret in it."""

    def __init__(self, *, empty: bool = False) -> None:
        self.there: Plant = audited_plant()
        self.world = self.there.world
        for name in CROWD:
            self.world.add(name)
        self._whole = {name: self.world.account(name) for name in {*OWNERS, *CROWD}}
        self.shown_secrets: set[str] = set()
        """Keys, backup codes and initial passwords that a screen has shown."""
        self._codes = [code.reveal() for code in self.there.devices["alice"].codes]
        self._hash = hash_password(Secret(PASSWORD), self.world.keyring, self.world.bcrypt_cost)
        if empty:
            with self.world.accounts.change() as change:
                for name in list(self.world.accounts._committed[0]):
                    change.remove(name)

    # What the owners know

    def make_whole(self, username: str) -> None:
        """The account as it was at first, whatever was done to it."""
        self.world.put(self._whole[username])
        self.world.records.kept[username] = SignInRecord()
        self.world.clock.forward(31)

    def password(self, username: str) -> str:
        """The first password of the account."""
        return INITIAL if username == "frank" else PASSWORD

    def code(self, username: str) -> str:
        """What the authenticator app shows; six zeros for who has none."""
        self.world.clock.forward(31)
        key = self._key(self.world.accounts.get(username))
        return "000000" if key is None else hotp(key, int(self.world.clock()) // 30)

    def backup_code(self, random: Random) -> str:
        """One of alice's."""
        return random.choice(self._codes)

    def secrets(self) -> set[str]:
        """Everything that may stand on few screens only."""
        return {PASSWORD, *NEW_PASSWORDS, INITIAL, *self._codes, *self.shown_secrets}

    def _key(self, account: Account | None) -> bytes | None:
        if account is None or account.second_factor is None:
            return None
        sealed = account.second_factor.totp_secret
        return base64.b32decode(self.world.keyring.unseal(sealed, account.username.encode()))

    # What others do

    def meddle(self, random: Random, username: str | None) -> str:
        """Another admin does something, rather often to the account given; says what."""
        names = [*self.world.accounts._committed[0]]
        if not names:
            return "nobody to meddle with"
        aim = username if username in names and random.random() < 0.3 else random.choice(names)
        act = random.choice(
            (
                "remove",
                "disable",
                "enable",
                "disable_mfa",
                "reset_password",
                "roles",
                "required",
                "end_sessions",
                "settings",
                "rename",
                "unlock",
                "crowd",
            )
        )
        try:
            self._do(act, aim, random)
        except AccountsError as refused:
            return f"{act} {aim}: {refused}"
        return f"{act} {aim}"

    def _do(self, act: str, aim: str, random: Random) -> None:
        ports, world = self.world.ports, self.world
        match act:
            case "remove":
                administration.remove_user(ports, _OPERATOR, aim)
            case "disable" | "enable":
                administration.update_user(ports, _OPERATOR, aim, enabled=act == "enable")
            case "disable_mfa":
                administration.disable_mfa(ports, _OPERATOR, aim)
            case "reset_password":
                reset = administration.reset_password(ports, _OPERATOR, aim)
                self.shown_secrets.add(reset.password.reveal())
            case "roles":
                chosen = random.choice(((roles.ADMIN,), (roles.MINIMUM,)))
                administration.update_user(ports, _OPERATOR, aim, chosen_roles=chosen)
            case "required":
                required = random.random() < 0.5
                administration.update_user(ports, _OPERATOR, aim, mfa_required=required)
            case "end_sessions":
                world.put(world.account(aim).changed_ending_sessions())
            case "settings":
                mfa = random.choice([*Mfa, Mfa.OPTIONAL, Mfa.OPTIONAL])
                world.settings(mfa=mfa)
            case "rename":
                name = random.choice(("", "Äöü 日本", "x" * 60, "\x1b[31m"))
                world.put(world.account(aim).changed(display_name=name))
            case "unlock":
                administration.unlock(ports, _OPERATOR, aim)
            case "crowd":
                for name in random.sample(CROWD, 12):
                    if world.accounts.get(name) is None:
                        world.put(self._whole[name])
                    else:
                        administration.remove_user(ports, _OPERATOR, name)
