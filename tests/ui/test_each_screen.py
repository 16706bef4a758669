"""Each screen has a scene, so that it is looked at in German, at 80x24 and in every look."""

import importlib
import pkgutil
from collections.abc import Iterator
from typing import Final

from cwtui.ui import screens
from cwtui.ui.screens.steady import SteadyScreen
from tests.ui.harness import Person
from tests.ui.scenes import SCENES

SCENE_OF: Final = {
    "AccountPage": "account",
    "ActsScreen": "acts",
    "AddDevicePage": "add_device",
    "AddSshKeyPage": "add_ssh_key",
    "AuditLogPage": "audit_log",
    "BackupCodeScreen": "backup_code",
    "BackupCodesScreen": "backup_codes",
    "BatchPage": "batch",
    "ChangePasswordPage": "change_password",
    "CheckSavedScreen": "check_saved",
    "ConfirmScreen": "end_own_session",
    "CreateRolePage": "create_role",
    "CreateUserPage": "create_user",
    "DevicePage": "device",
    "DisableMfaPage": "disable_mfa",
    "DisableScreen": "disable_account",
    "DisplayPage": "display",
    "EventScreen": "audit_event",
    "FirstRunScreen": "first_run",
    "HelpScreen": "help",
    "InitialPasswordScreen": "initial_password",
    "InvitationScreen": "invitation",
    "LostDevicePage": "lost_phone",
    "ManualScreen": "manual",
    "NewPasswordScreen": "new_password",
    "OneTimeCodeScreen": "one_time_code",
    "OrganizationPage": "organization",
    "OwnSessionsPage": "own_sessions",
    "Palette": "command_palette",
    "PrintCodesScreen": "print_view",
    "ProofScreen": "proof",
    "QuitScreen": "quitting",
    "RegenerateBackupCodesPage": "regenerate_backup_codes",
    "RegisterDeviceScreen": "forced_enrolment",
    "RemoveDevicePage": "remove_device",
    "ReplaceDevicePage": "replace_device",
    "ResetPasswordScreen": "reset_password",
    "RolePage": "role",
    "RolesPage": "roles",
    "SaveCodesScreen": "save_codes",
    "SettingsPage": "settings",
    "SignInScreen": "sign_in",
    "SshKeyPage": "ssh_key",
    "SshKeysPage": "ssh_keys",
    "TopicScreen": "manual_topic",
    "UnacknowledgedScreen": "unacknowledged_codes",
    "UserSessionsPage": "user_sessions",
    "UsersPage": "users",
}
"""A scene that shows the screen of this name. Add one for a new screen."""
_SHOWN_IN: Final = {scene: screen for screen, scene in SCENE_OF.items()}


def check_screen(scene: str, person: Person) -> None:
    """Check that the scene shows the screen that it is listed for, if it is."""
    shown = type(person.app.screen).__name__
    assert _SHOWN_IN.get(scene, shown) == shown


def test_each_screen_has_a_scene() -> None:
    for module in pkgutil.walk_packages(screens.__path__, f"{screens.__name__}."):
        importlib.import_module(module.name)
    kinds = set(_kinds(SteadyScreen))
    bases = {base for kind in kinds for base in kind.mro()[1:]}
    assert {kind.__name__ for kind in kinds - bases} <= SCENE_OF.keys()
    assert SCENE_OF.keys() <= {kind.__name__ for kind in kinds}
    assert SCENES.keys() >= _SHOWN_IN.keys()


def _kinds(base: type[object]) -> Iterator[type[object]]:
    for kind in base.__subclasses__():
        if kind.__module__.startswith(screens.__name__):
            yield kind
            yield from _kinds(kind)
