"""Every screen in every state worth a picture, and the keys that lead there.

The goldens and the pictures in screenshots/ are made from these scenes.
"""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Final

from cwtui.ui import theme
from tests.ui.admin_ways import (
    account_of,
    account_pending,
    account_updated,
    audit_event,
    audit_log,
    audit_log_filtered,
    audit_log_wrong,
    confirm,
    create_user,
    create_user_wrong,
    help_on_account,
    help_on_sign_in,
    initial_password,
    manual_topic,
    manual_topics,
    organization,
    organization_wrong,
    palette,
    proof,
    proof_with_code,
    proof_wrong,
    quitting,
    users,
    users_filtered,
    users_none,
)
from tests.ui.harness import SMALL, Person, at_work
from tests.ui.plants import (
    Plant,
    audited_plant,
    devices_few_codes_plant,
    devices_plant,
    empty,
    few_codes_plant,
    gone_plant,
    keys_plant,
    locked_plant,
    off_plant,
    plant,
    required_plant,
)
from tests.ui.ways import (
    GUESSED,
    KNEW,
    Way,
    add_device,
    add_device_wrong,
    add_ssh_key,
    add_ssh_key_wrong,
    after_backup_code,
    arrive,
    as_alice,
    backup_code,
    backup_codes,
    backup_codes_copied,
    backup_codes_hidden,
    backup_codes_on_a_console,
    change_password,
    change_password_typing,
    change_password_wrong,
    check_saved,
    check_saved_wrong,
    device_of,
    disable_mfa,
    disable_mfa_wrong,
    display,
    display_wrong,
    first_run_wrong,
    forced_enrolment,
    locked,
    navigation,
    new_password,
    one_time_code,
    own_ssh_keys,
    print_view,
    quitting_before_saving,
    regenerate,
    register_device,
    register_device_hidden,
    register_device_redrawn,
    register_device_wrong,
    register_further,
    remove_device,
    replace_device,
    replace_lost,
    save_codes,
    session_ended,
    signed_in,
    signed_out,
    ssh_key,
    told_of,
    too_many_codes,
    too_many_passwords,
    unacknowledged,
    wrong_backup_code,
    wrong_clock,
    wrong_code,
    wrong_password,
)

_SIGNING_IN: Final[frozenset[Way]] = frozenset(
    {
        *(arrive, first_run_wrong, help_on_sign_in, wrong_password, too_many_passwords),
        *(one_time_code, wrong_code, wrong_clock, too_many_codes, backup_code, wrong_backup_code),
        *(new_password, forced_enrolment, unacknowledged, after_backup_code, replace_lost),
    }
)
"""The ways that begin on the first screen. All others begin a session at once."""


@dataclass(frozen=True)
class Scene:
    """A way to a screen and the store it starts with."""

    way: Way
    start: Callable[[], Plant] = plant
    size: tuple[int, int] = SMALL

    @asynccontextmanager
    async def played(
        self, size: tuple[int, int] | None = None, theme_name: str = theme.DARK.name
    ) -> AsyncIterator[tuple[Person, Plant]]:
        there = self.start()
        world = there.world
        async with at_work(
            world.ports,
            world.clock,
            size=size or self.size,
            theme_name=theme_name,
            in_session=self.way not in _SIGNING_IN,
        ) as person:
            await self.way(person, there)
            yield person, there


