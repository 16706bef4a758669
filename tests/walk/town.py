"""The store for walks: many accounts, what their owners know, and what others do."""

import base64
from collections.abc import Callable
from random import Random
from typing import Final

from cwtui.accounts import administration, devices, roles, unlocking, user_mfa
from cwtui.accounts.errors import AccountsError
from cwtui.accounts.model import Account, SignInRecord
from cwtui.accounts.session import Operator
from cwtui.accounts.settings import Mfa
from cwtui.accounts.updates import Update
from tests.accounts.world import PASSWORD, hotp
from tests.ui.plants import ADMIN, INITIAL, LONG_NAME, Plant, audited_plant

NEW_PASSWORDS: Final = ("Werder.8-Insel-x", "Caputh!9-Faehre")
OTHER_ADMIN: Final = "bob"
CROWD: Final = [f"user{number:02d}" for number in range(40)]
OWNERS: Final = (ADMIN, ADMIN, "alice", OTHER_ADMIN, LONG_NAME, "frank", "user00")
"""Users who sign in, the admin more often."""
HALF: Final = 0.5
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
        self._logged: list[str] = []
        if empty:
            with self.world.accounts.change() as change:
                for name in list(self.world.accounts._committed[0]):
                    change.remove(name)

    # What the owners know

    def make_whole(self, username: str) -> None:
        """Restore the account to its first state."""
        self.world.put(self._whole[username])
        self.world.records.kept[username] = SignInRecord()
        self.world.clock.forward(31)

    def password(self, username: str) -> str:
        """The first password of the account."""
        return INITIAL if username == "frank" else PASSWORD

    def code(self, username: str) -> str:
        """The authenticator app's code; six zeros for an account without one."""
        self.world.clock.forward(31)
        key = self._key(self.world.accounts.get(username))
        return "000000" if key is None else hotp(key, int(self.world.clock()) // 30)

    def backup_code(self, random: Random) -> str:
        """One of alice's."""
        return random.choice(self._codes)

    def secrets(self) -> set[str]:
        """Everything that only a few screens may show."""
        return {PASSWORD, *NEW_PASSWORDS, INITIAL, *self._codes, *self.shown_secrets}

    @property
    def audit_log(self) -> str:
        """All events so far."""
        self._logged += map(repr, self.world.events[len(self._logged) :])
        return "\n".join(self._logged)

    def _key(self, account: Account | None) -> bytes | None:
        if account is None or account.second_factor is None:
            return None
        device = account.second_factor.devices[0]
        return base64.b32decode(
            devices.unsealed(self.world.keyring, account.username, device).reveal()
        )

    # What others do

    def meddle(self, random: Random, username: str | None) -> str:
        """Another admin changes something, often the given account; describes it."""
        names = [*self.world.accounts._committed[0]]
        if not names:
            return "nobody to meddle with"
        aim = username if username in names and random.random() < 0.3 else random.choice(names)
        name, act = random.choice(list(self._acts(aim, random).items()))
        try:
            act()
        except AccountsError as refused:
            return f"{name} {aim}: {refused}"
        return f"{name} {aim}"

    def _acts(self, aim: str, random: Random) -> dict[str, Callable[[], object]]:
        ports, world = self.world.ports, self.world
        role = random.choice((roles.ADMIN, roles.MINIMUM))
        mfa = random.choice([*Mfa, Mfa.OPTIONAL, Mfa.OPTIONAL])
        name = random.choice(("", "Äöü 日本", "x" * 60, "\x1b[31m"))
        return {
            "remove": lambda: administration.remove_user(ports, _OPERATOR, aim),
            "enable": lambda: self._update(aim, Update(enabled=True)),
            "disable": lambda: self._update(aim, Update(enabled=False)),
            "disable_mfa": lambda: user_mfa.disable_mfa(ports, _OPERATOR, aim),
            "reset_password": lambda: administration.reset_password(ports, _OPERATOR, aim),
            "roles": lambda: self._update(aim, Update(roles=(role,))),
            "required": lambda: self._update(aim, Update(mfa_required=random.random() < HALF)),
            "end_sessions": lambda: world.put(world.account(aim).changed_ending_sessions()),
            "settings": lambda: world.settings(mfa=mfa),
            "rename": lambda: world.put(world.account(aim).changed(display_name=name)),
            "unlock": lambda: unlocking.unlock(ports, _OPERATOR, aim),
            "crowd": lambda: self._move_the_crowd(random),
        }

    def _update(self, aim: str, update: Update) -> None:
        administration.update_user(self.world.ports, _OPERATOR, aim, update)

    def _move_the_crowd(self, random: Random) -> None:
        for name in random.sample(CROWD, 12):
            if self.world.accounts.get(name) is None:
                self.world.put(self._whole[name])
            else:
                administration.remove_user(self.world.ports, _OPERATOR, name)
