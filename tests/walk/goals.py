"""Steps that lead on from each screen; otherwise a walk would rarely pass the login screen."""

from collections.abc import Callable
from random import Random
from typing import Any

from textual.css.query import NoMatches
from textual.screen import Screen
from textual.widgets import Button, OptionList

from cwtui.ui.app import AccountApp
from cwtui.ui.screens.dialogs.dialog import InitialPasswordScreen
from cwtui.ui.screens.dialogs.proof import ProofScreen
from cwtui.ui.screens.entry.backup_code import BackupCodeScreen
from cwtui.ui.screens.entry.backup_codes import BackupCodesScreen
from cwtui.ui.screens.entry.check_saved import CheckSavedScreen
from cwtui.ui.screens.entry.first_run import FirstRunScreen
from cwtui.ui.screens.entry.new_password import NewPasswordScreen
from cwtui.ui.screens.entry.one_time_code import OneTimeCodeScreen
from cwtui.ui.screens.entry.register_device import RegisterDeviceScreen
from cwtui.ui.screens.entry.sign_in import SignInScreen
from cwtui.ui.screens.pages.change_password import ChangePasswordPage
from cwtui.ui.screens.pages.confirm_code import ConfirmCodePage
from cwtui.ui.screens.pages.create_user import CreateUserPage
from cwtui.ui.screens.pages.new_device import NewDevicePage
from cwtui.ui.screens.pages.page import Page
from cwtui.ui.widgets.fields import Field, TextInput
from tests.accounts.world import PASSWORD
from tests.ui.harness import code_at
from tests.ui.plants import ADMIN
from tests.walk.events import Step, click, key, text
from tests.walk.town import NEW_PASSWORDS, OWNERS, Town


class Goals:
    """Steps for the open screen, using what its user knows."""

    def __init__(self, app: AccountApp, town: Town, random: Random) -> None:
        self.app, self.town, self.random = app, town, random
        self.username = ""
        """Who signs in."""

    def steps(self) -> list[Step]:
        """Empty if the screen is not mounted yet."""
        screen = self.app.screen
        self._learn(screen)
        ways = (way for kind, way in self._ways.items() if isinstance(screen, kind))
        try:
            return next(ways, self._press)(screen)
        except NoMatches:
            return []

    @property
    def _ways(self) -> dict[type[Screen[Any]], Callable[[Any], list[Step]]]:
        return {
            FirstRunScreen: self._first_run,
            SignInScreen: lambda _: self.sign_in(self.random.choice(OWNERS)),
            OneTimeCodeScreen: self._one_time_code,
            BackupCodeScreen: lambda _: self._fill(
                "backup_code", self.town.backup_code(self.random)
            ),
            NewPasswordScreen: lambda _: self._fill("new_password", self._new, "confirm_password"),
            RegisterDeviceScreen: lambda screen: self._fill(
                "code", code_at(screen._enrolment.totp_secret, self.town.world.clock())
            ),
            ProofScreen: self._prove,
            ChangePasswordPage: self._change_password,
            NewDevicePage: self._new_device,
            ConfirmCodePage: lambda _: self._fill("code", self.town.code(self.username)),
            CreateUserPage: self._create_user,
            BackupCodesScreen: self._acknowledge,
            CheckSavedScreen: self._check_saved,
            Page: self._on_page,
        }

    @property
    def _new(self) -> str:
        return self.random.choice(NEW_PASSWORDS)

    def _first_run(self, _: Screen[Any]) -> list[Step]:
        self.app.screen.query_one("#username", Field).entry.value = ADMIN
        return self._fill("new_password", PASSWORD, "confirm_password")

    def _one_time_code(self, _: Screen[Any]) -> list[Step]:
        if self.random.random() < 0.2:
            return [key("f4")]
        return self._fill("code", self.town.code(self.username))

    def _change_password(self, _: Screen[Any]) -> list[Step]:
        new = self._new
        begun = self._fill("current_password", self.town.password(self.username))
        return [*begun, *text(new), key("enter"), *text(new), key("enter")]

    def _new_device(self, screen: NewDevicePage) -> list[Step]:
        if not screen.query("#code"):
            return self._fill("device_name", "Tablet")
        return self._fill("code", self.town.code(self.username))

    def _create_user(self, _: Screen[Any]) -> list[Step]:
        return [*self._fill("username", f"new{self.random.randrange(10**6)}"), key("enter")]

    def _check_saved(self, screen: CheckSavedScreen[Any]) -> list[Step]:
        if self.random.random() < 0.3:
            return self._press(screen)
        return self._fill("backup_code", self.random.choice(screen._codes).reveal())

    def _acknowledge(self, screen: Screen[Any]) -> list[Step]:
        screen.query_one("#primary", Button).focus()
        return [key("enter")]

    def _on_page(self, screen: Screen[Any]) -> list[Step]:
        if self.random.random() < 0.2:
            # After that, the identity must be confirmed again.
            self.town.world.clock.forward(700)
        return self._navigate(screen) if self.random.random() < 0.4 else self._press(screen)

    def sign_in(self, username: str) -> list[Step]:
        """Usually with the right password."""
        self.username = username
        if self.random.random() < 0.8:
            self.town.make_whole(username)
        right = self.random.random() < 0.85
        password = self.town.password(username) if right else "wrong"
        entry = self.app.screen.query_one("#username", Field).entry
        entry.value = username
        return self._fill("password", password)

    def _fill(self, field: str, typed: str, again: str = "") -> list[Step]:
        for entry in self.app.screen.query(TextInput):
            if isinstance(entry.parent, Field) and entry.parent.id in {field, again}:
                entry.value = ""
        entry = self.app.screen.query_one(f"#{field}", Field).entry
        entry.focus()
        steps = [*text(typed), key("enter")]
        return [*steps, *text(typed), key("enter")] if again else steps

    def _prove(self, screen: ProofScreen) -> list[Step]:
        steps = []
        if screen._needed.password:
            steps += self._fill("password", self.town.password(self.username))
        if screen._needed.code:
            code = self.town.code(self.username)
            steps += [*text(code), key("enter")] if steps else self._fill("code", code)
        return steps

    def _navigate(self, screen: Screen[Any]) -> list[Step]:
        panel = screen.query_one(OptionList)
        panel.focus()
        # The last option signs out.
        downs = self.random.randrange(max(1, panel.option_count - 2))
        return [key("home"), *[key("down")] * downs, key("enter")]

    def _press(self, screen: Screen[Any]) -> list[Step]:
        buttons = [button for button in screen.query(Button) if button.region.area]
        if not buttons or self.random.random() < 0.4:
            down = [key("down")] * self.random.randrange(6)
            return [*down, key(self.random.choice(("enter", "enter", "space", "escape")))]
        x, y = self.random.choice(buttons).region.offset
        return [click(x + 1, y)]

    def _learn(self, screen: Screen[Any]) -> None:
        seen = self.town.shown_secrets
        if isinstance(screen, RegisterDeviceScreen):
            seen.add(screen._enrolment.totp_secret.reveal())
        if isinstance(screen, BackupCodesScreen):
            seen.update(code.reveal() for code in screen._codes)
        if isinstance(screen, InitialPasswordScreen):
            seen.add(screen._password.reveal())