SCENES: Final[dict[str, Scene]] = {
    "first_run": Scene(arrive, empty),
    "first_run_wrong": Scene(first_run_wrong, empty),
    "sign_in": Scene(arrive),
    "sign_in_wrong": Scene(wrong_password),
    "sign_in_throttled": Scene(too_many_passwords),
    "sign_in_after_sign_out": Scene(signed_out),
    "sign_in_after_lock": Scene(locked),
    "sign_in_after_demotion": Scene(session_ended),
    "one_time_code": Scene(one_time_code),
    "one_time_code_wrong": Scene(wrong_code),
    "one_time_code_wrong_clock": Scene(wrong_clock),
    "one_time_code_throttled": Scene(too_many_codes),
    "backup_code": Scene(backup_code),
    "backup_code_wrong": Scene(wrong_backup_code),
    "new_password": Scene(new_password),
    "forced_enrolment": Scene(forced_enrolment),
    "unacknowledged_codes": Scene(unacknowledged),
    "register_device": Scene(register_device),
    "register_device_wrong": Scene(register_device_wrong),
    "register_device_redrawn": Scene(register_device_redrawn),
    "register_device_hidden": Scene(register_device_hidden),
    "backup_codes": Scene(backup_codes),
    "backup_codes_copied": Scene(backup_codes_copied),
    "backup_codes_hidden": Scene(backup_codes_hidden),
    "backup_codes_on_a_console": Scene(backup_codes_on_a_console),
    "save_codes": Scene(save_codes),
    "print_view": Scene(print_view),
    "check_saved": Scene(check_saved),
    "check_saved_wrong": Scene(check_saved_wrong),
    "settings": Scene(signed_in),
    "settings_enabled": Scene(as_alice),
    "settings_after_failures": Scene(told_of(GUESSED)),
    "settings_after_stop": Scene(told_of(KNEW)),
    "settings_few_codes": Scene(as_alice, few_codes_plant),
    "settings_required": Scene(as_alice, required_plant),
    "settings_off": Scene(signed_in, off_plant),
    "change_password": Scene(change_password),
    "change_password_typing": Scene(change_password_typing),
    "change_password_wrong": Scene(change_password_wrong),
    "disable_mfa": Scene(disable_mfa),
    "disable_mfa_wrong": Scene(disable_mfa_wrong),
    "regenerate_backup_codes": Scene(regenerate),
    "settings_devices": Scene(as_alice, devices_plant),
    "device": Scene(device_of("Work tablet"), devices_plant),
    "device_only": Scene(device_of("Phone"), required_plant),
    "add_device": Scene(add_device),
    "add_device_wrong": Scene(add_device_wrong),
    "register_further_device": Scene(register_further),
    "replace_device": Scene(replace_device),
    "replace_lost_device": Scene(replace_lost),
    "remove_device": Scene(remove_device, devices_plant),
    "lost_phone": Scene(after_backup_code),
    "lost_device": Scene(after_backup_code, devices_few_codes_plant),
    "ssh_keys": Scene(own_ssh_keys, keys_plant),
    "add_ssh_key": Scene(add_ssh_key),
    "add_ssh_key_wrong": Scene(add_ssh_key_wrong),
    "ssh_key": Scene(ssh_key, keys_plant),
    "display": Scene(display),
    "display_wrong": Scene(display_wrong),
    "navigation": Scene(navigation),
    "users": Scene(users),
    "users_gone": Scene(users, gone_plant),
    "users_filtered": Scene(users_filtered),
    "users_none_match": Scene(users_none),
    "account": Scene(account_of("alice")),
    "account_devices": Scene(account_of("alice"), devices_plant),
    "account_ssh_keys": Scene(account_of("alice"), keys_plant),
    "account_pending": Scene(account_pending),
    "account_updated": Scene(account_updated),
    "account_disabled": Scene(account_of("dave")),
    "account_locked": Scene(account_of("alice"), locked_plant),
    "account_ldap": Scene(account_of("erin")),
    "account_gone": Scene(account_of("erin"), gone_plant),
    "account_hiding": Scene(account_of("bob"), gone_plant),
    "proof": Scene(proof),
    "proof_wrong": Scene(proof_wrong),
    "proof_with_code": Scene(proof_with_code),
    "confirm_disable_mfa": Scene(confirm),
    "create_user": Scene(create_user),
    "create_user_wrong": Scene(create_user_wrong),
    "initial_password": Scene(initial_password),
    "organization": Scene(organization),
    "organization_wrong": Scene(organization_wrong),
    "audit_log": Scene(audit_log, audited_plant),
    "audit_log_filtered": Scene(audit_log_filtered, audited_plant),
    "audit_log_wrong": Scene(audit_log_wrong, audited_plant),
    "audit_event": Scene(audit_event, audited_plant),
    "help": Scene(help_on_sign_in),
    "help_account": Scene(help_on_account),
    "manual": Scene(manual_topics),
    "manual_topic": Scene(manual_topic),
    "command_palette": Scene(palette),
    "quitting": Scene(quitting),
    "quitting_before_saving": Scene(quitting_before_saving),
    "too_small": Scene(arrive, size=(59, 19)),
}
